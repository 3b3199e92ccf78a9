"""A bookmark on its way to the disk. docs/segments.md numbers the steps."""

from followspot.domain.recording import Mark
from followspot.domain.segments import BookmarkRecord, clock_state
from followspot.storage.rows import LessonState, Moment
from followspot.storage.store import Store


def keep_bookmark(store: Store, lesson_id: str, mark: Mark) -> int | None:
    """Steps M1 and M2; the bookmark's media time, None for a lesson without a frame."""
    lesson = store.catalogue.lesson(lesson_id)
    if lesson is None:
        return None
    given_boottime_ns = store.boot.boottime_ns() - (store.clock.monotonic_ns() - mark.given_ns)
    media_ns = lesson.anchor.media_at(given_boottime_ns)
    if lesson.state is LessonState.PAUSED:
        _, end_ns = store.catalogue.next_place(lesson_id)
        media_ns = min(media_ns, end_ns)
    bookmark = BookmarkRecord(
        at_ns=media_ns,
        tag=mark.tag,
        text=mark.text,
        given=lesson.anchor.wall_of(given_boottime_ns),
        clock=clock_state(lesson.anchor.synced),
        given_by=mark.given_by,
    )
    moment = Moment(lesson.anchor.boot_id, given_boottime_ns, lesson.anchor.synced)
    store.catalogue.add_bookmark(lesson_id, bookmark, moment)
    store.write_bookmarks(lesson_id)
    return media_ns
