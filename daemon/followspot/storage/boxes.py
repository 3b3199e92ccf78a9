"""Just enough of ISO 14496-12 to say what of a fragmented MP4 file is whole, and how much media that is.

Memory is bounded: only `moov` and `moof` are read, and never more than BOX_LIMIT_BYTES of either.
Damage is not an error: the walk ends at the last whole fragment before it.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from followspot.domain.recording import TrackInfo
from followspot.storage.codecs import sample_entry

BOX_LIMIT_BYTES = 4 * 1024 * 1024
"""A moof of ten minutes at 60 Hz with sound stays below 1 MiB."""
HEADER = struct.Struct(">I4s")
LARGE_SIZE = struct.Struct(">Q")
U32 = struct.Struct(">I")

TFHD_BASE_OFFSET, TFHD_DESCRIPTION, TFHD_DURATION = 0x1, 0x2, 0x8
TRUN_DATA_OFFSET, TRUN_FIRST_FLAGS = 0x1, 0x4
TRUN_DURATION, TRUN_SAMPLE_FIELDS = 0x100, (0x100, 0x200, 0x400, 0x800)
NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class WholeMedia:
    """What of a file can be played: its first `whole_size` bytes.

    `init_size`: the bytes before the first fragment. Duration and frames are the video track's.
    """

    init_size: int
    whole_size: int
    duration_ns: int
    frames: int
    tracks: tuple[TrackInfo, ...]


@dataclass(frozen=True, slots=True)
class _Track:
    info: TrackInfo
    default_duration: int


@dataclass(slots=True)
class _Span:
    """The video's decode times so far, in ticks."""

    first: int | None = None
    end: int = 0
    frames: int = 0

    def extend(self, start: int, duration: int, frames: int) -> None:
        self.first = start if self.first is None else self.first
        self.end = start + duration
        self.frames += frames


@dataclass(slots=True)
class _Walk:
    tracks: dict[int, _Track] = field(default_factory=dict)
    span: _Span = field(default_factory=_Span)
    init_size: int = 0
    whole_size: int = 0


def walk(file: BinaryIO, size: int, until_ns: int | None = None) -> WholeMedia | None:
    """What is whole in the first `size` bytes of `file`, and within `until_ns`; None when not even one fragment is."""
    state = _Walk()
    with suppress(struct.error, ValueError, IndexError):  # damaged inside a box: what was whole before it stands
        _walk_fragments(file, size, state, until_ns)
    if not state.whole_size:
        return None
    video = next(track.info for track in state.tracks.values() if track.info.kind == "video")
    return WholeMedia(
        init_size=state.init_size,
        whole_size=state.whole_size,
        duration_ns=_length_ns(state.span, video.timescale),
        frames=state.span.frames,
        tracks=tuple(track.info for track in state.tracks.values()),
    )


def _length_ns(span: _Span, timescale: int) -> int:
    """Both ends as the recorder rounds them, so that segments join to the tick."""
    start_ns, end_ns = (ticks * NANOSECONDS // timescale for ticks in (span.first or 0, span.end))
    return max(0, end_ns - start_ns)


def init_length(data: bytes) -> int:
    """How many bytes at the start of a segment come before its first fragment: all, if it has none."""
    position = 0
    while position + HEADER.size <= len(data):
        length, kind = HEADER.unpack_from(data, position)
        if kind == b"moof" or length < HEADER.size:
            break
        position += length
    return min(position, len(data))


def _walk_fragments(file: BinaryIO, size: int, state: _Walk, until_ns: int | None) -> None:
    moof: _Span | None = None
    timescale = NANOSECONDS
    for kind, start, end, payload in top_boxes(file, size):
        if kind == b"moov" and not state.tracks:
            state.tracks = _tracks(payload)
            timescale = next((t.info.timescale for t in state.tracks.values() if t.info.kind == "video"), NANOSECONDS)
        elif kind == b"moof":
            if not _has_video(state.tracks):
                return
            state.init_size = state.init_size or start
            moof = _span_after(payload, state)
            if until_ns is not None and _length_ns(moof, timescale) > until_ns:
                return
        elif kind == b"mdat" and moof is not None:
            state.span, state.whole_size, moof = moof, end, None


def top_boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int, bytes]]:
    """The complete boxes of the file: kind, first byte, end, and the payload of the two kinds we read."""
    position = 0
    while position + HEADER.size <= size:
        file.seek(position)
        length, kind = HEADER.unpack(file.read(HEADER.size))
        header = HEADER.size
        if length == 1:
            (length,) = LARGE_SIZE.unpack(file.read(LARGE_SIZE.size))
            header += LARGE_SIZE.size
        if length < header or position + length > size:
            return
        payload = b""
        if kind in (b"moov", b"moof"):
            if length > BOX_LIMIT_BYTES:
                return
            payload = file.read(length - header)
        yield kind, position, position + length, payload
        position += length


def children(payload: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and payload of the boxes in a payload; ValueError where one does not fit."""
    position = 0
    while position + HEADER.size <= len(payload):
        length, kind = HEADER.unpack_from(payload, position)
        if length < HEADER.size or position + length > len(payload):
            raise ValueError(f"the box {kind!r} does not fit into its parent")
        yield kind, payload[position + HEADER.size : position + length]
        position += length


def find(payload: bytes, *path: bytes) -> bytes:
    """The payload of the first box at `path`, empty where there is none."""
    for name in path:
        payload = next((body for kind, body in children(payload) if kind == name), b"")
    return payload


def _has_video(tracks: dict[int, _Track]) -> bool:
    return any(track.info.kind == "video" for track in tracks.values())


def _tracks(moov: bytes) -> dict[int, _Track]:
    defaults = {}
    for kind, body in children(find(moov, b"mvex")):
        if kind == b"trex":
            track_id, _, duration = struct.unpack_from(">III", body, 4)
            defaults[track_id] = duration
    traks = [body for kind, body in children(moov) if kind == b"trak"]
    return {track_id: _Track(info, defaults.get(track_id, 0)) for track_id, info in map(_track, traks)}


def _track(trak: bytes) -> tuple[int, TrackInfo]:
    tkhd, mdhd = find(trak, b"tkhd"), find(trak, b"mdia", b"mdhd")
    (track_id,) = U32.unpack_from(tkhd, 20 if tkhd[0] == 1 else 12)
    (timescale,) = U32.unpack_from(mdhd, 20 if mdhd[0] == 1 else 12)
    handler = find(trak, b"mdia", b"hdlr")[8:12]
    entries = find(trak, b"mdia", b"minf", b"stbl", b"stsd")[8:]
    name, entry = next(children(entries))
    return track_id, sample_entry(handler, timescale, name.decode("ascii"), entry)


def _span_after(moof: bytes, state: _Walk) -> _Span:
    """The span with this fragment's video added; a new object, as the fragment counts only with its mdat."""
    span = _Span(state.span.first, state.span.end, state.span.frames)
    for kind, traf in children(moof):
        if kind == b"traf":
            tfhd = find(traf, b"tfhd")
            track = state.tracks.get(U32.unpack_from(tfhd, 4)[0])
            if track is not None and track.info.kind == "video":
                span.extend(_decode_time(traf), *_samples(traf, _default_duration(tfhd, track)))
    return span


def _decode_time(traf: bytes) -> int:
    tfdt = find(traf, b"tfdt")
    layout = LARGE_SIZE if tfdt[0] == 1 else U32
    return int(layout.unpack_from(tfdt, 4)[0])


def _default_duration(tfhd: bytes, track: _Track) -> int:
    flags = U32.unpack_from(tfhd)[0] & 0xFFFFFF
    if not flags & TFHD_DURATION:
        return track.default_duration
    before = (8 if flags & TFHD_BASE_OFFSET else 0) + (4 if flags & TFHD_DESCRIPTION else 0)
    return int(U32.unpack_from(tfhd, 8 + before)[0])


def _samples(traf: bytes, default_duration: int) -> tuple[int, int]:
    """The ticks and the number of the fragment's samples in this track."""
    ticks = count = 0
    for kind, trun in children(traf):
        if kind == b"trun":
            flags, samples = U32.unpack_from(trun)[0] & 0xFFFFFF, U32.unpack_from(trun, 4)[0]
            count += samples
            ticks += _run_ticks(trun, flags, samples) if flags & TRUN_DURATION else samples * default_duration
    return ticks, count


def _run_ticks(trun: bytes, flags: int, samples: int) -> int:
    position = 8 + sum(4 for flag in (TRUN_DATA_OFFSET, TRUN_FIRST_FLAGS) if flags & flag)
    stride = sum(4 for flag in TRUN_SAMPLE_FIELDS if flags & flag)
    return sum(U32.unpack_from(trun, position + n * stride)[0] for n in range(samples))
