"""A drawn lesson, and a folder of recordings made on the spot in another form than the one the project grew up with."""

import argparse
import json
import wave
from collections.abc import Callable
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from followspot_sim.setup import Prepared, add_look_arguments, prepare

CLIP_SIZE = (320, 240)
CLIP_FRAMES = 30


@pytest.fixture(scope="session")
def build() -> Callable[..., Prepared]:
    """Prepare a lesson from command-line options, once for the same options; it begins at time 0."""

    @cache
    def from_options(*options: str) -> Prepared:
        parser = argparse.ArgumentParser()
        add_look_arguments(parser)
        return prepare(parser.parse_args(options), begin_ns=lambda: 0)

    return from_options


@pytest.fixture(scope="session")
def drawn(build: Callable[..., Prepared]) -> Prepared:
    """The drawn lesson in a small picture."""
    return build("--size", "640x360")


@pytest.fixture(scope="session")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An equirectangular full-circle room, a person in a white shirt before a white wall, walks in millimetres with
    shuffled columns and a frame step, and no cut-outs."""
    folder = tmp_path_factory.mktemp("recordings")
    _write_room(folder / "circle.png")
    boxes = _write_clip(folder)
    (folder / "truth.json").write_text(json.dumps({"size": CLIP_SIZE, "boxes": boxes}))
    _write_walk(folder / "walk.csv")
    _write_speech(folder / "voice.wav")
    index = {
        "people": [
            {
                "name": "white-shirt",
                "video": "clip.mkv",
                "background": "empty.png",
                "truth": "truth.json",
                "frames": [0, CLIP_FRAMES - 1],
                "rate_hz": 15,
                "height_m": 1.6,
            }
        ],
        "rooms": [{"name": "circle", "file": "circle.png", "projection": "equirectangular", "hfov_deg": 360}],
        "walks": [
            {
                "name": "hall",
                "file": "walk.csv",
                "columns": ["y", "frame", "z", "id", "x"],
                "unit": "mm",
                "rate_hz": 5,
                "frame_step": 6,
            }
        ],
        "speech": [{"file": "voice.wav"}],
        "something-new": [{"of": "later"}],
    }
    (folder / "index.json").write_text(json.dumps(index))
    return folder


def _write_room(file: Path) -> None:
    noise = np.random.default_rng(1).integers(60, 180, (90, 180, 3), np.uint8)
    cv2.imwrite(str(file), cv2.resize(noise, (1440, 720), interpolation=cv2.INTER_CUBIC))


def _write_clip(folder: Path) -> dict[str, list[int]]:
    width, height = CLIP_SIZE
    rng = np.random.default_rng(2)
    empty = np.clip(rng.normal(225, 2, (height, width, 3)), 0, 255).astype(np.uint8)
    cv2.imwrite(str(folder / "empty.png"), empty)
    boxes = {}
    with av.open(str(folder / "clip.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=15)
        stream.width, stream.height, stream.pix_fmt = width, height, "bgr0"
        for number in range(CLIP_FRAMES):
            x = 20 + 9 * number
            frame = empty.copy()
            cv2.rectangle(frame, (x, 40), (x + 60, 130), (60, 60, 70), 8)  # the outline of a white shirt
            cv2.circle(frame, (x + 30, 28), 16, (70, 90, 120), -1)
            cv2.rectangle(frame, (x + 10, 130), (x + 50, 220), (50, 30, 20), -1)
            boxes[str(number)] = [x - 4, 12, 69, 209]
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        container.mux(stream.encode(None))
    return boxes


def _write_walk(file: Path) -> None:
    lines = ["# y frame z id x"]
    for sample in range(40):  # 7.8 s at 5 Hz, 1.2 m/s, along y
        lines.append(f"{2000 + sample * 240:.1f},{100 + sample * 6},1700,7,{500 + 40 * np.sin(sample):.1f}")
        lines.append(f"0,{100 + sample * 6},1700,8,0")  # somebody who stands
    file.write_text("\n".join(lines) + "\n")


def _write_speech(file: Path) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 22_050, 0, "NONE", "not compressed"))
        tone = np.sin(np.arange(22_050) * 2 * np.pi * 300 / 22_050) * 8000
        sound.writeframes(tone.astype("<i2").tobytes())
