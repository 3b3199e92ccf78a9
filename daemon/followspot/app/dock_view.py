"""What the dock told last of itself and its markers, for the state."""

from followspot.domain.state import DockState, MarkerState
from followspot_dock.port import DockEvent, DockStatus, LinkChanged, MarkerStatus

WHOLE_DEGREES = 0
"""A tenth of a degree is no news."""


class DockView:
    """A dock listener. A dock that is gone has no battery and no markers."""

    def __init__(self) -> None:
        self._status: DockStatus | None = None
        self._markers: dict[int, MarkerStatus] = {}

    def on_dock_event(self, event: DockEvent) -> None:
        """Take what the dock tells."""
        if isinstance(event, DockStatus):
            self._status = event
        elif isinstance(event, MarkerStatus):
            self._markers[event.marker_id] = event
        elif isinstance(event, LinkChanged) and not event.state.works:
            self._status = None
            self._markers.clear()

    def state(self) -> DockState:
        """The dock, as it told last."""
        status = self._status
        heat = None if status is None or status.temperature_c is None else round(status.temperature_c, WHOLE_DEGREES)
        return DockState(
            battery_percent=status.battery_percent if status else None,
            charging=status.charging if status else None,
            power_source=status.power_source.value if status else None,
            temperature_c=heat,
            markers=tuple(_marker(self._markers[marker_id]) for marker_id in sorted(self._markers)),
        )


def _marker(status: MarkerStatus) -> MarkerState:
    return MarkerState(
        id=status.marker_id,
        role=status.role.value,
        battery_percent=status.battery_percent,
        charging=status.charging,
        in_bay=status.in_bay,
        muted=status.muted,
    )
