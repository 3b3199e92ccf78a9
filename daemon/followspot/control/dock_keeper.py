"""Keeps the dock's link alive, hands its events on, and says what is wrong with it."""

import asyncio
import logging
from collections.abc import Callable

from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot_dock.port import Batteries, Dock, DockEvent, DockListener, LinkChanged, LinkState, MarkerButton

NOT_FOUND_AFTER_S = 3.0
"""A dock that is there is ready within one second of its port's appearance."""
BATTERY_LOW_PERCENT = 15
"""Less than a double lesson is left."""
BATTERY_WELL_PERCENT = 20
"""Above the other threshold, so that a charge that flickers round it raises one alert."""
PRESS_VALID_NS = 3_000_000_000
"""A dock repeats a press until it is heard, even after a reconnect: nobody wants a lesson that late."""

_log = logging.getLogger(__name__)


class DockKeeper:
    """Owns one dock. Lives on the loop; listeners hear every event there, in the order they subscribed.

    `open_dock` makes the dock that tells the given listener; `subject` is its port as the configuration names it.
    """

    def __init__(
        self, open_dock: Callable[[DockListener], Dock], alerts: AlertRegistry, clock: Clock, subject: str
    ) -> None:
        self._alerts, self._clock, self._subject = alerts, clock, subject
        self._listeners: list[DockListener] = []
        self._was_ready = False
        self._reason = "nothing has been tried yet"
        self.dock = open_dock(self._on_event)

    def subscribe(self, listener: DockListener) -> None:
        """Hand `listener` every event from now on."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Run the dock until cancelled; it is left stopped and closed."""
        patience = asyncio.get_running_loop().call_later(NOT_FOUND_AFTER_S, self._report_absence)
        try:
            await self.dock.run()
        finally:
            patience.cancel()

    def _on_event(self, event: DockEvent) -> None:
        if isinstance(event, LinkChanged):
            self._on_link(event)
        elif isinstance(event, Batteries):
            self._check(AlertCode.DOCK_BATTERY_LOW, "the dock", event.dock_percent)
            self._check(AlertCode.MARKER_BATTERY_LOW, "the marker", event.marker_percent)
        elif (
            isinstance(event, MarkerButton) and (age_ns := self._clock.monotonic_ns() - event.time_ns) > PRESS_VALID_NS
        ):
            _log.info("marker press ignored: it is %.1f s old press=%s", age_ns / 1e9, event.press)
            return
        for listener in tuple(self._listeners):
            listener(event)

    def _on_link(self, event: LinkChanged) -> None:
        if event.state in (LinkState.SEARCHING, LinkState.LOST):  # the other states' reasons say what is being done
            self._reason = event.reason
        if event.state is LinkState.READY:
            self._was_ready = True
            self._alerts.clear(AlertCode.DOCK_NOT_FOUND, self._subject)
            self._alerts.clear(AlertCode.DOCK_LOST, self._subject)
        elif event.state is LinkState.LOST:
            message = (
                f"the dock was lost: {event.reason}. The lesson is recorded without moving the camera; "
                "the dock is taken up again as soon as it answers."
            )
            self._raise(AlertCode.DOCK_LOST, message)

    def _report_absence(self) -> None:
        if not self._was_ready:
            message = (
                f"no dock answers: {self._reason}. Lessons are recorded without moving the camera; "
                "set dock.driver to 'none' if there is none."
            )
            self._raise(AlertCode.DOCK_NOT_FOUND, message)

    def _check(self, code: AlertCode, name: str, percent: int | None) -> None:
        if percent is None or percent >= BATTERY_WELL_PERCENT:
            self._alerts.clear(code, self._subject)
        elif percent <= BATTERY_LOW_PERCENT:
            self._raise(code, f"the battery of {name} is at {percent} %: charge it before the next lesson.")

    def _raise(self, code: AlertCode, message: str) -> None:
        self._alerts.raise_alert(code, self._subject, message, self._clock.monotonic_ns())
