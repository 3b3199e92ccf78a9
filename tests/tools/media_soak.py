"""Hours of small-picture media through the production recorder, faster than real time: what drifts, what grows?

make soak-media   (MEDIA_HOURS=8 SOAK_OUT=build/soak)
"""

import argparse
import asyncio
import sys
import tempfile
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from support.storagelab import LESSON
from tools.soak.measures import beep_offsets_ms, flashes_s
from tools.soak.report import Sample, Series, budget_lines, write_report
from tools.soak.virtual_lesson import Durable, SoakLesson

PPM = 200.0
HOUR_S = 3600


Skews = dict[str, float | None]
"""By how much sound is late against the picture, ms, worst beep of a segment: by the microphone that heard it."""


def measure(segment: Path) -> Skews:
    """In a process of its own; the file is removed, so that hours of media need no disk."""
    late = {whose: beep_offsets_ms(segment, flashes) for whose, flashes in flashes_s(segment).items()}
    segment.unlink()
    return {whose: max(several, key=abs) if several else None for whose, several in late.items()}


def sample_of(durable: Durable, skews: Skews, began_s: float) -> Sample:
    end = durable.end
    return Sample(
        media_s=(end.start_ns + end.duration_ns) / 1e9,
        wall_s=round(durable.at_s - began_s, 1),
        skew_ms=skews,
        announce_ms=round(durable.announce_ms, 2),
        resident_mb=round(durable.holding.resident_mb, 2),
        handles=durable.holding.handles,
        threads=durable.holding.threads,
    )


async def record(folder: Path, seconds: float, wall_s: float) -> list[Sample]:
    lesson = SoakLesson(folder, seconds, PPM, -PPM, time.monotonic() + wall_s)
    waiting: list[tuple[Durable, Future[Skews]]] = []
    began_s = time.monotonic()
    with ProcessPoolExecutor(1) as pool:
        async for durable in lesson.run():
            segment = lesson.media / LESSON / f"segment-{durable.end.index:05d}.mp4"
            waiting.append((durable, pool.submit(measure, segment)))
            if durable.end.index % 10 == 0:
                print(
                    f"{durable.end.start_ns / 1e9 / HOUR_S:5.2f} h in {time.monotonic() - began_s:6.0f} s", flush=True
                )
        return [sample_of(durable, future.result(), began_s) for durable, future in waiting]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=8.0, help="of media (default %(default)g)")
    parser.add_argument(
        "--wall-s", type=float, default=7200.0, help="end the lesson after so long (default %(default)g)"
    )
    parser.add_argument("--out", type=Path, default=Path("build/soak"), help="folder of the report (%(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="followspot-soak-") as folder:
        samples = asyncio.run(record(Path(folder), arguments.hours * HOUR_S, arguments.wall_s))
    hours = samples[-1].media_s / HOUR_S
    series = Series("media", f"{hours:.1f} h of media, microphones' clocks off by +{PPM:g} and -{PPM:g} ppm", samples)
    write_report(series, arguments.out)
    return budget_lines(series)


if __name__ == "__main__":
    sys.exit(main())
