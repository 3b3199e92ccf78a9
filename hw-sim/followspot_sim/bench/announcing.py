"""`segment_to_puback_p50_ms` and `…_p99_ms`: from a segment's last frame, encoded, to PUBACK.

Taken from the daemon's own log at level DEBUG while it records 1920x1080 at 30 pictures a second and follows the
teacher: the line that a segment is encoded (its sound, too) against the line that its event is acknowledged. In
between lie the last fragment's sync, the rename and two more syncs, the transaction, and the broker.
"""

import re
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles

from followspot_sim.bench import lesson
from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.errors import SimulatorError
from followspot_sim.stage import Stage, StageOptions

MEDIAN, LATE = "segment_to_puback_p50_ms", "segment_to_puback_p99_ms"
LATE_BUDGET_MS = 250.0
CAMERA = ("--size", "1920x1080")
SEGMENT_S = 2.0
SHORTEST_S = 120.0
"""Sixty segments: of fewer nobody can say how late a late one is."""
DAY_MS = 86_400_000

_ENCODED = re.compile(r"^(\S+) DEBUG .*segment encoded lesson=(\S+) index=(\d+)$", re.MULTILINE)
_TAKEN = re.compile(r"^(\S+) DEBUG .*event acknowledged sequence=\d+ type=segment\.ready$", re.MULTILINE)


def measure(options: BenchOptions) -> list[Figure]:
    """Record one lesson as long as all rounds together, or SHORTEST_S."""
    tables = {"log": {"level": "DEBUG"}}
    with Stage(StageOptions(options.folder / "announcing", CAMERA, tables=tables, segment_s=SEGMENT_S)) as stage:
        stage.start()
        lesson.record(stage, partial(time.sleep, max(SHORTEST_S, options.seconds * options.rounds)))
        log = stage.folder / "daemon.log"
    delays = delays_ms(log)
    doubt = "" if len(delays) >= 100 else f"from {len(delays)} segments: the p99 is the latest of them"
    detail = {"segments": len(delays), "delays_ms": delays}
    return [
        Figure(MEDIAN, median(delays), "ms", None, {"segments": len(delays)}),
        Figure(LATE, _late(delays), "ms", LATE_BUDGET_MS, detail, doubt),
    ]


def delays_ms(log: Path) -> list[int]:
    """The delay of each segment, in order: events are acknowledged in the order of their segments."""
    text = log.read_text(errors="replace")
    encoded = [_day_ms(found[1]) for found in _ENCODED.finditer(text)]
    taken = [_day_ms(found[1]) for found in _TAKEN.finditer(text)]
    if not encoded or len(encoded) != len(taken):
        raise SimulatorError(f"{len(encoded)} segments were encoded and {len(taken)} acknowledged: see {log}")
    return [(end - begin) % DAY_MS for begin, end in zip(encoded, taken, strict=True)]


def _late(delays: list[int]) -> float:
    return float(max(delays)) if len(delays) < 100 else quantiles(delays, n=100)[-1]


def _day_ms(clock: str) -> int:
    at = datetime.strptime(clock, "%H:%M:%S.%f")  # noqa: DTZ007 - a time of day, for differences
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1000 + at.microsecond // 1000
