"""The HLS playlist (RFC 8216, version 7): plays while the lesson still runs, ends when it is completed."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from followspot.domain.recording import Gap
from followspot.storage.rows import SegmentRow

NANOSECONDS = 1_000_000_000


def playlist(segments: Sequence[SegmentRow], gaps: Sequence[Gap], *, longest_segment_s: float, ended: bool) -> bytes:
    """The playlist of `segments`; `longest_segment_s`: what a segment may come to, as the target must not change later.

    Each segment carries its own init section; one EXT-X-MAP into the first of each unbroken run names it. Each cut is
    a discontinuity behind an EXT-X-DATERANGE with its reason and the time that is missing.
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


def _entry(before: SegmentRow | None, segment: SegmentRow, cuts: Sequence[Gap]) -> list[str]:
    lines = []
    if before is not None and cuts:
        ended = before.started + timedelta(microseconds=before.duration_ns // 1000)
        lines = [*(_daterange(cut, segment.index, number, ended) for number, cut in enumerate(cuts))]
        lines.append("#EXT-X-DISCONTINUITY")
    if before is None or cuts:
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
