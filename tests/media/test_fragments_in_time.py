"""How much of a lesson lies in memory alone at any moment: what a kill -9 takes; faster than time."""

from fractions import Fraction

import av
import numpy as np
import pytest

from followspot.domain.recording import LessonPlan
from followspot.media.encode import EncodeLoop
from followspot.media.framequeue import CapturedFrame, FrameQueue
from followspot.media.mixingdesk import SoundInputs
from followspot.media.mute import MuteSwitch
from followspot.storage.join.reading import read_segment

S = 1_000_000_000
RATE_HZ = 30
SECONDS = 7
WIDTH, HEIGHT = 160, 90


class CountingSink:
    """Notes with each fragment how many pictures had been taken when it came."""

    def __init__(self, sink) -> None:
        self._sink = sink
        self.taken_at: list[tuple[int, int]] = []

    def __getattr__(self, name: str):
        return getattr(self._sink, name)

    def write_fragment(self, index: int, data: bytes) -> None:
        self.taken_at.append((index, len(self._sink.framing) + 1))  # the present picture's line comes after it
        self._sink.write_fragment(index, data)


@pytest.mark.parametrize("fragment_s", [0.3, 0.5, 1.0])
def test_no_picture_waits_longer_than_configured(kit, clock, sink, notices, make_settings, fragment_s: float) -> None:
    settings = make_settings(
        "tcp://127.0.0.1:9",
        camera={"rate_hz": RATE_HZ},
        view={"width": WIDTH, "height": HEIGHT},
        recording={"segment_s": 3.1, "fragment_s": fragment_s},
    )
    queue = FrameQueue(SECONDS * RATE_HZ)
    picture = av.VideoFrame.from_ndarray(np.full((HEIGHT * 3 // 2, WIDTH), 90, np.uint8), "yuv420p")
    picture.time_base = Fraction(1, 90_000)
    begin_ns = clock.monotonic_ns()
    for n in range(SECONDS * RATE_HZ):
        queue.put(CapturedFrame(picture, begin_ns + n * S // RATE_HZ, begin_ns + n * S // RATE_HZ))
    queue.close()
    counting = CountingSink(sink)
    EncodeLoop(
        *(settings, clock, kit.FixedPlanner(), notices),
        *(LessonPlan("lesson"), counting, queue, SoundInputs(None, None, MuteSwitch())),
    ).run()
    kept, waited = 0, []
    for index, path in enumerate(sink.paths):
        media = read_segment(path)
        video = next(trak for trak in media.traks if trak.kind == b"vide")
        pictures = [len(run.durations) for run in media.runs if run.track_id == video.id]
        for count, (_, taken) in zip(pictures, [at for at in counting.taken_at if at[0] == index], strict=False):
            waited.append((taken - kept) / RATE_HZ)
            kept += count
    assert kept == SECONDS * RATE_HZ
    assert max(waited[:-1]) <= fragment_s, waited
