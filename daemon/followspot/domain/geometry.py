"""Where things are: lens, pan-tilt mount, and the pose of the past.

Base frame of the dock: azimuth positive right, elevation positive up. The mount pans about the vertical, then tilts;
the lens is a pinhole with square pixels whose axis passes through both axes of the mount.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property

NS_PER_S = 1_000_000_000

SIDEWAYS_DEG = 80.0
"""Beyond this angle from the optical axis a pinhole picture has no sensible place: points are held here."""

KEPT_POSES = 160
"""At 50 poses a second 3.2 s: longer than any picture or report is under way, and waits for its crop."""

RATES_AGREE_DPS, RATES_AGREE = 2.0, 0.2
"""Rates are believed between two poses whose difference they explain to within this; some docks tell none."""

EXTRAPOLATION_NS = 100_000_000
"""A pose may be carried on at its own rate for this long; motors change speed within about this time."""

NOISE_DEG = 0.06
"""A pose that is off by less from where the last one and the rates lead to is so by its encoders' noise."""

STEADY_GAIN, REST_GAIN = 0.08, 0.02
"""So much of the noise is believed, and so much while the motor rests: what remains of 0.01 degrees is not seen."""

STEADY_DPS, CHANGING_GAIN = 1.0, 0.5
"""Between two poses whose rates differ by more nobody knows the way so well: the pose counts more."""


@dataclass(frozen=True, slots=True)
class Bearing:
    """A direction in the base frame, degrees."""

    azimuth_deg: float
    elevation_deg: float


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the optical axis points: pan about the vertical, then tilt, degrees."""

    pan_deg: float
    tilt_deg: float


@dataclass(frozen=True)
class Lens:
    """A pinhole over an upright picture of `width` x `height` pixels.

    It sees `hfov_deg` from edge to edge of the sensor's own width, which is the picture's height if the camera lies
    `sideways`.
    """

    width: int
    height: int
    hfov_deg: float
    sideways: bool = False

    @cached_property
    def focal_px(self) -> float:
        """The focal length in pixels."""
        along = self.height if self.sideways else self.width
        return along / 2 / math.tan(math.radians(self.hfov_deg) / 2)

    def project(self, bearing: Bearing, aim: Aim) -> tuple[float, float]:
        """The pixel (x, y) that shows `bearing` from `aim`; it may lie off the sensor.

        A direction beyond SIDEWAYS_DEG to either side is shown at that angle, so that it stays on its side.
        """
        relative = math.radians(clamp(wrap_deg(bearing.azimuth_deg - aim.pan_deg), -SIDEWAYS_DEG, SIDEWAYS_DEG))
        elevation, tilt = math.radians(bearing.elevation_deg), math.radians(aim.tilt_deg)
        right = math.cos(elevation) * math.sin(relative)
        up = math.sin(elevation)
        ahead = math.cos(elevation) * math.cos(relative)
        depth = max(up * math.sin(tilt) + ahead * math.cos(tilt), math.cos(math.radians(SIDEWAYS_DEG)) / 2)
        rise = up * math.cos(tilt) - ahead * math.sin(tilt)
        return self.width / 2 + self.focal_px * right / depth, self.height / 2 - self.focal_px * rise / depth

    def unproject(self, x: float, y: float, aim: Aim) -> Bearing:
        """The direction that pixel (x, y) shows from `aim`."""
        right, rise = (x - self.width / 2) / self.focal_px, (self.height / 2 - y) / self.focal_px
        tilt = math.radians(aim.tilt_deg)
        up = rise * math.cos(tilt) + math.sin(tilt)
        ahead = math.cos(tilt) - rise * math.sin(tilt)
        azimuth = aim.pan_deg + math.degrees(math.atan2(right, ahead))
        return Bearing(wrap_deg(azimuth), math.degrees(math.atan2(up, math.hypot(right, ahead))))


@dataclass(frozen=True, slots=True)
class PoseSample:
    """Where the mount pointed at `time_ns` and how fast it turned."""

    time_ns: int
    aim: Aim
    pan_rate_dps: float = 0.0
    tilt_rate_dps: float = 0.0

    def steadied(self, before: PoseSample) -> PoseSample:
        """With the noise of its encoders taken out, as far as the rates of both explain the way from `before`.

        The crop is laid by each pose: noise of a hundredth of a degree would be seen as a tremble of the picture.
        """
        dt_s = (self.time_ns - before.time_ns) / NS_PER_S
        if dt_s * NS_PER_S > EXTRAPOLATION_NS:
            return self
        pan = _steadied(before.aim.pan_deg, before.pan_rate_dps, self.aim.pan_deg, self.pan_rate_dps, dt_s)
        tilt = _steadied(before.aim.tilt_deg, before.tilt_rate_dps, self.aim.tilt_deg, self.tilt_rate_dps, dt_s)
        return replace(self, aim=Aim(pan, tilt))

    def carried_on(self, time_ns: int) -> Aim:
        """The aim at `time_ns`, at a constant rate, for at most EXTRAPOLATION_NS either way."""
        ahead_s = clamp(time_ns - self.time_ns, -EXTRAPOLATION_NS, EXTRAPOLATION_NS) / NS_PER_S
        return Aim(
            self.aim.pan_deg + self.pan_rate_dps * ahead_s,
            self.aim.tilt_deg + self.tilt_rate_dps * ahead_s,
        )


def _steadied(before_deg: float, before_dps: float, told_deg: float, told_dps: float, dt_s: float) -> float:
    expected_deg = before_deg + (before_dps + told_dps) / 2 * dt_s
    off_deg = told_deg - expected_deg
    gain = STEADY_GAIN if abs(told_dps - before_dps) <= STEADY_DPS else CHANGING_GAIN
    return expected_deg + gain * off_deg if abs(off_deg) < NOISE_DEG else told_deg


@dataclass(frozen=True, slots=True)
class PoseTrack:
    """The poses of the last seconds, oldest first; immutable, so that any thread may read one."""

    samples: tuple[PoseSample, ...] = ()

    def then(self, sample: PoseSample) -> PoseTrack:
        """The track with one more pose. One that is not newer than the last is dropped, one that is not finite too."""
        values = (sample.aim.pan_deg, sample.aim.tilt_deg, sample.pan_rate_dps, sample.tilt_rate_dps)
        if not all(map(math.isfinite, values)) or (self.samples and sample.time_ns <= self.samples[-1].time_ns):
            return self
        if self.samples:
            sample = sample.steadied(self.samples[-1])
        return PoseTrack((*self.samples[-(KEPT_POSES - 1) :], sample))

    def at(self, time_ns: int) -> Aim | None:
        """The aim at `time_ns`; None while no pose is known."""
        if not self.samples:
            return None
        later = self.samples[-1]
        if time_ns >= later.time_ns:
            return later.carried_on(time_ns)
        index = bisect_right(self.samples, time_ns, key=lambda sample: sample.time_ns)
        if index == 0:
            return self.samples[0].carried_on(time_ns)
        return _between(self.samples[index - 1], self.samples[index], time_ns)


def _between(earlier: PoseSample, later: PoseSample, time_ns: int) -> Aim:
    """On the curve through both, with their rates."""
    span_s = (later.time_ns - earlier.time_ns) / NS_PER_S
    share = (time_ns - earlier.time_ns) / (later.time_ns - earlier.time_ns)
    return Aim(
        _curved(earlier.aim.pan_deg, earlier.pan_rate_dps, later.aim.pan_deg, later.pan_rate_dps, span_s, share),
        _curved(earlier.aim.tilt_deg, earlier.tilt_rate_dps, later.aim.tilt_deg, later.tilt_rate_dps, span_s, share),
    )


def _curved(start: float, start_rate: float, end: float, end_rate: float, span_s: float, share: float) -> float:
    """A cubic between two angles, or a straight line where the rates are not those of this motion."""
    step = end - start
    steady = step / span_s
    straight = start + share * step
    if abs((start_rate + end_rate) / 2 - steady) > RATES_AGREE_DPS + RATES_AGREE * abs(steady):
        return straight
    bend = share * (1 - share) * span_s
    return straight + bend * ((1 - share) * (start_rate - steady) - share * (end_rate - steady))


def clamp(value: float, low: float, high: float) -> float:
    """`value`, held between `low` and `high`."""
    return max(low, min(high, value))


def wrap_deg(angle_deg: float) -> float:
    """The same direction between -180 and 180."""
    return (angle_deg + 180) % 360 - 180
