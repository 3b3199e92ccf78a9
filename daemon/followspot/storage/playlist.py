"""The HLS playlist (RFC 8216, version 7): plays while the lesson still runs, ends when it is completed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from followspot.domain.recording import Gap
from followspot.domain.rendition import RenditionName
from followspot.storage.rows import SegmentRow

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that players get. `init_sha256` is told where files of one run may need another initialisation."""

    index: int
    file: str
    init_size: int
    start_ns: int
    duration_ns: int
    started: datetime
    init_sha256: str = ""

    @classmethod
    def of(cls, segment: SegmentRow) -> "Entry":
        """The lesson's own picture."""
        return cls(
            segment.index, segment.file, segment.init_size, segment.start_ns, segment.duration_ns, segment.started
        )

    @classmethod
    def of_rendition(cls, segments: Sequence[SegmentRow], name: RenditionName) -> list["Entry"]:
        """A further picture, of those segments that have it."""
        return [
            cls(
                segment.index,
                file.file,
                file.init_size,
                segment.start_ns,
                file.duration_ns,
                segment.started,
                file.init_sha256,
            )
            for segment in segments
            for file in segment.renditions
            if file.name is name
        ]

    def goes_on_from(self, before: "Entry") -> bool:
        """Whether a player needs nothing new for it."""
        joins = before.start_ns + before.duration_ns == self.start_ns
        return joins and self.init_sha256 == before.init_sha256


def playlist(segments: Sequence[Entry], gaps: Sequence[Gap], *, longest_segment_s: float, ended: bool) -> bytes:
    """The playlist of `segments`; `longest_segment_s`: what a segment may come to, as the target must not change later.

    Each segment carries its own init section; one EXT-X-MAP into the first of each unbroken run names it. Each cut is
    a discontinuity behind an EXT-X-DATERANGE with its reason and the time that is missing. A further picture is
    discontinuous also where a part of it is missing, and where its camera went on with other parameters.
    """
    longest_s = max((segment.duration_ns for segment in segments), default=0) / NANOSECONDS
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(_rounded(longest_segment_s), _rounded(longest_s))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    cuts = [gap for gap in gaps if gap.duration_ns == 0]
    for early, late in pairwise([None, *segments]):
        assert late is not None, "only the first has none before it"
        before = [cut for cut in cuts if early is not None and early.start_ns < cut.start_ns <= late.start_ns]
        lines += _entry(early, late, before)
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _entry(before: Entry | None, segment: Entry, cuts: Sequence[Gap]) -> list[str]:
    lines = []
    broken = bool(cuts) or (before is not None and not segment.goes_on_from(before))
    if before is not None and broken:
        ended = before.started + timedelta(microseconds=before.duration_ns // 1000)
        lines = [*(_daterange(cut, segment.index, number, ended) for number, cut in enumerate(cuts))]
        lines.append("#EXT-X-DISCONTINUITY")
    if before is None or broken:
        lines.append(f'#EXT-X-MAP:URI="{segment.file}",BYTERANGE="{segment.init_size}@0"')
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_date(segment.started)}")
    return [*lines, f"#EXTINF:{segment.duration_ns / NANOSECONDS:.6f},", segment.file]


def _daterange(cut: Gap, index: int, number: int, ended: datetime) -> str:
    """RFC 8216, 4.3.2.7; what is missing is unknown where there is no DURATION."""
    missing = f",DURATION={cut.missing_ns / NANOSECONDS:.3f}" if cut.missing_ns is not None else ""
    start = f'ID="cut-{index}-{number}",CLASS="followspot.cut",START-DATE="{_date(ended)}"'
    return f'#EXT-X-DATERANGE:{start}{missing},X-FOLLOWSPOT-REASON="{cut.reason}"'


def _date(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _rounded(seconds: float) -> int:
    """To the nearest whole second, halves up, as RFC 8216 compares EXTINF with the target."""
    return math.floor(seconds + 0.5)
