"""What following costs in CPU time of its thread, without real time and without input and output.

make costs
The dock's side is a conversation of the production driver with the simulator's firmware; the rest is a lesson in
virtual time. A second has 50 poses, 30 marker reports and 30 recorded frames. What the event loop itself takes is not
in these figures: `make bench ONLY=loop_ms_per_frame` has it all.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from dock.table import Table
from followspot.vision.worker import prepare as prepare_vision
from followspot_dock.port import MarkerReport, Pose
from followspot_sim.setup import prepare
from framing.virtual_lesson import FRAME_NS, START_NS, VISION_EVERY_FRAMES, Lesson, options

TTL_MS = 300
FRAME_RATE_HZ = 1e9 / FRAME_NS
POSE_HZ, MARKER_HZ, HOST_TICK_HZ = 50, 30, 25

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


_EVENTS = {Pose: "pose", MarkerReport: "marker report"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=30, help="of lesson and of conversation (default %(default)d)")
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
