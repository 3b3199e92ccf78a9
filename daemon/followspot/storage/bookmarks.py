"""`bookmarks.vtt` (WebVTT): the marked moments as a chapter track that players and browsers read."""

from collections.abc import Sequence
from itertools import pairwise

from followspot.domain.segments import BookmarkRecord

MILLISECOND_NS = 1_000_000
LAST_CUE_NS = 1_000_000_000
"""The last one may lie at the end of what is there so far; a cue that ends where it starts is not valid."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def webvtt(bookmarks: Sequence[BookmarkRecord], end_ns: int) -> bytes:
    """The file for `bookmarks`, ordered by time, of a lesson that has `end_ns` of media so far.

    Each lasts until the next one, the last one until the end.
    """
    starts = [bookmark.at_ns for bookmark in bookmarks]
    cues = zip(bookmarks, pairwise([*starts, max(end_ns, starts[-1] + LAST_CUE_NS)]), strict=True)
    lines = ["WEBVTT", ""]
    for number, (bookmark, (start_ns, stop_ns)) in enumerate(cues, start=1):
        stop_ns = max(stop_ns, start_ns + MILLISECOND_NS)
        lines += [str(number), f"{_stamp(start_ns)} --> {_stamp(stop_ns)}", bookmark.title.translate(_ESCAPES), ""]
    return "\n".join(lines).encode()


def _stamp(time_ns: int) -> str:
    milliseconds = round(time_ns / MILLISECOND_NS)
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{milliseconds:03d}"
