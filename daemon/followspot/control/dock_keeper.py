"""Keeps the dock's link alive, hands its events on, and says what is wrong with it."""

import asyncio
import logging
from collections.abc import Callable

from followspot.domain.alerts import AlertCode, AlertRegistry
from followspot.domain.clock import Clock
from followspot_dock.port import (
    Axis,
    Dock,
    DockEvent,
    DockFault,
    DockListener,
    DockStatus,
    FaultKind,
    LinkChanged,
    LinkState,
    MarkerButton,
    MarkerStatus,
)

NOT_FOUND_AFTER_S = 3.0
"""A dock that is there is ready within one second of its port's appearance."""
BATTERY_LOW_PERCENT = 15
"""Less than a double lesson is left."""
BATTERY_WELL_PERCENT = 20
"""Above the other threshold, so that a charge that flickers round it raises one alert."""
PRESS_VALID_NS = 3_000_000_000
"""A dock repeats a press until it is heard, even after a reconnect: nobody wants a lesson that late."""

_log = logging.getLogger(__name__)


_FAULT_ADVICE = {
    FaultKind.STALL: "something holds it: free it",
    FaultKind.OVER_CURRENT: "something holds it, or it is worn: free it",
    FaultKind.BROWN_OUT: "its supply is too weak: use the mains adapter that came with it",
    FaultKind.END_STOP: "it stands at its end: turn the dock so that the room lies before it",
    FaultKind.OTHER: "switch the dock off and on again",
}


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
        self._faults: set[tuple[FaultKind, Axis | None]] = set()
        self._reason = "nothing has been tried yet"
        self.dock = open_dock(self._on_event)

    @property
    def reason(self) -> str:
        """Why there was no link when there was none last, for people."""
        return self._reason

    def standing_faults(self) -> list[str]:
        """What is wrong in the dock and what to do, for people."""
        return [
            f"{axis or 'dock'}: {kind}: {_FAULT_ADVICE[kind]}"
            for kind, axis in sorted(self._faults, key=lambda fault: (fault[0], fault[1] or ""))
        ]

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
        elif isinstance(event, DockFault):
            self._on_fault(event)
        elif isinstance(event, DockStatus):
            percent = None if event.charging else event.battery_percent
            self._check(AlertCode.DOCK_BATTERY_LOW, self._subject, "the dock", percent)
        elif isinstance(event, MarkerStatus):
            percent = None if event.charging else event.battery_percent
            name = f"marker {event.marker_id}"
            self._check(AlertCode.MARKER_BATTERY_LOW, f"{self._subject}, {name}", name, percent)
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
            self._forget_faults()
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

    def _on_fault(self, fault: DockFault) -> None:
        subject = self._fault_subject(fault.kind, fault.axis)
        if not fault.active:
            self._faults.discard((fault.kind, fault.axis))
            self._alerts.clear(AlertCode.DOCK_FAULT, subject)
            return
        self._faults.add((fault.kind, fault.axis))
        part = f"the {fault.axis} motor" if fault.axis is not None else "the dock"
        message = f"{part} reports a fault ({fault.kind}): {_FAULT_ADVICE[fault.kind]}. Lessons are recorded meanwhile."
        self._raise(AlertCode.DOCK_FAULT, message, subject)

    def _forget_faults(self) -> None:
        """A dock that comes back tells again which faults stand."""
        for kind, axis in self._faults:
            self._alerts.clear(AlertCode.DOCK_FAULT, self._fault_subject(kind, axis))
        self._faults.clear()

    def _fault_subject(self, kind: FaultKind, axis: Axis | None) -> str:
        return f"{self._subject}, {axis} {kind}" if axis is not None else f"{self._subject}, {kind}"

    def _check(self, code: AlertCode, subject: str, name: str, percent: int | None) -> None:
        if percent is None or percent >= BATTERY_WELL_PERCENT:
            self._alerts.clear(code, subject)
        elif percent <= BATTERY_LOW_PERCENT:
            self._raise(code, f"the battery of {name} is at {percent} %: charge it before the next lesson.", subject)

    def _raise(self, code: AlertCode, message: str, subject: str | None = None) -> None:
        self._alerts.raise_alert(code, subject or self._subject, message, self._clock.monotonic_ns())
