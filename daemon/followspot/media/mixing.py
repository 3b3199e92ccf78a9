"""Teacher and room as one track: the room under her voice, alone where hers is missing, never with a click.

Pure: samples in, samples out, one frame of the encoder after the other.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from followspot.domain.sound import Carrier
from followspot.media.encoder import SOUND_FRAME_SAMPLES, SOUND_RATE_HZ

Samples = npt.NDArray[np.float32]

_FRAME_S = SOUND_FRAME_SAMPLES / SOUND_RATE_HZ
# The room gives way within a syllable, and comes back slowly enough not to pump between words.
_GIVE_WAY_S = 0.06
_COME_BACK_S = 0.4
# She speaks while her level is within this of how loud she lately was ...
_SPEECH_RANGE_DB = 20.0
# ... which is forgotten this slowly, and never taken as less than this: the hiss of a quiet minute is no speech.
_FORGET_DB_PER_S = 1.0
_LEAST_SPEECH_DBFS = -55.0
# A microphone near the threshold of silence must not come and go.
_RETURN_FACTOR = 2.0
# Above this the sum of both is bent, not cut: a cut peak is a click.
_KNEE = 0.85


def from_db(gain_db: float) -> float:
    """The factor of a gain in decibels."""
    return float(10 ** (gain_db / 20))


@dataclass(frozen=True, eq=False)
class Heard:
    """A frame of one microphone: silence where nothing came, and how many samples did come."""

    samples: Samples
    count: int

    @cached_property
    def rms(self) -> float:
        """Root mean square of what came, without the constant that cheap converters add; 0 where nothing came."""
        if not self.count:
            return 0.0
        swing = self.samples - np.add.reduce(self.samples) / len(self.samples)
        return math.sqrt(float(np.dot(swing, swing)) / len(swing))


class SignalWatch:
    """Whether a microphone gives any signal, or is only plugged in: digital silence, or less than any noise."""

    def __init__(self, below_dbfs: float, after_s: float) -> None:
        self._below = from_db(below_dbfs)
        self._after = round(after_s * SOUND_RATE_HZ)
        self._quiet = 0
        self.silent = False

    @property
    def quiet_samples(self) -> int:
        """For how long there has been nothing but silence."""
        return self._quiet

    def feed(self, heard: Heard) -> None:
        """Look at the next frame; where nothing came at all, the next sound is judged anew."""
        if heard.count and heard.rms < self._below * (_RETURN_FACTOR if self.silent else 1.0):
            self._quiet += heard.count
            self.silent = self.silent or self._quiet >= self._after
        else:
            self.forget()

    def forget(self) -> None:
        """Begin anew, as with a microphone that gives a signal."""
        self._quiet, self.silent = 0, False


class Mixer:
    """Sums the frames of both microphones; `None` stands for one that is not configured."""

    def __init__(self, room_gain_db: float, duck_db: float) -> None:
        """`room_gain_db` is the room's own gain, `duck_db` how far it gives way to the teacher."""
        self._room_gain = from_db(room_gain_db)
        self._ducked = from_db(-duck_db)
        self._room_share = 1.0
        self._lately_dbfs = _LEAST_SPEECH_DBFS

    def mix(self, teacher: Heard | None, room: Heard | None, carrier: Carrier) -> Samples:
        """The next frame; `carrier` says what it is to be carried by."""
        if room is None:
            return teacher.samples if teacher is not None else np.zeros(SOUND_FRAME_SAMPLES, np.float32)
        samples = room.samples * self._room_ramp(teacher, carrier)
        if teacher is not None:
            samples += teacher.samples
        return soft_limited(samples)

    def _room_ramp(self, teacher: Heard | None, carrier: Carrier) -> Samples:
        speaking = teacher is not None and carrier is Carrier.TEACHER and self._is_speaking(teacher)
        target = self._ducked if speaking else 1.0
        quick = speaking or carrier is Carrier.ROOM
        before = self._room_share
        self._room_share += (target - before) * (1 - math.exp(-_FRAME_S / (_GIVE_WAY_S if quick else _COME_BACK_S)))
        return ramp(before * self._room_gain, self._room_share * self._room_gain)

    def _is_speaking(self, teacher: Heard) -> bool:
        level_dbfs = 20 * math.log10(max(teacher.rms, 1e-6))
        self._lately_dbfs = max(level_dbfs, self._lately_dbfs - _FORGET_DB_PER_S * _FRAME_S, _LEAST_SPEECH_DBFS)
        return level_dbfs > self._lately_dbfs - _SPEECH_RANGE_DB


class Gate:
    """Closes and opens a track within one frame, without a click."""

    def __init__(self) -> None:
        self._open = 1.0

    def pass_on(self, samples: Samples, *, closed: bool) -> Samples:
        """The next frame, silenced while `closed`."""
        before, self._open = self._open, 0.0 if closed else 1.0
        if before == self._open == 1.0:
            return samples
        return samples * ramp(before, self._open)


def carrier_of(*, teacher: bool, room: bool) -> Carrier:
    """What a frame is carried by, where `teacher` and `room` say whether these give all they should."""
    if teacher:
        return Carrier.TEACHER
    return Carrier.ROOM if room else Carrier.NONE


def ramp(first: float, last: float) -> Samples:
    """A gain that moves evenly over a frame, and goes on from `last` in the next."""
    return np.linspace(first, last, SOUND_FRAME_SAMPLES, endpoint=False, dtype=np.float32)


def soft_limited(samples: Samples) -> Samples:
    """The samples within full scale: what is louder than the knee is bent towards it."""
    size = np.abs(samples)
    if float(size.max()) <= _KNEE:
        return samples
    bent = _KNEE + (1 - _KNEE) * np.tanh((size - _KNEE) / (1 - _KNEE))
    return np.where(size <= _KNEE, samples, np.copysign(bent, samples)).astype(np.float32)
