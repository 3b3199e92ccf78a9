"""The recorder: camera and microphone in, segments out, one lesson after the other."""

import logging
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from followspot.domain.analysis import AnalysisFrame
from followspot.domain.clock import Clock
from followspot.domain.recording import LessonPlan, SegmentSink
from followspot.domain.sound import MicrophoneRole
from followspot.domain.view import ViewPlanner
from followspot.media.audio import AudioCapture
from followspot.media.capture import VideoCapture
from followspot.media.cputime import tell_thread
from followspot.media.encode import EncodeLoop
from followspot.media.framequeue import CapturedFrame, FrameQueue
from followspot.media.localcamera import LocalCamera
from followspot.media.memory import give_back_memory, keep_frame_memory
from followspot.media.mixingdesk import SoundInputs
from followspot.media.mute import MuteSwitch
from followspot.media.notices import MediaNotice, RecorderFailed, RecorderStopped
from followspot.media.sound import SoundTrack
from followspot.media.source import Source
from followspot.media.videocoder import VideoCoder
from followspot.media.view import analysis_view
from followspot.settings.models import Settings

_LOG = logging.getLogger(__name__)

# Room for the encoder's hiccups: half a second of pictures, at least this many.
_QUEUE_S = 0.5
_QUEUE_MIN_FRAMES = 16
# A device that hangs in the kernel is left behind after this; its thread ends by its own time-out.
_JOIN_S = 1.0

AnalysisTaker = Callable[[AnalysisFrame], None]


@dataclass(frozen=True, slots=True)
class RecorderProgress:
    """Signs of life, CLOCK_MONOTONIC, None when nothing is recorded; they beat while a missing camera is retried.

    `frames` and `dropped` count from the start of the lesson (or of its resumption).
    """

    capture_ns: int | None
    encode_ns: int | None
    frames: int
    dropped: int


class Recorder:
    """Records one lesson at a time. `start`, `stop` and `progress` belong to one thread and return at once.

    `notify` is called on media threads, `analyse` with every frame on the capture thread: both must return at once.
    After `stop` the last notice is RecorderStopped, or RecorderFailed if a fault of its own ended the recording
    before; then everything that could be kept is in the sink and `start` may be called again.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        planner: ViewPlanner,
        notify: Callable[[MediaNotice], None],
        analyse: AnalysisTaker | None = None,
        coder: VideoCoder | None = None,
        camera: LocalCamera | None = None,
    ) -> None:
        """`coder` says at each start what pictures are encoded with, and hears when that failed."""
        self._local = camera or LocalCamera.of(settings.camera)
        keep_frame_memory()
        self._settings = settings
        self._clock = clock
        self._planner = planner
        self._notify = notify
        self._analyse = analyse
        self._coder = coder or VideoCoder(settings.encoder.coder)
        self._mute = MuteSwitch()
        self._run: _Run | None = None

    def start(self, plan: LessonPlan, sink: SegmentSink) -> None:
        """Open camera and microphone and record as soon as pictures come.

        Raises RuntimeError while a recording runs that was not asked to stop.
        """
        if self._run is not None and self._run.recording:
            raise RuntimeError("a lesson is being recorded: stop it first")
        self._run = _Run(
            self._settings,
            self._clock,
            self._planner,
            self._notify,
            self._analyse,
            self._mute,
            plan,
            sink,
            self._coder,
            self._local,
        )
        self._run.start()

    def stop(self) -> None:
        """End the recording; nothing when none runs. RecorderStopped follows."""
        if self._run is not None:
            self._run.stop()

    def mute(self, muted: bool) -> None:
        """Silence all sound from now on, or let it through again; holds from lesson to lesson. Returns at once."""
        self._mute.set(muted, self._clock.monotonic_ns())

    def progress(self) -> RecorderProgress:
        """How it goes."""
        return self._run.progress() if self._run is not None else RecorderProgress(None, None, 0, 0)

    def join(self, timeout_s: float) -> bool:
        """Wait for the threads of a stopped recording; whether they ended in time."""
        return self._run is None or self._run.join(timeout_s)


class _Run:
    """The threads of one recording."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        planner: ViewPlanner,
        notify: Callable[[MediaNotice], None],
        analyse: AnalysisTaker | None,
        mute: MuteSwitch,
        plan: LessonPlan,
        sink: SegmentSink,
        coder: VideoCoder,
        local: LocalCamera,
    ) -> None:
        self._coder = coder
        settings = coder.settled(settings)
        self._notify = notify
        self._analyse = analyse
        self._analyse_failed = False
        self._queue = FrameQueue(max(_QUEUE_MIN_FRAMES, math.ceil(settings.camera.rate_hz * _QUEUE_S)))
        self._stopping = threading.Event()
        passes = settings.recording.picture != "framed"
        self._camera = VideoCapture(settings.camera, clock, self._take_frame, notify, passes=passes, local=local).source
        self._sources: list[Source] = [self._camera]
        tracks: dict[MicrophoneRole, SoundTrack] = {}
        for role, microphone in settings.microphones:
            tracks[role] = SoundTrack(expected=True)
            self._sources.append(AudioCapture(role, microphone, clock, tracks[role], notify).source)
        sounds = SoundInputs(tracks.get(MicrophoneRole.TEACHER), tracks.get(MicrophoneRole.ROOM), mute)
        self._loop = EncodeLoop(settings, clock, planner, notify, plan, sink, self._queue, sounds)
        self._thread = threading.Thread(target=self._encode, name="encode", daemon=True)

    @property
    def recording(self) -> bool:
        return self._thread.is_alive() and not self._stopping.is_set()

    def start(self) -> None:
        self._thread.start()
        for source in self._sources:
            source.start()

    def stop(self) -> None:
        self._stopping.set()
        self._camera.stop()
        self._queue.close()

    def join(self, timeout_s: float) -> bool:
        self._thread.join(timeout_s)
        return not self._thread.is_alive() and all(source.join(_JOIN_S) for source in self._sources)

    def progress(self) -> RecorderProgress:
        if not self._thread.is_alive():
            return RecorderProgress(None, None, self._loop.frames, self._queue.dropped_total)
        return RecorderProgress(self._camera.beat_ns, self._loop.beat_ns, self._loop.frames, self._queue.dropped_total)

    def _take_frame(self, captured: CapturedFrame) -> None:
        self._queue.put(captured)
        if self._analyse is None:
            return
        try:
            self._analyse(analysis_view(captured.frame, captured.exposure_ns))
        except Exception:  # noqa: BLE001 - vision must never harm the recording
            if not self._analyse_failed:
                _LOG.exception("vision could not take a picture: it is recorded all the same")
                self._analyse_failed = True

    def _encode(self) -> None:
        """The encode thread: whatever happens, the sources end and the last notice is given."""
        try:
            self._loop.run()
            last: MediaNotice = RecorderStopped(self._loop.media_end_ns, self._loop.frames)
        except Exception as error:  # noqa: BLE001 - the thread's last stand: told upwards
            _LOG.exception("the recording ended by a fault")
            self._coder.failed(str(error) or type(error).__name__)
            last = RecorderFailed(f"the recording ended by a fault: {type(error).__name__}: {error}")
            self._salvage()
        self._stop_sources()
        tell_thread(self._thread.name)
        self._notify(last)
        give_back_memory()

    def _salvage(self) -> None:
        try:
            self._loop.finish()
        except Exception:  # noqa: BLE001 - the first fault is the one that is told upwards
            _LOG.exception("the last segment could not be completed: recovery will trim it to whole fragments")

    def _stop_sources(self) -> None:
        self._queue.close()
        for source in self._sources:
            source.stop()
        for source in self._sources:
            if not source.join(_JOIN_S):
                _LOG.warning("thread %s still waits for its device and ends when that answers", source.name)
