"""Two microphones and a mute button, as the whole product takes them."""

import hashlib
import time
from typing import Any

import av
import numpy as np
import pytest

from followspot_sim.stage import Stage
from support.lessons import Lesson, probe_frames, standing, start, stop

pytestmark = pytest.mark.scenario


def loudness(lesson: Lesson, start_s: float, end_s: float) -> float:
    """RMS of the recorded sound between two moments of the lesson."""
    samples: list[Any] = []
    for segment in lesson.manifest["segments"]:
        with av.open(str(lesson.folder / segment["file"])) as container:
            for frame in container.decode(audio=0):
                if start_s <= frame.time < end_s:
                    samples.append(frame.to_ndarray()[0])
    return float(np.sqrt(np.mean(np.concatenate(samples) ** 2)))


def sound(stage: Stage) -> dict[str, Any]:
    """What the state says of the sound."""
    return stage.command("status")["data"]["sound"]


def wait_carrier(stage: Stage, carrier: str) -> None:
    stage.wait_for(f"the sound to be carried by {carrier}", lambda: sound(stage)["carrier"] == carrier, 10)


def test_the_room_stands_in_and_mute_silences_everything(make_stage, ffprobe: str) -> None:
    stage = make_stage("--room-microphone", tables={"microphone": {"silent_after_s": 1.0}})
    stage.start()
    start(stage)
    wait_carrier(stage, "teacher")
    assert -60 < sound(stage)["room"]["rms_dbfs"] < 0
    stage.simulate("silence", device="microphone", silent=True)
    wait_carrier(stage, "room")
    assert "nothing in it" in standing(stage)["microphone-silent"]
    stage.simulate("silence", device="microphone", silent=False)
    wait_carrier(stage, "teacher")
    stage.wait_for("the alert to heal", lambda: "microphone-silent" not in standing(stage), 5)
    stage.simulate("mute", muted=True)
    wait_carrier(stage, "muted")
    assert sound(stage) == {"muted": True, "carrier": "muted", "teacher": None, "room": None}
    stage.simulate("mute", muted=False)
    wait_carrier(stage, "teacher")
    stage.simulate("unplug", device="microphone")
    wait_carrier(stage, "room")
    time.sleep(1)
    lesson = stop(stage)
    lesson.check_files()
    lesson.check_plays(ffprobe)
    for segment in lesson.manifest["segments"]:
        assert [sound["role"] for sound in segment["sounds"]] == ["teacher", "room"]
        for beside in segment["sounds"]:
            file = lesson.folder / beside["file"]
            assert hashlib.sha256(file.read_bytes()).hexdigest() == beside["sha256"]
            assert probe_frames(ffprobe, file)["audio"] > 0
    assert lesson.gap_reasons == ["room-sound", "muted", "room-sound"]
    silent, muted, gone = (
        (g["start_ns"] / 1e9, (g["start_ns"] + g["duration_ns"]) / 1e9) for g in lesson.manifest["gaps"]
    )
    assert loudness(lesson, muted[0] + 0.1, muted[1] - 0.1) < 1e-4
    for stand_in in (silent, gone):
        assert loudness(lesson, stand_in[0] + 0.1, stand_in[1] - 0.1) > 1e-3
