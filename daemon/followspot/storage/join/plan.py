"""Where every sample of the one file comes from and when it plays: pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from followspot.storage.join.errors import JoinError
from followspot.storage.join.reading import Numbers, Run, SegmentMedia, Trak
from followspot.storage.join.silence import silent_frame

NANOSECONDS = 1_000_000_000
VIDEO, SOUND = b"vide", b"soun"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of the one file: a stretch of a segment's file, or bytes of our own where `path` is None."""

    path: Path | None
    offset: int
    length: int
    own: bytes = b""

    def ends_before(self, other: "Piece") -> bool:
        """Whether `other` is the next stretch of the same file."""
        return self.path == other.path and self.offset + self.length == other.offset


@dataclass(frozen=True, slots=True)
class Placed:
    """A segment and where it stands in the lesson."""

    media: SegmentMedia
    start_ns: int
    end_ns: int


@dataclass(slots=True, eq=False)
class Table:
    """One track of the one file, in playing order. A chunk: place in the media data, samples, sample entry (from 1)."""

    trak: Trak
    entries: list[bytes] = field(default_factory=list)
    sizes: list[Numbers] = field(default_factory=list)
    durations: list[Numbers] = field(default_factory=list)
    keys: list[npt.NDArray[np.bool_]] = field(default_factory=list)
    shifts: list[Numbers] = field(default_factory=list)
    chunks: list[tuple[int, int, int]] = field(default_factory=list)
    frame: int = 0
    """Ticks of a sound frame."""
    slot: int = 0
    """How many sound frames there are."""

    def describe(self, entry: bytes) -> int:
        """The number of the sample entry, from 1."""
        if entry not in self.entries:
            self.entries.append(entry)
        return self.entries.index(entry) + 1

    @property
    def ticks(self) -> int:
        """How long the track lasts."""
        return sum(int(durations.sum()) for durations in self.durations)


@dataclass(slots=True, eq=False)
class JoinPlan:
    """The tracks, and the media data piece by piece."""

    tables: list[Table]
    pieces: list[Piece] = field(default_factory=list)
    length: int = 0

    def add(self, piece: Piece) -> int:
        """Put the piece behind all others; its place. Neighbours in one file become one piece."""
        place = self.length
        self.length += piece.length
        last = self.pieces[-1] if self.pieces else None
        if last is not None and piece.path is not None and last.ends_before(piece):
            self.pieces[-1] = Piece(last.path, last.offset, last.length + piece.length)
        else:
            self.pieces.append(piece)
        return place


def plan_join(segments: Iterable[Placed]) -> JoinPlan:
    """Put the segments one behind the other in lesson time. JoinError where that gives no playable file.

    Pictures follow each other as their durations say. Sound stands on one grid of frames from the lesson's start:
    what a cut left over is dropped, what it tore off is silence, so that nothing is off by more than half a frame.
    """
    plan: JoinPlan | None = None
    last: Placed | None = None
    for placed in segments:
        if plan is None:
            plan = JoinPlan([Table(trak) for trak in placed.media.traks])
        _check_same(plan, placed)
        entries = {trak.id: trak.entry for trak in placed.media.traks}
        tables = {trak.id: table for trak, table in zip(placed.media.traks, plan.tables, strict=True)}
        base_ns = _first_picture_ns(placed.media)
        for run in placed.media.runs:
            table = tables[run.track_id]
            entry = table.describe(entries[run.track_id])
            if table.trak.kind == SOUND:
                _add_sound(plan, table, placed, run, run.start * NANOSECONDS - base_ns * table.trak.timescale, entry)
            else:
                _add(plan, table, placed.media.path, run, entry)
        last = placed
    if plan is None or last is None:
        raise JoinError("there are no segments")
    for table in plan.tables:
        if table.trak.kind == SOUND and table.frame:
            _fill(plan, table, last.end_ns * table.trak.timescale // (table.frame * NANOSECONDS))
    return plan


def _check_same(plan: JoinPlan, placed: Placed) -> None:
    for table, trak in zip(plan.tables, placed.media.traks, strict=False):
        if (table.trak.kind, table.trak.timescale) != (trak.kind, trak.timescale):
            raise JoinError(f"{placed.media.path} has other tracks than the segments before it")
        if table.trak.kind == VIDEO and _size(table.trak) != _size(trak):
            raise JoinError(f"{placed.media.path} has another picture size than the segments before it")
    if len(plan.tables) != len(placed.media.traks):
        raise JoinError(f"{placed.media.path} has other tracks than the segments before it")


def _size(trak: Trak) -> bytes:
    """Width and height, the last eight bytes of the track header."""
    return trak.tkhd[-8:]


def _first_picture_ns(media: SegmentMedia) -> int:
    timescales = {trak.id: trak.timescale for trak in media.traks if trak.kind == VIDEO}
    first = next((run for run in media.runs if run.track_id in timescales), None)
    if first is None:
        raise JoinError(f"{media.path} has no pictures")
    return first.start * NANOSECONDS // timescales[first.track_id]


def _add(plan: JoinPlan, table: Table, path: Path, run: Run, entry: int) -> None:
    if not len(run.sizes):
        return
    place = plan.add(Piece(path, run.offset, int(run.sizes.sum())))
    table.chunks.append((place, len(run.sizes), entry))
    table.sizes.append(run.sizes)
    table.durations.append(run.durations)
    table.keys.append(run.keys)
    table.shifts.append(run.shifts)


def _add_sound(plan: JoinPlan, table: Table, placed: Placed, run: Run, since_scaled: int, entry: int) -> None:
    """`since_scaled`: from the segment's first picture to the run's first frame, nanoseconds times the timescale."""
    table.frame = table.frame or int(run.durations[0])
    frame_scaled = table.frame * NANOSECONDS
    start_scaled = placed.start_ns * table.trak.timescale + since_scaled
    slot = (2 * start_scaled + frame_scaled) // (2 * frame_scaled)
    end = -(-placed.end_ns * table.trak.timescale // frame_scaled)
    skipped, kept = max(0, table.slot - slot), max(0, min(len(run.sizes), end - slot))
    if kept <= skipped:
        return
    _fill(plan, table, slot)
    part = slice(skipped, kept)
    offset = run.offset + int(run.sizes[:skipped].sum())
    chosen = Run(run.track_id, 0, offset, run.sizes[part], run.durations[part], run.keys[part], run.shifts[part])
    _add(plan, table, placed.media.path, chosen, entry)
    table.slot += kept - skipped


def _fill(plan: JoinPlan, table: Table, until: int) -> None:
    """Silence up to the slot `until`."""
    count = until - table.slot
    if count <= 0:
        return
    frame = silent_frame(table.entries[0])
    place = plan.add(Piece(None, 0, len(frame) * count, frame * count))
    table.chunks.append((place, count, 1))
    table.sizes.append(np.full(count, len(frame), np.int64))
    table.durations.append(np.full(count, table.frame, np.int64))
    table.keys.append(np.ones(count, np.bool_))
    table.shifts.append(np.zeros(count, np.int64))
    table.slot = until


def chunk_runs(chunks: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """As `stsc` states them, wherever something changes: number of the first chunk, samples a chunk, sample entry."""
    runs: list[tuple[int, int, int]] = []
    for number, (_, samples, entry) in enumerate(chunks, start=1):
        if not runs or runs[-1][1:] != (samples, entry):
            runs.append((number, samples, entry))
    return runs
