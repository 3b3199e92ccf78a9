"""Pictures with truth, to judge vision by: real clips with their truth files, and people put into rooms."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from cv2.typing import MatLike

from followspot_sim import cutout, drawn_room, panorama
from followspot_sim.actors import STUDENT_HEIGHT_M, DrawnActor
from followspot_sim.errors import SimulatorError
from followspot_sim.geometry import Lens, Stand
from followspot_sim.index import Cutout, DataFolder, Person
from followspot_sim.panorama import Panorama
from followspot_sim.render import Picture, Placed, Renderer, Shot
from followspot_sim.sprites import Sprite, from_bgra, top_part, yuv709
from followspot_sim.track import Facing
from followspot_sim.world import Teacher

HFOV_DEG = 55.0
"""What lens a clip was taken with is not known: distances are told as if by this one."""
SIZE = (1280, 720)
DISTANCES_M = (2.0, 3.0, 4.0, 5.0, 6.5, 8.0)
AZIMUTHS_DEG = (-16.0, -6.0, 5.0, 14.0)
NOISE_LEVELS = 3.0
WHOLE_SHARE = 0.85
"""A box at least so high, of the person's highest, shows all of her."""
UPPER_SHARE = 0.5
"""A cut-out that is no whole body shows this share of the stature, and stands behind a desk."""
DESK_WIDTH_M, DESK_BGR = 1.6, (60, 75, 90)
PUPIL_SHARE = 0.6
"""Pupils sit at this share of the teacher's distance."""
STATURE_M = 1.72


@dataclass(frozen=True, slots=True)
class Truth:
    """Where somebody is: the body's middle, the top of the head, the body's height, in pixels; and how far away."""

    x: float
    top: float
    height: float
    distance_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture; without `truth` it is not known where anybody is, unless it is `empty`."""

    time_ns: int
    picture: Picture
    truth: Truth | None
    person: str = ""
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Clip:
    """A film by a fixed camera, in which one person after the other is seen."""

    name: str
    video: Path
    lens: Lens
    rate_hz: float
    stature_m: float
    boxes: dict[int, cutout.Box]
    """By frame, of those frames that show a whole person."""
    people: dict[int, str]
    """Who that is."""

    def samples(self) -> Iterator[Sample]:
        """Its pictures in order; the truth is told of those that show a whole person."""
        for number, frame in cutout.frames(self.video, max(self.boxes)):
            box = self.boxes.get(number)
            truth = None if box is None else self._truth(box)
            yield Sample(round(number * 1e9 / self.rate_hz), _picture(frame), truth, self.people.get(number, ""))

    def _truth(self, box: cutout.Box) -> Truth:
        x, y, width, height = box
        return Truth(x + width / 2, y, height, self.lens.focal_px * self.stature_m / height)


def clips(folder: DataFolder) -> list[Clip]:
    """The clips of the folder's people, each once. Raises SimulatorError where one cannot be used."""
    by_video: dict[str, list[Person]] = {}
    for person in folder.people:
        by_video.setdefault(person.video, []).append(person)
    return [_clip(folder, people) for people in by_video.values()]


def _clip(folder: DataFolder, people: list[Person]) -> Clip:
    first = people[0]
    background = cv2.imread(str(folder.path(first.background)))
    if background is None:
        raise SimulatorError(f"{folder.path(first.background)} (background of {first.name}) cannot be read")
    height, width = (side // 2 * 2 for side in background.shape[:2])
    boxes: dict[int, cutout.Box] = {}
    names: dict[int, str] = {}
    for person in people:
        whole = _whole(cutout.true_boxes(folder, person, (width, height)), (width, height))
        boxes |= whole
        names |= dict.fromkeys(whole, person.name)
    if not boxes:
        raise SimulatorError(
            f"{folder.path(first.truth)}: nobody is wholly in the picture in the frames of {first.name}"
        )
    lens = Lens(width, height, HFOV_DEG)
    return Clip(Path(first.video).stem, folder.path(first.video), lens, first.rate_hz, first.height_m, boxes, names)


def _whole(boxes: dict[int, cutout.Box], size: tuple[int, int]) -> dict[int, cutout.Box]:
    """Those of somebody who is wholly in the picture; a head may touch the upper edge."""
    tallest = max((box[3] for box in boxes.values()), default=0)
    edge = cutout.EDGE_PX
    return {
        number: box
        for number, box in boxes.items()
        if box[3] >= WHOLE_SHARE * tallest
        and edge <= box[0] <= size[0] - edge - box[2]
        and box[1] + box[3] <= size[1] - edge
    }


def _picture(bgr: MatLike) -> Picture:
    height, width = (side // 2 * 2 for side in bgr.shape[:2])
    luma, blue, red = cv2.split(yuv709(np.ascontiguousarray(bgr[:height, :width])))
    picture = Picture.empty(width, height)
    picture.luma[:] = luma
    for plane, full in ((picture.blue, blue), (picture.red, red)):
        plane[:] = cv2.resize(full, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    return picture


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """Somebody as seen from one side."""

    view: str
    sprite: Sprite
    behind_desk: bool = False
    behind_pupil: Sprite | None = None


class Room:
    """Puts figures into one room, before a lens that looks straight ahead."""

    def __init__(self, name: str, room: Panorama, seed: int) -> None:
        self.name, self.lens = name, Lens(*SIZE, HFOV_DEG)
        self._renderer, self._rng = Renderer(self.lens, room), np.random.default_rng(seed)

    def view(self, figure: Figure, stand: Stand) -> Sample:
        """The figure at a place."""
        placed = [Placed(figure.sprite, stand, STATURE_M)]
        if figure.behind_desk:
            placed.append(Placed(_desk(STATURE_M - figure.sprite.height_m), stand, STATURE_M - figure.sprite.height_m))
        if figure.behind_pupil is not None:
            seat = Stand(stand.azimuth_deg, stand.distance_m * PUPIL_SHARE)
            placed.append(Placed(figure.behind_pupil, seat, STUDENT_HEIGHT_M))
        top = self.lens.project(stand.points(np.zeros(1), np.full(1, STATURE_M)), 0.0, 0.0)[0]
        height = self.lens.focal_px * STATURE_M / (stand.distance_m * np.cos(np.radians(stand.azimuth_deg)))
        truth = Truth(float(top[0]), float(top[1]), float(height), stand.distance_m)
        return Sample(0, self._noisy(placed), truth)

    def empty(self) -> Sample:
        """Nobody."""
        return Sample(0, self._noisy([]), None, empty=True)

    def _noisy(self, placed: list[Placed]) -> Picture:
        picture = self._renderer.take(Shot(0.0, 0.0, 0.0, 0.0, 0.0), placed)
        noise = self._rng.normal(0, NOISE_LEVELS, picture.luma.shape)
        picture.luma[:] = np.clip(picture.luma + noise, 0, 255).astype(np.uint8)
        return picture


def rooms(folder: DataFolder | None, seed: int) -> list[Room]:
    """The folder's rooms, else a drawn one."""
    if folder is None or not folder.rooms:
        return [Room("drawn", drawn_room.draw(seed), seed)]
    return [
        Room(entry.name, panorama.load(folder.path(entry.file), entry.projection, entry.hfov_deg), seed)
        for entry in folder.rooms
    ]


def figures(folder: DataFolder | None) -> list[Figure]:
    """The folder's cut-outs by view, each whole one from behind also with a pupil in front; and drawn people."""
    found: list[Figure] = []
    if folder is not None:
        found += [_figure(folder.path(entry.file), entry) for entry in folder.cutouts]
    backs = [figure.sprite for figure in found if figure.view == "back" and not figure.behind_desk]
    for number, sprite in enumerate(backs):
        pupil = top_part(backs[(number + len(backs) // 2) % len(backs)], STUDENT_HEIGHT_M)
        found.append(Figure("back, pupil in front", sprite, behind_pupil=pupil))
    actor = DrawnActor(STATURE_M)
    for facing in Facing:
        teacher = Teacher(Stand(0.0, 3.0), STATURE_M, 0.0, False, 0.0, facing, 0.0)
        side = "side" if facing in (Facing.LEFT, Facing.RIGHT) else facing.value
        found.append(Figure(f"drawn {side}", actor.sprite_at(0.0, teacher)))
    return found


def _figure(file: Path, entry: Cutout) -> Figure:
    picture = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        raise SimulatorError(f"cut-out {file} must be a picture with alpha")
    share = 1.0 if entry.whole_body else UPPER_SHARE
    try:
        return Figure(entry.view, from_bgra(picture, STATURE_M * share), behind_desk=not entry.whole_body)
    except ValueError as error:
        raise SimulatorError(f"cut-out {file}: {error}") from error


def _desk(height_m: float) -> Sprite:
    """A plain front of a desk."""
    rows, columns = 40, round(40 * DESK_WIDTH_M / height_m)
    solid = np.full((rows, columns, 1), 255, np.uint8)
    return from_bgra(np.dstack([np.full((rows, columns, 3), DESK_BGR, np.uint8), solid]), height_m)
