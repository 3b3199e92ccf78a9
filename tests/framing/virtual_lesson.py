"""A lesson in virtual time, judged at once: what the scenarios show for one seed is swept here over many."""

import argparse
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from followspot.domain.geometry import Aim
from followspot.settings.models import Settings
from followspot_dock.port import MarkerReport
from followspot_rehearsal.lesson import Disturbance, Filmed, Lesson
from followspot_rehearsal.times import FRAME_NS, START_NS, VISION_EVERY_FRAMES
from followspot_sim.judge.scorecard import in_picture, is_safe
from followspot_sim.setup import add_look_arguments, prepare

__all__ = ["FRAME_NS", "START_NS", "VISION_EVERY_FRAMES", "Judged", "Lesson", "options", "teach"]


class Judged:
    """One entry per frame."""

    def __init__(self, frames: list[Filmed]) -> None:
        self.views = [frame.view for frame in frames]
        self.truths = [frame.truth for frame in frames]
        self.believed_m = [frame.believed_m for frame in frames]
        self.aims = [Aim(frame.pan_deg, frame.tilt_deg) for frame in frames]
        """Where the camera truly pointed."""

    def safe(self) -> list[bool]:
        """Whether head and shoulders were in the safe area, frame by frame."""
        pairs = zip(self.truths, [view.crop for view in self.views], strict=True)
        return [bool(t.box) and is_safe(in_picture(t.box, (c.x, c.y, c.width, c.height))) for t, c in pairs]

    def safe_share(self) -> float:
        """Share of frames with head and shoulders in the safe area."""
        return float(np.mean(self.safe()))


def options(*look: str) -> argparse.Namespace:
    """The simulator's own options, as given on its command line."""
    parser = argparse.ArgumentParser()
    add_look_arguments(parser)
    return parser.parse_args(look)


def teach(
    *look: str,
    seconds: float,
    lead_s: float = 3.0,
    silent: Callable[[float], bool] = lambda _: False,
    settings: Settings | None = None,
) -> Judged:
    """A lesson of `seconds`, judged after `lead_s` in which the dock turns to the teacher.

    `silent` tells at which seconds of the lesson the marker says nothing; `settings` stand in place of the defaults.
    """

    def told(report: MarkerReport) -> MarkerReport:
        return replace(report, quality=0.0) if silent((report.time_ns - START_NS) / 1e9 - lead_s) else report

    prepared = prepare(options(*look), lambda: START_NS)
    lesson = Lesson(prepared, settings=settings or Settings(), disturbance=Disturbance(marker=told))
    return Judged(lesson.run(seconds, lead_s))
