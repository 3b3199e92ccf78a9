"""Playing jobs one after the other, side by side where there are cores, and writing each down."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np

from followspot.vision.worker import prepare as prepare_vision
from followspot_rehearsal import record
from followspot_rehearsal.conditions import Conditions
from followspot_rehearsal.jobs import Job, prepared_for, settings_of
from followspot_rehearsal.lesson import Lesson
from followspot_rehearsal.times import FRAME_NS, START_NS
from followspot_sim.look_command import to_bgr
from followspot_sim.proof.stills import Stills
from followspot_sim.render import Picture
from followspot_sim.setup import Prepared


def play_all(jobs: Sequence[Job], workers: int) -> Iterator[Job]:
    """Play all; each job once it is written. Jobs that share a stage are played by one worker, which builds it once."""
    groups = [list(group) for _, group in groupby(sorted(jobs, key=_order), key=lambda job: job.stage)]
    if workers == 1:
        for group in groups:
            yield from _play_group(group)
        return
    with ProcessPoolExecutor(workers) as pool:
        for played in pool.map(_play_group, groups):
            yield from played


def _order(job: Job) -> tuple[str, ...]:
    return tuple(map(str, job.stage))


def _play_group(jobs: Sequence[Job]) -> list[Job]:
    prepare_vision()
    prepared = prepared_for(jobs[0])
    for job in jobs:
        _play(job, prepared)
    return list(jobs)


def _play(job: Job, prepared: Prepared) -> None:
    settings, camera_roll = settings_of(job), CameraRoll(job)
    lesson = Lesson(prepared, job.operator, settings, Conditions(**job.conditions), on_picture=camera_roll.take)
    frames = lesson.run(job.seconds, job.lead_s)
    record.series(record.task(job.scenario, job.operator, settings, prepared), frames).save(Path(job.file))
    if camera_roll.kept:
        stills = Stills(np.array(list(camera_roll.kept)), np.stack(list(camera_roll.kept.values())))
        stills.save(Stills.beside(Path(job.file)))


class CameraRoll:
    """Keeps small pictures of a lesson, evenly spread, by the number of their frame."""

    def __init__(self, job: Job) -> None:
        self._begin_ns = START_NS + round(job.lead_s * 1e9)
        self._every_s = job.seconds / job.stills if job.stills else float("inf")
        self._next_s = self._every_s / 2
        self.kept: dict[int, np.ndarray] = {}

    def take(self, exposure_ns: int, picture: Picture) -> None:
        """Keep it if one is due."""
        since_s = (exposure_ns - self._begin_ns) / 1e9
        if since_s < self._next_s:
            return
        self._next_s += self._every_s
        height, width = picture.luma.shape
        size = (Stills.WIDTH, round(Stills.WIDTH * height / width))
        small = cv2.resize(to_bgr(picture), size, interpolation=cv2.INTER_AREA)
        self.kept[round(since_s * 1e9 / FRAME_NS)] = np.asarray(small, np.uint8)
