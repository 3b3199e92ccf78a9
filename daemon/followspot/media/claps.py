"""Find claps in picture and sound, and from them how far one is behind the other. Pure: arrays in, times out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from followspot.domain.analysis import Plane
from followspot.media.encoder import SOUND_RATE_HZ
from followspot.media.mixing import Samples

Floats = npt.NDArray[np.float64]

_NS_PER_S = 1_000_000_000
_NS_PER_MS = 1_000_000

# Every so many pixels one is looked at: hands are larger.
_STRIDE = 8
# A change below this is the camera's noise.
_NOISE_LEVELS = 12
# One picture this much brighter or darker than both its neighbours is a flash, or a lamp that was covered.
_FLASH_SHARE = 0.06
# Hands stand still when less than this share of their motion is left, and had been moving for some pictures.
_STILL_SHARE = 0.25
_SAME_CLAP_NS = 300 * _NS_PER_MS
# A clap is among the loudest things that were heard, and what is as loud within this time is its echo.
_LOUD_SHARE = 0.5
_ECHO_SAMPLES = SOUND_RATE_HZ * 3 // 10
_ATTACK_SAMPLES = SOUND_RATE_HZ // 100
# Picture and sound of one clap are no further apart than this, and those of several agree to within that.
_MAX_APART_NS = _NS_PER_S
_AGREE_NS = 60 * _NS_PER_MS
# Claps in a steady rhythm also agree, but for the first or last, on an offset that is wrong by their distance.
_CLAPS_PER_S_APART = 1.5
MIN_CLAPS = 3
"""Fewer may agree by chance."""


@dataclass(frozen=True, slots=True)
class PictureSign:
    """What one picture tells of a clap: how bright it is, and the share of it that changed since the one before."""

    exposure_ns: int
    brightness: float
    changed: float


@dataclass(frozen=True, slots=True)
class ClapOffset:
    """How long after the picture the sound comes, from so many claps whose own offsets spread by `spread_ns`."""

    offset_ns: int
    spread_ns: int
    claps: int


class PictureWatch:
    """Reduces pictures to signs, one after the other."""

    def __init__(self) -> None:
        self._before: npt.NDArray[np.int16] | None = None

    def sign(self, exposure_ns: int, luma: Plane) -> PictureSign:
        """The next picture's."""
        small = luma[::_STRIDE, ::_STRIDE].astype(np.int16)
        before, self._before = self._before, small
        changed = 0.0
        if before is not None and before.shape == small.shape:
            changed = float(np.mean(np.abs(small - before) > _NOISE_LEVELS))
        return PictureSign(exposure_ns, float(small.mean()), changed)


def claps_seen(signs: Sequence[PictureSign]) -> list[int]:
    """When claps were seen, CLOCK_MONOTONIC ns: flashes if there are some, else hands that met and stayed together."""
    flashes = _flashes(signs)
    return flashes if len(flashes) >= MIN_CLAPS else _hands(signs)


def claps_heard(start: int, samples: Samples) -> list[int]:
    """When claps were heard, CLOCK_MONOTONIC ns; `start` is the first sample's index on the monotonic grid."""
    size = np.abs(samples)
    loudest = float(size.max(initial=0.0))
    if loudest <= 0:
        return []
    loud = np.flatnonzero(size > loudest * _LOUD_SHARE)
    first = loud[np.concatenate([[True], np.diff(loud) > _ECHO_SAMPLES])]
    return [(start + _attack(size, int(index))) * _NS_PER_S // SOUND_RATE_HZ for index in first]


def offset_of(seen: Sequence[int], heard: Sequence[int]) -> ClapOffset | None:
    """The offset on which most claps agree; None if fewer than MIN_CLAPS do."""
    pairs = np.subtract.outer(np.asarray(heard, np.int64), np.asarray(seen, np.int64)).ravel()
    near = np.sort(pairs[np.abs(pairs) <= _MAX_APART_NS])
    if len(near) < MIN_CLAPS:
        return None
    ends = np.searchsorted(near, near + _AGREE_NS, side="right")
    agree = ends - np.arange(len(near))
    best = int(np.argmax(agree - np.abs(near) * (_CLAPS_PER_S_APART / _NS_PER_S)))
    agreeing = near[best : ends[best]]
    if len(agreeing) < MIN_CLAPS:
        return None
    middle = round(float(np.median(agreeing)))
    return ClapOffset(middle, round(float(np.median(np.abs(agreeing - middle)))), len(agreeing))


def _flashes(signs: Sequence[PictureSign]) -> list[int]:
    light = np.array([sign.brightness for sign in signs])
    if len(light) < 3:
        return []
    around = (light[:-2] + light[2:]) / 2
    steady = np.abs(light[:-2] - light[2:]) < _FLASH_SHARE / 2 * around
    flash = steady & (np.abs(light[1:-1] - around) > _FLASH_SHARE * around)
    return [signs[int(index) + 1].exposure_ns for index in np.flatnonzero(flash)]


def _hands(signs: Sequence[PictureSign]) -> list[int]:
    """Hands that come together change the picture until they meet: how much of the last change there is says when."""
    changed = np.array([sign.changed for sign in signs])
    found: list[int] = []
    for index in range(2, len(changed) - 2):
        motion = changed[index]
        if motion <= changed.max() / 4 or changed[index - 1] < motion * _STILL_SHARE:
            continue
        rest, after = changed[index + 1], changed[index + 2]
        if after < motion * _STILL_SHARE and rest <= motion and after <= rest:
            period_ns = signs[index + 1].exposure_ns - signs[index].exposure_ns
            met_ns = signs[index].exposure_ns + round(period_ns * min(rest / motion, 1.0))
            if not found or met_ns - found[-1] > _SAME_CLAP_NS:
                found.append(met_ns)
    return found


def _attack(size: Samples, loud: int) -> int:
    """Where the sound that is loud at `loud` begins: its first sample of half that size within the attack."""
    begin = max(0, loud - _ATTACK_SAMPLES)
    return begin + int(np.argmax(size[begin : loud + 1] > size[loud] / 2))
