"""Recorded walks: reading them, and finding room for one before the camera."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from followspot_sim.errors import SimulatorError
from followspot_sim.index import METRES, DataFolder, Walk
from followspot_sim.track import SAMPLE_HZ, Floats, Track, to_and_fro

MIN_WALK_S = 3.0
"""A shorter walk is not worth following."""

MIN_EXTENT_M = 2.0
"""Who stays within less does not walk."""

SMOOTHING_S = 0.12
"""Trackers see a head to a centimetre or two: this takes the shake and leaves the steps."""

NEAREST_M, FARTHEST_M, WIDEST_DEG = 2.2, 5.5, 50.0
"""Where a teacher may walk, seen from the dock."""

HEADINGS = 36
"""Directions tried when a walk is placed."""

STAND_S = (1.0, 2.0)
"""How long somebody stands at either end of their way, at least and at most."""


@dataclass(frozen=True)
class Steps:
    """One person's recorded way at SAMPLE_HZ, in metres, wherever they walked."""

    x_m: Floats
    y_m: Floats


def place(folder: DataFolder, walk: Walk, seed: int) -> Track:
    """One of the walks, chosen by `seed`, in its true scale and at its true speed, before the camera, to and fro."""
    rng = np.random.default_rng([seed, 3])
    tracks = read(folder, walk)
    steps = tracks[int(rng.integers(len(tracks)))]
    x_m, z_m = _fit(steps, rng)
    first, second = rng.uniform(*STAND_S, size=2)
    return to_and_fro(x_m, z_m, (float(first), float(second)))


def read(folder: DataFolder, walk: Walk) -> list[Steps]:
    """Every walk of the file that is long enough to be followed. Raises SimulatorError."""
    file = folder.path(walk.file)
    table = _table(folder, walk)
    tracks = [
        steps
        for identity in np.unique(table[:, 0])
        for steps in [_resample(table[table[:, 0] == identity], walk)]
        if steps is not None
    ]
    if not tracks:
        raise SimulatorError(
            f"{file} (walk {walk.name}): nobody walks for {MIN_WALK_S:.0f} s and {MIN_EXTENT_M:.0f} m: "
            f"are columns, unit, rate_hz and frame_step in {folder.index_file} right?"
        )
    return tracks


def _table(folder: DataFolder, walk: Walk) -> Floats:
    """Columns id, frame, x, y."""
    file = folder.path(walk.file)
    columns = [walk.columns.index(name) for name in ("id", "frame", "x", "y")]
    try:
        lines = file.read_text(encoding="utf-8").replace(",", " ").replace(";", " ").splitlines()
        rows = [line.split() for line in lines if line.strip() and not line.lstrip().startswith("#")]
        return np.array([[float(row[column]) for column in columns] for row in rows], dtype=np.float64).reshape(-1, 4)
    except (OSError, UnicodeDecodeError, ValueError, IndexError) as error:
        raise SimulatorError(
            f"{file} (walk {walk.name}) does not have the columns {', '.join(walk.columns)}: {error}"
        ) from error


def _resample(rows: Floats, walk: Walk) -> Steps | None:
    rows = rows[np.isfinite(rows).all(axis=1)]
    _, first = np.unique(rows[:, 1], return_index=True)
    rows = rows[first]
    time_s = (rows[:, 1] - rows[0, 1]) / (walk.frame_step * walk.rate_hz) if len(rows) else np.empty(0)
    if len(rows) < 4 or time_s[-1] < MIN_WALK_S:
        return None
    places_m = rows[:, 2:] * METRES[walk.unit]
    if np.hypot(*np.ptp(places_m, axis=0)) < MIN_EXTENT_M:
        return None
    wanted_s = np.arange(0.0, time_s[-1], 1 / SAMPLE_HZ)
    x_m, y_m = (_smooth(_through(time_s, places_m[:, axis], wanted_s)) for axis in (0, 1))
    return Steps(x_m, y_m)


def _through(time_s: Floats, value: Floats, wanted_s: Floats) -> Floats:
    """A smooth curve through all samples: cubic Hermite with the slopes of the chords (Catmull-Rom)."""
    slope = np.gradient(value, time_s)
    index = np.clip(np.searchsorted(time_s, wanted_s, side="right") - 1, 0, len(time_s) - 2)
    width = time_s[index + 1] - time_s[index]
    s = (wanted_s - time_s[index]) / width
    blend = s * s * (3 - 2 * s)
    bend = s * (1 - s) * width * ((1 - s) * slope[index] - s * slope[index + 1])
    return np.asarray(value[index] * (1 - blend) + value[index + 1] * blend + bend)


def _smooth(value: Floats) -> Floats:
    """A Gaussian average that keeps both ends where they are."""
    reach = round(3 * SMOOTHING_S * SAMPLE_HZ)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (SMOOTHING_S * SAMPLE_HZ)) ** 2)
    padded = np.pad(value, reach, mode="reflect", reflect_type="odd")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _fit(steps: Steps, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Turn and shift the walk so that it, or the longest part of it, lies where a teacher may walk."""
    places = list(_placements(steps, rng))
    longest = max(stop - start for _, _, start, stop in places)
    x_m, z_m, start, stop = next(place for place in places if place[3] - place[2] == longest)
    return x_m[start:stop], z_m[start:stop]


def _placements(steps: Steps, rng: np.random.Generator) -> Iterator[tuple[Floats, Floats, int, int]]:
    middle_x, middle_y = np.median(steps.x_m), np.median(steps.y_m)
    for heading in rng.permutation(HEADINGS) * (2 * np.pi / HEADINGS):
        right = np.cos(heading) * (steps.x_m - middle_x) - np.sin(heading) * (steps.y_m - middle_y)
        ahead = np.sin(heading) * (steps.x_m - middle_x) + np.cos(heading) * (steps.y_m - middle_y)
        for offset_x in rng.permutation([-1.5, -0.5, 0.5, 1.5]):
            for offset_z in rng.permutation([2.8, 3.4, 4.0, 4.6]):
                x_m, z_m = right + offset_x, ahead + offset_z
                start, stop = _longest_run(_allowed(x_m, z_m))
                yield x_m, z_m, start, stop


def _allowed(x_m: Floats, z_m: Floats) -> NDArray[np.bool_]:
    distance = np.hypot(x_m, z_m)
    azimuth = np.degrees(np.arctan2(x_m, z_m))
    return np.asarray((distance >= NEAREST_M) & (distance <= FARTHEST_M) & (np.abs(azimuth) <= WIDEST_DEG))


def _longest_run(allowed: NDArray[np.bool_]) -> tuple[int, int]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], allowed, [False]]).astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    if not len(starts):
        return 0, 0
    best = int(np.argmax(stops - starts))
    return int(starts[best]), int(stops[best])
