"""The bounded hand-over from capture to encoding."""

import threading
from collections import deque
from dataclasses import dataclass, replace

import av

from followspot.media.passing import CodedPicture


@dataclass(frozen=True, slots=True)
class Dropped:
    """A run of frames that found the queue full."""

    count: int
    first_exposure_ns: int
    last_exposure_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class CapturedFrame:
    """A decoded frame, planar and upright.

    `same`: it equals the one before. `coded`: as the camera compressed it, where that can be recorded as it is.
    `dropped` is the run of frames lost just before it.
    """

    frame: av.VideoFrame
    exposure_ns: int
    arrival_ns: int
    same: bool = False
    coded: CodedPicture | None = None
    dropped: Dropped | None = None


class FrameQueue:
    """Never blocks the giver. When full, frames are dropped until half of it is free: one long run, not many short."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._frames: deque[CapturedFrame] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._run_count = 0
        self._run_first_ns = 0
        self._run_last_ns = 0
        self._last_drop_arrival_ns = 0
        self._dropped_total = 0

    @property
    def dropped_total(self) -> int:
        """All frames dropped so far."""
        return self._dropped_total

    def dropping_since(self, arrival_ns: int) -> bool:
        """Whether the newest frame was dropped, not before `arrival_ns`: the camera gives, though nothing is inside."""
        with self._changed:
            return self._run_count > 0 and self._last_drop_arrival_ns >= arrival_ns

    def put(self, captured: CapturedFrame) -> None:
        """Hand a frame over, or drop it when there is no room."""
        with self._changed:
            if self._closed:
                return
            room = self._capacity // 2 if self._run_count else self._capacity
            if len(self._frames) >= room:
                self._drop(captured.exposure_ns, captured.arrival_ns)
                return
            run = self._end_run()
            self._frames.append(captured if run is None else replace(captured, dropped=run))
            self._changed.notify()

    def get(self, timeout_s: float) -> CapturedFrame | None:
        """The oldest frame; None when there is none within `timeout_s`, or at once when closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._closed, timeout_s)
            return self._frames.popleft() if self._frames else None

    def close(self) -> None:
        """Take no more frames; those inside can still be taken out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def drained(self) -> bool:
        """Whether it is closed and nothing is left inside."""
        with self._changed:
            return self._closed and not self._frames

    def take_run(self) -> Dropped | None:
        """The run of dropped frames that no later frame carries, once: when no frame follows any more."""
        with self._changed:
            return self._end_run()

    def _drop(self, exposure_ns: int, arrival_ns: int) -> None:
        if not self._run_count:
            self._run_first_ns = exposure_ns
        self._run_last_ns = exposure_ns
        self._last_drop_arrival_ns = arrival_ns
        self._run_count += 1
        self._dropped_total += 1

    def _end_run(self) -> Dropped | None:
        run = Dropped(self._run_count, self._run_first_ns, self._run_last_ns) if self._run_count else None
        self._run_count = 0
        return run
