"""Finds the teacher in picture after picture: by what moves, by what looks like her, by a person's outline.

One hit is weak evidence. The cues are weighed together along the strip where head and chest must be, one place is
decided on, and each cue reports only what it saw there. For one thread.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.belief import Estimate
from followspot.domain.body import Body
from followspot.domain.geometry import NS_PER_S, Bearing, clamp
from followspot.domain.sighting import Hint, Sighting
from followspot.vision.appearance import codes
from followspot.vision.cues import Scene
from followspot.vision.looks import Looks
from followspot.vision.motion import Change, MotionFinder
from followspot.vision.outline import OutlineFinder
from followspot.vision.picture import SmallPicture
from followspot.vision.size import SizeFinder
from followspot.vision.strip import Strip

SIZE_EVERY = 2
"""The size changes slowly: every second picture is enough."""
SIZE_MEMORY_S = 0.5
"""Pictures within this time show the same head before the same room, and err the same way: they count as one."""
FROZEN_DEG = 0.3
"""A camera that turned this far since the last picture, by more than a pixel, cannot give the same picture again."""
LIGHT_FORGET = 0.15
"""The usual light follows the present light by this share a picture: a dip of one picture leaves it alone."""
LIGHT_RANGE = (0.5, 2.0)
"""Present light over usual light; more is another room, to be learned anew."""


class Watcher:
    """One analysed picture after the other, with what the framing believes of each."""

    def __init__(self, body: Body, hfov_deg: float, *, sideways: bool = False) -> None:
        self._body, self._hfov_deg, self._sideways = body, hfov_deg, sideways
        self._motion, self._looks, self._outline = MotionFinder(), Looks(), OutlineFinder(body)
        self._size, self._sized_ns, self._count = SizeFinder(body), 0, 0
        self._before: SmallPicture | None = None
        self._light = 1.0
        self._frozen = False

    def look(self, frame: AnalysisFrame, hint: Hint) -> list[Sighting]:
        """What this picture tells of the teacher; the frame is not kept."""
        picture = SmallPicture.of(frame, hint.aim, self._hfov_deg, sideways=self._sideways)
        if self._stands_still(picture):
            return []
        before, self._before = self._before, picture
        change = self._motion.compare(before, picture) if before is not None else None
        gain = change.gain if change is not None else 1.0
        self._light = clamp(self._light * gain, *LIGHT_RANGE) ** (1 - LIGHT_FORGET)
        if hint.estimate is None:
            return self._outline.acquire(picture, change)
        before_ns = before.exposure_ns if before is not None else picture.exposure_ns
        return self._follow(picture, change, before_ns, hint.estimate, hint.marked)

    def _stands_still(self, picture: SmallPicture) -> bool:
        """Whether the picture never changes though the camera turns: what is seen in it would seem to turn with it."""
        before = self._before
        if before is None or not np.array_equal(before.luma, picture.luma):
            self._frozen = False
            return False
        turned_deg = math.hypot(picture.aim.pan_deg - before.aim.pan_deg, picture.aim.tilt_deg - before.aim.tilt_deg)
        self._frozen = self._frozen or turned_deg > FROZEN_DEG
        return self._frozen

    def _follow(
        self, picture: SmallPicture, change: Change | None, before_ns: int, estimate: Estimate, marked: bool
    ) -> list[Sighting]:
        """Look where the teacher is expected."""
        bust = self._body.bust(picture.lens, picture.aim, estimate.chest, estimate.distance_m)
        strip = Strip.round(bust, estimate.azimuth_sigma_deg, picture.lens)
        if strip is None:
            return []
        columns, seen = picture.lens.width, codes(picture.lit_colour(self._light))
        moved = strip.profile(change.mask, columns) if change is not None else np.zeros(columns)
        likeness = self._looks.likeness(seen)
        alike = 2 * strip.profile(likeness, columns) - 1
        if marked:
            self._looks.learn(seen, alike, strip, bust)
        scene = Scene(picture, strip, estimate.distance_m, before_ns, moved, alike, self._looks.trust)
        x = scene.decide()
        found = [sighting for sighting in (scene.moving(x), scene.looking(x)) if sighting is not None]
        return self._sized(found or self._outline.look(picture, strip, bust), picture, change, estimate.chest)

    def _sized(
        self, found: list[Sighting], picture: SmallPicture, change: Change | None, chest: Bearing
    ) -> list[Sighting]:
        """`found`, the last of them with the top of the head at that place, where it is due and to be seen."""
        self._count += 1
        if not found or self._count % SIZE_EVERY:
            return found
        x, chest_y = picture.lens.project(chest, picture.aim)
        size = self._size.find(picture, change, x, chest_y)
        if size is None:
            return found
        since_s = (picture.exposure_ns - self._sized_ns) / NS_PER_S
        self._sized_ns = picture.exposure_ns
        alike = math.sqrt(max(SIZE_MEMORY_S / max(since_s, 0.01), 1.0))
        top_deg = self._body.top_deg(chest.elevation_deg, math.exp(size.log_distance))
        head_m = self._body.stature_m - self._body.marker_height_m
        found[-1] = replace(found[-1], top_deg=top_deg, top_sigma_m=head_m * size.sigma * alike)
        return found
