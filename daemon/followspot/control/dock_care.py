"""What a technician asks of the dock: blink, park, clear faults, follow another marker."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

from followspot.control.dock_keeper import DockKeeper
from followspot.control.framing import Framing
from followspot.domain.commands import BusyError
from followspot.domain.errors import CommandRefusedError
from followspot_dock.port import (
    Capabilities,
    Dock,
    DockEvent,
    Feature,
    LinkChanged,
    LinkState,
    MarkerStatus,
    MotionDone,
    MotionOutcome,
    Request,
    RequestDone,
)

ANSWER_S = 4.0
"""A driver gives a request up after 3 s and says so; one that says nothing at all has failed by then."""
PARK_S = 8.0
"""From one end of a slow dock's range to its resting place; the `followspot` command waits for 10 s."""
_TTL_MS = 500
_RENEW_S = 0.2
"""Two renewals may be lost before the motion ends by itself."""
_LINK_BROKE = "the link to it broke meanwhile"


class NoDockError(CommandRefusedError):
    """There is none, or it cannot be reached now."""

    code: ClassVar[str] = "no-dock"


class DockRefusedError(CommandRefusedError):
    """The dock cannot do it, or did not."""

    code: ClassVar[str] = "dock-refused"


class DockCare:
    """Lives on the loop. `lesson_is_on` tells whether the camera follows somebody.

    Every method returns, in words for people, what was done; raises NoDockError, DockRefusedError or BusyError.
    """

    def __init__(self, keeper: DockKeeper | None, framing: Framing, lesson_is_on: Callable[[], bool]) -> None:
        self._keeper = keeper
        self._framing = framing
        self._lesson_is_on = lesson_is_on
        self._capabilities: Capabilities | None = None
        self._markers: set[int] = set()
        self._asked: dict[Request, asyncio.Future[str]] = {}
        self._parking: asyncio.Future[MotionOutcome] | None = None
        self._motion_id: int | None = None
        if keeper is not None:
            keeper.subscribe(self._on_event)

    async def identify(self) -> str:
        """Let the dock blink."""
        dock = self._need(Feature.IDENTIFY, "has no lamp to blink with")
        await self._ask(Request.IDENTIFY, dock.identify)
        return f"{self._name} blinks for some seconds"

    async def clear_faults(self) -> str:
        """Clear every fault whose cause is gone."""
        dock = self._reached()
        await self._ask(Request.CLEAR_FAULT, dock.clear_fault)
        return f"no fault stands in {self._name}"

    async def follow_marker(self, marker_id: int) -> str:
        """Hand the following over to this marker."""
        dock = self._need(Feature.MARKER, "sees no markers")
        await self._ask(Request.FOLLOW_MARKER, lambda: dock.follow_marker(marker_id))
        return f"marker {marker_id} is followed from now on"

    async def park(self, within_s: float = PARK_S) -> str:
        """Turn to the resting place, and rest there until the next lesson."""
        dock = self._need(Feature.PARK, "has no resting place")
        if self._lesson_is_on():
            raise BusyError("a lesson is being recorded: stop it first")
        if self._parking is not None:
            raise BusyError(f"{self._name} is being parked already")
        self._framing.rest()
        self._parking = asyncio.get_running_loop().create_future()
        try:
            outcome = await self._until_parked(dock, self._parking, within_s)
        finally:
            self._parking = self._motion_id = None
        if outcome is not MotionOutcome.REACHED:
            raise DockRefusedError(f"{self._name} did not reach its resting place: {_WHY[outcome]}")
        return f"{self._name} is parked, and rests there until the next lesson"

    async def _until_parked(
        self, dock: Dock, done: "asyncio.Future[MotionOutcome]", within_s: float
    ) -> MotionOutcome | None:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + within_s
        while not done.done() and loop.time() < end_s and not self._lesson_is_on():
            self._motion_id = dock.park(_TTL_MS)
            await asyncio.wait((done,), timeout=_RENEW_S)
        return done.result() if done.done() else None

    async def _ask(self, request: Request, send: Callable[[], None]) -> None:
        if request in self._asked:
            raise BusyError("the same was asked of the dock a moment ago, and it did not answer yet")
        answer = self._asked[request] = asyncio.get_running_loop().create_future()
        try:
            send()
            await asyncio.wait((answer,), timeout=ANSWER_S)
        finally:
            del self._asked[request]
        refusal = answer.result() if answer.done() else "it did not answer"
        if refusal:
            raise DockRefusedError(f"{self._name} did not do it: {self._in_full(request, refusal)}")

    def _in_full(self, request: Request, refusal: str) -> str:
        """With what helps to understand it."""
        if request is Request.CLEAR_FAULT and self._keeper is not None and (standing := self._keeper.standing_faults()):
            return f"{refusal}. What stands: {'; '.join(standing)}"
        if request is Request.FOLLOW_MARKER and self._markers:
            return f"{refusal}. Markers that it knows: {', '.join(map(str, sorted(self._markers)))}"
        return refusal

    def _reached(self) -> Dock:
        if self._keeper is None:
            raise NoDockError("there is no dock: dock.driver is 'none', or its driver could not be loaded")
        if self._capabilities is None:
            raise NoDockError(f"no dock answers: {self._keeper.reason}")
        return self._keeper.dock

    def _need(self, feature: Feature, otherwise: str) -> Dock:
        dock = self._reached()
        if self._capabilities is not None and feature not in self._capabilities.features:
            raise DockRefusedError(f"{self._name} {otherwise}")
        return dock

    @property
    def _name(self) -> str:
        dock = self._capabilities
        return "the dock" if dock is None else f"the dock {dock.model} {dock.serial_number}".rstrip()

    def _on_event(self, event: DockEvent) -> None:
        match event:
            case LinkChanged(state=state, capabilities=capabilities):
                self._on_link(state, capabilities)
            case MarkerStatus(marker_id=marker_id):
                self._markers.add(marker_id)
            case RequestDone(request=request, refusal=refusal):
                self._answer(request, refusal)
            case MotionDone(motion_id=self._motion_id, outcome=outcome):
                if self._parking is not None and not self._parking.done():
                    self._parking.set_result(outcome)

    def _on_link(self, state: LinkState, capabilities: Capabilities | None) -> None:
        if state.works:
            self._capabilities = capabilities
            return
        self._capabilities = None
        self._markers.clear()
        for request in tuple(self._asked):
            self._answer(request, _LINK_BROKE)

    def _answer(self, request: Request, refusal: str) -> None:
        waiting = self._asked.get(request)
        if waiting is not None and not waiting.done():
            waiting.set_result(refusal)


_WHY: dict[MotionOutcome | None, str] = {
    None: "it did not say that it is there in time",
    MotionOutcome.EXPIRED: "the link to it is bad",
    MotionOutcome.REPLACED: "something else moved it",
    MotionOutcome.STOPPED: "it was stopped",
    MotionOutcome.FAILED: "a fault ended the motion, followspot status names it",
}
