"""`outside_encoders_ms_per_frame`: what a recorded frame costs beside encoding, scaling and vision.

Capture, hand-over, mixing, mux, hash and disk: the daemon's own account at level DEBUG of what its threads spent,
less what of the encoding thread went into encoders and scaling. x264's own threads are not in it.
"""

import re
from pathlib import Path

from followspot_sim.bench.results import Figure
from followspot_sim.errors import SimulatorError

NAME = "outside_encoders_ms_per_frame"
BUDGET_MS = 1.0
THREADS = ("capture-video", "capture-audio", "encode", "storage")
WITHIN_ENCODE = ("encoders", "scaling")
LOGGED: dict[str, dict[str, object]] = {"log": {"level": "DEBUG"}}
"""For the daemon: nothing is logged for each frame, so this costs nothing."""

_SPENT = re.compile(r"cpu spent part=(\S+) ms=([\d.]+)$", re.MULTILINE)


def figure(log: Path, frames: int) -> Figure:
    """From a log of whole lessons that have `frames` frames together. Raises SimulatorError where a part is missing."""
    spent_ms = dict.fromkeys((*THREADS, *WITHIN_ENCODE), 0.0)
    seen = set()
    for part, ms in _SPENT.findall(log.read_text(errors="replace")):
        seen.add(part)
        if part in spent_ms:
            spent_ms[part] += float(ms)
    if missing := spent_ms.keys() - seen:
        raise SimulatorError(f"the daemon did not say what it spent on {', '.join(sorted(missing))}: see {log}")
    outside_ms = sum(spent_ms[part] for part in THREADS) - sum(spent_ms[part] for part in WITHIN_ENCODE)
    parts = {part: round(ms / frames, 3) for part, ms in spent_ms.items()}
    return Figure(NAME, round(outside_ms / frames, 3), "ms", BUDGET_MS, {"frames": frames, "ms_per_frame": parts})
