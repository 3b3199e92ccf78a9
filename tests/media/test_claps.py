"""Claps are found in picture and sound, by hand and by flash, and their offset is measured."""

import numpy as np
import pytest

from followspot.media.claps import PictureSign, PictureWatch, claps_heard, claps_seen, offset_of

NS, MS = 1_000_000_000, 1_000_000
RATE_HZ = 30
CLAPS_S = [1.512, 3.871, 6.213, 8.745, 11.004, 13.329]
WIDTH, HEIGHT = 640, 360


def hands_apart(time_s):
    """Half the distance of the hands: together within a fifth of a second, held for one, then slowly parted."""
    for clap_s in CLAPS_S:
        since_s = time_s - clap_s
        if -0.2 <= since_s < 0:
            return 110 * -since_s / 0.2
        if 0 <= since_s < 0.9:
            return 0.0
        if 0.9 <= since_s < 1.9:
            return 110 * (since_s - 0.9)
    return 110.0


def picture(time_s, noise):
    """Two bright hands before a wall, as a camera with some noise sees them."""
    columns, rows = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    luma = np.full((HEIGHT, WIDTH), 90.0)
    for side in (-1, 1):
        middle = WIDTH / 2 + side * (32 + hands_apart(time_s))
        luma[((columns - middle) / 32) ** 2 + ((rows - 200) / 60) ** 2 < 1] = 190
    return np.clip(luma + noise.normal(0, 2, luma.shape), 0, 255).astype(np.uint8)


def test_hands_that_meet_are_seen_within_a_fraction_of_a_picture():
    watch, noise = PictureWatch(), np.random.default_rng(1)
    times_s, claps_s = np.arange(10 * RATE_HZ) / RATE_HZ, CLAPS_S[:4]
    signs = [watch.sign(round(t * NS), picture(t, noise)) for t in times_s]
    seen = np.array(claps_seen(signs)) / NS
    assert len(seen) == len(claps_s)
    assert np.abs(seen - claps_s).max() < 0.02
    assert abs(float(np.median(seen - claps_s))) < 0.008


def test_flashes_are_seen_on_their_own_picture():
    signs = [PictureSign(n * NS // RATE_HZ, 80.0 if n % 30 == 7 else 100.0 + n % 2, 0.3) for n in range(150)]
    assert claps_seen(signs) == [n * NS // RATE_HZ for n in range(7, 150, 30)]


def test_claps_stand_out_of_speech():
    rng = np.random.default_rng(2)
    sound = rng.normal(0, 0.05, 15 * 48_000).astype(np.float32)
    for clap_s in CLAPS_S:
        at = round(clap_s * 48_000)
        sound[at : at + 960] += (rng.normal(0, 0.4, 960) * np.exp(-np.arange(960) / 200)).astype(np.float32)
    heard = np.array(claps_heard(48_000, sound)) / NS - 1
    assert len(heard) == len(CLAPS_S)
    assert np.abs(heard - CLAPS_S).max() < 0.002


def test_the_offset_is_that_on_which_most_claps_agree():
    seen = [round(t * NS) for t in CLAPS_S]
    heard = [t + 120 * MS + jitter * MS for t, jitter in zip(seen, (-5, 4, 0, 2, -3, 1), strict=True)]
    found = offset_of([*seen, 5 * NS], [*heard[1:], 700 * MS, 9 * NS])
    assert found is not None
    assert found.claps == 5
    assert found.offset_ns == pytest.approx(120 * MS, abs=3 * MS)
    assert found.spread_ns <= 4 * MS


@pytest.mark.parametrize(("seen", "heard"), [([], []), ([NS], [NS]), ([NS, 3 * NS], [NS, 3 * NS])])
def test_too_few_claps_are_no_answer(seen, heard):
    assert offset_of(seen, heard) is None


def test_silence_has_no_clap():
    assert claps_heard(0, np.zeros(48_000, np.float32)) == []
