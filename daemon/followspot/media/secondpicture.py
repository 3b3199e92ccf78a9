"""The full picture beside the framed one: on a thread and with a queue of its own, so that it can fall behind alone."""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, RenditionSink, SegmentEnd
from followspot.domain.rendition import RenditionName
from followspot.media.encoder import VIDEO_TIMESCALE, Packet
from followspot.media.framequeue import CapturedFrame
from followspot.media.notices import FramesDropped, MediaNotice
from followspot.media.picturetime import PictureTime
from followspot.media.secondcoder import Coder, SecondCoders
from followspot.media.segmenter import Segmenter
from followspot.settings.models import Settings

_LOG = logging.getLogger(__name__)

# Room for the encoder's hiccups, beyond the pictures that may come at once: those that waited for the look-ahead.
_QUEUE_S = 0.5
_QUEUE_MIN_PICTURES = 16
# Without its thread taking any of it so much sound comes in a minute and a half: then the thread hangs.
_HANGS_AT_ITEMS = 4096
# What is left in the queue at the end is encoded within this time, or lost: the lesson's end waits for it.
_END_S = 5.0
# A camera that changes its parameters more often is encoded: each change ends a segment of the framed picture as well.
_MAX_CHANGES = 2
# A camera's key pictures are waited for so long with a cut that is due (as the storage reckons); then it is encoded.
_KEY_WAIT_TICKS = 10 * VIDEO_TIMESCALE


@dataclass(frozen=True, slots=True, eq=False)
class WholePicture:
    """What is to be recorded of one picture of the recording, at its time; `captured` None: black.

    `cut`: a segment starts with it, and `passed` says whether the camera's own H.264 is recorded from here on.
    """

    captured: CapturedFrame | None
    pts: int
    cut: bool
    held: bool
    passed: bool = False
    dropped: tuple[int, int] | None = None
    """How many pictures found the queue full just before it, and the time stamp of the first."""


@dataclass(frozen=True, slots=True)
class _End:
    pts: int


class SecondPicture:
    """Follows a recording picture by picture: same time stamps, same cuts, the same sound.

    Pictures are handed on to the thread only once the framed picture's packet was: so nothing of a segment is given to
    the storage before the framed picture's own. All but the thread belongs to the encode thread, and returns at once.
    """

    def __init__(
        self,
        settings: Settings,
        sink: RenditionSink,
        time: PictureTime,
        first_index: int,
        notify: Callable[[MediaNotice], None],
    ) -> None:
        capacity = max(_QUEUE_MIN_PICTURES, math.ceil((_QUEUE_S + settings.lookahead_s) * settings.camera.rate_hz))
        self._thread_work = _Following(SecondCoders(settings), sink, time, first_index, notify, capacity)
        self._early: deque[WholePicture] = deque()
        self._parameter_sets: bytes | None = None
        self._changes = 0

    @property
    def renditions(self) -> tuple[RenditionName, ...]:
        """What of a segment that ends now is still to come."""
        return () if self._thread_work.hangs else (RenditionName.FULL,)

    def must_cut(self, captured: CapturedFrame) -> bool:
        """Whether this picture needs another initialisation than what is being recorded."""
        if self._parameter_sets is None:
            return False
        coded = captured.coded
        return coded is None or coded.parameter_sets != self._parameter_sets

    def can_cut(self, captured: CapturedFrame, overdue_ticks: int, *, held: bool) -> bool:
        """Whether a segment should start with it, `overdue_ticks` after one was due."""
        if captured.coded is None or self._changes > _MAX_CHANGES or overdue_ticks > _KEY_WAIT_TICKS:
            return True
        return captured.coded.key or held

    def show(self, captured: CapturedFrame, pts: int, *, cut: bool, held: bool, black: bool) -> None:
        """The picture of the recording at `pts`; `black` is shown where it is."""
        if cut and not held:
            self._changes += self.must_cut(captured)
            coded = captured.coded if self._changes <= _MAX_CHANGES else None
            self._parameter_sets = coded.parameter_sets if coded is not None and coded.key else None
        passed = self._parameter_sets is not None
        self._early.append(WholePicture(None if black and not passed else captured, pts, cut, held, passed))

    def recorded(self, pts: int) -> None:
        """The recording has got so far."""
        while self._early and self._early[0].pts <= pts:
            self._thread_work.put_picture(self._early.popleft())

    def sound(self, packet: Packet) -> None:
        """The recording's next sound; `packet` is a copy."""
        self._thread_work.put(packet)

    def finish(self, end_pts: int) -> None:
        """All was given; waits a little for the thread's end."""
        self.recorded(end_pts)
        self._thread_work.put(_End(end_pts))
        self._thread_work.join(_END_S)


class _Following:
    """Thread `encode-full` and its queue."""

    def __init__(
        self,
        coders: SecondCoders,
        sink: RenditionSink,
        time: PictureTime,
        first_index: int,
        notify: Callable[[MediaNotice], None],
        capacity: int,
    ) -> None:
        self._capacity = capacity
        self._coders = coders
        self._sink = sink
        self._time = time
        self._notify = notify
        self._index = first_index - 1
        self._coder: Coder | None = None
        self._segmenter: Segmenter | None = None
        self._missing: tuple[GapReason, int] | None = None
        """Why pictures are missing, and since which time stamp."""
        self._waiting: deque[WholePicture | Packet | _End] = deque()
        self._frames = 0
        """How many pictures wait that hold a frame of their own; held ones share one."""
        self._dropped: tuple[int, int] | None = None
        self._changed = threading.Condition()
        self.hangs = False
        """Its thread takes nothing any more: the full picture is given up."""
        self._thread = threading.Thread(target=self._run, name="encode-full", daemon=True)
        self._thread.start()

    def put(self, item: Packet | _End) -> None:
        """Sound and the end are never dropped, while the thread lives."""
        with self._changed:
            self._append(item)

    def put_picture(self, picture: WholePicture) -> None:
        """Take a picture or, without room, drop it; one that starts a segment always has room."""
        with self._changed:
            room = self._capacity // 2 if self._dropped else self._capacity
            if self._frames >= room and not picture.cut and not picture.held:
                count, first_pts = self._dropped or (0, picture.pts)
                self._dropped = count + 1, first_pts
                return
            dropped, self._dropped = self._dropped, None
            self._frames += not picture.held
            self._append(
                WholePicture(picture.captured, picture.pts, picture.cut, picture.held, picture.passed, dropped)
            )

    def join(self, timeout_s: float) -> None:
        """Wait for the thread's end."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            _LOG.error("the full picture's encoder does not end: the last of the full picture is lost")

    def _append(self, item: WholePicture | Packet | _End) -> None:
        if self.hangs and not isinstance(item, _End):
            return
        self._waiting.append(item)
        if len(self._waiting) > _HANGS_AT_ITEMS:
            _LOG.error("the full picture's encoder hangs: the lesson goes on without it")
            self.hangs = True
            self._frames = 0
            self._waiting.clear()
        self._changed.notify()

    def _take(self) -> WholePicture | Packet | _End:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            item = self._waiting.popleft()
            self._frames -= isinstance(item, WholePicture) and not item.held
            return item

    def _run(self) -> None:
        while not isinstance(item := self._take(), _End):
            try:
                if isinstance(item, WholePicture):
                    self._picture(item)
                elif self._segmenter is not None:
                    self._segmenter.add_sound(item)
            except Exception:  # noqa: BLE001 - the full picture must never harm the framed one
                self._broken()
        try:
            self._end(item.pts)
        except Exception:  # noqa: BLE001 - as above
            self._broken()

    def _picture(self, picture: WholePicture) -> None:
        if picture.dropped is not None:
            self._drop(*picture.dropped)
        if picture.cut:
            self._cut(picture)
        if self._coder is None or self._segmenter is None:
            return  # broken until the next segment: the storage tells what is missing of this one
        if not self._coder.takes(picture.captured, held=picture.held):
            self._miss(GapReason.CAMERA_LOST, picture.pts)
            return
        self._end_missing(picture.pts)
        for packet in self._coder.encode(picture.captured, picture.pts, cut=picture.cut, held=picture.held):
            self._segmenter.add_video(packet)

    def _cut(self, picture: WholePicture) -> None:
        self._index += 1
        coder = self._coders.next_for(picture.captured, self._coder, passed=picture.passed)
        if self._segmenter is None:
            sink = _Numbered(self._sink)
            fragment_s = self._coders.fragment_s
            self._segmenter = Segmenter(coder.pair, sink, self._time, self._index, fragment_s, lambda _: ())
        elif coder is not self._coder and self._coder is not None:
            for packet in self._coder.pair.flush_video():
                self._segmenter.add_video(packet)
            self._segmenter.replace_encoders(coder.pair)
        self._coder = coder
        self._segmenter.cut_at(picture.pts)

    def _drop(self, count: int, first_pts: int) -> None:
        self._miss(GapReason.ENCODER_OVERFLOW, first_pts)
        self._notify(FramesDropped(count, RenditionName.FULL))
        if self._coder is not None:
            self._coder.lost_some()

    def _miss(self, reason: GapReason, pts: int) -> None:
        self._missing = self._missing or (reason, pts)

    def _end_missing(self, pts: int) -> None:
        missing, self._missing = self._missing, None
        if missing is not None and pts > missing[1]:
            start_ns, end_ns = self._time.media_ns(missing[1]), self._time.media_ns(pts)
            self._sink.declare_gap(Gap(missing[0], start_ns, end_ns - start_ns, 0, RenditionName.FULL))

    def _end(self, end_pts: int) -> None:
        with self._changed:
            dropped = self._dropped
        if dropped is not None:
            self._drop(*dropped)
        self._end_missing(end_pts)
        if self._segmenter is not None and self._coder is not None:
            for packet in self._coder.pair.flush_video():
                self._segmenter.add_video(packet)
            self._segmenter.finish(end_pts)

    def _broken(self) -> None:
        _LOG.exception("a fault ended the full picture of this segment: the framed picture goes on")
        self._coder = self._segmenter = self._missing = None
        self._coders.failed()
        self._sink.finish_segment(self._index)


class _Numbered:
    """What a Segmenter gives to, over a RenditionSink: that one knows the segments by their numbers."""

    def __init__(self, sink: RenditionSink) -> None:
        self._sink = sink
        self.write_fragment = sink.write_fragment

    def open_segment(self, index: int, start_ns: int) -> None:  # noqa: ARG002
        """Begin one; the storage knows where it starts."""
        self._sink.open_segment(index)

    def finish_segment(self, end: SegmentEnd) -> None:
        """End one; the storage measures it."""
        self._sink.finish_segment(end.index)
