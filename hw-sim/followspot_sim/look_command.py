"""`followspot-sim look`: one frame of the simulated camera as a PNG, with the truth drawn on it."""

import argparse
from pathlib import Path

import cv2
from cv2.typing import MatLike

from followspot_sim.errors import SimulatorError
from followspot_sim.render import Picture, Shot
from followspot_sim.scene import FrameTruth
from followspot_sim.setup import add_look_arguments, prepare

BOX_COLOUR, BODY_COLOUR, HEAD_COLOUR = (60, 220, 60), (220, 160, 40), (60, 60, 240)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim look`."""
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.png", help="where the picture goes")
    parser.add_argument("--at", type=float, default=0.0, metavar="SECONDS", help="time in the lesson (default 0)")
    parser.add_argument("--pan", type=float, metavar="DEG", help="where the camera looks (default: at the head)")
    parser.add_argument("--tilt", type=float, metavar="DEG", help="where the camera looks (default: at the head)")
    add_look_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Render, draw, write; 0."""
    prepared = prepare(arguments, begin_ns=lambda: 0)
    time_ns = round(arguments.at * 1e9)
    teacher = prepared.world.teacher_at(time_ns)
    head = teacher.stand.bearing(teacher.head_height_m)
    pan_deg = head.azimuth_deg if arguments.pan is None else arguments.pan
    tilt_deg = head.elevation_deg if arguments.tilt is None else arguments.tilt
    picture, truth = prepared.scene.take(time_ns, Shot(pan_deg, tilt_deg, 0.0, 0.0, 0.0))
    bgr = to_bgr(picture)
    draw_truth(bgr, truth)
    if not cv2.imwrite(str(arguments.out), bgr):
        raise SimulatorError(f"--out {arguments.out}: the picture cannot be written there")
    print(truth)
    return 0


def to_bgr(picture: Picture) -> MatLike:
    """The picture for writing to a file. OpenCV knows BT.601 only: colours are near, not exact."""
    height, width = picture.luma.shape
    return cv2.cvtColor(picture.buffer.reshape(height * 3 // 2, width), cv2.COLOR_YUV2BGR_I420)


def draw_truth(bgr: MatLike, truth: FrameTruth) -> None:
    """Head and shoulders, the whole figure, and the middle of the head."""
    for box, colour in ((truth.box, BOX_COLOUR), (truth.body, BODY_COLOUR)):
        if box is not None:
            x, y, width, height = (round(value) for value in box)
            cv2.rectangle(bgr, (x, y), (x + width, y + height), colour, 2)
    if truth.head is not None:
        cv2.circle(bgr, (round(truth.head[0]), round(truth.head[1])), 5, HEAD_COLOUR, -1, cv2.LINE_AA)
