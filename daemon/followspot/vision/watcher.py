"""Finds the teacher in picture after picture: by her badge, by what moves, by her looks, by a person's outline.

One hit is weak evidence. The cues are weighed together along the strip where head and chest must be, one place is
decided on, and each cue reports only what it saw there. For one thread.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.belief import Estimate
from followspot.domain.body import BUST_HEIGHT, Body
from followspot.domain.geometry import NS_PER_S, Bearing, Lens, clamp
from followspot.domain.sighting import Hint, Sighting, SightingKind
from followspot.domain.view import Rect
from followspot.vision.appearance import codes
from followspot.vision.badge import Badge, BadgeFinder
from followspot.vision.cues import Scene
from followspot.vision.looks import Looks
from followspot.vision.motion import Change, MotionFinder
from followspot.vision.outline import OutlineFinder
from followspot.vision.picture import SmallPicture
from followspot.vision.segmenter import Segmenter
from followspot.vision.size import SizeFinder
from followspot.vision.strip import Strip

SIZE_EVERY = 2
"""The size changes slowly: every second picture is enough."""
LEARN_EVERY = 2
"""Looks change slowly: while the badge is seen every second picture is enough."""
SEGMENT_EVERY = 4
"""The model costs as much as all else together: of four pictures one in which no size is due, and none while the marker
is heard and cues are found."""
SEGMENT_WIDTHS = 0.5
"""A figure counts within so many of her widths of where the cues agree: others may stand beside her."""
SEGMENT_CONFIDENCE = 0.9
SEGMENT_SIGMA_M, SEGMENT_TOP_SIGMA_M = 0.03, 0.05
"""Errors of the head's middle and top that it shows, hair and a bent head included."""
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

    def __init__(
        self,
        body: Body,
        hfov_deg: float,
        *,
        sideways: bool = False,
        badge: Badge | None = None,
        segmenter: Segmenter | None = None,
    ) -> None:
        self._body, self._hfov_deg, self._sideways = body, hfov_deg, sideways
        self._badge = BadgeFinder(badge) if badge is not None else None
        self._motion, self._looks, self._outline = MotionFinder(), Looks(), OutlineFinder(body)
        self._segmenter = segmenter
        self._candidate: Sighting | None = None
        self._size, self._sized_ns, self._count = SizeFinder(body), 0, 0
        self._before: SmallPicture | None = None
        self._light = 1.0
        self._frozen = False

    def look(self, frame: AnalysisFrame, hint: Hint) -> list[Sighting]:
        """What this picture tells of the teacher; the frame is not kept."""
        self._count += 1
        picture = SmallPicture.of(frame, hint.aim, self._hfov_deg, sideways=self._sideways)
        if self._stands_still(picture):
            return []
        before, self._before = self._before, picture
        change = self._motion.compare(before, picture) if before is not None else None
        gain = change.gain if change is not None else 1.0
        self._light = clamp(self._light * gain, *LIGHT_RANGE) ** (1 - LIGHT_FORGET)
        badge = self._read_badge(frame, hint)
        if hint.estimate is None:
            return self._acquire(frame, picture, change) if badge is None else [badge]
        if badge is not None:
            self._learn(picture, hint.estimate)
            return [badge]
        before_ns = before.exposure_ns if before is not None else picture.exposure_ns
        return self._follow(frame, picture, change, before_ns, hint.estimate, hint.marked)

    def _read_badge(self, frame: AnalysisFrame, hint: Hint) -> Sighting | None:
        if self._badge is None or (hint.estimate is not None and self._spares_badge(frame.exposure_ns)):
            return None
        rows, columns = frame.y.shape
        lens = Lens(columns, rows, self._hfov_deg, self._sideways)
        return self._badge.look(frame, lens, hint.aim, hint.estimate)

    def _spares_badge(self, now_ns: int) -> bool:
        """While other cues show her a badge that is long out of sight is looked for where nothing else is due."""
        assert self._badge is not None
        turn = self._count % 2 == 1 if self._segmenter is None else self._count % SEGMENT_EVERY == SEGMENT_EVERY - 1
        return not turn and self._badge.long_unseen(now_ns)

    def _learn(self, picture: SmallPicture, estimate: Estimate) -> None:
        """The badge tells all there is to know of the place: only her looks are learned, now and then."""
        if self._count % LEARN_EVERY:
            return
        bust = self._body.bust(picture.lens, picture.aim, estimate.chest, estimate.distance_m)
        strip = Strip.round(bust, estimate.azimuth_sigma_deg, picture.lens)
        if strip is None:
            return
        seen = codes(picture.lit_colour(self._light))
        alike = 2 * strip.profile(self._looks.likeness(seen), picture.lens.width) - 1
        self._looks.learn(seen, alike, strip, bust)

    def _acquire(self, frame: AnalysisFrame, picture: SmallPicture, change: Change | None) -> list[Sighting]:
        """Somebody new. With the model an outline is only a candidate, which it confirms in the next pictures."""
        if self._segmenter is None:
            return self._outline.acquire(picture, change)
        candidate, self._candidate = self._candidate, None
        if candidate is None or candidate.top_deg is None or candidate.distance_m is None:
            self._candidate = next(iter(self._outline.acquire(picture, change)), None)
            return []
        chest_deg = self._body.elevation_deg(
            candidate.top_deg, candidate.distance_m, self._body.marker_height_m - self._body.stature_m
        )
        chest = Bearing(candidate.azimuth_deg, chest_deg)
        bust = self._body.bust(picture.lens, picture.aim, chest, candidate.distance_m)
        seen = self._segmented(frame, picture, bust, bust.width)
        if seen is None:
            return []
        top_deg = candidate.top_deg if seen.top_deg is None else seen.top_deg
        self._candidate = replace(candidate, azimuth_deg=seen.azimuth_deg, top_deg=top_deg)
        return [replace(seen, distance_m=candidate.distance_m)]

    def _segmented(self, frame: AnalysisFrame, picture: SmallPicture, bust: Rect, reach: float) -> Sighting | None:
        """What the model sees of head and shoulders expected at `bust`, give or take `reach`."""
        assert self._segmenter is not None
        scale = frame.y.shape[1] / picture.lens.width
        height = bust.height / BUST_HEIGHT
        figure = self._segmenter.find(
            frame, bust.centre[0] * scale, bust.y * scale, height * scale, min(reach, height) * scale
        )
        if figure is None:
            return None
        row = bust.y if figure.top is None else figure.top / scale
        head = picture.lens.unproject(figure.x / scale, row, picture.aim)
        distance_m = self._body.stature_m * picture.lens.focal_px / height
        return Sighting(
            picture.exposure_ns,
            SightingKind.PERSON,
            SEGMENT_CONFIDENCE,
            head.azimuth_deg,
            math.degrees(SEGMENT_SIGMA_M / distance_m),
            None if figure.top is None else head.elevation_deg,
            top_sigma_m=SEGMENT_TOP_SIGMA_M,
        )

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
        self,
        frame: AnalysisFrame,
        picture: SmallPicture,
        change: Change | None,
        before_ns: int,
        estimate: Estimate,
        marked: bool,
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
        if self._segmenter is None:
            return self._sized(found or self._outline.look(picture, strip, bust), picture, change, estimate.chest)
        if (not marked or not found) and self._count % SEGMENT_EVERY == 1:
            there = replace(bust, x=x - bust.width / 2)
            person = self._segmented(frame, picture, there, SEGMENT_WIDTHS * bust.width)
            return found if person is None else [*found, person]
        return self._sized(found, picture, change, estimate.chest)

    def _sized(
        self, found: list[Sighting], picture: SmallPicture, change: Change | None, chest: Bearing
    ) -> list[Sighting]:
        """`found`, the last of them with the top of the head at that place, where it is due and to be seen."""
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
