"""A person's outline: finds the teacher where nothing else points."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from followspot.domain.body import BUST_HEIGHT, Body
from followspot.domain.geometry import clamp
from followspot.domain.sighting import Sighting, SightingKind
from followspot.domain.view import Rect
from followspot.vision.motion import Change
from followspot.vision.people import PeopleDetector, Person
from followspot.vision.picture import SmallPicture
from followspot.vision.strip import Strip

EVERY = 4
"""The outline costs more than all else together and changes slowly: every fourth picture."""
SIGMA_M = 0.09
"""Error of the outline's middle."""
TOP_SIGMA_M = 0.15
"""Error of its top: it shifts with the size that fits best."""
LONE_CONFIDENCE = 0.25
"""An outline where neither motion nor looks agree: empty places give such hits too."""
KEPT_ACTIVITY = 0.93
"""Share of what moved that is remembered at the next picture: two seconds at ten a second."""
ACTIVE = 0.05
"""A person who is newly found must have changed this share of the pixels in her columns lately."""
ACQUIRE_CONFIDENCE = 0.5
TYPICAL_M = 3.5
"""People are looked for from 2.6 to 4.7 m away."""


class OutlineFinder:
    """Uses the people detector sparingly."""

    def __init__(self, body: Body) -> None:
        self._body, self._people = body, PeopleDetector()
        self._count = 0
        self._activity: np.ndarray[tuple[int], np.dtype[np.float64]] | None = None

    def look(self, picture: SmallPicture, strip: Strip, bust: Rect) -> list[Sighting]:
        """The outline of a person of the believed size near the expected place; nothing for most pictures."""
        if not self._due():
            return []
        person = self.best(picture, strip.x, bust.y, bust.height / BUST_HEIGHT, strip.reach)
        if person is None:
            return []
        return [replace(self._sighting(picture, person, LONE_CONFIDENCE), top_deg=None, distance_m=None)]

    def best(self, picture: SmallPicture, x: float, top: float, height: float, reach: float) -> Person | None:
        """The outline that fits best: of about this height, with the head's top about there, within `reach` of `x`."""
        people = self._people.find(picture.luma, _region(picture, x, top, height, reach), height)
        return _merged([p for p in people if abs(p.x - x) <= reach and abs(p.top - top) <= BUST_HEIGHT * height])

    def acquire(self, picture: SmallPicture, change: Change | None) -> list[Sighting]:
        """Somebody of a usual size who moved lately, anywhere in the picture."""
        moved = np.zeros(picture.lens.width) if change is None else change.mask.mean(axis=0) / 255
        kept = moved if self._activity is None else KEPT_ACTIVITY * self._activity
        self._activity = np.maximum(kept, moved)
        if not self._due():
            return []
        height = self._body.stature_m * picture.lens.focal_px / TYPICAL_M
        region = (0, 0, picture.lens.width, picture.lens.height)
        people = [p for p in self._people.find(picture.luma, region, height) if self._was_active(p)]
        person = _merged(people)
        return [] if person is None else [self._sighting(picture, person, ACQUIRE_CONFIDENCE)]

    def _due(self) -> bool:
        self._count += 1
        return self._count % EVERY == 0

    def _was_active(self, person: Person) -> bool:
        assert self._activity is not None
        half = person.height / 8
        columns = self._activity[max(int(person.x - half), 0) : max(int(person.x + half), 0)]
        return columns.size > 0 and float(columns.mean()) >= ACTIVE

    def _sighting(self, picture: SmallPicture, person: Person, confidence: float) -> Sighting:
        distance_m = self._body.stature_m * picture.lens.focal_px / person.height
        top = picture.lens.unproject(person.x, person.top, picture.aim)
        return Sighting(
            picture.exposure_ns,
            SightingKind.PERSON,
            confidence,
            top.azimuth_deg,
            math.degrees(SIGMA_M / distance_m),
            top.elevation_deg if person.top > 1 else None,
            distance_m if person.top > 1 else None,
            TOP_SIGMA_M,
        )


def _region(picture: SmallPicture, x: float, top: float, height: float, reach: float) -> tuple[int, int, int, int]:
    """The part of the picture that holds a person at `x`, give or take `reach`, with the detector's margin."""
    side = reach + 0.45 * height
    left = int(clamp(x - side, 0, picture.lens.width - 1))
    right = int(clamp(x + side, left + 1, picture.lens.width))
    upper = int(clamp(top - 0.35 * height, 0, picture.lens.height - 1))
    lower = int(clamp(top + 1.4 * height, upper + 1, picture.lens.height))
    return left, upper, right - left, lower - upper


def _merged(people: list[Person]) -> Person | None:
    """The best hit, averaged with those that mean the same person: sizes are tried in steps."""
    if not people:
        return None
    best = max(people, key=lambda p: p.score)
    same = [p for p in people if abs(p.x - best.x) < 0.1 * best.height and abs(p.top - best.top) < 0.15 * best.height]
    weights = np.array([max(p.score, 0.01) for p in same])
    x, top, height = np.average([(p.x, p.top, p.height) for p in same], axis=0, weights=weights)
    return Person(float(x), float(top), float(height), best.score)
