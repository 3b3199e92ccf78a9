"""What the classroom looks and sounds like: drawn by the program, or put together from a folder of real recordings."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from followspot_sim import cutout, drawn_room, panorama, walks
from followspot_sim.actors import STUDENT_HEIGHT_M, Actor, ClipActor, DrawnActor, drawn_students
from followspot_sim.drawn_person import STUDENTS
from followspot_sim.errors import SimulatorError
from followspot_sim.index import Cutout, DataFolder, Person, Room, Walk
from followspot_sim.panorama import Panorama
from followspot_sim.scenario import Scenario
from followspot_sim.sprites import Sprite, from_bgra, top_part
from followspot_sim.track import Track, varied, walk_steps

log = logging.getLogger(__name__)

STANDING_STUDENT_M = 1.6
"""Stature that a cut-out student is shown at."""

MIN_SPRITE_PX = 64
"""A flatter cut-out is nobody."""

Named = TypeVar("Named", Room, Person, Walk)


@dataclass(frozen=True)
class Choice:
    """Names of what to take from the data folder; None leaves it to the seed."""

    room: str | None = None
    person: str | None = None
    walk: str | None = None


@dataclass(frozen=True)
class Look:
    """All that can be seen and heard of a lesson. `speech` is empty where there is none."""

    room: Panorama
    teacher: Actor
    students: tuple[Sprite, ...]
    track: Track
    speech: tuple[Path, ...]
    passers: tuple[Actor, ...] = ()


def default_scenario(data: DataFolder | None) -> str:
    """The scenario for when none is asked for: real people walk as somebody walked, where there are such walks."""
    return "recorded" if data is not None and data.walks else "lesson"


def compose(scenario: Scenario, data: DataFolder | None, choice: Choice, seed: int) -> Look:
    """Build the look that `scenario` needs from `data` (None: everything drawn). Raises SimulatorError."""
    if data is None:
        _refuse_choice(choice, "needs --data DIR")
        teacher: Actor = _drawn_teacher(scenario)
        students = tuple(drawn_students(len(scenario.student)))
        track, passers = _track(scenario, None, choice, seed), _drawn_passers(scenario)
        return Look(drawn_room.draw(seed), teacher, students, track, (), passers)
    return Look(
        room=_room(data, choice, seed),
        teacher=_teacher(scenario, data, choice, seed),
        students=_students(data, len(scenario.student), choice, seed),
        track=_track(scenario, data, choice, seed),
        speech=tuple(data.path(entry.file) for entry in data.speech),
        passers=_passers(scenario, data, choice, seed),
    )


def _refuse_choice(choice: Choice, why: str) -> None:
    for kind in ("room", "person", "walk"):
        if getattr(choice, kind) is not None:
            raise SimulatorError(f"--{kind} {getattr(choice, kind)} {why}")


def _pick(kind: str, entries: Sequence[Named], name: str | None, seed: int) -> Named | None:
    """The entry of this name, or one by seed; None when there is none to choose from."""
    if name is not None:
        for entry in entries:
            if entry.name == name:
                return entry
        known = ", ".join(entry.name for entry in entries) or "none"
        raise SimulatorError(f"--{kind} {name}: the data folder has {known}")
    if not entries:
        return None
    salt = sum(kind.encode())
    return entries[int(np.random.default_rng([seed, salt]).integers(len(entries)))]


def _room(data: DataFolder, choice: Choice, seed: int) -> Panorama:
    room = _pick("room", data.rooms, choice.room, seed)
    if room is None:
        log.info("%s names no room: the room is drawn", data.index_file)
        return drawn_room.draw(seed)
    return panorama.load(data.path(room.file), room.projection, room.hfov_deg)


def _drawn_teacher(scenario: Scenario) -> DrawnActor:
    actor = DrawnActor(scenario.teacher.stature_m)
    actor.prepare()
    return actor


def _teacher(scenario: Scenario, data: DataFolder, choice: Choice, seed: int) -> Actor:
    person = _pick("person", data.people, choice.person, seed)
    if person is not None:
        return ClipActor(cutout.cut(data, person), person.rate_hz, person.height_m)
    whole = [entry for entry in data.cutouts if entry.whole_body]
    if whole:
        entry = whole[seed % len(whole)]
        log.info("%s names no people: the teacher is the cut-out %s", data.index_file, entry.file)
        return ClipActor([_sprite(data, entry)], 1.0, entry.height_m)
    log.info("%s names neither people nor whole cut-outs: the teacher is drawn", data.index_file)
    return _drawn_teacher(scenario)


def _drawn_passers(scenario: Scenario) -> tuple[Actor, ...]:
    actors = [DrawnActor(table.stature_m, STUDENTS[n % len(STUDENTS)]) for n, table in enumerate(scenario.passer)]
    for actor in actors:
        actor.prepare()
    return tuple(actors)


def _passers(scenario: Scenario, data: DataFolder, choice: Choice, seed: int) -> tuple[Actor, ...]:
    """Other people of the folder than the teacher, where there are others."""
    teacher = _pick("person", data.people, choice.person, seed)
    others = [person for person in data.people if teacher is None or person.name != teacher.name]
    if not scenario.passer or not others:
        return _drawn_passers(scenario)
    order = np.random.default_rng([seed, 29]).permutation(len(others))
    chosen = [others[order[number % len(others)]] for number in range(len(scenario.passer))]
    return tuple(ClipActor(cutout.cut(data, person), person.rate_hz, person.height_m) for person in chosen)


def _students(data: DataFolder, count: int, choice: Choice, seed: int) -> tuple[Sprite, ...]:
    """Students are whole cut-outs from behind, others than the teacher where there are others."""
    teacher = _pick("person", data.people, choice.person, seed)
    behind = [entry for entry in data.cutouts if entry.view == "back" and entry.whole_body]
    others = [entry for entry in behind if teacher is None or entry.person != teacher.name] or behind
    if not others:
        log.info("%s names no cut-outs from behind: the students are drawn", data.index_file)
        return tuple(drawn_students(count))
    order = np.random.default_rng([seed, 17]).permutation(len(others))
    chosen = [others[order[number % len(others)]] for number in range(count)]
    return tuple(top_part(_sprite(data, entry, STANDING_STUDENT_M), STUDENT_HEIGHT_M) for entry in chosen)


def _sprite(data: DataFolder, entry: Cutout, height_m: float | None = None) -> Sprite:
    file = data.path(entry.file)
    picture = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4 or picture.shape[0] < MIN_SPRITE_PX:
        raise SimulatorError(f"cut-out {file} must be a picture with alpha, at least {MIN_SPRITE_PX} pixels high")
    try:
        return from_bgra(picture, height_m or entry.height_m)
    except ValueError as error:
        raise SimulatorError(f"cut-out {file}: {error}") from error


def _track(scenario: Scenario, data: DataFolder | None, choice: Choice, seed: int) -> Track:
    if scenario.teacher.walk == "path":
        if choice.walk is not None:
            raise SimulatorError(f"--walk {choice.walk} needs a scenario with recorded walks, such as recorded")
        return walk_steps(varied(scenario.teacher.path, scenario.teacher.spread_m, seed))
    walk = _pick("walk", data.walks, choice.walk, seed) if data is not None else None
    if data is None or walk is None:
        raise SimulatorError("this scenario goes by recorded walks: give --data DIR with walks in its index")
    return walks.place(data, walk, seed)
