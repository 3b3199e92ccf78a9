"""The recorder's end of storage for a further picture: the first to give way when the disk is slow."""

from collections.abc import Callable

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap
from followspot.storage.lesson import LessonWriter
from followspot.storage.worker import Worker


class LessonRenditionSink:
    """A RenditionSink over the storage thread. Called on one thread, which need not be that of the lesson's own sink.

    Fragments are taken only while half of the queue is free: the other half is the lesson's own picture's.
    """

    def __init__(self, writer: LessonWriter, worker: Worker) -> None:
        self._writer = writer
        self._worker = worker
        self._refused: set[int] = set()
        self._offered = 0

    def open_segment(self, index: int) -> None:
        """A new file."""
        self._post(lambda: self._writer.open_rendition(index))

    def write_fragment(self, index: int, data: bytes) -> None:
        """One whole fragment; when too much waits the file ends before it."""
        if index in self._refused:
            return
        self._offered += 1
        number = self._offered

        def write() -> None:
            self._writer.write_rendition(index, data, more_wait=self._offered > number)

        if not self._worker.has_caught_up() or not self._worker.offer(self._guarded(write), len(data)):
            self._refused.add(index)
            self._post(lambda: self._writer.cut_rendition(index, GapReason.DISK_OVERFLOW))

    def declare_gap(self, gap: Gap) -> None:
        """Put a gap on record."""
        self._post(lambda: self._writer.declare_gap(gap))

    def finish_segment(self, index: int) -> None:
        """All fragments were given."""
        self._refused.discard(index)
        self._post(lambda: self._writer.finish_rendition(index))

    def _post(self, step: Callable[[], None]) -> None:
        self._worker.post(self._guarded(step))

    def _guarded(self, step: Callable[[], None]) -> Callable[[], None]:
        return lambda: self._writer.run(step)
