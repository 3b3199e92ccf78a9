"""Filmed people as a clip that can be played in a circle."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from followspot_sim.bench import clip
from followspot_sim.errors import SimulatorError
from followspot_sim.index import DataFolder

WIDTH, HEIGHT, RATE_HZ = 64, 36, 4
FIRST = 3


def folder(path: Path, pictures: int, people: int = 1) -> DataFolder:
    """A person filmed by a camera whose picture gets brighter from one picture to the next."""
    with av.open(str(path / "person.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH // 2, HEIGHT // 2, "yuv420p"
        for number in range(pictures):
            levels = np.full((HEIGHT * 3 // 4, WIDTH // 2), 10 * number + 20, np.uint8)
            frame = av.VideoFrame.from_ndarray(levels, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    person = {"name": "p", "video": "person.mkv", "background": "person.mkv", "truth": "person.mkv"}
    entry = person | {"frames": [FIRST, max(FIRST, pictures - 1)], "rate_hz": 10}
    (path / "index.json").write_text(json.dumps({"people": [entry] * people}))
    return DataFolder(path)


def test_it_plays_forth_and_back_with_grain(tmp_path: Path) -> None:
    file = tmp_path / "clip.yuv"
    clip.film(folder(tmp_path, 20), file, WIDTH, HEIGHT, RATE_HZ)
    lumas = np.fromfile(file, np.uint8).reshape(-1, HEIGHT * 3 // 2, WIDTH)[:, :HEIGHT]
    half = clip.CLIP_S * RATE_HZ // 2
    forth = [10 * (FIRST + number) + 20 for number in range(half)]
    assert [round(float(luma.mean())) for luma in lumas] == pytest.approx([*forth, *forth[::-1]], abs=1)
    assert [float(luma.std()) for luma in lumas] == pytest.approx([clip.GRAIN_SIGMA] * 2 * half, abs=0.3)
    assert not np.array_equal(lumas[half - 1], lumas[half]), "the grain is not played back"


def test_a_folder_that_shows_nobody_is_told(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="people"):
        clip.film(folder(tmp_path, 5, people=0), tmp_path / "clip.yuv", WIDTH, HEIGHT, RATE_HZ)
    with pytest.raises(SimulatorError, match="no pictures from 3 on"):
        clip.film(folder(tmp_path, 2 + 1), tmp_path / "clip.yuv", WIDTH, HEIGHT, RATE_HZ)
