"""A person's way over the floor as a closed-form function of time, from waypoints or from a recorded walk."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from followspot_sim.scenario import PathStep

SAMPLE_HZ = 100.0
"""Dense enough that straight lines between samples are off by less than a tenth of a millimetre."""

EASE_S = 0.6
"""A person needs about this long to reach walking pace or to come to a stand."""

WALKING_MPS = 0.15
"""Slower than this is shifting one's weight, not walking."""

LOWERED = {"upright": 0.0, "seated": 0.24, "bent": 0.3}
"""How far the top of the head sinks, in shares of the stature."""

LOWERING_S = 0.9
"""Somebody sits or bends down, or gets up, in about this time."""

VARIED_BY = (0.8, 1.2)
"""Paces and stands of one seed, against those of the file."""

NEAREST_M = 1.2
"""Nobody comes nearer to the dock."""

Floats = NDArray[np.float64]


class Facing(StrEnum):
    """What a person shows to the camera."""

    FRONT = "front"
    BACK = "back"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Step:
    """Where a person is at a moment: metres right and forward of the dock, metres per second.

    `lowered`: by which share of the stature the head is below its place in standing. `out`: not in the room.
    """

    x_m: float
    z_m: float
    speed_mps: float
    walked_m: float
    facing: Facing
    lowered: float = 0.0
    out: bool = False

    @property
    def walking(self) -> bool:
        """Whether they are on the move."""
        return self.speed_mps > WALKING_MPS


@dataclass(frozen=True)
class Track:
    """Positions at `SAMPLE_HZ`, going round for ever. `board` marks where a standing person shows their back.

    `lowered` and `out`, as in `Step`, may be left out: upright and there.
    """

    x_m: Floats
    z_m: Floats
    board: NDArray[np.bool_]
    lowered: Floats | None = None
    out: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        steps = np.hypot(np.diff(self.x_m), np.diff(self.z_m))
        object.__setattr__(self, "_walked_m", np.concatenate([[0.0], np.cumsum(steps)]))

    @property
    def period_s(self) -> float:
        """How long it is until the way begins again."""
        return float((len(self.x_m) - 1) / SAMPLE_HZ)

    def at(self, time_s: float) -> Step:
        """The person `time_s` after the start; before it they stand where they will start."""
        position = (max(time_s, 0.0) % self.period_s) * SAMPLE_HZ
        index = min(int(position), len(self.x_m) - 2)
        share = position - index
        dx, dz = self.x_m[index + 1] - self.x_m[index], self.z_m[index + 1] - self.z_m[index]
        walked: Floats = getattr(self, "_walked_m")  # noqa: B009  (set once in __post_init__, the class is frozen)
        speed_mps = math.hypot(dx, dz) * SAMPLE_HZ
        return Step(
            x_m=float(self.x_m[index] + share * dx),
            z_m=float(self.z_m[index] + share * dz),
            speed_mps=speed_mps,
            walked_m=float(walked[index] + share * (walked[index + 1] - walked[index])),
            facing=_facing(dx, dz, bool(self.board[index]), speed_mps > WALKING_MPS),
            lowered=0.0 if self.lowered is None else float(self.lowered[index]),
            out=self.out is not None and bool(self.out[index]),
        )


def _facing(dx: float, dz: float, board: bool, walking: bool) -> Facing:
    if not walking:
        return Facing.BACK if board else Facing.FRONT
    if abs(dx) > 0.7 * abs(dz):
        return Facing.RIGHT if dx > 0 else Facing.LEFT
    return Facing.BACK if dz > 0 else Facing.FRONT


def ease(duration_s: float) -> Floats:
    """Progress 0..1 of a move lasting `duration_s`, sampled at SAMPLE_HZ: smooth at both ends, even in between."""
    count = max(round(duration_s * SAMPLE_HZ), 1)
    time_s = np.arange(count + 1) / SAMPLE_HZ
    ease_s = min(EASE_S, duration_s / 2)
    edge = np.clip(np.minimum(time_s, duration_s - time_s) / ease_s, 0.0, 1.0)
    pace = edge * edge * (3 - 2 * edge)
    progress = np.concatenate([[0.0], np.cumsum((pace[1:] + pace[:-1]) / 2)])
    return np.asarray(progress / progress[-1])


def walk_steps(path: Sequence[PathStep]) -> Track:
    """The way through the steps of a scenario, standing at each, and from the last back to the first."""
    if len(path) == 1:
        path = (path[0], path[0])
    points = [
        (step.distance_m * math.sin(a), step.distance_m * math.cos(a))
        for step in path
        for a in [math.radians(step.azimuth_deg)]
    ]
    xs, zs, boards, lows, outs = (np.concatenate(part) for part in zip(*_legs(path, points), strict=True))
    return Track(xs, zs, boards, lows if lows.any() else None, outs if outs.any() else None)


def varied(path: Sequence[PathStep], spread_m: float, seed: int) -> tuple[PathStep, ...]:
    """The path as another teacher would walk it: places, paces and stands a little different for each seed."""
    rng = np.random.default_rng([seed, 23])
    return tuple(_varied(step, spread_m, rng) for step in path) if spread_m else tuple(path)


def _varied(step: PathStep, spread_m: float, rng: np.random.Generator) -> PathStep:
    sideways_m, forward_m = rng.uniform(-spread_m, spread_m, size=2)
    pace, patience = rng.uniform(*VARIED_BY, size=2)
    return step.model_copy(
        update={
            "azimuth_deg": step.azimuth_deg + math.degrees(sideways_m / step.distance_m),
            "distance_m": max(step.distance_m + forward_m, NEAREST_M),
            "speed_mps": step.speed_mps * pace,
            "stand_s": step.stand_s * patience,
        }
    )


def _legs(
    path: Sequence[PathStep], points: Sequence[tuple[float, float]]
) -> Iterator[tuple[Floats, Floats, NDArray[np.bool_], Floats, NDArray[np.bool_]]]:
    for index, step in enumerate(path):
        here, there = np.array(points[index]), np.array(points[(index + 1) % len(points)])
        standing = max(round(step.stand_s * SAMPLE_HZ), 1)
        yield (
            np.full(standing, here[0]),
            np.full(standing, here[1]),
            np.full(standing, step.facing == "board"),
            LOWERED[step.posture] * _down_and_up(standing),
            np.full(standing, step.out),
        )
        distance_m = float(np.hypot(*(there - here)))
        following = path[(index + 1) % len(path)]
        progress = ease(distance_m / following.speed_mps + EASE_S)
        yield (
            here[0] + (there[0] - here[0]) * progress,
            here[1] + (there[1] - here[1]) * progress,
            np.zeros(len(progress), dtype=bool),
            np.zeros(len(progress)),
            np.zeros(len(progress), dtype=bool),
        )


def _down_and_up(count: int) -> Floats:
    """0 to 1 and back over so many samples: how far somebody has sat or bent down."""
    into_s = np.arange(count) / SAMPLE_HZ
    edge = np.clip(np.minimum(into_s, into_s[::-1]) / LOWERING_S, 0.0, 1.0)
    return np.asarray(edge * edge * (3 - 2 * edge))


def to_and_fro(x_m: Floats, z_m: Floats, stand_s: tuple[float, float]) -> Track:
    """A walk given at SAMPLE_HZ, played to its end, back to its start, with a stand and a smooth turn at both ends."""
    progress = ease((len(x_m) - 1) / SAMPLE_HZ + EASE_S) * (len(x_m) - 1)
    index = np.arange(len(x_m))
    x, z = np.interp(progress, index, x_m), np.interp(progress, index, z_m)
    first, second = (np.full(round(s * SAMPLE_HZ), 0) for s in stand_s)
    xs = np.concatenate([x[0] + first, x, x[-1] + second, x[::-1]])
    zs = np.concatenate([z[0] + first, z, z[-1] + second, z[::-1]])
    return Track(xs, zs, np.zeros(len(xs), dtype=bool))
