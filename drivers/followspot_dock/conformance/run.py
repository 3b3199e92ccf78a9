"""Running the cases, one after the other, each in a conversation of its own."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from followspot_dock.conformance.bench import Bench
from followspot_dock.conformance.case import Case
from followspot_dock.conformance.peer import FailedError
from followspot_dock.conformance.wires import Transport, Wire

_CASE_S = 60.0
"""No case takes this long, but one whose dock answers everything late."""

Press = Callable[[str], None]
"""Have the marker's button pressed: "short", "double" or "long"."""


class Verdict(StrEnum):
    """What came of a case."""

    PASSED = "passed"
    FAILED = "failed"
    EXCUSED = "does not apply"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case, with what was measured; `why` is for people, "" where it passed."""

    case: Case
    verdict: Verdict
    why: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    took_s: float = 0.0


async def run_all(
    wire: Wire, cases: Iterable[Case], press: Press | None, tell: Callable[[Outcome], None]
) -> list[Outcome]:
    """Run the cases until the wire breaks; `tell` hears of each at once."""
    outcomes = []
    for case in cases:
        broken = wire.broken()
        outcome = Outcome(case, Verdict.FAILED, broken) if broken else await run_case(wire, case, press)
        outcomes.append(outcome)
        tell(outcome)
    return outcomes


async def run_case(wire: Wire, case: Case, press: Press | None = None) -> Outcome:
    """Run one case on an open wire. Without `press` nobody is there to press a button."""
    excuse = _excuse(wire, case, press)
    if excuse:
        return Outcome(case, Verdict.EXCUSED, excuse)
    wire.peer.heard.clear()
    bench = Bench(wire, press)
    begun_s = time.monotonic()
    verdict, why = Verdict.PASSED, ""
    try:
        async with asyncio.timeout(_CASE_S), bench.conversation():  # noqa: TID251  # this task is not being cancelled here
            if bench.hello.features & case.needs == case.needs:
                await case.function(bench)
            else:
                verdict, why = Verdict.EXCUSED, f"the dock has no {case.needs.name}"
    except FailedError as failure:
        verdict, why = Verdict.FAILED, wire.broken() or str(failure)
    except TimeoutError:
        verdict, why = Verdict.FAILED, f"it was not over within {_CASE_S:g} s"
    return Outcome(case, verdict, why, bench.figures, time.monotonic() - begun_s)


def _excuse(wire: Wire, case: Case, press: Press | None) -> str:
    if case.stream_only and wire.transport is not Transport.SERIAL:
        return "this transport keeps frames whole"
    if case.by_hand and press is None:
        return "nobody presses a button: --by-hand"
    return ""
