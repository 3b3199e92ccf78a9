"""Camera and microphone as a program that opens them gets them."""

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from followspot_sim.camera import Camera
from followspot_sim.claps import TONE_HZ, TONE_LEVEL, Claps, FrameGrid
from followspot_sim.journal import Journal
from followspot_sim.microphone import PACKET_SAMPLES, Microphone
from followspot_sim.scene import Scene
from followspot_sim.setup import Prepared
from followspot_sim.voice import PEAK, SAMPLE_HZ, murmur, speech
from support.programs import require_program

SIZE = (160, 96)


class Still:
    """A mount that does not move."""

    def pose_at(self, time_ns: int) -> tuple[float, float]:
        return 0.0, 0.0

    def rates_at(self, time_ns: int) -> tuple[float, float]:
        return 0.0, 0.0


@pytest.fixture(scope="module")
def small(build: Callable[..., Prepared]) -> Prepared:
    return build("--size", f"{SIZE[0]}x{SIZE[1]}", "--rate", "30")


@contextlib.contextmanager
def running_camera(prepared: Prepared, folder: Path) -> Iterator[Camera]:
    grid = FrameGrid(time.monotonic_ns() // 1000 * 1000, 30.0)
    journals = [Journal(folder / name) for name in ("truth.jsonl", "claps.jsonl")]
    camera = Camera(prepared.camera, prepared.scene, Still(), grid, Claps(grid, 0.5), *journals)
    camera.start()
    yield camera
    camera.close()
    for journal in journals:
        journal.close()


@pytest.fixture
def camera(small: Prepared, tmp_path: Path) -> Iterator[Camera]:
    with running_camera(small, tmp_path) as camera:
        yield camera


def packets(url: str, count: int) -> list[tuple[int, int, bytes]]:
    """(arrival ns, pts, data) of the first packets."""
    got = []
    with av.open(url, format="nut", timeout=5.0) as container:
        for packet in container.demux():
            got.append((time.monotonic_ns(), packet.pts or 0, bytes(packet)))
            if len(got) == count:
                break
    return got


def test_frames_come_at_their_rate_with_exact_times(camera: Camera, tmp_path: Path) -> None:
    got = packets(camera.server.url, 45)
    times_us = [pts for _, pts, _ in got]
    assert all(len(data) == SIZE[0] * SIZE[1] * 3 // 2 for _, _, data in got)
    assert set(np.diff(times_us)) <= {33_333, 33_334}
    latency_ms = [(arrival / 1e3 - pts) / 1e3 for arrival, pts, _ in got[10:]]
    assert 35 < np.median(latency_ms) < 60
    camera.close()
    assert {t * 1000 for t in times_us} <= {t["t_ns"] for t in lines(tmp_path / "truth.jsonl")}


def test_full_hd_at_30_frames_a_second_is_offered(build: Callable[..., Prepared], tmp_path: Path) -> None:
    with running_camera(build("--size", "1920x1080", "--rate", "30"), tmp_path) as camera:
        got = packets(camera.server.url, 10)
    assert all(len(data) == 1920 * 1080 * 3 // 2 for _, _, data in got)
    assert all((pts - got[0][1]) % 33_333 <= 10 or (pts - got[0][1]) % 33_333 >= 33_323 for _, pts, _ in got)


def test_a_client_may_leave_and_another_come(camera: Camera) -> None:
    first, second = packets(camera.server.url, 3), packets(camera.server.url, 3)
    assert second[0][1] > first[-1][1]


def test_an_unplugged_camera_hangs_up_and_comes_back_at_the_same_place(camera: Camera) -> None:
    url = camera.server.url
    with av.open(url, format="nut", timeout=5.0) as container:
        next(container.demux())
        started = time.monotonic()
        camera.server.unplug()
        assert time.monotonic() - started < 0.5
        with contextlib.suppress(av.FFmpegError):  # PyAV tells a cut stream in either way
            assert len(list(container.demux())) < 60
    with pytest.raises(av.FFmpegError):
        av.open(url, format="nut", timeout=1.0)
    camera.server.replug()
    assert camera.server.url == url
    assert len(packets(url, 3)) == 3


def test_a_client_that_does_not_read_loses_frames_and_stalls_nobody(camera: Camera) -> None:
    port = int(camera.server.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deadline = time.monotonic() + 20
        while camera.server.dropped == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        frames = camera.frames
        time.sleep(0.5)
        assert camera.server.dropped > 0
        assert camera.frames - frames >= 10


def test_ffprobe_reads_the_times(camera: Camera) -> None:
    command = [require_program("ffprobe"), "-v", "error", "-f", "nut", "-show_entries", "packet=pts", "-of", "csv=p=0"]
    command += ["-read_intervals", "%+#10", camera.server.url]
    read = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    times_us = [int(line.strip(",")) for line in read.stdout.split()]
    assert len(times_us) >= 10
    assert set(np.diff(times_us)) <= {33_333, 33_334}


def test_a_clap_dims_exactly_one_frame(camera: Camera, tmp_path: Path) -> None:
    got = packets(camera.server.url, 40)
    luma = np.array([np.frombuffer(data, np.uint8)[: SIZE[0] * SIZE[1]].mean() for _, _, data in got])
    dips = {got[i][1] * 1000 for i in range(1, len(got) - 1) if luma[i] < 0.9 * min(luma[i - 1], luma[i + 1])}
    camera.close()
    logged = {clap["t_ns"] for clap in lines(tmp_path / "claps.jsonl")}
    inside = {t for t in logged if got[0][1] * 1000 < t < got[-1][1] * 1000}
    assert dips == inside
    assert len(inside) in (2, 3)


def test_the_microphone_counts_with_its_own_clock() -> None:
    epoch_ns = time.monotonic_ns()
    claps = Claps(FrameGrid(epoch_ns, 30.0), 0.0)
    microphone = Microphone("microphone", murmur(1), claps, 1000.0, 0.0, epoch_ns)
    assert microphone.heard_ns(48_048_000) - epoch_ns == 1000 * 10**9
    microphone.start()
    try:
        got = packets(microphone.server.url, 120)
    finally:
        microphone.close()
    assert [pts for _, pts, _ in got] == list(range(0, 120 * PACKET_SAMPLES, PACKET_SAMPLES))
    assert {len(data) for _, _, data in got} == {PACKET_SAMPLES * 2}
    seconds = (got[-1][0] - got[60][0]) / 1e9
    assert seconds == pytest.approx(0.59, abs=0.05)


@pytest.mark.parametrize("ppm", [0.0, 200.0, -200.0])
def test_a_clap_s_tone_begins_with_the_dimmed_frame(ppm: float) -> None:
    grid = FrameGrid(7_000_000_000, 30.0)
    microphone = Microphone("microphone", murmur(1), Claps(grid, 2.0), ppm, 0.0, grid.epoch_ns)
    sound = np.concatenate([microphone.packet(n * PACKET_SAMPLES) for n in range(500)]) / 32768
    loud = np.flatnonzero(np.abs(sound) > (PEAK + TONE_LEVEL) / 2)
    onsets = loud[np.concatenate([[True], np.diff(loud) > SAMPLE_HZ // 10])]
    claps_ns = [grid.time_ns(60), grid.time_ns(120)]
    assert [microphone.heard_ns(int(n)) for n in onsets] == pytest.approx(claps_ns, abs=200_000)
    burst = sound[onsets[0] : onsets[0] + 240]
    assert np.argmax(np.abs(np.fft.rfft(burst))) * SAMPLE_HZ / 240 == pytest.approx(TONE_HZ, abs=250)
    assert len(loud[loud < onsets[1]]) < 0.005 * SAMPLE_HZ


def test_speech_of_any_rate_is_played_at_its_pitch(other_folder: Path) -> None:
    samples = speech([other_folder / "voice.wav"], seed=1)
    assert len(samples) == pytest.approx(SAMPLE_HZ, rel=0.01)
    assert np.argmax(np.abs(np.fft.rfft(samples))) * SAMPLE_HZ / len(samples) == pytest.approx(300, abs=2)
    assert np.abs(samples).max() == pytest.approx(PEAK, rel=1e-3)


def test_frames_that_would_be_late_are_skipped_and_counted(
    small: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, take = [True], Scene.take

    def take_once_slowly(scene: Scene, *arguments: object) -> object:
        if slow:
            slow.clear()
            time.sleep(0.4)
        return take(scene, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Scene, "take", take_once_slowly)
    grid = FrameGrid(time.monotonic_ns() // 1000 * 1000, 30.0)
    journals = [Journal(tmp_path / name) for name in ("truth.jsonl", "claps.jsonl")]
    camera = Camera(small.camera, small.scene, Still(), grid, Claps(grid, 0), *journals)
    camera.start()
    time.sleep(0.8)
    camera.close()
    for journal in journals:
        journal.close()
    truth = lines(tmp_path / "truth.jsonl")
    numbers = [line["frame"] for line in truth]
    assert camera.skipped >= 5
    assert truth[-1]["skipped"] == camera.skipped == numbers[-1] - numbers[0] + 1 - len(numbers)
    assert all(line["t_ns"] == grid.time_ns(line["frame"]) for line in truth)


def lines(file: Path) -> list[dict[str, int]]:
    return [json.loads(line) for line in file.read_text().splitlines()]
