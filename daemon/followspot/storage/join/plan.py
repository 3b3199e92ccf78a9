"""Where every sample of the one file comes from and when it plays: pure."""

from collections.abc import Iterable, Iterator, Sequence
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
    """A segment and where it stands in the lesson: the file that its picture is taken from, and that of its sound.

    Another file than the segment's own may end before the segment does, or not be there: the picture before it is held.
    """

    picture: SegmentMedia | None
    own: SegmentMedia
    start_ns: int
    end_ns: int

    def tracks(self) -> list[tuple[SegmentMedia, Trak]]:
        """The tracks of the one file, and where each is taken from; without a picture only its sound."""
        pictures = [] if self.picture is None else [(self.picture, trak) for trak in _of_kind(self.picture, VIDEO)]
        return pictures + [(self.own, trak) for trak in _of_kind(self.own, SOUND)]


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
    shown: int = 0
    """Ticks of the pictures so far."""
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
    several = list(segments)
    complete = next((placed for placed in several if placed.picture is not None), None)
    if complete is None:
        raise JoinError("there are no segments")
    plan = JoinPlan([Table(trak) for _, trak in complete.tracks()])
    for placed in several:
        base_ns = _first_picture_ns(placed.own)
        for media, table, run, entry in _in_order(plan, placed):
            if table.trak.kind == SOUND:
                _add_sound(plan, table, placed, run, run.start * NANOSECONDS - base_ns * table.trak.timescale, entry)
            else:
                _add_picture(plan, table, media, run, entry)
        _hold(plan, placed)
    for table in plan.tables:
        if table.trak.kind == SOUND and table.frame:
            _fill(plan, table, several[-1].end_ns * table.trak.timescale // (table.frame * NANOSECONDS))
    return plan


def _in_order(plan: JoinPlan, placed: Placed) -> Iterator[tuple[SegmentMedia, Table, Run, int]]:
    """The segment's runs with their tables and sample entries: as they lie in its file, or out of two files by time."""
    tracks = placed.tracks()
    tables = [table for table in plan.tables if placed.picture is not None or table.trak.kind != VIDEO]
    _check_same(tables, tracks)
    places = {
        (media.path, trak.id): (media, table, table.describe(trak.entry))
        for (media, trak), table in zip(tracks, tables, strict=True)
    }
    runs = [(path, run) for path, media in _files(placed) for run in media.runs if (path, run.track_id) in places]
    if placed.picture is not placed.own:
        runs.sort(key=lambda one: one[1].start / places[one[0], one[1].track_id][1].trak.timescale)
    for path, run in runs:
        media, table, entry = places[path, run.track_id]
        yield media, table, run, entry


def _files(placed: Placed) -> list[tuple[Path, SegmentMedia]]:
    return list({media.path: media for media, _ in placed.tracks()}.items())


def _check_same(tables: Sequence[Table], tracks: Sequence[tuple[SegmentMedia, Trak]]) -> None:
    for table, (media, trak) in zip(tables, tracks, strict=False):
        if (table.trak.kind, table.trak.timescale) != (trak.kind, trak.timescale):
            raise JoinError(f"{media.path} has other tracks than the segments before it")
        if table.trak.kind == VIDEO and _size(table.trak) != _size(trak):
            raise JoinError(f"{media.path} has another picture size than the segments before it")
    if len(tables) != len(tracks):
        raise JoinError(f"{tracks[0][0].path if tracks else 'a segment'} has other tracks than the segments before it")


def _size(trak: Trak) -> bytes:
    """Width and height, the last eight bytes of the track header."""
    return trak.tkhd[-8:]


def _of_kind(media: SegmentMedia, kind: bytes) -> list[Trak]:
    return [trak for trak in media.traks if trak.kind == kind]


def _add_picture(plan: JoinPlan, table: Table, media: SegmentMedia, run: Run, entry: int) -> None:
    if not table.sizes:  # nothing came before it that could have been held
        run.durations[:1] += table.shown
        table.shown = 0
    _add(plan, table, media.path, run, entry)
    table.shown += int(run.durations.sum())


def _hold(plan: JoinPlan, placed: Placed) -> None:
    """Where the picture is not of the segment's own file: show its last one until the segment ends."""
    if placed.picture is placed.own:
        return
    for table in plan.tables:
        if table.trak.kind == VIDEO:
            end = (placed.end_ns * table.trak.timescale + NANOSECONDS // 2) // NANOSECONDS
            if table.durations and end > table.shown:
                table.durations[-1][-1] += end - table.shown
            table.shown = max(table.shown, end)


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
    _add(plan, table, placed.own.path, chosen, entry)
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
