"""A segment is as long as it is configured, from 2 s to 600 s, and is made safe every half second; faster than time."""

from datetime import UTC, datetime
from fractions import Fraction

import av
import numpy as np
import pytest

from followspot.domain.recording import LessonPlan
from followspot.media.encode import EncodeLoop
from followspot.media.framequeue import CapturedFrame, FrameQueue
from followspot.media.mixingdesk import SoundInputs
from followspot.media.mute import MuteSwitch
from followspot.storage.join.plan import Placed, plan_join
from followspot.storage.join.reading import read_segment

S = 1_000_000_000
RATE_HZ = 4
WIDTH, HEIGHT = 160, 90


class StandingClock:
    def monotonic_ns(self) -> int:
        return S

    def utc_now(self) -> datetime:
        return datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("segment_s", [2, 7.25, 600])
def test_segments_and_fragments_are_as_long_as_configured(kit, sink, notices, make_settings, segment_s: float) -> None:
    settings = make_settings(
        "tcp://127.0.0.1:9",
        camera={"rate_hz": RATE_HZ},
        view={"width": WIDTH, "height": HEIGHT},
        recording={"segment_s": segment_s},
        encoder={"preset": "ultrafast"},
    )
    whole = 2 if segment_s < 60 else 1
    count = round((whole * segment_s + 1) * RATE_HZ)
    queue = FrameQueue(count)
    picture = av.VideoFrame.from_ndarray(np.full((HEIGHT * 3 // 2, WIDTH), 90, np.uint8), "yuv420p")
    picture.time_base = Fraction(1, 90_000)
    for n in range(count):
        queue.put(CapturedFrame(picture, S + n * S // RATE_HZ, S + n * S // RATE_HZ))
    queue.close()
    EncodeLoop(
        *(settings, StandingClock(), kit.FixedPlanner(), notices),
        *(LessonPlan("lesson"), sink, queue, SoundInputs(None, None, MuteSwitch())),
    ).run()
    length_ns = round(segment_s * S)
    assert [(e.start_ns, e.duration_ns) for e in sink.ends[:-1]] == [(n * length_ns, length_ns) for n in range(whole)]
    assert sink.ends[-1].start_ns + sink.ends[-1].duration_ns == count * S // RATE_HZ
    for end, path in zip(sink.ends, sink.paths, strict=True):
        media = read_segment(path)
        video = next(trak for trak in media.traks if trak.kind == b"vide")
        fragments = [int(r.durations.sum()) / video.timescale for r in media.runs if r.track_id == video.id]
        assert max(fragments) <= settings.recording.fragment_s
        assert sum(fragments) * S == pytest.approx(end.duration_ns, abs=S / 90_000)
    placed = [
        Placed(read_segment(path), read_segment(path), end.start_ns, end.start_ns + end.duration_ns)
        for end, path in zip(sink.ends, sink.paths, strict=True)
    ]
    tables = plan_join(placed).tables
    assert tables[0].ticks == count * 90_000 // RATE_HZ, "and they join"
