"""Options that say what the classroom is like, and what is built from them."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2

from followspot_sim import looks, scenario
from followspot_sim.badge import Badge
from followspot_sim.errors import SimulatorError
from followspot_sim.geometry import Lens
from followspot_sim.index import DataFolder
from followspot_sim.looks import Choice, Look
from followspot_sim.render import Renderer
from followspot_sim.room_light import brightness
from followspot_sim.scenario import CameraTable, Scenario
from followspot_sim.scene import Scene
from followspot_sim.track import varied, walk_steps
from followspot_sim.world import Passer, World

BADGE_M = 0.13
"""Side of the black square of the badge that the teacher wears."""


@dataclass(frozen=True)
class Prepared:
    """A lesson ready to be filmed."""

    scenario: Scenario
    camera: CameraTable
    lens: Lens
    look: Look
    world: World
    scene: Scene
    seed: int
    badged: bool = False
    """Whether the teacher wears the printed badge."""


def add_look_arguments(parser: argparse.ArgumentParser) -> None:
    """Options shared by every command that shows the classroom."""
    shipped = ", ".join(scenario.names())
    parser.add_argument("--scenario", metavar="NAME|FILE", help=f"what happens: {shipped}, or a file of that kind")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of real recordings with an index.json")
    parser.add_argument("--room", metavar="NAME", help="which room of the data folder (default: by seed)")
    parser.add_argument("--person", metavar="NAME", help="which person of the data folder (default: by seed)")
    parser.add_argument("--walk", metavar="NAME", help="which walk of the data folder (default: by seed)")
    parser.add_argument("--size", type=_size, metavar="WxH", help="picture size (default: the scenario's, 1280x720)")
    parser.add_argument("--rate", type=float, metavar="HZ", help="frames per second (default: the scenario's, 30)")
    parser.add_argument("--seed", type=int, metavar="N", help="of every random choice (default: the scenario's)")
    parser.add_argument("--fiducial", action="store_true", help="paint a magenta disc on the middle of the head")
    parser.add_argument(
        "--badge", type=int, choices=range(50), metavar="N", help="the teacher wears printed badge N, front and back"
    )


def prepare(
    arguments: argparse.Namespace,
    begin_ns: Callable[[], int],
    adjust: Callable[[Scenario], Scenario] = lambda lesson: lesson,
) -> Prepared:
    """Build what the options ask for; asked when all is built, `begin_ns` says when the lesson begins.

    `adjust` may change the scenario before it is built.
    Raises SimulatorError.
    """
    cv2.setNumThreads(1)  # one thread per picture: the daemon beside us needs the other cores
    data = DataFolder(arguments.data) if arguments.data is not None else None
    lesson = adjust(scenario.load(arguments.scenario or looks.default_scenario(data)))
    camera = _camera(lesson, arguments)
    seed = lesson.seed if arguments.seed is None else arguments.seed
    if seed < 0:
        raise SimulatorError("--seed must not be negative")
    look = looks.compose(lesson, data, Choice(arguments.room, arguments.person, arguments.walk), seed)
    stature_m = look.teacher.stature_m
    world = World(
        track=look.track,
        stature_m=stature_m,
        marker=lesson.marker,
        marker_height_m=stature_m * lesson.teacher.marker_height_share,
        students=list(zip(lesson.student, look.students, strict=True)),
        seed=seed,
        epoch_ns=begin_ns(),
        passers=[
            Passer(walk_steps(varied(table.path, lesson.teacher.spread_m, seed + 1)), actor.stature_m, actor.sprite_at)
            for table, actor in zip(lesson.passer, look.passers, strict=True)
        ],
    )
    lens = Lens(camera.width, camera.height, camera.hfov_deg)
    renderer, light = Renderer(lens, look.room), partial(brightness, lesson.light)
    badge = Badge(arguments.badge, BADGE_M) if arguments.badge is not None else None
    scene = Scene(world, look.teacher, renderer, lens, fiducial=arguments.fiducial, light=light, badge=badge)
    return Prepared(lesson, camera, lens, look, world, scene, seed, badged=badge is not None)


def _camera(lesson: Scenario, arguments: argparse.Namespace) -> CameraTable:
    """The scenario's camera with the options laid over it."""
    changes: dict[str, float] = {}
    if arguments.size is not None:
        changes["width"], changes["height"] = arguments.size
    if arguments.rate is not None:
        changes["rate_hz"] = arguments.rate
    return scenario.checked_camera({**lesson.camera.model_dump(), **changes})


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.split("x"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is no size such as 1280x720") from error
    return width, height
