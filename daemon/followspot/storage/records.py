"""From rows of the database to what the rest of storage works with, and to what is told of them."""

import json
import sqlite3
from datetime import datetime

from followspot.domain.events import (
    SegmentReady,
)
from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, RenditionFile, SoundFile, TrackInfo
from followspot.domain.rendition import RenditionName
from followspot.domain.segments import (
    BookmarkRecord,
    clock_state,
    nearest_tick,
    relative_path,
    rendition_record,
    sound_record,
    track_of,
)
from followspot.domain.sound import MicrophoneRole
from followspot.domain.statement import LessonDetails
from followspot.storage.rows import Anchor, LessonRow, LessonState, SegmentRow


def segment_ready(segment: SegmentRow, *, last: bool) -> SegmentReady:
    """What is told of a segment."""
    timescale = segment.timescale
    start_ticks = nearest_tick(segment.start_ns, timescale)
    return SegmentReady(
        lesson_id=segment.lesson_id,
        index=segment.index,
        path=relative_path(segment.lesson_id, segment.file),
        size=segment.size,
        sha256=segment.sha256,
        start_ns=segment.start_ns,
        duration_ns=segment.duration_ns,
        timescale=timescale,
        start_ticks=start_ticks,
        duration_ticks=nearest_tick(segment.end_ns, timescale) - start_ticks,
        started=segment.started,
        clock=clock_state(segment.synced),
        boot_id=segment.boot_id,
        frames=segment.frames,
        last=last,
        tracks=tuple(track_of(track) for track in segment.tracks),
        sounds=tuple(sound_record(sound) for sound in segment.sounds),
        renditions=tuple(rendition_record(rendition) for rendition in segment.renditions),
    )


def lesson_row(row: sqlite3.Row) -> LessonRow:
    """A row of `lessons`."""
    return LessonRow(
        id=row["id"],
        state=LessonState(row["state"]),
        reason=row["reason"],
        started=datetime.fromisoformat(row["started"]),
        started_by=row["started_by"],
        width=row["width"],
        height=row["height"],
        anchor=Anchor(
            row["anchor_media_ns"],
            datetime.fromisoformat(row["anchor_wall"]),
            row["anchor_boot_id"],
            row["anchor_boottime_ns"],
            bool(row["anchor_synced"]),
        ),
        details=LessonDetails.model_validate_json(row["details"]),
        paused_by=row["paused_by"],
    )


def bookmark_record(row: sqlite3.Row) -> BookmarkRecord:
    """A row of `bookmarks`."""
    return BookmarkRecord(
        at_ns=row["at_ns"],
        tag=row["tag"],
        text=row["text"],
        given=datetime.fromisoformat(row["given"]),
        clock=clock_state(bool(row["synced"])),
        given_by=row["given_by"],
    )


def segment_row(row: sqlite3.Row) -> SegmentRow:
    """A row of `segments`."""
    tracks = json.loads(row["tracks"])  # those in the segment's file, and those in files beside it
    return SegmentRow(
        lesson_id=row["lesson_id"],
        index=row["index"],
        file=row["file"],
        size=row["size"],
        sha256=row["sha256"],
        init_size=row["init_size"],
        start_ns=row["start_ns"],
        duration_ns=row["duration_ns"],
        started=datetime.fromisoformat(row["started"]),
        frames=row["frames"],
        tracks=tuple(TrackInfo(**track) for track in tracks if "file" not in track),
        boot_id=row["boot_id"],
        boottime_ns=row["boottime_ns"],
        synced=bool(row["synced"]),
        sounds=tuple(SoundFile(**{**one, "role": MicrophoneRole(one["role"])}) for one in tracks if "file" in one),
        renditions=renditions_of(row),
    )


def renditions_of(row: sqlite3.Row) -> tuple[RenditionFile, ...]:
    """The further pictures in a row of `segments`."""
    return tuple(
        RenditionFile(
            **{
                **one,
                "name": RenditionName(one["name"]),
                "tracks": tuple(TrackInfo(**track) for track in one["tracks"]),
            }
        )
        for one in json.loads(row["renditions"])
    )


def gap_of(row: sqlite3.Row) -> Gap:
    """A row of `gaps`."""
    rendition = None if row["rendition"] is None else RenditionName(row["rendition"])
    return Gap(GapReason(row["reason"]), row["start_ns"], row["duration_ns"], row["missing_ns"], rendition)
