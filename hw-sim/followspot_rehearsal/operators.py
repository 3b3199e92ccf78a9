"""Who holds the camera: ours, ours with one sense less, and other ways of following from their descriptions."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from followspot.control.framing import Framing
from followspot.domain.clock import Clock
from followspot.domain.sighting import Hint, Sighting
from followspot.domain.view import ViewPlanner
from followspot.settings.models import Settings
from followspot_dock.port import Dock, DockEvent, MarkerReport
from followspot_rehearsal.aimers import MoveAndWait, OneEuroLead, Proportional
from followspot_rehearsal.plain_operator import PlainOperator, believed_m

OURS = "followspot"


class Operator(Protocol):
    """What a lesson asks of whoever frames it."""

    @property
    def planner(self) -> ViewPlanner:
        """Who decides the view of each frame."""

    @property
    def distance_m(self) -> float | None:
        """How far away she is believed to be."""

    def on_dock_event(self, event: DockEvent) -> None:
        """Take what the dock tells."""

    def on_sighting(self, sighting: Sighting) -> None:
        """Take what vision saw."""

    def hint(self, exposure_ns: int) -> Hint | None:
        """What vision may know of this picture; None: it need not look."""

    def follow(self, active: bool) -> None:
        """A lesson begins or ends."""


class Ours(Framing):
    """The daemon's own."""

    @property
    def distance_m(self) -> float | None:
        """How far away she is believed to be."""
        return believed_m(self)


class MarkerOnly(Ours):
    """Ours, blind."""

    def hint(self, exposure_ns: int) -> Hint | None:  # noqa: ARG002  (there is nothing to see with)
        return None


class VisionOnly(Ours):
    """Ours, deaf to the marker."""

    def on_dock_event(self, event: DockEvent) -> None:
        super().on_dock_event(replace(event, quality=0.0) if isinstance(event, MarkerReport) else event)


Maker = Callable[[Settings, Clock, Dock], Operator]

OPERATORS: Mapping[str, Maker] = {
    OURS: Ours,
    "proportional": lambda settings, clock, dock: PlainOperator(settings, clock, dock, Proportional),
    "pd-one-euro": lambda settings, clock, dock: PlainOperator(settings, clock, dock, OneEuroLead),
    "move-and-wait": lambda settings, clock, dock: PlainOperator(settings, clock, dock, MoveAndWait),
    "marker-only": MarkerOnly,
    "vision-only": VisionOnly,
}
