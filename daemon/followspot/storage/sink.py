"""The recorder's end of storage: hands over at once, and throws away rather than let memory grow."""

from collections.abc import Callable

from followspot.domain.recording import Gap, LessonOrigin, SegmentEnd
from followspot.storage.lesson import LessonWriter
from followspot.storage.worker import Worker


class LessonSink:
    """A SegmentSink over the storage thread. Called on one thread, the recorder's encoding thread."""

    def __init__(self, writer: LessonWriter, worker: Worker) -> None:
        self._writer = writer
        self._worker = worker
        self._framing: list[bytes] = []
        self._dropping = False
        """The queue was full: fragments are dropped until a segment opens with room for it."""

    def begin(self, origin: LessonOrigin) -> None:
        """The lesson's first frame was captured."""
        self._post(lambda: self._writer.begin(origin))

    def open_segment(self, index: int, start_ns: int) -> None:  # noqa: ARG002 - the writer numbers what is kept
        """A new segment; after an overflow only once the disk has caught up."""
        if self._dropping and not self._worker.has_caught_up():
            return
        self._dropping = False
        self._post(lambda: self._writer.open_segment(start_ns))

    def write_fragment(self, index: int, data: bytes) -> None:  # noqa: ARG002
        """One whole fragment; when the queue is full the recording is cut here."""
        if self._dropping:
            return
        framing = self._take_framing()
        size = len(data) + len(framing)
        if not self._worker.offer(self._guarded(lambda: self._writer.write(data, framing)), size):
            self._dropping = True
            self._post(self._writer.overflow)

    def write_framing(self, line: bytes) -> None:
        """Kept here until the next fragment takes it along."""
        if not self._dropping:
            self._framing.append(line)

    def declare_gap(self, gap: Gap) -> None:
        """Put a gap on record."""
        self._post(lambda: self._writer.declare_gap(gap))

    def finish_segment(self, end: SegmentEnd) -> None:
        """All fragments were given."""
        if not self._dropping or end.last:
            framing = self._take_framing()
            self._post(lambda: self._writer.finish(end, framing))

    def _take_framing(self) -> bytes:
        framing, self._framing = b"".join(self._framing), []
        return framing

    def _post(self, step: Callable[[], None]) -> None:
        self._worker.post(self._guarded(step))

    def _guarded(self, step: Callable[[], None]) -> Callable[[], None]:
        return lambda: self._writer.run(step)
