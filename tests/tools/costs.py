"""What following costs in CPU time of its thread, without real time and without input and output.

make costs
The dock's side is a conversation of the production driver with the simulator's firmware; the rest is a lesson in
virtual time. A second has 50 poses, 30 marker reports and 30 recorded frames. What the event loop itself takes is not
in these figures: `make bench ONLY=loop_ms_per_frame` has it all.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from dock.table import Table
from followspot.domain.analysis import AnalysisFrame
from followspot.domain.body import Body
from followspot.domain.sighting import Hint, Sighting
from followspot.settings.models import Settings, TrackingSettings
from followspot.vision.badge import Badge
from followspot.vision.segmenter import Segmenter
from followspot.vision.stack import load_stack
from followspot.vision.watcher import Watcher
from followspot.vision.worker import prepare as prepare_vision
from followspot_dock.port import MarkerReport, Pose
from followspot_rehearsal.lesson import Disturbance
from followspot_sim.setup import Prepared, prepare
from framing.virtual_lesson import FRAME_NS, START_NS, VISION_EVERY_FRAMES, Lesson, options

TTL_MS = 300
FRAME_RATE_HZ = 1e9 / FRAME_NS
POSE_HZ, MARKER_HZ, HOST_TICK_HZ = 50, 30, 25

MARKED_S = 3.0
"""Where the marker falls silent it is heard for so long first."""

Given = TypeVar("Given")


@dataclass
class Meter:
    """Adds up what calls cost."""

    calls: int = 0
    spent_ns: int = 0

    def around(self, call: Callable[..., Given]) -> Callable[..., Given]:
        """`call`, measured."""

        def measured(*arguments: object) -> Given:
            begun_ns = time.thread_time_ns()
            given = call(*arguments)
            self.spent_ns += time.thread_time_ns() - begun_ns
            self.calls += 1
            return given

        return measured

    @property
    def us(self) -> float:
        """Microseconds a call."""
        return self.spent_ns / 1000 / max(self.calls, 1)


def _dock_costs(seconds: int) -> dict[str, float]:
    """Microseconds in the driver: per report decoded and told, per tick, per motor command."""
    table = Table()
    table.run_ms(2000)
    received, ticked, driven = Meter(), Meter(), Meter()
    host = table.host
    host.receive, host.tick = received.around(host.receive), ticked.around(host.tick)
    drive = driven.around(host.drive)
    for _ in range(seconds * MARKER_HZ):
        table.run_ms(1000 // MARKER_HZ)
        drive(10.0, -1.0, TTL_MS, table.now_ns)
    return {"driver, message": received.us, "driver, tick": ticked.us, "driver, command": driven.us}


def _lesson_costs(seconds: float, look: list[str]) -> dict[str, float]:
    """Microseconds in framing and vision: per event, per analysed image, per frame's view."""
    prepare_vision()
    meters = {name: Meter() for name in ("pose", "marker report", "sighting", "hint", "view", "image")}
    lesson = Lesson(prepare(options(*look), lambda: START_NS))
    framing = lesson.framing
    of_event = {kind: meters[name].around(framing.on_dock_event) for kind, name in _EVENTS.items()}
    plain = framing.on_dock_event
    framing.on_dock_event = lambda event: of_event.get(type(event), plain)(event)
    framing.on_sighting = meters["sighting"].around(framing.on_sighting)
    framing.hint = meters["hint"].around(framing.hint)
    framing.planner.view_at = meters["view"].around(framing.planner.view_at)
    lesson.watcher.look = meters["image"].around(lesson.watcher.look)
    simulated = Meter()
    lesson.dock.drive = simulated.around(lesson.dock.drive)
    lesson.run(seconds, lead_s=3.0)
    meters["marker report"].spent_ns -= simulated.spent_ns
    return {f"framing, {name}" if name != "image" else "vision, image": meter.us for name, meter in meters.items()}


def _vision_costs(seconds: float, look: list[str], state: Path | None) -> Iterator[tuple[str, float, float]]:
    """What vision costs in each situation: its name, microseconds a recorded frame, and an image at worst (99 %)."""
    segmenter = load_stack(state)[0] if state is not None else None
    told = Settings(tracking=TrackingSettings(badge=0))
    situations = [
        ("marker heard", Lesson(_prepared(*look)), None),
        ("marker silent", Lesson(_prepared(*look), disturbance=Disturbance(marker=_silent)), None),
        ("badge seen", Lesson(_prepared(*look, "--badge", "0"), settings=told), None),
        ("badge looked for in vain", Lesson(_prepared(*look, "--badge", "1"), settings=told), None),
    ]
    if segmenter is not None:
        situations += [
            ("marker heard, model", Lesson(_prepared(*look)), segmenter),
            ("marker silent, model", Lesson(_prepared(*look), disturbance=Disturbance(marker=_silent)), segmenter),
        ]
    for name, lesson, model in situations:
        us = _watched(lesson, model, seconds)
        yield name, float(np.mean(us)) / VISION_EVERY_FRAMES, float(np.percentile(us, 99))


def _prepared(*look: str) -> Prepared:
    return prepare(options(*look), lambda: START_NS)


def _silent(report: MarkerReport) -> MarkerReport:
    silent = report.time_ns > START_NS + MARKED_S * 1e9
    return replace(report, quality=0.0) if silent else report


def _watched(lesson: Lesson, segmenter: Segmenter | None, seconds: float) -> list[float]:
    """Microseconds of each analysed image."""
    tracking, us = lesson.settings.tracking, []
    body, hfov_deg = Body(tracking.stature_m, tracking.marker_height_m), lesson.settings.camera.hfov_deg
    badge = Badge(tracking.badge, tracking.badge_mm / 1000) if tracking.badge is not None else None
    watcher = Watcher(body, hfov_deg, badge=badge, segmenter=segmenter)

    def look(frame: AnalysisFrame, hint: Hint) -> list[Sighting]:
        begun_ns = time.thread_time_ns()
        seen = watcher.look(frame, hint)
        us.append((time.thread_time_ns() - begun_ns) / 1000)
        return seen

    lesson.watcher.look = look
    lesson.run(seconds, lead_s=3.0)
    return us


_EVENTS = {Pose: "pose", MarkerReport: "marker report"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30, help="of lesson and of conversation (default %(default)d)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="a state directory with an installed model")
    arguments, look = parser.parse_known_args()
    us = _dock_costs(arguments.seconds) | _lesson_costs(arguments.seconds, look)
    loop_us_per_s = (
        POSE_HZ * (us["driver, message"] + us["framing, pose"])
        + MARKER_HZ * (us["driver, message"] + us["framing, marker report"] + us["driver, command"])
        + HOST_TICK_HZ * us["driver, tick"]
        + FRAME_RATE_HZ / VISION_EVERY_FRAMES * us["framing, sighting"]
    )
    for name, value in us.items():
        print(f"{name:24} {value:8.1f} us")
    print(f"{'loop, recorded frame':24} {loop_us_per_s / FRAME_RATE_HZ:8.1f} us")
    print(f"{'vision, recorded frame':24} {us['vision, image'] / VISION_EVERY_FRAMES:8.1f} us")
    for name, frame_us, worst_us in _vision_costs(arguments.seconds, look, arguments.state):
        print(f"vision, {name:26} {frame_us:8.1f} us a recorded frame, {worst_us:8.1f} us an image (99 %)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
