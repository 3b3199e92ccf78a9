"""A few seconds of the simulated classroom, or of a real one, as raw pictures to be played in a circle.

Both have a real sensor's grain: the drawn room has none, and from filmed people compression has taken it.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
from cv2.typing import MatLike

from followspot_sim import drawn_room
from followspot_sim.drawn_person import TEACHER, figure
from followspot_sim.errors import SimulatorError
from followspot_sim.geometry import Lens, Stand
from followspot_sim.index import DataFolder
from followspot_sim.render import Picture, Placed, Renderer, Shot
from followspot_sim.sprites import Sprite
from followspot_sim.track import Facing

CLIP_S = 4
HFOV_DEG = 55.0
PAN_DEG = 6.0
"""The camera swings this far to both sides, as a dock that follows somebody; the circle closes without a jump."""
STRIDE_DEG = 14.0
"""The teacher walks this far to both sides."""
DISTANCE_M = 3.5
STATURE_M = 1.72
STRIDE_M, POSES = 1.4, 10
"""Two steps, and how many pictures are drawn of them."""
EXPOSURE_S = 0.01
GRAIN_SIGMA = 1.5
"""Grey levels: a small sensor in a lit room. Without grain an encoder would have nothing to do where nothing moves."""
SEED = 1


def render(file: Path, width: int, height: int, rate_hz: int) -> None:
    """Write CLIP_S seconds of I420 pictures to `file`."""
    renderer = Renderer(Lens(width, height, HFOV_DEG), drawn_room.draw(SEED))
    grain = _grain(width, height)
    count = CLIP_S * rate_hz
    with file.open("wb") as out:
        for number in range(count):
            turn = 2 * np.pi * number / count
            picture = renderer.take(_shot(turn), [_teacher(turn)])
            _add_grain(picture, grain, number)
            out.write(picture.buffer.tobytes())


def film(data: DataFolder, file: Path, width: int, height: int, rate_hz: int) -> None:
    """Write CLIP_S seconds of the first person that was filmed: forth and back, so that the circle closes.

    Recorded pictures are shown one after the other whatever their own rate, which makes slow ones harder to encode.
    Raises SimulatorError.
    """
    if not data.people:
        raise SimulatorError(f"{data.index_file} names nobody who was filmed (people)")
    person = data.people[0]
    count = CLIP_S * rate_hz // 2
    forth = list(islice(_scaled(data.path(person.video), width, height), person.frames[0], person.frames[0] + count))
    if not forth:
        raise SimulatorError(f"{data.path(person.video)} has no pictures from {person.frames[0]} on")
    grain = _grain(width, height)
    with file.open("wb") as out:
        for number, picture in enumerate([*forth, *reversed(forth)]):
            shown = Picture.empty(width, height)
            shown.buffer[:] = picture.buffer
            _add_grain(shown, grain, number)
            out.write(shown.buffer.tobytes())


def _scaled(video: Path, width: int, height: int) -> Iterator[Picture]:
    try:
        with av.open(str(video)) as container:
            for frame in container.decode(video=0):
                planar = frame.reformat(width, height, "yuv420p", interpolation="BICUBIC")
                picture = Picture.empty(width, height)
                picture.buffer[:] = planar.to_ndarray().reshape(-1)
                yield picture
    except (av.FFmpegError, IndexError) as error:
        raise SimulatorError(f"clip {video} cannot be decoded: {error}") from error


def _add_grain(picture: Picture, grain: MatLike, number: int) -> None:
    shift = np.random.default_rng([SEED, number]).integers(0, len(grain))
    cv2.add(picture.luma, np.roll(grain, shift, axis=0), dst=picture.luma, dtype=cv2.CV_8U)


def _shot(turn: float) -> Shot:
    rate_dps = PAN_DEG * 2 * np.pi / CLIP_S * np.cos(turn)
    return Shot(PAN_DEG * float(np.sin(turn)), 0.0, float(rate_dps), 0.0, EXPOSURE_S)


def _teacher(turn: float) -> Placed:
    azimuth_deg = STRIDE_DEG * float(np.sin(turn + 0.5))
    rate_dps = STRIDE_DEG * 2 * np.pi / CLIP_S * float(np.cos(turn + 0.5))
    strides = np.radians(abs(azimuth_deg)) * DISTANCE_M / STRIDE_M
    sprite = _sprite(Facing.RIGHT if rate_dps > 0 else Facing.LEFT, round(strides * POSES) % POSES)
    return Placed(sprite, Stand(azimuth_deg, DISTANCE_M), STATURE_M, rate_dps)


@lru_cache
def _sprite(facing: Facing, pose: int) -> Sprite:
    return figure(facing, pose / POSES, None, TEACHER, STATURE_M)


def _grain(width: int, height: int) -> MatLike:
    noise = np.random.default_rng(SEED).normal(0, GRAIN_SIGMA, (height, width))
    return np.asarray(np.rint(noise), np.int16)
