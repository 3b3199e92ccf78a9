"""The judge's eyes and ears, on files made here with a known disc and a known offset of sound against picture."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from followspot_sim.judge.playback import av_offsets_ms, read_recording, stills

RATE, SIZE, SECONDS = 30, (320, 180), 4
SAMPLE_RATE = 48_000
CLAPS_S = (1.0, 2.5)


def write_lesson(file: Path, sound_late_ms: float, disc: tuple[int, int, int] | None = None) -> None:
    """A grey picture that dips at each clap, with a burst of 2 kHz `sound_late_ms` after it."""
    noise = np.random.default_rng(1)
    sound = noise.normal(0, 0.01, SECONDS * SAMPLE_RATE).astype(np.float32)
    for clap_s in CLAPS_S:
        first = round((clap_s + sound_late_ms / 1000) * SAMPLE_RATE)
        sound[first : first + 240] += 0.5 * np.sin(2 * np.pi * 2000 * np.arange(240) / SAMPLE_RATE).astype(np.float32)
    with av.open(str(file), "w") as container:
        video = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "bf": "0"})
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("pcm_f32le", rate=SAMPLE_RATE, layout="mono")
        for number in range(RATE * SECONDS):
            container.mux(video.encode(picture(number, disc)))
        frame = av.AudioFrame.from_ndarray(sound[np.newaxis], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, 0, Fraction(1, SAMPLE_RATE)
        container.mux(audio.encode(frame))
        container.mux(video.encode(None))


def picture(number: int, disc: tuple[int, int, int] | None) -> av.VideoFrame:
    rgb = np.full((SIZE[1], SIZE[0], 3), 150, np.uint8)
    if disc is not None:
        x, y, radius = disc
        rows, columns = np.ogrid[: SIZE[1], : SIZE[0]]
        rgb[(columns - x) ** 2 + (rows - y) ** 2 <= radius**2] = (255, 0, 255)
    if number in {round(c * RATE) for c in CLAPS_S}:
        rgb = (rgb * 0.8).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    frame.pts, frame.time_base = number, Fraction(1, RATE)
    return frame


@pytest.mark.parametrize("late_ms", [-60.0, 0.0, 35.0])
def test_offset_of_sound_is_measured_to_a_millisecond(tmp_path: Path, late_ms: float) -> None:
    file = tmp_path / "lesson.mkv"
    write_lesson(file, late_ms)
    recording = read_recording([file])
    assert len(recording.pictures) == RATE * SECONDS
    offsets = av_offsets_ms(recording, [round((c + 0.1) * 1e9) for c in CLAPS_S])
    assert offsets == pytest.approx([late_ms, late_ms], abs=1.5)


def test_a_clap_that_is_not_there_is_not_measured(tmp_path: Path) -> None:
    file = tmp_path / "lesson.mkv"
    write_lesson(file, 0)
    assert av_offsets_ms(read_recording([file]), [3_600_000_000]) == []


def test_disc_is_found_where_it_is_and_not_where_none_is(tmp_path: Path) -> None:
    file = tmp_path / "lesson.mkv"
    write_lesson(file, 0, disc=(200, 60, 9))
    x, y, diameter = read_recording([file], with_disc=True).pictures[5].disc or (0, 0, 0)
    assert (x * SIZE[0], y * SIZE[1]) == pytest.approx((200.5, 60.5), abs=1.5)
    assert diameter * SIZE[1] == pytest.approx(18, abs=3)
    write_lesson(file, 0)
    assert all(p.disc is None for p in read_recording([file], with_disc=True).pictures)


def test_stills_come_at_their_times(tmp_path: Path) -> None:
    file = tmp_path / "lesson.mkv"
    write_lesson(file, 0)
    found = stills([file], [500_000_000, 2_000_000_000])
    assert [t / 1e9 for t, _ in found] == pytest.approx([0.5, 2.0], abs=0.04)
    assert found[0][1].shape == (SIZE[1], SIZE[0], 3)
