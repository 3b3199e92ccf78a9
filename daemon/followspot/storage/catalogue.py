"""Lessons, segments and gaps on record. Every change and its event are one durable transaction."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

from followspot.domain.events import (
    AlertCleared,
    AlertRaised,
    BookmarkSet,
    ClockCorrected,
    EventData,
    GapDeclared,
    LessonCompleted,
    LessonPaused,
    LessonResumed,
    LessonStarted,
)
from followspot.domain.recording import Gap, RenditionFile
from followspot.domain.segments import (
    BookmarkRecord,
    ClockState,
    clock_state,
    gap_record,
)
from followspot.storage.database import Database
from followspot.storage.outbox import Outbox
from followspot.storage.records import (
    bookmark_record,
    gap_of,
    lesson_row,
    renditions_of,
    segment_ready,
    segment_row,
)
from followspot.storage.rows import Anchor, LabelRow, LessonRow, LessonState, Moment, SegmentRow


class Catalogue:
    """The tables of lessons, segments and gaps."""

    def __init__(self, database: Database, outbox: Outbox, on_outbox: Callable[[], None]) -> None:
        """`on_outbox` is called when a new event is durable."""
        self._database = database
        self._outbox = outbox
        self._on_outbox = on_outbox
        self._ends: dict[str, str] = {}
        """Why lessons end, from the decision until they are completed: a lesson may not be on record yet."""
        self._pauses: dict[str, str] = {}
        """By whom lessons are paused, until that is on record: a lesson may not be yet, or the disk refuses."""

    def lesson(self, lesson_id: str) -> LessonRow | None:
        """The lesson, if it ever began."""
        rows = self._database.all("SELECT * FROM lessons WHERE id = ?", (lesson_id,))
        return lesson_row(rows[0]) if rows else None

    def open_lessons(self) -> list[LessonRow]:
        """Lessons that are not completed, oldest first: as they were put on record, whatever the clock said then."""
        return [
            lesson_row(row)
            for row in self._database.all(
                "SELECT * FROM lessons INDEXED BY lessons_open WHERE state <> 'completed' ORDER BY rowid"
            )
        ]

    def ended_lessons(self) -> list[LessonRow]:
        """Open lessons whose end is decided, oldest first."""
        return [one for one in self.open_lessons() if one.state is LessonState.STOPPING or one.id in self._ends]

    def completed_lessons(self, after: str, limit: int) -> list[str]:
        """The ids of completed lessons beyond `after`, oldest first."""
        rows = self._database.all(
            "SELECT id FROM lessons WHERE state = 'completed' AND id > ? ORDER BY id LIMIT ?", (after, limit)
        )
        return [row["id"] for row in rows]

    def segments(self, lesson_id: str) -> list[SegmentRow]:
        """The lesson's segments in playing order."""
        rows = self._database.all('SELECT * FROM segments WHERE lesson_id = ? ORDER BY "index"', (lesson_id,))
        return [segment_row(row) for row in rows]

    def hashes(self, lesson_id: str) -> dict[int, str]:
        """The SHA-256 of each of the lesson's segments by index."""
        rows = self._database.all('SELECT "index", sha256 FROM segments WHERE lesson_id = ?', (lesson_id,))
        return {row["index"]: row["sha256"] for row in rows}

    def renditions(self, lesson_id: str) -> dict[int, tuple[RenditionFile, ...]]:
        """The further pictures of each of the lesson's segments by index, of those that have some."""
        rows = self._database.all(
            "SELECT \"index\", renditions FROM segments WHERE lesson_id = ? AND renditions <> '[]'", (lesson_id,)
        )
        return {row["index"]: renditions_of(row) for row in rows}

    def gaps(self, lesson_id: str) -> list[Gap]:
        """The lesson's gaps by media time."""
        rows = self._database.all("SELECT * FROM gaps WHERE lesson_id = ? ORDER BY start_ns, rowid", (lesson_id,))
        return [gap_of(row) for row in rows]

    def bookmarks(self, lesson_id: str) -> list[BookmarkRecord]:
        """The lesson's bookmarks by media time."""
        return [bookmark for _, bookmark in self.numbered_bookmarks(lesson_id)]

    def numbered_bookmarks(self, lesson_id: str) -> list[tuple[int | None, BookmarkRecord]]:
        """The same, each with the number of the event that told it, where that is known."""
        rows = self._database.all("SELECT * FROM bookmarks WHERE lesson_id = ? ORDER BY at_ns, rowid", (lesson_id,))
        return [(row["sequence"], bookmark_record(row)) for row in rows]

    def labels(self, lesson_id: str, boot_id: str) -> list[LabelRow]:
        """What events of the lesson's pauses and bookmarks told of the wall time in that boot."""
        rows = self._database.all(
            "SELECT * FROM labels WHERE lesson_id = ? AND boot_id = ? ORDER BY sequence", (lesson_id, boot_id)
        )
        return [
            LabelRow(row["sequence"], row["boottime_ns"], datetime.fromisoformat(row["told"]), bool(row["synced"]))
            for row in rows
        ]

    def next_place(self, lesson_id: str) -> tuple[int, int]:
        """The index of the lesson's next segment, and the media time at which it starts."""
        row = self._database.one(
            'SELECT COALESCE(MAX("index") + 1, 0) AS place, COALESCE(MAX(start_ns + duration_ns), 0) AS end_ns'
            " FROM segments WHERE lesson_id = ?",
            (lesson_id,),
        )
        return row["place"], row["end_ns"]

    def begin_lesson(self, lesson: LessonRow) -> None:
        """A new lesson, and `lesson.started`. It is `stopping` from the outset if its end was decided before."""
        anchor = lesson.anchor
        reason, paused_by = self._ends.get(lesson.id), self._pauses.pop(lesson.id, None)
        state = LessonState.RECORDING if paused_by is None else LessonState.PAUSING
        state = state if reason is None else LessonState.STOPPING
        with self._announced():
            self._database.execute(
                "INSERT INTO lessons (id, state, reason, started, started_by, width, height, anchor_media_ns,"
                " anchor_wall, anchor_boot_id, anchor_boottime_ns, anchor_synced, details, paused_by)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(lesson.id, state, reason, lesson.started.isoformat(), lesson.started_by),
                    *(lesson.width, lesson.height),
                    *(anchor.media_ns, anchor.wall.isoformat(), anchor.boot_id, anchor.boottime_ns, anchor.synced),
                    *(lesson.details.model_dump_json(), paused_by or ""),
                ),
            )
            self._outbox.add(
                LessonStarted(
                    lesson_id=lesson.id,
                    started=lesson.started,
                    clock=clock_state(anchor.synced),
                    boot_id=anchor.boot_id,
                    width=lesson.width,
                    height=lesson.height,
                    started_by=lesson.started_by,
                    details=lesson.details,
                )
            )

    def add_segment(self, segment: SegmentRow, *, last: bool) -> None:
        """A finished segment, and `segment.ready`."""
        tracks = json.dumps([*map(asdict, segment.tracks), *map(asdict, segment.sounds)])
        renditions = json.dumps([*map(asdict, segment.renditions)])
        event = segment_ready(segment, last=last)
        with self._announced():
            self._database.execute(
                'INSERT INTO segments (lesson_id, "index", file, size, sha256, init_size, start_ns, duration_ns,'
                " started, frames, tracks, boot_id, boottime_ns, synced, renditions)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(segment.lesson_id, segment.index, segment.file, segment.size, segment.sha256),
                    *(segment.init_size, segment.start_ns, segment.duration_ns, segment.started.isoformat()),
                    *(segment.frames, tracks, segment.boot_id, segment.boottime_ns, segment.synced, renditions),
                ),
            )
            self._outbox.add(event)

    def add_gap(self, lesson_id: str, gap: Gap, anchor: Anchor | None = None) -> None:
        """A gap, and `gap`; `anchor` is the lesson's new one where the gap is a cut."""
        with self._announced():
            self._insert_gap(lesson_id, gap, anchor)

    def clip(self, lesson_id: str, end_ns: int) -> None:
        """The lesson's media ends at `end_ns`: what was on record beyond it has gone with the media it told of."""
        with self._database.transaction():
            self._database.execute(
                "DELETE FROM gaps WHERE lesson_id = ? AND duration_ns > 0 AND start_ns >= ?", (lesson_id, end_ns)
            )
            self._database.execute(
                "UPDATE gaps SET duration_ns = ?2 - start_ns"
                " WHERE lesson_id = ?1 AND duration_ns > 0 AND start_ns + duration_ns > ?2",
                (lesson_id, end_ns),
            )
            self._database.execute(
                "UPDATE bookmarks SET at_ns = ?2 WHERE lesson_id = ?1 AND at_ns > ?2", (lesson_id, end_ns)
            )

    def add_bookmark(self, lesson_id: str, bookmark: BookmarkRecord, moment: Moment | None = None) -> None:
        """A bookmark, and `bookmark`; `moment` None: nobody can know any more when it was given."""
        with self._announced():
            sequence = self._outbox.add(BookmarkSet(lesson_id=lesson_id, **dict(bookmark)))
            self._database.execute(
                "INSERT INTO bookmarks (lesson_id, at_ns, tag, text, given, given_by, synced, sequence)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(lesson_id, bookmark.at_ns, bookmark.tag, bookmark.text, bookmark.given.isoformat()),
                    *(bookmark.given_by, bookmark.clock is ClockState.SYNCED, sequence),
                ),
            )
            if moment is not None:
                self._add_label(lesson_id, sequence, bookmark.given, moment)

    def decide_pause(self, lesson_id: str, paused_by: str) -> None:
        """From now on nothing is recorded before somebody resumes the lesson, even after a crash."""
        self._pauses[lesson_id] = paused_by
        if self.lesson(lesson_id) is None:
            return
        with self._database.transaction():
            self._database.execute(
                "UPDATE lessons SET state = ?, paused_by = ? WHERE id = ? AND state = ?",
                (LessonState.PAUSING, paused_by, lesson_id, LessonState.RECORDING),
            )
        self.forget_pause(lesson_id)

    def retry_pause(self, lesson_id: str) -> None:
        """Decide a pause again that the disk refused."""
        if lesson_id in self._pauses:
            self.decide_pause(lesson_id, self._pauses[lesson_id])

    def forget_pause(self, lesson_id: str) -> None:
        """The lesson goes on, or its pause is on record."""
        self._pauses.pop(lesson_id, None)

    def announce_pause(self, lesson: LessonRow, end_ns: int) -> None:
        """All that was recorded before the pause is there: `lesson.paused`, once."""
        with self._announced():
            self._database.execute("UPDATE lessons SET state = ? WHERE id = ?", (LessonState.PAUSED, lesson.id))
            anchor = lesson.anchor
            event = LessonPaused(
                lesson_id=lesson.id,
                at_ns=end_ns,
                paused=anchor.wall_at(end_ns),
                clock=clock_state(anchor.synced),
                boot_id=anchor.boot_id,
                paused_by=lesson.paused_by,
            )
            self._add_label(lesson.id, self._outbox.add(event), event.paused, anchor.moment_at(end_ns))

    def resume_lesson(self, lesson_id: str, cut: Gap, anchor: Anchor, resumed_by: str) -> None:
        """The pause is over: the cut, `gap` and `lesson.resumed`."""
        with self._announced():
            self._insert_gap(lesson_id, cut, anchor)
            self._database.execute("UPDATE lessons SET state = ? WHERE id = ?", (LessonState.RECORDING, lesson_id))
            event = LessonResumed(
                lesson_id=lesson_id,
                at_ns=cut.start_ns,
                missing_ns=cut.missing_ns,
                resumed=anchor.wall,
                clock=clock_state(anchor.synced),
                boot_id=anchor.boot_id,
                resumed_by=resumed_by,
            )
            self._add_label(lesson_id, self._outbox.add(event), event.resumed, anchor.moment_at(anchor.media_ns))

    def decide_end(self, lesson_id: str, reason: str) -> None:
        """From now on the lesson can only be completed; the first reason stands, even where the disk refused it."""
        reason = self._ends.setdefault(lesson_id, reason)
        with self._database.transaction():
            self._database.execute(
                "UPDATE lessons SET state = ?, reason = ? WHERE id = ? AND state IN ('recording', 'pausing', 'paused')",
                (LessonState.STOPPING, reason, lesson_id),
            )

    def complete_lesson(self, event: LessonCompleted) -> None:
        """The lesson's end, and `lesson.completed`."""
        with self._announced():
            self._database.execute(
                "UPDATE lessons SET state = ? WHERE id = ?", (LessonState.COMPLETED, event.lesson_id)
            )
            self._outbox.add(event)
        self.forget_end(event.lesson_id)

    def forget_end(self, lesson_id: str) -> None:
        """The lesson is completed, or never was one: its end needs no remembering."""
        self._ends.pop(lesson_id, None)
        self._pauses.pop(lesson_id, None)

    def lessons_to_correct(self, boot_id: str) -> list[LessonRow]:
        """Lessons of this boot with wall times that are not proven, and those that are still open; oldest first."""
        rows = self._database.all(
            "SELECT * FROM lessons WHERE state <> 'completed' AND anchor_boot_id = ?"
            " OR id IN (SELECT lesson_id FROM segments WHERE synced = 0 AND boot_id = ?)"
            " OR id IN (SELECT lesson_id FROM labels WHERE synced = 0 AND boot_id = ?) ORDER BY rowid",
            (boot_id, boot_id, boot_id),
        )
        return [lesson_row(row) for row in rows]

    def correct_clock(self, event: ClockCorrected, anchor: Anchor, segments: Sequence[SegmentRow]) -> None:
        """The right wall times of a lesson, of some of its segments and of what else it told, and `clock.corrected`."""
        with self._announced():
            self._database.execute(
                "UPDATE lessons SET started = ? WHERE id = ?", (event.started.isoformat(), event.lesson_id)
            )
            self._set_anchor(event.lesson_id, anchor)
            self._database.execute_many(
                'UPDATE segments SET started = ?, synced = ? WHERE lesson_id = ? AND "index" = ?',
                [(one.started.isoformat(), one.synced, one.lesson_id, one.index) for one in segments],
            )
            right: list[tuple[object, ...]] = [(one.time.isoformat(), one.sequence) for one in event.labels]
            self._database.execute_many("UPDATE labels SET told = ?, synced = 1 WHERE sequence = ?", right)
            self._database.execute_many("UPDATE bookmarks SET given = ?, synced = 1 WHERE sequence = ?", right)
            self._outbox.add(event)

    def announce(self, event: EventData) -> None:
        """An event of its own."""
        with self._announced():
            self._outbox.add(event)
            match event:
                case AlertRaised(code=code, subject=subject):
                    self._database.execute("INSERT OR IGNORE INTO alerts VALUES (?, ?)", (code, subject))
                case AlertCleared(code=code, subject=subject):
                    self._database.execute("DELETE FROM alerts WHERE code = ? AND subject = ?", (code, subject))

    def told_alerts(self) -> list[tuple[str, str]]:
        """Code and subject of what events have told to be wrong and not yet to be well."""
        rows = self._database.all("SELECT code, subject FROM alerts ORDER BY code, subject")
        return [(row["code"], row["subject"]) for row in rows]

    @contextmanager
    def announced(self) -> Iterator[Callable[[EventData], int]]:
        """One durable transaction with events: those given to what is yielded."""
        with self._announced():
            yield self._outbox.add

    @contextmanager
    def _announced(self) -> Iterator[None]:
        with self._database.transaction():
            yield
        self._on_outbox()

    def _insert_gap(self, lesson_id: str, gap: Gap, anchor: Anchor | None) -> None:
        self._database.execute(
            "INSERT INTO gaps (lesson_id, reason, start_ns, duration_ns, missing_ns, rendition)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (lesson_id, gap.reason, gap.start_ns, gap.duration_ns, gap.missing_ns, gap.rendition),
        )
        if anchor is not None:
            self._set_anchor(lesson_id, anchor)
        self._outbox.add(GapDeclared(lesson_id=lesson_id, **dict(gap_record(gap))))

    def _add_label(self, lesson_id: str, sequence: int, told: datetime, moment: Moment) -> None:
        self._database.execute(
            "INSERT INTO labels VALUES (?, ?, ?, ?, ?, ?)",
            (*(sequence, lesson_id, moment.boot_id, moment.boottime_ns), *(told.isoformat(), moment.synced)),
        )

    def _set_anchor(self, lesson_id: str, anchor: Anchor) -> None:
        self._database.execute(
            "UPDATE lessons SET anchor_media_ns = ?, anchor_wall = ?, anchor_boot_id = ?, anchor_boottime_ns = ?,"
            " anchor_synced = ? WHERE id = ?",
            (*(anchor.media_ns, anchor.wall.isoformat(), anchor.boot_id, anchor.boottime_ns, anchor.synced), lesson_id),
        )
