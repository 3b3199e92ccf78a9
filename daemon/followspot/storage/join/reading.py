"""What a segment's file holds: its tracks, and the samples of each fragment (ISO 14496-12)."""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from followspot.storage.boxes import children, find, top_boxes
from followspot.storage.join.errors import JoinError

Numbers = npt.NDArray[np.int64]

TFHD_BASE_OFFSET, TFHD_DESCRIPTION, TFHD_DURATION, TFHD_SIZE, TFHD_FLAGS = 0x1, 0x2, 0x8, 0x10, 0x20
TRUN_OFFSET, TRUN_FIRST_FLAGS = 0x1, 0x4
TRUN_DURATION, TRUN_SIZE, TRUN_FLAGS, TRUN_SHIFT = 0x100, 0x200, 0x400, 0x800
NOT_A_KEY = 0x10000
"""sample_is_non_sync_sample."""


@dataclass(frozen=True, slots=True)
class Trak:
    """A track as the init section describes it: boxes as they are, to be copied."""

    id: int
    kind: bytes
    timescale: int
    tkhd: bytes
    mdhd: bytes
    hdlr: bytes
    media_boxes: tuple[tuple[bytes, bytes], ...]
    """What `minf` holds beside the sample table."""
    entry: bytes
    """The whole sample entry."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Samples that lie one after the other at `offset` of the file, the first at decode time `start` (ticks)."""

    track_id: int
    start: int
    offset: int
    sizes: Numbers
    durations: Numbers
    keys: npt.NDArray[np.bool_]
    shifts: Numbers
    """From decoding to showing, ticks."""


@dataclass(frozen=True, slots=True, eq=False)
class SegmentMedia:
    """One segment."""

    path: Path
    traks: tuple[Trak, ...]
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class _Defaults:
    duration: int
    size: int
    flags: int


def read_segment(path: Path) -> SegmentMedia:
    """The tracks and samples of a finished segment; JoinError for a file that is none."""
    try:
        return _read(path)
    except (struct.error, ValueError, IndexError, StopIteration) as error:
        raise JoinError(f"{path} is not a segment of ours: {error}") from error


def _read(path: Path) -> SegmentMedia:
    traks: tuple[Trak, ...] = ()
    defaults: dict[int, _Defaults] = {}
    runs: list[Run] = []
    with path.open("rb") as file:
        for kind, start, _, payload in top_boxes(file, path.stat().st_size):
            if kind == b"moov":
                traks = tuple(_trak(body) for name, body in children(payload) if name == b"trak")
                defaults = dict(_trex(body) for name, body in children(find(payload, b"mvex")) if name == b"trex")
            elif kind == b"moof":
                for name, body in children(payload):
                    if name == b"traf":
                        runs += _traf(body, start, defaults)
    if not traks or not runs:
        raise ValueError("it has no media")
    return SegmentMedia(path, traks, tuple(runs))


def _trak(trak: bytes) -> Trak:
    tkhd, mdia = find(trak, b"tkhd"), find(trak, b"mdia")
    mdhd, hdlr, minf = find(mdia, b"mdhd"), find(mdia, b"hdlr"), find(mdia, b"minf")
    if tkhd[0] or mdhd[0]:
        raise ValueError("its headers have 64-bit times")
    return Trak(
        id=struct.unpack_from(">I", tkhd, 12)[0],
        kind=hdlr[8:12],
        timescale=struct.unpack_from(">I", mdhd, 12)[0],
        tkhd=tkhd,
        mdhd=mdhd,
        hdlr=hdlr,
        media_boxes=tuple(box for box in children(minf) if box[0] != b"stbl"),
        entry=find(minf, b"stbl", b"stsd")[8:],
    )


def _trex(trex: bytes) -> tuple[int, _Defaults]:
    track_id, _, duration, size, flags = struct.unpack_from(">5I", trex, 4)
    return track_id, _Defaults(duration, size, flags)


def _traf(traf: bytes, moof_start: int, defaults: dict[int, _Defaults]) -> list[Run]:
    tfhd, tfdt = find(traf, b"tfhd"), find(traf, b"tfdt")
    track_id, base = _tfhd(tfhd, defaults)
    start = struct.unpack_from(">Q" if tfdt[0] else ">I", tfdt, 4)[0]
    runs: list[Run] = []
    offset = moof_start
    for kind, trun in children(traf):
        if kind == b"trun":
            run = _trun(trun, track_id, start, offset if runs else moof_start, base, first=not runs)
            runs.append(run)
            start += int(run.durations.sum())
            offset = run.offset + int(run.sizes.sum())
    return runs


def _tfhd(tfhd: bytes, defaults: dict[int, _Defaults]) -> tuple[int, _Defaults]:
    flags, track_id = struct.unpack_from(">II", tfhd)
    if flags & TFHD_BASE_OFFSET:
        raise ValueError("its fragments have absolute offsets")
    position, trex = 8 + (4 if flags & TFHD_DESCRIPTION else 0), defaults[track_id]
    values = {TFHD_DURATION: trex.duration, TFHD_SIZE: trex.size, TFHD_FLAGS: trex.flags}
    for flag in values:
        if flags & flag:
            values[flag] = struct.unpack_from(">I", tfhd, position)[0]
            position += 4
    return track_id, _Defaults(values[TFHD_DURATION], values[TFHD_SIZE], values[TFHD_FLAGS])


def _trun(trun: bytes, track_id: int, start: int, offset: int, base: _Defaults, *, first: bool) -> Run:
    flags, count = struct.unpack_from(">II", trun)
    flags &= 0xFFFFFF
    position = 8
    if flags & TRUN_OFFSET:
        offset += struct.unpack_from(">i", trun, position)[0]
        position += 4
    elif first:
        raise ValueError("a fragment does not say where its samples are")
    first_flags = None
    if flags & TRUN_FIRST_FLAGS:
        first_flags = struct.unpack_from(">I", trun, position)[0]
        position += 4
    fields = [flag for flag in (TRUN_DURATION, TRUN_SIZE, TRUN_FLAGS, TRUN_SHIFT) if flags & flag]
    table = np.frombuffer(trun, ">u4", count * len(fields), position).reshape(count, len(fields))
    columns = {flag: table[:, place].astype(np.int64) for place, flag in enumerate(fields)}
    sample_flags = columns.get(TRUN_FLAGS, np.full(count, base.flags, np.int64))
    if first_flags is not None and count:
        sample_flags[0] = first_flags
    shifts = columns.get(TRUN_SHIFT, np.zeros(count, np.int64)).astype(np.uint32).view(np.int32)
    return Run(
        track_id=track_id,
        start=start,
        offset=offset,
        sizes=columns.get(TRUN_SIZE, np.full(count, base.size, np.int64)),
        durations=columns.get(TRUN_DURATION, np.full(count, base.duration, np.int64)),
        keys=(sample_flags & NOT_A_KEY) == 0,
        shifts=shifts.astype(np.int64),
    )
