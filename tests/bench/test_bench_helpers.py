"""The helper processes: what they serve, and that they end."""

import itertools
from pathlib import Path

import av
import numpy as np
import pytest
from av.container import InputContainer

from followspot_sim.bench.helper import Helper
from followspot_sim.bench.splitter_process import QUICK
from followspot_sim.errors import SimulatorError

WIDTH, HEIGHT, RATE_HZ = 64, 32, 30
PICTURES = 3


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    file = tmp_path / "clip.yuv"
    pictures = np.full((PICTURES, WIDTH * HEIGHT * 3 // 2), 0, np.uint8)
    pictures += (np.arange(PICTURES, dtype=np.uint8)[:, None] + 1) * 20
    file.write_bytes(pictures.tobytes())
    return file


def opened(url: str) -> InputContainer:
    """Open a stream at once, by its header."""
    return av.open(url, format="nut", options=QUICK, timeout=10)


def shown(url: str, count: int) -> list[tuple[int, int]]:
    """(microseconds, grey) of the next pictures."""
    with opened(url) as container:
        frames = itertools.islice(container.decode(video=0), count)
        return [(frame.pts, int(frame.to_ndarray()[0, 0])) for frame in frames]


def heard(url: str, count: int) -> list[int]:
    """Sample numbers of the next packets of sound."""
    with opened(url) as container:
        return [packet.pts for packet in itertools.islice(container.demux(audio=0), count)]


def test_the_feeder_plays_the_clip_in_a_circle_on_the_monotonic_clock(clip: Path, tmp_path: Path) -> None:
    with Helper("feeder_process", [clip, WIDTH, HEIGHT, RATE_HZ, "rawvideo"], tmp_path) as feeder:
        pictures = shown(feeder.urls["camera"], 2 * PICTURES)
        first_again = shown(feeder.urls["camera"], 1)
        sound = heard(feeder.urls["microphone"], 3)
    greys = [grey for _, grey in pictures]
    assert sorted(greys[:PICTURES]) == [20, 40, 60]
    assert greys[:PICTURES] == greys[PICTURES:]
    steps_us = np.diff([time_us for time_us, _ in pictures])
    assert set(steps_us) <= {33_333, 33_334}
    assert first_again[0][0] > pictures[-1][0]
    assert sound == [0, 480, 960]


def test_the_feeder_compresses_as_a_usb_camera_does(clip: Path, tmp_path: Path) -> None:
    with (
        Helper("feeder_process", [clip, WIDTH, HEIGHT, RATE_HZ, "mjpeg"], tmp_path) as feeder,
        opened(feeder.urls["camera"]) as container,
    ):
        frames = list(itertools.islice(container.decode(video=0), PICTURES))
    assert {frame.format.name for frame in frames} == {"yuvj422p"}
    greys = sorted(int(np.frombuffer(memoryview(frame.planes[0]), np.uint8)[0]) for frame in frames)
    assert np.allclose(greys, [(level - 16) * 255 / 219 for level in (20, 40, 60)], atol=2)


def test_the_splitter_gives_both_programs_the_same(clip: Path, tmp_path: Path) -> None:
    with (
        Helper("feeder_process", [clip, WIDTH, HEIGHT, RATE_HZ, "rawvideo"], tmp_path) as feeder,
        Helper("splitter_process", [feeder.urls["camera"], feeder.urls["microphone"], RATE_HZ], tmp_path) as splitter,
        opened(splitter.urls["daemon camera"]) as daemon,
        opened(splitter.urls["ffmpeg camera"]) as other,
    ):
        ours = {p.pts: bytes(p) for p in itertools.islice(daemon.demux(video=0), 20)}
        theirs = {p.pts: bytes(p) for p in itertools.islice(other.demux(video=0), 6)}
    common = ours.keys() & theirs.keys()
    assert common
    assert all(ours[time_us] == theirs[time_us] for time_us in common)


def test_a_helper_that_does_not_start_is_an_error_that_names_its_log(tmp_path: Path) -> None:
    with (
        pytest.raises(SimulatorError, match=r"feeder_process\.log"),
        Helper("feeder_process", [tmp_path / "missing.yuv", WIDTH, HEIGHT, RATE_HZ, "rawvideo"], tmp_path),
    ):
        pass
    assert "missing.yuv" in (tmp_path / "feeder_process.log").read_text()
