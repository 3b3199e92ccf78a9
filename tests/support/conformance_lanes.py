"""Conformance cases on several docks at once: most of a case is waiting."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from followspot_dock.conformance import Outcome, Verdict, run_case
from followspot_dock.conformance.case import Case
from followspot_dock.conformance.run import Press
from followspot_dock.conformance.wires import Wire

LANES = 6
Stalled = Callable[[], bool]
Lane = AbstractAsyncContextManager[tuple[Wire, Press | None, Stalled]]
"""One dock, who presses its marker's button, and whether it had no processor for a while since the last question."""

_ALONE = ("a_flood_is_survived",)
"""Floods whoever carries the frames, which all lanes share."""
_LONG = "ends_of_the"
"""Such cases take longest, so they come first."""
STALL_S = 0.05
"""No limit of any case is nearer than this to what a dock in time needs."""
_LOOK_S = 0.005
_STALLED_ATTEMPTS = 3


class _Stalls:
    """When the machine gave this process no time."""

    def __init__(self) -> None:
        self._last_s = 0.0

    async def watch(self) -> None:
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(_LOOK_S)
            if time.monotonic() - before_s > _LOOK_S + STALL_S:
                self._last_s = time.monotonic()

    def since(self, begun_s: float) -> bool:
        return self._last_s >= begun_s


async def run_in_lanes(
    open_lane: Callable[[int], Lane], cases: Sequence[Case], lanes: int = LANES
) -> dict[str, Outcome]:
    """Every case on whichever of `lanes` docks is free; the outcomes by name.

    Each has one attempt. Only a case that failed while the machine stood still is tried again.
    """
    outcomes: dict[str, Outcome] = {}
    stalls = _Stalls()
    waiting = deque(sorted(cases, key=lambda case: (case.name in _ALONE, not case.name.startswith(_LONG))))
    alone = [waiting.pop() for _ in range(sum(case.name in _ALONE for case in cases))]

    async def judge(case: Case, wire: Wire, press: Press | None, stalled: Stalled) -> Outcome:
        for _ in range(_STALLED_ATTEMPTS):
            stalled()
            begun_s = time.monotonic()
            outcome = await run_case(wire, case, press)
            if outcome.verdict is not Verdict.FAILED or not (stalled() or stalls.since(begun_s)):
                break
        return outcome

    async def work(wire: Wire, press: Press | None, stalled: Stalled) -> None:
        while waiting:
            case = waiting.popleft()
            outcomes[case.name] = await judge(case, wire, press, stalled)

    async with AsyncExitStack() as stack:
        docks = [await stack.enter_async_context(open_lane(number)) for number in range(lanes)]
        watch = asyncio.create_task(stalls.watch(), name="stalls")
        async with asyncio.TaskGroup() as tasks:
            for number, dock in enumerate(docks):
                tasks.create_task(work(*dock), name=f"lane-{number}")
        waiting.extend(alone)
        await work(*docks[0])
        watch.cancel()
        await asyncio.wait([watch])
    return outcomes
