"""The recorder's end of storage: hands over at once, and throws away rather than let memory grow."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from followspot.domain.recording import Gap, LessonOrigin, RenditionSink, SegmentEnd
from followspot.domain.rendition import RenditionName
from followspot.storage.lesson import LessonWriter
from followspot.storage.rendition_sink import LessonRenditionSink
from followspot.storage.worker import Worker

HELD_LIMIT_BYTES = 16 * 1024 * 1024
"""Half a minute of media at 4 Mbit/s: the end of a segment waits for its last sound, never that long."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Fragment:
    index: int
    data: bytes


class LessonSink:
    """A SegmentSink over the storage thread. Called on one thread, the recorder's encoding thread.

    The recorder may begin a segment before it has ended the one before, whose last sound it awaits. The new one is
    held here until then: what is on the disk is always the beginning of the lesson, without a hole.
    """

    def __init__(self, writer: LessonWriter, worker: Worker) -> None:
        self._writer = writer
        self._worker = worker
        self._framing: list[bytes] = []
        self._open: int | None = None
        self._opening: deque[tuple[int, int]] = deque()
        """Index and start of segments that wait for the open one to end."""
        self._held: deque[_Fragment] = deque()
        self._offered = 0
        """Fragments given to the worker; it looks whether more have come."""
        self._dropping = False
        """The queue was full: media is dropped until a segment opens with room for it."""

    def begin(self, origin: LessonOrigin) -> None:
        """The lesson's first frame was captured."""
        self._post(lambda: self._writer.begin(origin))

    def open_segment(self, index: int, start_ns: int) -> None:
        """A new segment; after an overflow only once the disk has caught up."""
        if self._dropping and not self._worker.has_caught_up():
            return
        self._dropping = False
        self._opening.append((index, start_ns))
        if self._open is None:
            self._open_next()

    def write_fragment(self, index: int, data: bytes) -> None:
        """One whole fragment; when too much waits the recording is cut here."""
        if self._dropping:
            return
        if index == self._open:
            self._hand_over(data)
        elif any(index == opening for opening, _ in self._opening):
            self._held.append(_Fragment(index, data))
            if sum(len(held.data) for held in self._held) > HELD_LIMIT_BYTES:
                self._cut()

    def write_framing(self, line: bytes) -> None:
        """Kept here until the next fragment takes it along."""
        if not self._dropping:
            self._framing.append(line)

    def declare_gap(self, gap: Gap) -> None:
        """Put a gap on record."""
        self._post(lambda: self._writer.declare_gap(gap))

    def finish_segment(self, end: SegmentEnd) -> None:
        """All fragments of the segment were given."""
        log.debug("segment encoded lesson=%s index=%d", self._writer.lesson_id, end.index)
        if end.index == self._open:
            framing = self._take_framing()
            self._post(lambda: self._writer.finish(end, framing))
            self._open = None
            self._open_next()
        elif end.last:
            self._post(lambda: self._writer.end_without_media(end))

    def rendition(self, name: RenditionName) -> RenditionSink:
        """Where a further picture goes."""
        self._post(lambda: self._writer.add_rendition(name))
        return LessonRenditionSink(self._writer, self._worker)

    def _open_next(self) -> None:
        if not self._opening:
            return
        index, start_ns = self._opening.popleft()
        self._open = index
        self._post(lambda: self._writer.open_segment(index, start_ns))
        waiting, self._held = self._held, deque()
        for fragment in waiting:
            self.write_fragment(fragment.index, fragment.data)

    def _hand_over(self, data: bytes) -> None:
        framing = self._take_framing()
        size = len(data) + len(framing)
        self._offered += 1
        number = self._offered

        def write() -> None:
            self._writer.write(data, framing, more_wait=self._offered > number)

        if not self._worker.offer(self._guarded(write), size):
            self._cut()

    def _cut(self) -> None:
        self._dropping, self._open = True, None
        self._opening.clear()
        self._held.clear()
        self._framing.clear()
        self._post(self._writer.overflow)

    def _take_framing(self) -> bytes:
        framing, self._framing = b"".join(self._framing), []
        return framing

    def _post(self, step: Callable[[], None]) -> None:
        self._worker.post(self._guarded(step))

    def _guarded(self, step: Callable[[], None]) -> Callable[[], None]:
        return lambda: self._writer.run(step)
