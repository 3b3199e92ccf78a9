"""The index in front of the media: `moov` with sample tables and chapters (ISO 14496-12), no edit lists."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from followspot.storage.join.plan import JoinPlan, Table, chunk_runs
from followspot.storage.join.reading import Numbers

MOVIE_TIMESCALE = 1000
LARGE = 1 << 32
UNITY = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
CHAPTER_UNIT_NS = 100
CHAPTER_LIMIT = 255
"""`chpl` counts chapters, and the bytes of a title, in one byte."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named moment."""

    start_ns: int
    title: str


def box(kind: bytes, *content: bytes) -> bytes:
    """A box."""
    size = 8 + sum(map(len, content))
    return struct.pack(">I4s", size, kind) + b"".join(content)


def full(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def file_head(plan: JoinPlan, chapters: Sequence[Chapter]) -> bytes:
    """All before the media data, its own header included."""
    ftyp = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")
    mdat = struct.pack(">I4sQ", 1, b"mdat", 16 + plan.length)
    length = len(ftyp) + len(_moov(plan, chapters, 0, large=True)) + len(mdat)
    large = length + plan.length >= LARGE
    if not large:
        length = len(ftyp) + len(_moov(plan, chapters, 0, large=False)) + len(mdat)
    return ftyp + _moov(plan, chapters, length, large=large) + mdat


def _moov(plan: JoinPlan, chapters: Sequence[Chapter], base: int, *, large: bool) -> bytes:
    """`base` is where the media data begins; `large`: it needs 64 bits."""
    duration_ms = max(_movie_time(table.ticks, table.trak.timescale) for table in plan.tables)
    traks = [_trak(table, number, base, large=large) for number, table in enumerate(plan.tables, start=1)]
    mvhd = full(
        b"mvhd",
        struct.pack(">4I", 0, 0, MOVIE_TIMESCALE, duration_ms),
        struct.pack(">IH10x", 0x10000, 0x100),
        UNITY + bytes(24),
        struct.pack(">I", len(traks) + 1),
    )
    return box(b"moov", mvhd, *traks, *([box(b"udta", _chpl(chapters))] if chapters else []))


def _trak(table: Table, number: int, base: int, *, large: bool) -> bytes:
    trak = table.trak
    tkhd = bytearray(trak.tkhd)
    tkhd[12:16] = struct.pack(">I", number)
    tkhd[20:24] = struct.pack(">I", _movie_time(table.ticks, trak.timescale))
    mdhd = _mdhd(table.ticks, trak.timescale, trak.mdhd[20:])
    minf = box(b"minf", *(box(kind, body) for kind, body in trak.media_boxes), _stbl(table, base, large=large))
    return box(b"trak", box(b"tkhd", bytes(tkhd)), box(b"mdia", mdhd, box(b"hdlr", trak.hdlr), minf))


def _mdhd(ticks: int, timescale: int, rest: bytes) -> bytes:
    if ticks < LARGE:
        return full(b"mdhd", struct.pack(">4I", 0, 0, timescale, ticks), rest)
    return full(b"mdhd", struct.pack(">QQIQ", 0, 0, timescale, ticks), rest, version=1)


def _stbl(table: Table, base: int, *, large: bool) -> bytes:
    sizes, durations = np.concatenate(table.sizes), np.concatenate(table.durations)
    keys, shifts = np.concatenate(table.keys), np.concatenate(table.shifts)
    shifts = shifts - shifts[0]
    boxes = [
        full(b"stsd", struct.pack(">I", len(table.entries)), *table.entries),
        full(b"stts", _run_lengths(durations)),
    ]
    if shifts.any():
        boxes.append(full(b"ctts", _run_lengths(shifts), version=1))
    if not keys.all():
        boxes.append(full(b"stss", struct.pack(">I", int(keys.sum())), _u32(np.flatnonzero(keys) + 1)))
    boxes.append(_stsc(table.chunks))
    boxes.append(full(b"stsz", struct.pack(">II", 0, len(sizes)), _u32(sizes)))
    boxes.append(_offsets([base + place for place, _, _ in table.chunks], large=large))
    return box(b"stbl", *boxes)


def _stsc(chunks: Sequence[tuple[int, int, int]]) -> bytes:
    runs = chunk_runs(chunks)
    return full(b"stsc", struct.pack(">I", len(runs)), *(struct.pack(">3I", *run) for run in runs))


def _offsets(offsets: Sequence[int], *, large: bool) -> bytes:
    head = struct.pack(">I", len(offsets))
    if large:
        return full(b"co64", head, np.asarray(offsets, ">u8").tobytes())
    return full(b"stco", head, np.asarray(offsets, ">u4").tobytes())


def _run_lengths(values: Numbers) -> bytes:
    """Count and value of each stretch of equal values, with the number of stretches before them."""
    starts = np.flatnonzero(np.diff(values, prepend=values[0] - 1))
    counts = np.diff(starts, append=len(values))
    table = np.stack([counts, values[starts]], axis=1)
    return struct.pack(">I", len(starts)) + table.astype(">i4").tobytes()


def _u32(values: Numbers) -> bytes:
    return values.astype(">u4").tobytes()


def _movie_time(ticks: int, timescale: int) -> int:
    return -(-ticks * MOVIE_TIMESCALE // timescale)


def _chpl(chapters: Sequence[Chapter]) -> bytes:
    """The chapter list that FFmpeg, VLC and their kin read. A chapter track would be one that tools cannot decode."""
    shown = chapters[:CHAPTER_LIMIT]
    titles = [_title(chapter.title) for chapter in shown]
    entries = b"".join(
        struct.pack(">QB", round(chapter.start_ns / CHAPTER_UNIT_NS), len(title)) + title
        for chapter, title in zip(shown, titles, strict=True)
    )
    return full(b"chpl", bytes(4), struct.pack(">B", len(shown)), entries, version=1)


def _title(title: str) -> bytes:
    """UTF-8, cut between characters."""
    return title.encode()[:CHAPTER_LIMIT].decode(errors="ignore").encode()
