"""PSNR and SSIM of recorded pictures, found wherever the recording begins in the clip."""

import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from followspot_sim.bench.quality import measure, ssim
from followspot_sim.errors import SimulatorError

WIDTH, HEIGHT, COUNT = 64, 48, 6


@pytest.fixture
def pictures() -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.integers(60, 180, (COUNT, WIDTH * HEIGHT * 3 // 2), np.uint8)


def recorded(pictures: np.ndarray, order: list[int], noise: int, file: Path) -> Path:
    """The pictures in this order, without loss but for `noise` added to every sample."""
    with av.open(str(file), "w") as container:
        stream = container.add_stream("ffv1", rate=30)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, index in enumerate(order):
            frame = av.VideoFrame.from_ndarray((pictures[index] + noise).reshape(-1, WIDTH), "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file


def test_a_known_error_has_its_psnr(pictures: np.ndarray, tmp_path: Path) -> None:
    clip = tmp_path / "clip.yuv"
    clip.write_bytes(pictures.tobytes())
    files = [
        recorded(pictures, [4, 5, 0, 1], 4, tmp_path / "segment-0.mkv"),
        recorded(pictures, [2, 3, 4], 4, tmp_path / "segment-1.mkv"),
    ]
    quality = measure(files, clip, WIDTH, HEIGHT)
    assert math.isclose(quality.psnr_db, 10 * math.log10(255**2 / 16), abs_tol=1e-3)
    assert 0.9 < quality.ssim < 1
    with pytest.raises(SimulatorError, match="no picture"):
        measure([], clip, WIDTH, HEIGHT)


def test_ssim_is_one_for_equal_pictures_and_falls_with_blur_and_noise(pictures: np.ndarray) -> None:
    picture = pictures[0][: WIDTH * HEIGHT].reshape(HEIGHT, WIDTH)
    assert math.isclose(ssim(picture, picture), 1.0, abs_tol=1e-6)
    other = pictures[1][: WIDTH * HEIGHT].reshape(HEIGHT, WIDTH)
    assert ssim(picture, other) < 0.2
