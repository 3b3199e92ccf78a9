"""Samples that a device loses leave a hole of their length: declared, and in sync right after it."""

import functools
import time

import numpy as np
import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.recording import LessonPlan
from followspot.media.drift import ArrivalClock
from followspot.media.encoder import VIDEO_TIMESCALE
from followspot.media.mixingdesk import SoundInputs
from followspot.media.mute import MuteSwitch
from followspot.media.notices import RecorderStopped, RecordingStarted
from followspot.media.singlesounds import SingleSounds
from followspot.media.sound import SoundTrack
from followspot.media.soundencoding import SoundEncoding

NS = 1_000_000_000
MS = 1_000_000
PACKET_NS = 10 * MS


class Silent:
    """Encoders that encode nothing."""

    def encode_sound(self, samples, pts):
        return []

    def flush_sound(self):
        return []


@pytest.mark.parametrize("lost_ms", [40, 300, 5000])
def test_samples_after_a_hole_are_never_placed_before_it(lost_ms):
    clock = ArrivalClock(48_000)
    waiting, placed, steps = [], [], 0
    for n in range(600):
        true_ns = 5 * NS + (n + 1) * PACKET_NS + (lost_ms * MS if n >= 300 else 0)
        steps += clock.observe((n + 1) * 480, true_ns)
        waiting.append(((n + 1) * 480, true_ns))
        if clock.settled and not clock.undecided:
            placed += [(clock.time_ns(sample), true_ns, true) for sample, true in waiting]
            waiting.clear()
    assert steps == 1
    assert len(placed) == 600
    assert max(abs(found - true) for found, _, true in placed) < MS
    assert max(now - true for _, now, true in placed[100:]) <= 210 * MS, "in time for the encoder"


def test_late_packets_are_no_step():
    clock = ArrivalClock(48_000)
    arrivals = [5 * NS + (n + 1) * PACKET_NS for n in range(600)]
    for n in range(300, 340):  # 400 ms behind, then half as much again as real time until it has caught up
        arrivals[n] = arrivals[300] + 400 * MS + (n - 300) * PACKET_NS // 3
    for n in range(340, 600):
        arrivals[n] = max(arrivals[n], arrivals[n - 1])
    assert not any(clock.observe((n + 1) * 480, arrival) for n, arrival in enumerate(arrivals))


@pytest.mark.parametrize(("missing", "declared"), [(4700, False), (4800, True)])
def test_a_silence_is_declared_from_a_tenth_of_a_second_on(missing, declared, make_settings):
    track, gaps = SoundTrack(expected=True), []
    inputs = SoundInputs(track, None, MuteSwitch())
    sound = SoundEncoding(
        inputs, Silent(), SingleSounds((), 96), make_settings("camera"), lambda notice: None, gaps.append, 0, 0
    )
    track.put(0, np.ones(24_000, np.float32))
    track.put(24_000 + missing, np.ones(48_000 - 24_000 - missing, np.float32))
    assert list(sound.advance(VIDEO_TIMESCALE, NS)) == []
    assert [gap.reason for gap in gaps] == [GapReason.SOUND_LOST] * declared


@pytest.mark.parametrize("packets", [5, 30])
def test_a_hole_in_the_sound_leaves_it_in_sync(
    packets, av_offsets_s, show, serve, make_settings, recorder, notices, sink
):
    hole = range(250, 250 + packets)
    r = recorder(make_settings(serve(show.camera).url, serve(functools.partial(show.microphone, hole=hole)).url))
    r.start(LessonPlan("x"), sink)
    notices.wait(RecordingStarted)
    time.sleep(6)
    r.stop()
    notices.wait(RecorderStopped)
    offsets = av_offsets_s(sink)
    assert len(offsets) >= 4
    assert sum(abs(offset) > 0.005 for offset in offsets) <= 1, offsets  # the hole may swallow a beep
    if packets == 5:
        assert not sink.gaps
    else:
        (gap,) = sink.gaps
        assert gap.reason is GapReason.SOUND_LOST
        assert gap.duration_ns == pytest.approx(300 * MS, abs=50 * MS)
