"""A lesson's framing track as an outlook: where the teacher was, with the whole lesson known.

Where she was lost for a moment and found again, the way between is filled in; noise is smoothed away without delay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from followspot.domain.belief import FARTHEST_M, NEAREST_M, Estimate
from followspot.domain.body import Body
from followspot.domain.geometry import NS_PER_S, Aim, Bearing, Lens, clamp, wrap_deg
from followspot.domain.view import TrackingState

BRIDGED_NS = 3 * NS_PER_S
"""She is believed to have gone straight from where she was lost to where she was found, for no longer than this."""
SMOOTH_S = 0.15
"""Standard deviation of the smoothing kernel: less than a step takes."""
AZIMUTH_SIGMA_DEG, DISTANCE_SIGMA = 0.5, 0.05
"""How sure the smoothed track is, about."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tracked:
    """A line of the framing track. Angles are None where nothing was known."""

    pts_ns: int
    state: TrackingState
    aim: Aim
    chest: Bearing | None
    box_height_px: float | None


class Retraced:
    """The Outlook of one unbroken run of lines, at least one, in order. Times are media times."""

    def __init__(self, lines: Sequence[Tracked], lens: Lens, body: Body) -> None:
        self._times = np.array([line.pts_ns for line in lines], np.int64)
        self._states = [line.state for line in lines]
        self._pan, self._tilt = (np.array([getattr(line.aim, name) for line in lines]) for name in _AXES)
        self.known_ns = int(self._times[-1])
        self._way = np.full((3, len(lines)), math.nan)
        """Azimuth, elevation, ln(distance)."""
        for index, line in enumerate(lines):
            if line.chest is not None and line.box_height_px:
                distance_m = _distance_m(lens, line.aim, line.chest, line.box_height_px, body)
                self._way[:, index] = line.chest.azimuth_deg, line.chest.elevation_deg, math.log(distance_m)
        self._bridge()
        self._smooth()
        self._rates = np.zeros(len(lines))
        if len(lines) > 1:
            self._rates = np.nan_to_num(np.gradient(self._way[0], self._times / NS_PER_S))

    def estimate_at(self, time_ns: int) -> Estimate | None:
        """The teacher at a media time; None where nothing is known."""
        index, share = self._place(time_ns)
        way = self._way[:, index]
        if share > 0 and not np.isnan(self._way[0, index + 1]):
            way = way + share * (self._way[:, index + 1] - way)
        if math.isnan(way[0]):
            return None
        return Estimate(
            Bearing(wrap_deg(float(way[0])), float(way[1])),
            float(self._rates[index]),
            math.exp(float(way[2])),
            AZIMUTH_SIGMA_DEG,
            DISTANCE_SIGMA,
        )

    def state_at(self, time_ns: int) -> TrackingState:
        """What may be relied on."""
        return self._states[self._place(time_ns)[0]]

    def aim_at(self, time_ns: int) -> Aim:
        """Where the camera pointed."""
        return Aim(*(float(np.interp(time_ns, self._times, axis)) for axis in (self._pan, self._tilt)))

    def _place(self, time_ns: int) -> tuple[int, float]:
        """The last line at or before a time, and how far it is to the next one."""
        index = int(np.searchsorted(self._times, time_ns, side="right")) - 1
        if index < 0 or index == len(self._times) - 1:
            return max(index, 0), 0.0
        return index, float((time_ns - self._times[index]) / (self._times[index + 1] - self._times[index]))

    def _bridge(self) -> None:
        """Fill in what lies between two lines on which she was tracked, where it is short."""
        seen = [i for i, state in enumerate(self._states) if state is TrackingState.TRACKING and self._knows(i)]
        for before, after in pairwise(seen):
            span_ns = self._times[after] - self._times[before]
            if after - before == 1 or span_ns > BRIDGED_NS:
                continue
            start, end = self._way[:, before], self._way[:, after].copy()
            end[0] = start[0] + wrap_deg(float(end[0] - start[0]))
            for index in range(before + 1, after):
                share = (self._times[index] - self._times[before]) / span_ns
                self._way[:, index] = start + share * (end - start)
                self._states[index] = TrackingState.TRACKING

    def _knows(self, index: int) -> bool:
        return not math.isnan(self._way[0, index])

    def _smooth(self) -> None:
        """Each unbroken stretch by itself, and only where she was tracked."""
        tracked = np.array([state is TrackingState.TRACKING for state in self._states]) & ~np.isnan(self._way[0])
        edges = np.flatnonzero(np.diff(np.concatenate(([False], tracked, [False])).astype(np.int8)))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            times = self._times[start:end]
            period_s = float(np.median(np.diff(times))) / NS_PER_S if end - start > 1 else 0.0
            if period_s <= 0:
                continue
            kernel = _kernel(SMOOTH_S / period_s)
            self._way[0, start:end] = np.unwrap(self._way[0, start:end], period=360)
            for axis in self._way:
                padded = np.pad(axis[start:end], len(kernel) // 2, mode="edge")
                axis[start:end] = np.convolve(padded, kernel, mode="valid")


_AXES = ("pan_deg", "tilt_deg")


def _kernel(sigma: float) -> Numbers:
    half = max(math.ceil(3 * sigma), 1)
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / max(sigma, 0.1)) ** 2)
    kernel: Numbers = weights / weights.sum()
    return kernel


def _distance_m(lens: Lens, aim: Aim, chest: Bearing, box_height_px: float, body: Body) -> float:
    """The distance at which head and shoulders are so high in the picture."""
    distance_m = lens.focal_px * body.bust_height_m / box_height_px
    for _ in range(2):
        distance_m *= body.bust(lens, aim, chest, distance_m).height / box_height_px
    return clamp(distance_m, NEAREST_M, FARTHEST_M)
