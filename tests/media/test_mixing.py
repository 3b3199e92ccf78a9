"""Teacher and room become one track: who is heard, when the other stands in, and never a click. No devices."""

import numpy as np
import pytest

from followspot.domain.gaps import GapReason
from followspot.domain.sound import Carrier, MicrophoneRole
from followspot.media.mixing import Gate, Heard, Mixer, SignalWatch, from_db, soft_limited
from followspot.media.mixingdesk import MixingDesk, SoundInputs
from followspot.media.mute import MuteSwitch
from followspot.media.notices import MicrophoneHeard, MicrophoneSilent, SoundLevels
from followspot.media.sound import SoundTrack, sample_at
from followspot.media.soundgaps import SoundGaps
from followspot.settings.models import Settings

RATE, FRAME = 48_000, 1024
CLICK = 0.02
"""A jump of this share of the tone's amplitude is audible as a click; the fades stay far below."""


def tone(hz, start, count, amplitude=0.3):
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(start, start + count) / RATE)).astype(np.float32)


def hiss(seed, count, dbfs):
    return np.random.default_rng(seed).normal(0, from_db(dbfs), count).astype(np.float32)


def jump(sound, hz):
    """The largest deviation from a tone whose level moves slowly."""
    rest = sound[2:] + sound[:-2] - 2 * np.cos(2 * np.pi * hz / RATE) * sound[1:-1]
    return float(np.abs(rest).max())


def level_db(sound, hz):
    time_s = np.arange(len(sound)) / RATE
    share = 2 * np.abs(np.mean(sound * np.exp(-2j * np.pi * hz * time_s)))
    return 20 * np.log10(max(share, 1e-9))


class Stage:
    """A mixing desk over two tracks, its frames and what it tells."""

    def __init__(self, *, teacher=True, room=True, **tables):
        self.teacher = SoundTrack(expected=True) if teacher else None
        self.room = SoundTrack(expected=True) if room else None
        self.mute = MuteSwitch()
        self.told, self.gaps = [], []
        settings = Settings.model_validate({"microphone": {"silent_after_s": 1}, **tables})
        self.desk = MixingDesk(SoundInputs(self.teacher, self.room, self.mute), settings, self.told.append)
        self._gaps = SoundGaps(self.gaps.append, 0)
        self.at = 0

    def run(self, seconds):
        frames = []
        for _ in range(round(seconds * RATE / FRAME)):
            mixed = self.desk.mix(self.at, FRAME)
            self._gaps.note(self.at, mixed)
            frames.append(mixed.samples)
            self.at += FRAME
        return np.concatenate(frames)

    def end(self):
        self._gaps.end(self.at)
        return [(gap.reason, gap.start_ns / 1e9, gap.duration_ns / 1e9) for gap in self.gaps]

    @property
    def carriers(self):
        return [notice.carrier for notice in self.told if isinstance(notice, SoundLevels)]


def test_the_room_is_heard_under_the_teacher_and_in_her_pauses():
    stage = Stage()
    speech = np.concatenate([tone(440, 0, 3 * RATE), hiss(1, 3 * RATE, -70)])
    stage.teacher.put(0, speech)
    stage.room.put(0, tone(1000, 0, 6 * RATE, 0.1))
    sound = stage.run(5.9)
    under, alone = sound[RATE : 2 * RATE], sound[round(4.7 * RATE) : round(5.7 * RATE)]
    assert level_db(under, 1000) == pytest.approx(-20 - 12, abs=1)
    assert level_db(under, 440) == pytest.approx(20 * np.log10(0.3), abs=0.5)
    assert level_db(alone, 1000) == pytest.approx(-20, abs=1)
    assert not stage.end()


def test_the_room_stands_in_where_the_teachers_sound_is_missing_and_gives_way_when_it_returns():
    stage = Stage()
    stage.teacher.put(0, tone(440, 0, 2 * RATE))
    stage.teacher.put(4 * RATE, tone(440, 4 * RATE, 2 * RATE))
    stage.room.put(0, tone(440, 0, 6 * RATE, 0.1))
    sound = stage.run(5.9)
    assert level_db(sound[3 * RATE : 4 * RATE - FRAME], 440) == pytest.approx(-20, abs=1)
    assert jump(sound, 440) < CLICK * 0.3
    [(reason, start_s, length_s)] = stage.end()
    assert reason is GapReason.ROOM_SOUND
    assert (start_s, length_s) == (pytest.approx(2, abs=0.03), pytest.approx(2, abs=0.05))
    assert stage.carriers == [Carrier.TEACHER, *[Carrier.ROOM] * 3, Carrier.TEACHER]


def test_a_microphone_that_gives_digital_silence_is_told_and_replaced():
    stage = Stage()
    speech = tone(440, 0, 9 * RATE)
    speech[3 * RATE : 6 * RATE] = 0
    stage.teacher.put(0, speech)
    stage.room.put(0, tone(440, 0, 9 * RATE, 0.1))
    stage.run(8.9)
    assert [type(n) for n in stage.told if isinstance(n, MicrophoneSilent) and n.role is MicrophoneRole.TEACHER] == [
        MicrophoneSilent
    ]
    heard = [n for n in stage.told if n == MicrophoneHeard(MicrophoneRole.TEACHER)]
    assert len(heard) == 2, "at the beginning, which ends an alert of the lesson before, and when it returns"
    [(reason, start_s, length_s)] = stage.end()
    assert reason is GapReason.ROOM_SOUND
    assert (start_s, length_s) == (pytest.approx(3, abs=0.05), pytest.approx(3, abs=0.1))


def test_silence_without_a_room_microphone_is_declared_as_lost_sound():
    stage = Stage(room=False)
    stage.teacher.put(0, np.zeros(3 * RATE, np.float32))
    stage.run(2.9)
    [(reason, start_s, length_s)] = stage.end()
    assert (reason, start_s) == (GapReason.SOUND_LOST, 0)
    assert length_s == pytest.approx(2.9, abs=0.05)


def test_a_constant_is_silence_too():
    stage = Stage(room=False)
    stage.teacher.put(0, np.full(4 * RATE, 0.01, np.float32))
    stage.run(3.9)
    assert [n for n in stage.told if isinstance(n, MicrophoneSilent)]
    assert max(n.teacher.rms_dbfs for n in stage.told[2:] if isinstance(n, SoundLevels)) < -80


def test_a_quiet_room_is_no_silent_microphone():
    stage = Stage(room=False)
    stage.teacher.put(0, hiss(2, 4 * RATE, -72))
    stage.run(3.9)
    assert not [n for n in stage.told if isinstance(n, MicrophoneSilent)]
    assert not stage.end()


def test_a_room_microphone_alone_carries_a_lesson_as_it_should():
    stage = Stage(teacher=False)
    stage.room.put(0, tone(1000, 0, 2 * RATE, 0.1))
    sound = stage.run(1.9)
    assert level_db(sound[RATE:], 1000) == pytest.approx(-20, abs=0.5)
    assert not stage.end()
    assert stage.carriers == [Carrier.ROOM]


def test_mute_silences_both_microphones_at_once_and_reveals_nothing_said_before_it_ended():
    stage = Stage()
    stage.teacher.put(0, tone(440, 0, 4 * RATE))
    stage.room.put(0, tone(440, 0, 4 * RATE, 0.1))
    before = stage.run(1)
    stage.mute.set(True, 0)
    during = stage.run(1)
    end_ns = 3_000_000_000
    stage.mute.set(False, end_ns)
    after = stage.run(1.9)
    assert not during[FRAME:].any()
    spoken_from = sample_at(end_ns) - len(before) - len(during)
    assert not after[:spoken_from].any()
    assert np.abs(after[spoken_from + 2 * FRAME :]).max() > 0.25
    assert jump(np.concatenate([before, during, after]), 440) < CLICK * 0.3
    [(reason, start_s, length_s)] = stage.end()
    assert reason is GapReason.MUTED
    assert (start_s, length_s) == (pytest.approx(1, abs=0.03), pytest.approx(2, abs=0.05))


def test_a_mute_is_no_silent_microphone():
    stage = Stage(room=False)
    stage.teacher.put(0, np.zeros(4 * RATE, np.float32))
    stage.mute.set(True, 0)
    stage.run(3.9)
    assert not [n for n in stage.told if isinstance(n, MicrophoneSilent)]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("hole", [1, 100, 2000, 30_000])
def test_a_hole_of_any_length_does_not_click(hole, late):
    """`late`: what is behind the hole arrives only after the frame before it was taken."""
    track = SoundTrack(expected=True)
    first = 20_000
    track.put(0, tone(440, 0, first))
    sound = []
    for start in range(0, 64 * FRAME, FRAME):
        if start + 2 * FRAME > first + hole and (not late or start > first):
            track.put(first + hole, tone(440, first + hole, 70_000 - hole))
            first = 10**9
        sound.append(track.take(start, FRAME).samples)
    assert jump(np.concatenate(sound), 440) < CLICK * 0.3


@pytest.mark.parametrize("back", [1, 77, 480, 1440, 3000])
def test_sound_that_is_placed_anew_before_its_own_end_does_not_click(back):
    track = SoundTrack(expected=True)
    sound, at = [], 0
    for start in range(0, 40 * FRAME, 480):
        shift = back if start >= 20_000 else 0
        track.put(start - shift, tone(440, start, 480))
        while at + FRAME + 600 <= start - shift:
            sound.append(track.take(at, FRAME).samples)
            at += FRAME
    assert jump(np.concatenate(sound), 440) < CLICK * 0.3


def test_levels_are_told_once_a_second():
    stage = Stage(room=False)
    stage.teacher.put(0, tone(1000, 0, 4 * RATE, 0.5))
    stage.run(3.1)
    levels = [n.teacher for n in stage.told if isinstance(n, SoundLevels)]
    assert len(levels) == 3
    assert levels[1].peak_dbfs == pytest.approx(-6, abs=0.1)
    assert levels[1].rms_dbfs == pytest.approx(-9, abs=0.1)


def test_a_microphone_near_the_threshold_does_not_flap():
    watch = SignalWatch(-80, 1)
    changes, was = 0, False
    for n in range(500):
        samples = hiss(n, FRAME, -81 if n < 100 else -79)
        watch.feed(Heard(samples, FRAME))
        changes += watch.silent != was
        was = watch.silent
    assert changes == 1


def test_loud_sums_are_bent_within_full_scale():
    mixer = Mixer(0, 0)
    both = Heard(tone(440, 0, FRAME, 0.9), FRAME)
    assert np.abs(mixer.mix(both, both, Carrier.TEACHER)).max() < 1
    assert soft_limited(tone(440, 0, FRAME, 0.8)) is not None
    assert Gate().pass_on(both.samples, closed=False) is both.samples
