"""A plain file as camera or microphone plays as it was recorded, again and again."""

import json
import time
from fractions import Fraction
from types import SimpleNamespace

import av
import pytest

from followspot.domain.recording import LessonPlan
from followspot.media.notices import CameraLost, CameraOpened, RecorderStopped, RecordingStarted
from followspot.media.pacing import Pace, is_plain_file

NS = 1_000_000_000
FRAMES = 60


@pytest.fixture
def recorded(tmp_path, show):
    """Two seconds of pictures."""
    path = tmp_path / "room.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = show.width, show.height, "yuv420p"
        for n in range(FRAMES):
            container.mux(stream.encode(show.picture(show.zero_ns, n)))
        container.mux(stream.encode(None))
    return path


def test_packets_are_due_at_their_own_pace():
    pace, base = Pace(), Fraction(1, 1000)
    dues = [pace.due_ns(SimpleNamespace(dts=dts, pts=dts, time_base=base), NS) for dts in (40, 80, None, 140)]
    assert dues == [NS, NS + 40_000_000, NS, NS + 100_000_000]


def test_only_files_on_a_disk_are_paced(recorded):
    assert is_plain_file(str(recorded))
    assert is_plain_file(f"file:{recorded}")
    assert not is_plain_file("/dev/null")
    assert not is_plain_file("tcp://127.0.0.1:9")


def test_a_file_plays_in_real_time_and_begins_again(recorded, make_settings, recorder, notices, sink):
    r = recorder(make_settings(str(recorded), camera={"format": ""}, view={"lookahead_s": 0}))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    began = time.monotonic()
    assert "the stream ended" in notices.wait(CameraLost).reason
    assert time.monotonic() - began == pytest.approx(2, abs=0.3)
    notices.wait(CameraOpened, 2)
    time.sleep(0.5)
    r.stop()
    notices.wait(RecorderStopped)
    assert r.progress().dropped == 0
    held = [json.loads(line)["held"] for line in sink.framing]
    assert held[: FRAMES - 5] == [False] * (FRAMES - 5)
    assert not any(held[-5:])
