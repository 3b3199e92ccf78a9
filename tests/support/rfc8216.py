"""The rules of RFC 8216 for a media playlist of fragmented MP4 files, each with its section; knows nothing of ours."""

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

ONCE = ("#EXTM3U", "#EXT-X-VERSION", "#EXT-X-TARGETDURATION", "#EXT-X-MEDIA-SEQUENCE", "#EXT-X-PLAYLIST-TYPE")
KNOWN = (*ONCE, "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-MAP", "#EXT-X-DISCONTINUITY", "#EXT-X-DATERANGE")
KNOWN = (*KNOWN, "#EXT-X-PROGRAM-DATE-TIME", "#EXTINF", "#EXT-X-ENDLIST")
ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s][^,]*)(?:,|$)')


@dataclass
class Entry:
    """One media segment."""

    uri: str
    duration_s: float
    map_uri: str
    map_size: int
    discontinuity: bool


@dataclass
class Playlist:
    """What a client reads."""

    lines: list[str]
    version: int
    target_s: int
    event: bool
    ended: bool
    entries: list[Entry] = field(default_factory=list)


def check(path: Path) -> Playlist:
    """The playlist, after every rule has been held against it and the files beside it."""
    content = path.read_bytes()
    assert not content.startswith(b"\xef\xbb\xbf"), "4.1: no byte order mark"
    text = content.decode("utf-8")
    assert text.endswith("\n")
    assert "\r" not in text
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U", "4.3.1.1: the first line"
    names = [line.partition(":")[0] for line in lines if line.startswith("#")]
    assert set(names) <= set(KNOWN)
    for name in ONCE:
        assert names.count(name) <= 1, f"{name}: 4.3.3: at most once"
    playlist = Playlist(
        lines,
        version=int(_value(lines, "#EXT-X-VERSION")),
        target_s=int(_value(lines, "#EXT-X-TARGETDURATION")),
        event=_value(lines, "#EXT-X-PLAYLIST-TYPE") == "EVENT",
        ended="#EXT-X-ENDLIST" in lines,
    )
    assert playlist.version >= 6, "7: EXT-X-MAP beside whole segments"
    assert int(_value(lines, "#EXT-X-MEDIA-SEQUENCE")) == 0, "6.2.1: an EVENT playlist removes nothing"
    assert "#EXT-X-INDEPENDENT-SEGMENTS" in lines
    playlist.entries = list(_entries(lines))
    _check_dates(lines)
    for entry in playlist.entries:
        assert math.floor(entry.duration_s + 0.5) <= playlist.target_s, "4.3.3.1: no segment beyond the target"
    _check_files(path.parent, playlist.entries)
    return playlist


def check_grown(before: Playlist, after: Playlist) -> None:
    """6.2.1: of an EVENT playlist only the end may grow, and the target must not change."""
    assert before.event
    assert after.event
    assert not before.ended
    assert after.target_s == before.target_s
    assert after.lines[: len(before.lines)] == before.lines


def _value(lines: list[str], name: str) -> str:
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return line.partition(":")[2]


def _attributes(line: str) -> dict[str, str]:
    text = line.partition(":")[2]
    found = ATTRIBUTE.findall(text)
    assert ",".join(f"{name}={value}" for name, value in found) == text, "4.2: an attribute list"
    assert len({name for name, _ in found}) == len(found), "4.2: each name once"
    return {name: value.strip('"') for name, value in found}


def _entries(lines: list[str]) -> Iterator[Entry]:
    current: tuple[str, int] | None = None
    discontinuity, duration_s = False, None
    for line in lines:
        if line.startswith("#EXT-X-MAP:"):
            attributes = _attributes(line)
            size, offset = attributes["BYTERANGE"].split("@")
            assert offset == "0"
            current = (attributes["URI"], int(size))
        elif line == "#EXT-X-DISCONTINUITY":
            discontinuity, current = True, None
        elif line.startswith("#EXTINF:"):
            duration_s = float(line.partition(":")[2].rstrip(","))
        elif not line.startswith("#"):
            assert duration_s is not None, "4.3.2.1: EXTINF for each segment"
            assert current is not None, "3.3 and 4.3.2.5: a map, anew where the encoding may have changed"
            yield Entry(line, duration_s, *current, discontinuity)
            discontinuity, duration_s = False, None


def _check_dates(lines: list[str]) -> None:
    ranges = [_attributes(line) for line in lines if line.startswith("#EXT-X-DATERANGE:")]
    dates = [line.partition(":")[2] for line in lines if line.startswith("#EXT-X-PROGRAM-DATE-TIME:")]
    assert not ranges or dates, "4.3.2.7: a date range needs a date"
    assert all(datetime.fromisoformat(date).tzinfo for date in dates), "4.3.2.6: with its zone"
    assert len({one["ID"] for one in ranges}) == len(ranges), "4.3.2.7: ids"
    for one in ranges:
        assert datetime.fromisoformat(one["START-DATE"]).tzinfo
        assert float(one.get("DURATION", 0)) >= 0
        assert all(name.startswith("X-") for name in set(one) - {"ID", "CLASS", "START-DATE", "DURATION"})


def _check_files(folder: Path, entries: list[Entry]) -> None:
    end: dict[bytes, int] = {}
    for entry in entries:
        content = (folder / entry.uri).read_bytes()
        init = (folder / entry.map_uri).read_bytes()[: entry.map_size]
        _check_init(init)
        if entry.discontinuity:
            end = {}
        if entry.map_uri != entry.uri:
            assert content.startswith(init), "4.3.2.3: without a discontinuity the encoding stays"
        start = _check_fragments(content)
        assert not end or start == end, "4.3.2.3: without a discontinuity the time stamps go on"
        end = {key: start[key] + ticks for key, ticks in _lengths(content).items()}


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and payload of each box."""
    position = 0
    while position < len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        assert size >= 8
        yield kind, data[position + 8 : position + size]
        position += size


def find(data: bytes, *path: bytes) -> list[bytes]:
    """The payloads of all boxes at `path`."""
    found = [data]
    for name in path:
        found = [body for payload in found for kind, body in boxes(payload) if kind == name]
    return found


def _check_init(init: bytes) -> None:
    """3.3: the media initialization section."""
    kinds = [kind for kind, _ in boxes(init)]
    assert kinds == [b"ftyp", b"moov"]
    (ftyp,) = find(init, b"ftyp")
    brands = {ftyp[:4], *(ftyp[n : n + 4] for n in range(8, len(ftyp), 4))}
    assert brands & {b"iso6", b"iso7", b"iso8", b"iso9"}
    (moov,) = find(init, b"moov")
    inside = [kind for kind, _ in boxes(moov)]
    assert inside.index(b"mvex") > max(n for n, kind in enumerate(inside) if kind == b"trak")
    (mvhd,) = find(moov, b"mvhd")
    assert struct.unpack_from(">I", mvhd, 16) == (0,), "no duration"
    for tkhd in find(moov, b"trak", b"tkhd"):
        assert struct.unpack_from(">I", tkhd, 20) == (0,), "no duration"
    for stbl in find(moov, b"trak", b"mdia", b"minf", b"stbl"):
        for table in (b"stts", b"stsc", b"stco"):
            for body in find(stbl, table):
                assert struct.unpack_from(">I", body, 4) == (0,), "no samples"
    assert not find(moov, b"trak", b"edts")


def _check_fragments(content: bytes) -> dict[bytes, int]:
    """3.3: a decode time in each track fragment, addressed from its moof. The first decode time of each track."""
    start: dict[bytes, int] = {}
    assert find(content, b"moof")
    for traf in find(content, b"moof", b"traf"):
        (tfhd,) = find(traf, b"tfhd")
        flags = struct.unpack_from(">I", tfhd)[0]
        assert flags & 0x020000, "default-base-is-moof"
        assert not flags & 0x1, "no absolute offset"
        (tfdt,) = find(traf, b"tfdt")
        ticks = struct.unpack_from(">Q" if tfdt[0] else ">I", tfdt, 4)[0]
        start.setdefault(tfhd[4:8], ticks)
    return start


def _lengths(content: bytes) -> dict[bytes, int]:
    """The ticks of each track, where every sample states its duration or has its track fragment's default."""
    lengths: dict[bytes, int] = {}
    for traf in find(content, b"moof", b"traf"):
        (tfhd,) = find(traf, b"tfhd")
        flags = struct.unpack_from(">I", tfhd)[0]
        default = struct.unpack_from(">I", tfhd, 8 + 4 * bool(flags & 2))[0] if flags & 8 else 0
        for trun in find(traf, b"trun"):
            lengths[tfhd[4:8]] = lengths.get(tfhd[4:8], 0) + _run(trun, default)
    return lengths


def _run(trun: bytes, default: int) -> int:
    flags, count = struct.unpack_from(">II", trun)
    flags &= 0xFFFFFF
    if not flags & 0x100:
        return int(count * default)
    position = 8 + 4 * bool(flags & 1) + 4 * bool(flags & 4)
    stride = sum(4 for flag in (0x100, 0x200, 0x400, 0x800) if flags & flag)
    return sum(struct.unpack_from(">I", trun, position + n * stride)[0] for n in range(count))
