"""The encode thread's work: from captured frames and sound to segments in the sink."""

import logging
import math
from collections.abc import Callable
from datetime import timedelta

from followspot.domain.clock import Clock
from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, LessonOrigin, LessonPlan, SegmentSink
from followspot.domain.view import FramedView, Hiding, Rect, TrackingState, ViewPlanner
from followspot.media.encoder import VIDEO_TIMESCALE
from followspot.media.framequeue import CapturedFrame, Dropped, FrameQueue
from followspot.media.framingline import framing_line
from followspot.media.mixingdesk import SoundInputs
from followspot.media.notices import FramesDropped, MediaNotice, RecordingStarted
from followspot.media.recording import Picture, Recording
from followspot.media.sound import sample_at
from followspot.media.view import centre_view
from followspot.media.waiting import Waiting
from followspot.settings.models import Settings

_LOG = logging.getLogger(__name__)

_NS_PER_S = 1_000_000_000
_NS_PER_US = 1000
# How often the loop looks at the clock when no picture comes: longer than a picture takes, as waking up costs.
_TICK_S = 0.05
# The first picture waits this long for the microphone, so that a lesson does not begin with a declared silence.
_SOUND_GRACE_NS = 1_000_000_000
# Sound is encoded for some pictures at a time: each time all that it needs has to be fetched into the processor anew.
_SOUND_EVERY_TICKS = round(0.09 * VIDEO_TIMESCALE)
# What is recorded in place of a view that failed: never a zone that must not be seen.
_STAND_IN = {Hiding.NONE: "the centre of the picture", Hiding.COVERED: "black"}


class EncodeLoop:
    """Encodes what comes out of `queue` and `sounds` until the queue is closed and empty. Use once, on one thread."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        planner: ViewPlanner,
        notify: Callable[[MediaNotice], None],
        plan: LessonPlan,
        sink: SegmentSink,
        queue: FrameQueue,
        sounds: SoundInputs,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._planner = planner
        self._notify = notify
        self._plan = plan
        self._sink = sink
        self._queue = queue
        self._sounds = sounds
        self._waiting = Waiting(settings.lookahead_s)
        self._segment_ticks = round(settings.recording.segment_s * VIDEO_TIMESCALE)
        self._recording: Recording | None = None
        self._start_by_ns: int | None = None
        self._planner_failed = False
        self._late_told = False
        self.beat_ns = self._heard_ns = clock.monotonic_ns()
        self._ended_ns: int | None = None
        self.frames = 0
        self.media_end_ns = plan.media_start_ns

    def run(self) -> None:
        """Encode to the end. After an exception `finish` may still be tried, to complete the last segment."""
        while not self._queue.drained:
            captured = self._queue.get(_TICK_S)
            now_ns = self.beat_ns = self._clock.monotonic_ns()
            if captured is not None:
                self._heard_ns = now_ns
                self._waiting.put(captured)
            if not self._take_due(now_ns) and captured is None:
                self._hold_if_stalled(now_ns, self._waiting.wait_ns)
            self._encode_sound(now_ns, hurried=captured is None)
        self._ended_ns = self.beat_ns
        self._take_the_rest(self._ended_ns)
        self.finish()

    def finish(self) -> None:
        """Hand everything to the sink and complete the last segment; nothing if no picture ever came."""
        recording, self._recording = self._recording, None
        if recording is None or recording.newest is None:
            return
        if recording.held_from_pts is not None:
            ended_ns = self._clock.monotonic_ns() if self._ended_ns is None else self._ended_ns
            self._hold(recording, ended_ns - recording.latency_ns)
        end_ns = recording.newest.exposure_ns + recording.time.period_ns
        end_pts = recording.time.pts(end_ns)
        self._end_hold(recording, end_pts)
        if (run := self._queue.take_run()) is not None:
            self._declare_drop(recording, run, end_pts)
        recording.finish(end_pts)
        recording.tell_cpu()
        self.media_end_ns = recording.time.media_ns(end_pts)

    def _take_due(self, now_ns: int) -> bool:
        """Record what has waited long enough; whether there was something."""
        any_due = False
        while (due := self._waiting.due(now_ns)) is not None:
            any_due = True
            self._take(due)
            self.beat_ns = self._clock.monotonic_ns()
        return any_due

    def _take_the_rest(self, ended_ns: int) -> None:
        """At the end nothing waits any longer, and a camera that was silent by then was lost."""
        while (left := self._waiting.next()) is not None:
            self._take(left)
            self.beat_ns = self._clock.monotonic_ns()
            self._encode_sound(self.beat_ns, hurried=False)
        if self._recording is not None and ended_ns - self._heard_ns > self._recording.hold_after_ns:
            self._hold_if_stalled(ended_ns, 0)

    def _take(self, captured: CapturedFrame) -> None:
        recording = self._recording
        if recording is None:
            recording = self._begin(captured)
            if recording is None:
                return
        recording.latency_ns = captured.arrival_ns - captured.exposure_ns
        if not recording.goes_on_with(captured):
            return
        pts = recording.time.pts(captured.exposure_ns)
        if recording.newest is not None and pts <= recording.newest.pts:
            self._tell_late()
            return
        if captured.dropped is not None and recording.newest is not None:
            self._end_hold(recording, recording.time.pts(captured.dropped.first_exposure_ns))
            self._declare_drop(recording, captured.dropped, pts)
        else:
            self._bridge(recording, captured.exposure_ns)
        self._end_hold(recording, pts)
        view = self._plan_view(captured)
        source = recording.source(captured, view)
        self._encode(recording, Picture(source, view, captured.exposure_ns, pts, captured), held=False)
        recording.saw(captured, pts)

    def _begin(self, captured: CapturedFrame) -> Recording | None:
        """Start with this picture; None if it is left out because sound is still being waited for."""
        now_ns = self._clock.monotonic_ns()
        if self._start_by_ns is None:
            self._start_by_ns = now_ns + _SOUND_GRACE_NS
        may_wait = self._settings.recording.picture == "full" or now_ns < self._start_by_ns
        if may_wait and captured.coded is not None and not captured.coded.key:
            return None
        if now_ns < self._start_by_ns and not self._sounds.ready_for(sample_at(captured.exposure_ns)):
            return None
        age = timedelta(microseconds=(now_ns - captured.exposure_ns) // _NS_PER_US)
        recording = Recording(self._settings, self._plan, self._sink, self._sounds, self._notify, captured)
        self._recording = recording
        self._sink.begin(LessonOrigin(captured.exposure_ns, self._clock.utc_now() - age, *recording.size))
        return recording

    def _encode(self, recording: Recording, picture: Picture, *, held: bool) -> None:
        cut = recording.cuts_at(picture, self._segment_ticks, held=held)
        recording.encode(picture, cut=cut, held=held)
        pts_ns = recording.time.media_ns(picture.pts)
        whole = self._settings.recording.picture == "full"
        self._sink.write_framing(framing_line(pts_ns, picture.exposure_ns, picture.view, held=held, whole=whole))
        recording.newest = picture
        self.frames += 1
        if self.frames == 1:
            self._notify(RecordingStarted())

    def _encode_sound(self, now_ns: int, *, hurried: bool) -> None:
        """Encode what belongs to the pictures so far, once there are some new ones; at once if `hurried`."""
        recording = self._recording
        if recording is None or recording.newest is None:
            return
        due_ns = now_ns - self._waiting.wait_ns - recording.latency_ns
        until_pts = recording.newest.pts
        if hurried or until_pts - recording.sound_until_pts >= _SOUND_EVERY_TICKS:
            recording.sound_until_pts = until_pts
            for packet in recording.sound.advance(until_pts, due_ns):
                recording.add_sound(packet)

    def _bridge(self, recording: Recording, exposure_ns: int) -> None:
        """Fill up to a picture that comes after a stall, so that the rhythm of the held ones goes on to it."""
        newest = recording.newest
        if newest is None:
            return
        if recording.held_from_pts is not None or exposure_ns - newest.exposure_ns > recording.hold_after_ns:
            self._hold(recording, exposure_ns - recording.time.period_ns // 2)

    def _hold_if_stalled(self, now_ns: int, wait_ns: int) -> None:
        recording = self._recording
        if recording is None or self._queue.dropping_since(now_ns - recording.hold_after_ns):
            return
        until_ns = now_ns - wait_ns - recording.latency_ns - recording.hold_after_ns
        if (waiting_ns := self._waiting.begins_ns) is not None:
            until_ns = min(until_ns, waiting_ns - recording.time.period_ns // 2)
        elif (run := self._queue.take_run()) is not None:
            recording.held_from_pts = recording.time.pts(run.last_exposure_ns + recording.time.period_ns)
            self._declare_drop(recording, run, recording.held_from_pts)
        self._hold(recording, until_ns)

    def _hold(self, recording: Recording, until_ns: int) -> None:
        """Fill up, at the camera's rate, for exposures up to `until_ns`."""
        while (newest := recording.newest) is not None:
            exposure_ns = newest.exposure_ns + recording.hold_period_ns
            if exposure_ns > until_ns:
                return
            pts = recording.time.pts(exposure_ns)
            if recording.held_from_pts is None:
                same_from_pts = recording.same_from_pts
                recording.held_from_pts = pts if same_from_pts is None else same_from_pts
            source = recording.held_source(newest, exposure_ns)
            held = Picture(source, newest.view, exposure_ns, pts, newest.captured)
            self._encode(recording, held, held=True)
            self.beat_ns = self._clock.monotonic_ns()

    def _end_hold(self, recording: Recording, pts: int) -> None:
        start, recording.held_from_pts = recording.held_from_pts, None
        if start is not None and pts > start:
            self._declare(recording, GapReason.CAMERA_LOST, start, pts)

    def _declare_drop(self, recording: Recording, run: Dropped, end_pts: int) -> None:
        start_pts = recording.time.pts(run.first_exposure_ns)
        self._declare(recording, GapReason.ENCODER_OVERFLOW, start_pts, max(start_pts, end_pts))
        self._notify(FramesDropped(run.count))

    def _declare(self, recording: Recording, reason: GapReason, start_pts: int, end_pts: int) -> None:
        start_ns, end_ns = recording.time.media_ns(start_pts), recording.time.media_ns(end_pts)
        self._sink.declare_gap(Gap(reason, start_ns, end_ns - start_ns))

    def _plan_view(self, captured: CapturedFrame) -> FramedView:
        width, height = captured.frame.width, captured.frame.height
        try:
            view = self._planner.view_at(captured.exposure_ns, width, height)
            if _is_usable(view.crop):
                return view
            raise ValueError(f"unusable view {view.crop}")
        except Exception:  # noqa: BLE001 - framing must never harm the recording
            hiding = Hiding.COVERED if self._settings.hides_zones else Hiding.NONE
            if not self._planner_failed:
                _LOG.exception("the planned view cannot be used: %s is recorded instead", _STAND_IN[hiding])
                self._planner_failed = True
            centre = centre_view(width, height, self._settings.view.width, self._settings.view.height)
            return FramedView(centre, TrackingState.PARKED, hiding=hiding)

    def _tell_late(self) -> None:
        if not self._late_told:
            _LOG.warning("pictures come later than they were held for: they are left out until they have caught up")
            self._late_told = True


def _is_usable(crop: Rect) -> bool:
    return all(math.isfinite(v) for v in (crop.x, crop.y, crop.width, crop.height)) and crop.width > 0 < crop.height
