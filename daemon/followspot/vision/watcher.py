"""Finds the teacher in picture after picture: by what moves, by what looks like her, by a person's outline.

One hit is weak evidence. The cues are weighed together along the strip where head and chest must be, one place is
decided on, and each cue reports only what it saw there. For one thread.
"""

from __future__ import annotations

import math

import numpy as np
from cv2.typing import MatLike

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.belief import Estimate
from followspot.domain.body import Body
from followspot.domain.geometry import clamp
from followspot.domain.sighting import Hint, Sighting, SightingKind
from followspot.domain.view import Rect
from followspot.vision.appearance import Appearance, Codes, codes
from followspot.vision.motion import Change, MotionFinder
from followspot.vision.outline import OutlineFinder
from followspot.vision.picture import SmallPicture
from followspot.vision.strip import Profile, Strip

MOTION_SHARE = 0.06
"""A walker changes at least this share of the pixels across her width."""
MOTION_PLENTY = 0.25
"""More than this says no more."""
MOTION_CONTRAST = 2.0
"""She changes so many times more than the rest of the strip; else the picture was misplaced, or the light changed."""
MOTION_SIGMA_M = 0.09
"""Arms and legs swing: the middle of what moves wanders by this much about the body's."""
LIKENESS_LEAST = 0.1
"""How much more than the undecided a place must look like her, -1 to 1."""
LIKENESS_SIGMA_M = 0.07
"""The middle of the coloured area wanders by this much about the body's."""
TRUST_STEP = 0.08
"""Weight of one picture in learning whether the looks find her: a dozen agreements make them trusted."""
TRUST_LEAST = 0.5
PRIOR_WEIGHT = 0.06
"""Cost of lying one standard deviation off the prediction, in units of full evidence."""
LIGHT_FORGET = 0.15
"""The usual light follows the present light by this share a picture: a dip of one picture leaves it alone."""


class Watcher:
    """One analysed picture after the other, with what the framing believes of each."""

    def __init__(self, body: Body, hfov_deg: float) -> None:
        self._body, self._hfov_deg = body, hfov_deg
        self._motion, self._appearance = MotionFinder(), Appearance()
        self._outline = OutlineFinder(body)
        self._before: SmallPicture | None = None
        self._light = 1.0
        self._trust = 0.0

    def look(self, frame: AnalysisFrame, hint: Hint) -> list[Sighting]:
        """What this picture tells of the teacher; the frame is not kept."""
        picture = SmallPicture.of(frame, hint.aim, self._hfov_deg)
        before, self._before = self._before, picture
        change = self._motion.compare(before, picture) if before is not None else None
        self._adapt(change)
        if hint.estimate is None:
            return self._outline.acquire(picture, change)
        bust = self._body.bust(picture.lens, hint.aim, hint.estimate.chest, hint.estimate.distance_m)
        strip = Strip.round(bust, hint.estimate.azimuth_sigma_deg, picture.lens)
        if strip is None:
            return []
        middle_ns = (picture.exposure_ns + before.exposure_ns) // 2 if before is not None else picture.exposure_ns
        return self._follow(picture, change, middle_ns, strip, bust, hint)

    def _adapt(self, change: Change | None) -> None:
        """Keep account of the light against its usual level."""
        self._light = clamp(self._light * (change.gain if change else 1.0), 0.5, 2.0) ** (1 - LIGHT_FORGET)

    def _follow(
        self, picture: SmallPicture, change: Change | None, middle_ns: int, strip: Strip, bust: Rect, hint: Hint
    ) -> list[Sighting]:
        assert hint.estimate is not None
        seen = codes(picture.lit_colour(self._light))
        columns = picture.lens.width
        moved = strip.profile(change.mask, columns) if change else np.zeros(columns)
        alike = 2 * strip.profile(self._appearance.likeness(seen), columns) - 1
        if hint.marked:
            self._learn(seen, alike, strip, bust)
        x = self._decide(strip, moved, alike)
        found = [
            self._moving(picture, strip, moved, x, middle_ns, hint.estimate),
            self._looking(picture, strip, alike, x, hint.estimate),
        ]
        seen = [one for one in found if one is not None]
        return seen + self._outline.confirm(picture, strip, bust, x if seen else None)

    def _decide(self, strip: Strip, moved: Profile, alike: Profile) -> float:
        """The column that motion, looks and prediction agree on best."""
        columns = np.arange(len(moved)) + 0.5
        evidence = np.minimum(strip.filled(moved) / MOTION_PLENTY, 1.0)
        if self._trust >= TRUST_LEAST:
            evidence = evidence + self._trust * 1.5 * np.maximum(strip.filled(alike), 0)
        off = np.abs(columns - strip.x)
        score = np.where(
            off <= strip.reach, evidence - PRIOR_WEIGHT * (off / max(strip.sigma, strip.width / 4)) ** 2, -np.inf
        )
        return float(columns[int(score.argmax())]) if np.isfinite(score).any() else strip.x

    def _moving(
        self, picture: SmallPicture, strip: Strip, moved: Profile, x: float, middle_ns: int, estimate: Estimate
    ) -> Sighting | None:
        """Between two pictures the middle of all that changed is where she was half-way."""
        x = strip.centre(moved, x)
        column = int(clamp(x, 0, len(moved) - 1))
        share = float(strip.filled(moved)[column])
        elsewhere = np.abs(np.arange(len(moved)) - x) > strip.width
        rest = float(moved[elsewhere].mean()) if elsewhere.any() else 0.0
        if share < MOTION_SHARE or share < MOTION_CONTRAST * rest or abs(x - strip.x) > strip.reach:
            return None
        confidence = clamp(share / MOTION_PLENTY, 0.2, 1.0) * (1 - rest / share)
        sigma_deg = math.degrees(MOTION_SIGMA_M / estimate.distance_m)
        return Sighting(middle_ns, SightingKind.MOTION, confidence, self._azimuth(picture, strip, x), sigma_deg)

    def _looking(
        self, picture: SmallPicture, strip: Strip, alike: Profile, x: float, estimate: Estimate
    ) -> Sighting | None:
        if self._trust < TRUST_LEAST:
            return None
        x = strip.centre(np.maximum(alike, 0), x)
        share = float(strip.filled(alike)[int(clamp(x, 0, len(alike) - 1))])
        if share < LIKENESS_LEAST or abs(x - strip.x) > strip.reach:
            return None
        confidence = self._trust * clamp(2 * share, 0.2, 1.0)
        sigma_deg = math.degrees(LIKENESS_SIGMA_M / estimate.distance_m)
        return Sighting(
            picture.exposure_ns, SightingKind.APPEARANCE, confidence, self._azimuth(picture, strip, x), sigma_deg
        )

    @staticmethod
    def _azimuth(picture: SmallPicture, strip: Strip, x: float) -> float:
        return picture.lens.unproject(x, (strip.top + strip.bottom) / 2, picture.aim).azimuth_deg

    def _learn(self, seen: Codes, alike: Profile, strip: Strip, bust: Rect) -> None:
        """The marker vouches for the place: see whether the looks would have found it, then learn them."""
        if self._appearance.known:
            near = np.abs(np.arange(len(alike)) + 0.5 - strip.x) <= 3 * strip.width
            best = int(np.where(near, strip.filled(alike), -np.inf).argmax())
            agreed = abs(best + 0.5 - strip.x) < 0.5 * strip.width
            self._trust += TRUST_STEP * (float(agreed) - self._trust)
        body, room = _masks(seen.shape, bust)
        self._appearance.learn_teacher(seen[body > 0])
        self._appearance.learn_room(seen[room > 0])


def _masks(shape: tuple[int, ...], bust: Rect) -> tuple[MatLike, MatLike]:
    """Head and torso, and the room to both sides of them, in a picture of half the analysis size."""
    x, y = bust.centre[0] / 2, bust.y / 2
    width, height = bust.width / 2, bust.height / 2
    body = np.zeros(shape, np.uint8)
    _fill(body, x - 0.14 * width, x + 0.14 * width, y + 0.08 * height, y + 0.55 * height, 255)
    _fill(body, x - 0.32 * width, x + 0.32 * width, y + 0.6 * height, y + 1.6 * height, 255)
    room = np.zeros(shape, np.uint8)
    _fill(room, x - 4 * width, x + 4 * width, y, y + 1.6 * height, 255)
    _fill(room, x - 0.7 * width, x + 0.7 * width, y, y + 1.6 * height, 0)
    return body, room


def _fill(mask: MatLike, left: float, right: float, top: float, bottom: float, value: int) -> None:
    rows, columns = mask.shape[:2]
    low, high = int(clamp(top, 0, rows)), int(clamp(bottom, 0, rows))
    mask[low:high, int(clamp(left, 0, columns)) : int(clamp(right, 0, columns))] = value
