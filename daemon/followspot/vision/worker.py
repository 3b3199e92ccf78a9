"""The vision thread: always the newest picture, at its own rate; its failure ends vision and nothing else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

import cv2

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.body import Body
from followspot.domain.sighting import Hint, Sighting
from followspot.settings.models import Settings
from followspot.vision.badge import Badge
from followspot.vision.stack import NOT_STARTED, load_stack
from followspot.vision.watcher import Watcher

_log = logging.getLogger(__name__)

JOIN_TIMEOUT_S = 2.0
"""One picture takes a few milliseconds; a thread that is still busy after this hangs."""
RATE_SLACK = 0.9
"""Frames come in steps of their own period: one that is almost due is taken, or the rate would drop by a whole step."""


def prepare() -> None:
    """Once, at the start of the process: OpenCV's own pool would take cores from the encoder."""
    cv2.setNumThreads(1)


class VisionWorker:
    """Owns the thread `vision`. `notify` and `on_failed` are called on it; `hint` must be safe to call from it.

    With `tracking.vision` false it takes nothing and starts no thread.
    """

    def __init__(
        self,
        settings: Settings,
        notify: Callable[[Sighting], None],
        hint: Callable[[int], Hint | None],
        on_failed: Callable[[str], None],
    ) -> None:
        tracking = settings.tracking
        self._notify, self._hint, self._on_failed = notify, hint, on_failed
        body, camera = Body(tracking.stature_m, tracking.marker_height_m), settings.camera
        badge = Badge(tracking.badge, tracking.badge_mm / 1000) if tracking.badge is not None else None
        self._make_watcher = partial(Watcher, body, camera.hfov_deg, sideways=camera.sideways, badge=badge)
        self._state_folder = settings.paths.state
        self.stack = NOT_STARTED
        """What finds the teacher in the pictures; written by the thread."""
        self._period_ns = round(RATE_SLACK * 1e9 / tracking.vision_rate_hz)
        self._enabled = tracking.vision
        self._wakeup = threading.Condition()
        self._newest: AnalysisFrame | None = None
        self._taken_ns: int | None = None
        self._running = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin looking at what is submitted."""
        if not self._enabled or self._thread is not None:
            return
        self._running = True
        self._thread = threading.Thread(target=self._run, name="vision", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it."""
        thread, self._thread = self._thread, None
        with self._wakeup:
            self._running = False
            self._newest = None
            self._wakeup.notify()
        if thread is not None:
            thread.join(JOIN_TIMEOUT_S)
            if thread.is_alive():
                _log.error("the thread vision did not end within %.0f s", JOIN_TIMEOUT_S)

    def submit(self, frame: AnalysisFrame) -> None:
        """Offer a frame; it is dropped unless it is due, and replaced by a newer one while the thread is busy."""
        with self._wakeup:
            if self._running and self._due(frame.exposure_ns):
                self._taken_ns = frame.exposure_ns
                self._newest = frame
                self._wakeup.notify()

    def _due(self, exposure_ns: int) -> bool:
        if self._taken_ns is None or exposure_ns < self._taken_ns:
            return True
        return exposure_ns - self._taken_ns >= self._period_ns

    def _run(self) -> None:
        try:
            segmenter, self.stack = load_stack(self._state_folder)
            watcher = self._make_watcher(segmenter=segmenter)
            while (frame := self._next()) is not None:
                self._look(watcher, frame)
        except Exception as error:  # noqa: BLE001 - whatever vision dies of, the recording goes on and people are told
            _log.exception("vision failed")
            with self._wakeup:
                self._running, self._newest = False, None
            self._on_failed(
                f"vision failed ({type(error).__name__}: {error}): the teacher is followed by the marker alone until "
                "the daemon is restarted; please report the journal's traceback."
            )

    def _next(self) -> AnalysisFrame | None:
        with self._wakeup:
            self._wakeup.wait_for(lambda: self._newest is not None or not self._running)
            frame, self._newest = self._newest, None
            return frame if self._running else None

    def _look(self, watcher: Watcher, frame: AnalysisFrame) -> None:
        hint = self._hint(frame.exposure_ns)
        if hint is None:
            return
        for sighting in watcher.look(frame, hint):
            self._notify(sighting)
