"""The HLS playlist (RFC 8216, version 7): plays while the lesson still runs, ends when it is completed."""

import math
from collections.abc import Sequence
from itertools import pairwise

from followspot.domain.recording import Gap
from followspot.storage.rows import SegmentRow

NANOSECONDS = 1_000_000_000


def playlist(segments: Sequence[SegmentRow], gaps: Sequence[Gap], *, segment_s: float, ended: bool) -> bytes:
    """The playlist of `segments`; `segment_s` is the configured length, as the target must not change later.

    Each segment carries its own init section; one EXT-X-MAP into the first of each unbroken run names it.
    """
    longest_s = max((segment.duration_ns for segment in segments), default=0) / NANOSECONDS
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(math.ceil(segment_s), round(longest_s))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    cuts = [gap.start_ns for gap in gaps if gap.duration_ns == 0]
    after_cut = {late.index for early, late in pairwise(segments) if _any_within(cuts, early.start_ns, late.start_ns)}
    for position, segment in enumerate(segments):
        lines += _entry(segment, first=position == 0, after_cut=segment.index in after_cut)
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _entry(segment: SegmentRow, *, first: bool, after_cut: bool) -> list[str]:
    lines = ["#EXT-X-DISCONTINUITY"] if after_cut else []
    if first or after_cut:
        lines.append(f'#EXT-X-MAP:URI="{segment.file}",BYTERANGE="{segment.init_size}@0"')
    return [*lines, f"#EXTINF:{segment.duration_ns / NANOSECONDS:.6f},", segment.file]


def _any_within(moments_ns: Sequence[int], after_ns: int, until_ns: int) -> bool:
    return any(after_ns < moment <= until_ns for moment in moments_ns)
