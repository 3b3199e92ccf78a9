"""What a frame costs beside encoders and scaling, from what the daemon says of its threads."""

from pathlib import Path

import pytest

from followspot_sim.bench import outside
from followspot_sim.errors import SimulatorError

LESSON = """\
12:00:00.000 INFO    followspot.media.videocoder: pictures are encoded by libx264: as encoder.codec says
12:00:09.000 DEBUG   followspot.media.cputime: cpu spent part=capture-video ms=60.0
12:00:09.000 DEBUG   followspot.media.cputime: cpu spent part=capture-audio ms=30.0
12:00:09.000 DEBUG   followspot.media.cputime: cpu spent part=encoders ms=800.0
12:00:09.000 DEBUG   followspot.media.cputime: cpu spent part=scaling ms=100.0
12:00:09.000 DEBUG   followspot.media.cputime: cpu spent part=encode ms=1000.0
12:00:09.000 DEBUG   followspot.storage.lesson: cpu spent part=storage ms=10.0
"""


def test_all_lessons_are_shared_among_all_their_frames(tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    log.write_text(LESSON * 2)
    figure = outside.figure(log, frames=400)
    assert figure.value == pytest.approx(1.0)  # (60 + 30 + 1000 + 10 - 800 - 100) * 2 / 400
    assert figure.met is True
    assert figure.detail["ms_per_frame"] == {
        "capture-video": 0.3,
        "capture-audio": 0.15,
        "encode": 5.0,
        "storage": 0.05,
        "encoders": 4.0,
        "scaling": 0.5,
    }


def test_a_part_that_says_nothing_is_named(tmp_path: Path) -> None:
    log = tmp_path / "daemon.log"
    log.write_text(LESSON.replace("part=storage", "part=cellar"))
    with pytest.raises(SimulatorError, match="storage"):
        outside.figure(log, frames=400)
