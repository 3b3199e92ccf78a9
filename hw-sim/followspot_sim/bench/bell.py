"""`bell_to_coach_…_mbits_min`: minutes from the end of a 45-minute lesson until all of it is in the store.

Beside each stands `bell_to_coach_…_mbits_line_min`, what the line alone needs: what lies between them is the
uploader's own. A scaled run: every rate is real, but each minute lasts a second, and each segment, a minute long, has
a sixtieth of its bytes. So what a file costs beside its bytes (requests, hashes, the broker) weighs sixty times too
much, and so does the burst that the uploader's pace allows, a quarter of a second: a result may be 0.25 min below the
line's. Three uploaders, each on a line of its own, carry the same lesson to an S3 server while it lasts. A file counts
as stored when it is acknowledged, which an uploader does only with what the store has confirmed.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

from followspot_sim.bench.options import BenchOptions
from followspot_sim.bench.results import Figure
from followspot_sim.bench.stand_in import StandIn
from followspot_sim.bench.uploaders import object_store, uploader
from followspot_sim.errors import SimulatorError
from followspot_sim.stage.broker import Broker

LINES_MBITS = (1, 2, 5)
LESSON_MIN = 45
SCALE = 60
"""A second stands for a minute, and a segment has a sixtieth of its bytes."""
MEDIA_MBITS = 4.096
"""Picture and sound at the default bit rates."""
SEGMENT_BYTES = round(MEDIA_MBITS * 1e6 / 8 * 60 / SCALE)
LESSON = "0198c0de-0000-7000-8000-000000000001"
PATIENCE = 2.0
"""An uploader that takes so many times what its line needs is stuck."""
PATIENCE_S = 30.0
LOOK_S = 0.1


def measured_name(rate_mbits: int) -> str:
    """The figure of a line."""
    return f"bell_to_coach_{rate_mbits}_mbits_min"


def bound_name(rate_mbits: int) -> str:
    """The figure of what that line alone needs."""
    return f"bell_to_coach_{rate_mbits}_mbits_line_min"


NAMES = tuple(name(rate) for rate in LINES_MBITS for name in (measured_name, bound_name))


def measure(options: BenchOptions) -> list[Figure]:
    """One lesson over all lines; its length does not depend on the options."""
    folder = options.folder / "bell"
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as ends:
        broker = Broker(folder / "broker")
        broker.start()
        ends.callback(broker.stop)
        store_port = ends.enter_context(object_store(folder))
        box = ends.enter_context(StandIn(broker.port, folder / "media"))
        for rate in LINES_MBITS:
            ends.enter_context(uploader(_line(rate), rate * 1000, broker.port, store_port, folder))
        return figures(_lesson(box))


def figures(minutes: Mapping[int, float]) -> list[Figure]:
    """Two for each line, by its Mbit/s: what was measured, and what the line alone needs."""
    made = []
    for rate, measured in minutes.items():
        bound = line_min(rate)
        beyond = {"beyond_the_line_min": round(measured - bound, 2)}
        detail = {"scale": SCALE, "lesson_min": LESSON_MIN, "media_mbits": MEDIA_MBITS, **beyond}
        made += [
            Figure(measured_name(rate), round(measured, 2), "min", None, detail),
            Figure(bound_name(rate), round(bound, 2), "min"),
        ]
    return made


def line_min(rate_mbits: float) -> float:
    """After the bell a fast line has the last segment to carry, a slow one all that it did not manage in the lesson."""
    segment_min = MEDIA_MBITS / rate_mbits
    return max(segment_min, 1 + LESSON_MIN * segment_min - LESSON_MIN)


def _line(rate_mbits: int) -> str:
    return f"line-{rate_mbits}"


def _lesson(box: StandIn) -> dict[int, float]:
    """Announce a segment each scaled minute and the manifest at the bell; how long each line takes from there."""
    begun_s = time.monotonic()
    for index in range(LESSON_MIN):
        time.sleep(max(0.0, begun_s + (index + 1) * 60 / SCALE - time.monotonic()))
        box.announce(LESSON, index, hashlib.shake_128(str(index).encode()).digest(SEGMENT_BYTES))
    box.complete(LESSON, json.dumps({"lesson_id": LESSON}).encode())
    bell_s = time.monotonic()
    _await_all(box, LINES_MBITS, bell_s)
    return {rate: (box.newest_s(_line(rate)) - bell_s) * SCALE / 60 for rate in LINES_MBITS}


def _await_all(box: StandIn, rates: Iterable[int], bell_s: float) -> None:
    for rate in rates:
        give_up_s = bell_s + PATIENCE * line_min(rate) * 60 / SCALE + PATIENCE_S
        while (stored := box.stored(_line(rate))) <= LESSON_MIN:
            if time.monotonic() > give_up_s:
                raise SimulatorError(
                    f"{stored} of {LESSON_MIN + 1} files are stored at {rate} Mbit/s: see {_line(rate)}.log"
                )
            time.sleep(LOOK_S)
