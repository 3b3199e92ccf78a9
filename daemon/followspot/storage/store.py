"""What every part of storage works with, on the storage thread."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from followspot.domain.clock import Clock
from followspot.domain.errors import DiskFullError, StorageError
from followspot.domain.rendition import RenditionName
from followspot.domain.segments import BOOKMARKS_FILE, playlist_file
from followspot.storage.bookmarks import webvtt
from followspot.storage.boot import Boot
from followspot.storage.catalogue import Catalogue
from followspot.storage.disk import Disk, is_corrupt, is_full, replace_file
from followspot.storage.keeping import Keeping
from followspot.storage.notices import StorageNotice
from followspot.storage.playlist import Entry, playlist
from followspot.storage.reserve import Reserves
from followspot.storage.rows import LessonState, SegmentRow, WholeKey
from followspot.storage.wholefiles import WholeFiles

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Store:
    """The media root, the catalogue, and the ports around them."""

    media: Path
    fallback: Path | None
    """Where a lesson goes on whose disk fails; it comes home at a later start."""
    device_id: str
    longest_segment_s: float
    """What a segment may come to: its configured length, and the longest wait for the picture that ends it."""
    spare_bytes: int
    """A lesson that comes home leaves so much room there: recording comes first."""
    disk: Disk
    catalogue: Catalogue
    keeping: Keeping
    wholes: WholeFiles
    reserve: Reserves
    boot: Boot
    clock: Clock
    notify: Callable[[StorageNotice], None]
    media_is_new: bool
    """The media root was missing or empty at the start: lessons on record may lie on a disk that is not mounted."""

    def root(self, lesson_id: str) -> Path:
        """Below which a lesson lives: the fallback folder from its move until it has come home."""
        return self.fallback if self.fallback is not None and self.is_in_fallback(lesson_id) else self.media

    def folder(self, lesson_id: str) -> Path:
        """Where a lesson lives."""
        return self.root(lesson_id) / lesson_id

    def is_in_fallback(self, lesson_id: str) -> bool:
        """Whether a part of the lesson lies in the fallback folder."""
        return self.fallback is not None and (self.fallback / lesson_id).is_dir()

    def require_folder(self, lesson_id: str) -> None:
        """The lesson's folder, made anew where it was deleted; StorageError while it may come back with its disk."""
        folder = self.folder(lesson_id)
        if folder.is_dir():
            return
        if self.is_media_absent():
            raise StorageError(f"{folder} is not there and {self.media} was empty: is its disk mounted?")
        log.error("the lesson's folder is gone, what it held is missing lesson=%s", lesson_id)
        self.disk.make_folder(folder)
        self.disk.sync_folder(self.media)

    def is_media_absent(self) -> bool:
        """Whether the media root was empty at the start or is now: its disk may not be mounted."""
        return self.media_is_new or not any(self.media.iterdir())

    def has_segments(self, one: WholeKey) -> bool:
        """Whether the files of all catalogued segments are there, with the further picture if one is wanted."""
        folder = self.folder(one.lesson_id)
        segments = self.catalogue.segments(one.lesson_id)
        files = [segment.file for segment in segments]
        files += [
            further.file for segment in segments for further in segment.renditions if further.name == one.rendition
        ]
        return all((folder / file).exists() for file in files)

    def is_spent(self, lesson_id: str) -> bool:
        """Whether the lesson is completed and the last of its segments is being deleted or gone."""
        lesson = self.catalogue.lesson(lesson_id)
        completed = lesson is not None and lesson.state is LessonState.COMPLETED
        return completed and not self.keeping.has_media(lesson_id)

    def write_playlist(self, lesson_id: str, *, ended: bool, segments: list[SegmentRow] | None = None) -> None:
        """Bring the lesson's playlists up to `segments`, or to what is catalogued."""
        gaps = self.catalogue.gaps(lesson_id)
        segments = self.catalogue.segments(lesson_id) if segments is None else segments
        own = [Entry.of(segment) for segment in segments]
        further = [(name, entries) for name in RenditionName if (entries := Entry.of_rendition(segments, name))]
        for name, entries in [(None, own), *further]:
            content = playlist(entries, gaps, longest_segment_s=self.longest_segment_s, ended=ended)
            replace_file(self.disk, self.folder(lesson_id) / playlist_file(name), content)

    def write_bookmarks(self, lesson_id: str) -> None:
        """Bring the lesson's bookmarks up to what is catalogued; no file where there is none."""
        bookmarks = self.catalogue.bookmarks(lesson_id)
        if bookmarks:
            _, end_ns = self.catalogue.next_place(lesson_id)
            replace_file(self.disk, self.folder(lesson_id) / BOOKMARKS_FILE, webvtt(bookmarks, end_ns))


def storage_error(doing: str, error: BaseException) -> StorageError:
    """A disk's failure as a person reads it: what was being done, what happened, what to do."""
    if is_full(error):
        return DiskFullError(f"{doing}: no space is left ({error}); free some space, then record again")
    if is_corrupt(error):
        return StorageError(f"{doing}: {error}; restart followspot: it sets the damaged database aside and begins anew")
    return StorageError(f"{doing}: {error}; check that the disk is there, writable and healthy")
