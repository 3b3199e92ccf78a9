"""The teacher is followed by the printed badge alone: by a dock that has no marker, and without any dock."""

from pathlib import Path

import numpy as np
import pytest

from vision.badge_lesson import NUMBER, BadgeLesson

FIXED = ["--scenario", str(Path(__file__).parent / "before_the_class.toml"), "--size", "1920x1080"]
SECONDS = 3.5


@pytest.mark.parametrize(("dock", "look"), [(True, []), (False, FIXED)], ids=["visca dock", "no dock"])
def test_she_stays_in_the_safe_area(dock, look):
    lesson = BadgeLesson(look, dock=dock, told=NUMBER)
    judged = lesson.play(SECONDS, 2.0)
    assert judged.safe_share() >= 0.99
    assert "badge" in lesson.reasons
    assert lesson.reasons <= {"badge", "picture alone"}
    ratios = [m / t.distance_m for m, t in zip(judged.believed_m, judged.truths, strict=True) if m]
    assert 0.9 < np.median(ratios) < 1.1


def test_somebody_elses_badge_is_not_followed():
    lesson = BadgeLesson(FIXED, dock=False, told=NUMBER + 1)
    lesson.play(1.5, 0.5)
    assert lesson.reasons
    assert "badge" not in lesson.reasons
