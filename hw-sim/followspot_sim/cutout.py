"""Cutting a person out of a clip of a fixed camera, given the empty background and where the person is."""

import json
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from cv2.typing import MatLike

from followspot_sim.errors import SimulatorError
from followspot_sim.index import DataFolder, Person
from followspot_sim.sprites import Sprite, from_bgra

EDGE_PX = 2
"""A box this near to the picture's edge belongs to somebody who is not wholly in the picture."""

MIN_HEIGHT_PX = 64
"""A smaller person makes no sprite worth looking at."""

MAX_HOLE_FRAMES = 3
"""A run of usable frames may miss so many and still play smoothly."""

MARGIN_SHARE = 0.06
"""The truth box is widened by this share of its height: boxes are tight, edges soft."""

FAINT, CLEAR = 16, 34
"""Differences of colour (largest channel, 8 bit): below FAINT it is background, from CLEAR on it is the person."""

LIGHT_ACROSS_SHARE, LIGHT_DOWN_SHARE = 0.1, 0.015
"""How far the light beside a person is averaged, in shares of the picture's width and height."""

LIGHT_STEP_PX = 8
"""Light is worked out this coarsely: it changes slowly from place to place."""

LIGHT_RANGE = (0.6, 1.6)
"""A larger change of light is a lamp switched on, or no background of this clip."""

CLOSING_SHARE = 0.035
"""Gaps in the outline narrower than this share of the person's height are closed."""

Box = tuple[int, int, int, int]


def cut(folder: DataFolder, person: Person) -> list[Sprite]:
    """The longest run of frames in which the whole person is in the picture, cut out. Raises SimulatorError."""
    background = cv2.imread(str(folder.path(person.background)), cv2.IMREAD_COLOR)
    if background is None:
        raise SimulatorError(f"{folder.path(person.background)} (background of {person.name}) cannot be read")
    size = (background.shape[1], background.shape[0])
    boxes = _whole_boxes(true_boxes(folder, person, size), size)
    if not boxes:
        raise SimulatorError(
            f"{folder.path(person.truth)}: in frames {person.frames[0]} to {person.frames[1]} there is none with "
            f"all of {person.name} in the picture"
        )
    sprites = []
    for number, frame in frames(folder.path(person.video), max(boxes)):
        if number in boxes:
            if frame.shape != background.shape:
                frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
            mask = outline(frame, background, boxes[number])
            if mask.any():
                sprites.append(from_bgra(np.dstack([frame, mask]), person.height_m))
    if not sprites:
        raise SimulatorError(f"{folder.path(person.video)}: {person.name} cannot be told from {person.background}")
    return sprites


def outline(frame: MatLike, background: MatLike, box: Box) -> MatLike:
    """The person's alpha, the size of the frame: the largest thing that differs from the background inside the box.

    Holes are filled: a shirt of the wall's colour belongs to who wears it.
    """
    window = _window(box, frame.shape)
    expected = background[window] * _light(frame, background, window)
    difference = cv2.GaussianBlur(np.abs(frame[window] - expected), (0, 0), 0.8).max(axis=2)
    soft = np.clip((difference - FAINT) * (255 / (CLEAR - FAINT)), 0, 255).astype(np.uint8)
    reach = max(round(box[3] * CLOSING_SHARE), 3) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    solid = cv2.morphologyEx((soft >= 128).astype(np.uint8), cv2.MORPH_CLOSE, disc)
    solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    alpha = np.zeros(frame.shape[:2], np.uint8)
    if contours:
        body = cv2.drawContours(np.zeros_like(solid), [max(contours, key=cv2.contourArea)], -1, 255, cv2.FILLED)
        alpha[window] = cv2.GaussianBlur(cv2.erode(body, np.ones((3, 3), np.uint8)), (0, 0), 1.0)
    return alpha


def _light(frame: MatLike, background: MatLike, window: tuple[slice, slice]) -> MatLike:
    """How much brighter than the background picture each colour is by now, told from what lies beside the person.

    A camera exposes anew when somebody in dark clothes walks in. Rows are alike along a wall or a floor, so the light
    is averaged widely across and narrowly down.
    """
    beside = np.ones((*frame.shape[:2], 1), np.float32)
    beside[window] = 1e-4
    size = (max(frame.shape[1] // LIGHT_STEP_PX, 1), max(frame.shape[0] // LIGHT_STEP_PX, 1))
    across, down = size[0] * LIGHT_ACROSS_SHARE, size[1] * LIGHT_DOWN_SHARE
    now, before = (
        cv2.GaussianBlur(cv2.resize(picture * beside, size, interpolation=cv2.INTER_AREA), (0, 0), across, sigmaY=down)
        for picture in (frame, background)
    )
    light = np.clip((now + 1e-3) / (before + 1e-3), *LIGHT_RANGE)
    return cv2.resize(light, (frame.shape[1], frame.shape[0]), interpolation=cv2.INTER_LINEAR)[window]


def _window(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    x, y, width, height = box
    margin = round(height * MARGIN_SHARE)
    return (
        slice(max(y - margin, 0), min(y + height + margin, shape[0])),
        slice(max(x - margin, 0), min(x + width + margin, shape[1])),
    )


def true_boxes(folder: DataFolder, person: Person, size: tuple[int, int]) -> dict[int, Box]:
    """The true boxes of the person's frames, in pixels of a picture of `size`."""
    file = folder.path(person.truth)
    try:
        truth = json.loads(file.read_text(encoding="utf-8"))
        given = truth.get("size", size)
        scale = np.array([size[0] / given[0], size[1] / given[1]] * 2)
        first, last = person.frames
        return {
            int(number): tuple(round(float(v)) for v in np.array(box) * scale)  # type: ignore[misc]
            for number, box in truth["boxes"].items()
            if first <= int(number) <= last and box is not None
        }
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise SimulatorError(
            f'{file} (truth of {person.name}) must be JSON with "boxes": {{frame: [x, y, w, h]}}: {error!r}'
        ) from error


def _whole_boxes(boxes: dict[int, Box], size: tuple[int, int]) -> dict[int, Box]:
    """The longest run of frames with the person wholly inside the picture.

    Heads that touch the upper edge are taken only where hardly a frame is without.
    """
    standing = {
        number: box
        for number, box in boxes.items()
        if box[0] >= EDGE_PX
        and box[0] + box[2] <= size[0] - EDGE_PX
        and box[1] + box[3] <= size[1] - EDGE_PX
        and box[3] >= MIN_HEIGHT_PX
    }
    free = _longest_run({number: box for number, box in standing.items() if box[1] >= EDGE_PX})
    run = _longest_run(standing)
    return free if len(free) * 2 >= len(run) else run


def _longest_run(boxes: dict[int, Box]) -> dict[int, Box]:
    numbers = sorted(boxes)
    breaks = [i for i in range(1, len(numbers)) if numbers[i] - numbers[i - 1] > MAX_HOLE_FRAMES]
    runs = [numbers[i:j] for i, j in zip([0, *breaks], [*breaks, len(numbers)], strict=True)]
    return {number: boxes[number] for number in max(runs, key=len)}


def frames(video: Path, last: int) -> Iterator[tuple[int, MatLike]]:
    try:
        with av.open(str(video)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                yield number, frame.to_ndarray(format="bgr24")
                if number >= last:
                    return
    except (av.FFmpegError, IndexError) as error:
        raise SimulatorError(f"clip {video} cannot be decoded: {error}") from error
