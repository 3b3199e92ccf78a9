"""Finds the teacher in picture after picture: by what moves, by what looks like her, by a person's outline.

One hit is weak evidence. The cues are weighed together along the strip where head and chest must be, one place is
decided on, and each cue reports only what it saw there. For one thread.
"""

from __future__ import annotations

import numpy as np

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.belief import Estimate
from followspot.domain.body import Body
from followspot.domain.geometry import clamp
from followspot.domain.sighting import Hint, Sighting
from followspot.vision.appearance import codes
from followspot.vision.cues import Scene
from followspot.vision.looks import Looks
from followspot.vision.motion import Change, MotionFinder
from followspot.vision.outline import OutlineFinder
from followspot.vision.picture import SmallPicture
from followspot.vision.strip import Strip

LIGHT_FORGET = 0.15
"""The usual light follows the present light by this share a picture: a dip of one picture leaves it alone."""
LIGHT_RANGE = (0.5, 2.0)
"""Present light over usual light; more is another room, to be learned anew."""


class Watcher:
    """One analysed picture after the other, with what the framing believes of each."""

    def __init__(self, body: Body, hfov_deg: float, *, sideways: bool = False) -> None:
        self._body, self._hfov_deg, self._sideways = body, hfov_deg, sideways
        self._motion, self._looks, self._outline = MotionFinder(), Looks(), OutlineFinder(body)
        self._before: SmallPicture | None = None
        self._light = 1.0

    def look(self, frame: AnalysisFrame, hint: Hint) -> list[Sighting]:
        """What this picture tells of the teacher; the frame is not kept."""
        picture = SmallPicture.of(frame, hint.aim, self._hfov_deg, sideways=self._sideways)
        before, self._before = self._before, picture
        change = self._motion.compare(before, picture) if before is not None else None
        gain = change.gain if change is not None else 1.0
        self._light = clamp(self._light * gain, *LIGHT_RANGE) ** (1 - LIGHT_FORGET)
        if hint.estimate is None:
            return self._outline.acquire(picture, change)
        before_ns = before.exposure_ns if before is not None else picture.exposure_ns
        return self._follow(picture, change, before_ns, hint.estimate, hint.marked)

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
        scene = Scene(picture, strip, estimate.distance_m, before_ns, moved, alike, self._looks.trust, likeness, bust)
        x = scene.decide()
        found = [sighting for sighting in (scene.moving(x), scene.looking(x)) if sighting is not None]
        return found + self._outline.confirm(picture, strip, bust, x if found else None)
