"""The camera: decoded frames with the time of their exposure."""

import logging
import time
from collections.abc import Callable

import av
from av.container import InputContainer
from av.video.reformatter import ColorRange, VideoReformatter
from av.video.stream import VideoStream

from followspot.domain.clock import Clock
from followspot.media.cameramodes import MeasuredMode
from followspot.media.encoder import MATRIX_BT601, Packet
from followspot.media.framequeue import CapturedFrame
from followspot.media.freshness import Freshness, FreshnessWatch
from followspot.media.localcamera import LocalCamera
from followspot.media.notices import CameraLost, CameraOpened, MediaNotice
from followspot.media.passing import CodedPicture, NotPassableError, Passing
from followspot.media.rhythm import Thinning
from followspot.media.source import Source, SourceLostError
from followspot.media.stamps import ExposureClock
from followspot.media.upright import Upright
from followspot.media.view import is_full_range, is_planar
from followspot.settings.models import CameraMode, CameraSettings

_LOG = logging.getLogger(__name__)

_NS_PER_S = 1_000_000_000
_NS_PER_MS = 1_000_000

# Without it a picture with a torn lower half is taken for whole.
_NO_DAMAGE = {"err_detect": "explode"}

# Long enough to tell 30 pictures a second from 25; each format that a camera has costs its first lesson so much.
_MEASURED_NS = 1_000_000_000

FrameTaker = Callable[[CapturedFrame], None]


class VideoCapture:
    """Thread `capture-video`. Gives every frame to `on_frame`, but for repetitions and what is more than `rate_hz`."""

    def __init__(
        self,
        settings: CameraSettings,
        clock: Clock,
        on_frame: FrameTaker,
        notify: Callable[[MediaNotice], None],
        *,
        passes: bool = False,
        local: LocalCamera | None = None,
    ) -> None:
        """`passes`: H.264 that is upright already is given as it came, beside its decoded frames.

        `local` is kept from one capture to the next.
        """
        self._local = local or LocalCamera.of(settings)
        self._settings = settings
        self._passes = passes and not settings.rotation and not settings.mirror
        self._clock = clock
        self._on_frame = on_frame
        self._notify = notify
        self._exposures = ExposureClock(
            round(settings.latency_ms * _NS_PER_MS), trusted=settings.timestamps == "monotonic"
        )
        self._freshness = FreshnessWatch(settings.frozen_after_s)
        self._planar = Planar()
        self._upright = Upright(settings.rotation, mirror=settings.mirror)
        self._thinning = Thinning(settings.rate_hz)
        self._size: tuple[int, int] | None = None
        self._broken_told = False
        # Whether damaged pictures are told from whole ones: the ways of some cameras would make all look damaged.
        self._strict = True
        self.source = Source("camera", "capture-video", settings, clock, self, self._local.opener, self._more_options)

    def read(self, container: InputContainer) -> None:
        """Decode the first picture stream."""
        if not container.streams.video:
            raise SourceLostError("it has no picture")
        stream = container.streams.video[0]
        self._local.controls.opened()
        if self._strict and stream.codec_context.name == "mjpeg":
            stream.codec_context.options = _NO_DAMAGE
        passing = Passing(stream) if self._passes and stream.codec_context.name == "h264" else None
        patience = _Patience(self._settings, self._clock.monotonic_ns())
        for packet, arrival_ns in self.source.packets(container, stream):
            frames = self._decode(stream, packet)
            coded = self._passed(passing, packet, frames)
            if passing is not None and self._passes and coded is None:
                frames = []  # before the first key picture
            for decoded in frames:
                self._local.controls.saw_picture(arrival_ns)
                if self._take(decoded, arrival_ns, stream, coded):
                    patience.renew(arrival_ns)
            if patience.ended(arrival_ns):
                self._strict = self._strict and patience.had_picture
                self._passes = self._passes and patience.had_picture
                raise SourceLostError(self._what_is_missing(patience))

    def lost(self, reason: str) -> None:
        """Pass it on."""
        self._notify(CameraLost(reason))

    def _more_options(self) -> dict[str, str]:
        return self._local.modes.options(self._measure)

    def _measure(self, name: CameraMode) -> MeasuredMode | str:
        """What the camera gives in this format within a second of its first picture, or why nothing."""
        try:
            with self.source.open({"input_format": name}) as container:
                measured = self._measure_open(name, container)
        except (SourceLostError, av.FFmpegError, OSError, ValueError) as error:
            measured = getattr(error, "strerror", None) or str(error)
        if self.source.stopping:
            raise SourceLostError("it was stopped while its formats were measured")
        return measured

    def _measure_open(self, name: CameraMode, container: InputContainer) -> MeasuredMode | str:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1  # so that the time of this thread is all that it costs
        passing = Passing(stream) if self._passes and stream.codec_context.name == "h264" else None
        passes = False
        began_ns = self._clock.monotonic_ns()
        times_ns: list[int] = []
        cpu_ns = 0
        for packet, arrival_ns in self.source.packets(container, stream):
            cpu_before_ns = time.thread_time_ns()
            frames = [self._planar.of(frame) for frame in self._decode(stream, packet)]
            cpu_ns += time.thread_time_ns() - cpu_before_ns
            times_ns += [arrival_ns] * len(frames)
            passes = passing is not None and self._passed(passing, packet, frames) is not None
            if arrival_ns - (times_ns[0] if times_ns else began_ns) > _MEASURED_NS:
                break
        if len(times_ns) <= 1:
            return "it gave no pictures"
        rate_hz = (len(times_ns) - 1) * _NS_PER_S / max(times_ns[-1] - times_ns[0], 1)
        return MeasuredMode(name, rate_hz, cpu_ns / _NS_PER_MS / len(times_ns), passes)

    def _take(self, decoded: av.VideoFrame, arrival_ns: int, stream: VideoStream, coded: CodedPicture | None) -> bool:
        """Hand a picture on; whether it was one, and no repetition."""
        stamp_ns = _stamp_ns(decoded)
        freshness = self._freshness.judge(decoded, stamp_ns, arrival_ns)
        if freshness is Freshness.REPEATED and coded is None:
            return False
        exposure_ns = self._exposures.exposure_ns(stamp_ns, arrival_ns)
        size = (decoded.width, decoded.height)
        if self.source.delivering() or size != self._size:
            self._size = size
            self._local.modes.gave_pictures()
            self._notify(CameraOpened(*size, self._rate_hz(stream)))
        if coded is not None or self._thinning.keeps(exposure_ns):
            upright = self._upright.of(self._planar.of(decoded))
            same = freshness is not Freshness.NEW
            self._on_frame(CapturedFrame(upright, exposure_ns, arrival_ns, same, coded))
        return True

    def _decode(self, stream: VideoStream, packet: Packet) -> list[av.VideoFrame]:
        """The packet's whole frames; none from a broken packet: USB cameras send some."""
        try:
            frames = stream.decode(packet)
        except av.error.InvalidDataError as error:
            self._tell_broken(str(error))
            return []
        whole = [frame for frame in frames if not frame.is_corrupt]
        if len(whole) < len(frames):
            self._tell_broken("a part of it is missing")
        return whole

    def _passed(self, passing: Passing | None, packet: Packet, frames: list[av.VideoFrame]) -> CodedPicture | None:
        """The packet as it may be recorded; from the first one on that cannot be, all are encoded again."""
        if passing is None or not self._passes or len(frames) != 1:
            return None
        try:
            return passing.take(packet)
        except (NotPassableError, av.FFmpegError) as error:
            _LOG.warning("the camera's H.264 is encoded again: %s", error)
            self._passes = False
            return None

    def _tell_broken(self, what: str) -> None:
        if not self._broken_told:
            _LOG.warning("the camera sent a broken picture, which is left out: %s", what)
            self._broken_told = True

    def _what_is_missing(self, patience: "_Patience") -> str:
        if self._freshness.frozen:
            return "it gives the same picture again and again"
        return f"it gave data but no new picture for {patience.limit_s:g} s"

    def _rate_hz(self, stream: VideoStream) -> float:
        rate = stream.average_rate
        return float(rate) if rate else self._settings.rate_hz


class _Patience:
    """How long one opening of the camera may go on without a picture, whatever else comes."""

    def __init__(self, settings: CameraSettings, now_ns: int) -> None:
        self._stall_timeout_s = settings.stall_timeout_s
        # The first picture of a compressed stream comes with its next key frame.
        self.limit_s = settings.open_timeout_s
        self.had_picture = False
        self._since_ns = now_ns

    def renew(self, now_ns: int) -> None:
        """A picture came."""
        self.had_picture = True
        self.limit_s = self._stall_timeout_s
        self._since_ns = now_ns

    def ended(self, now_ns: int) -> bool:
        """Whether it has been too long."""
        return now_ns - self._since_ns > self.limit_s * _NS_PER_S


def _stamp_ns(frame: av.VideoFrame) -> int | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return frame.pts * frame.time_base.numerator * _NS_PER_S // frame.time_base.denominator


class Planar:
    """Makes the frames of one camera planar."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def of(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame itself where its planes can be taken as they are, else converted to yuv420p by swscale.

        Cameras that say nothing of their colours use BT.601 in MJPEG and packed formats: the frame is marked so.
        """
        if frame.format.name == "yuv420p" and frame.color_range != ColorRange.JPEG:
            return frame
        planar = frame
        if not is_planar(frame):
            planar = self._reformatter.reformat(
                frame,
                format="yuv420p",
                src_color_range=ColorRange.JPEG if is_full_range(frame) else ColorRange.MPEG,
                dst_color_range=ColorRange.MPEG,
                threads=1,
            )
        if not is_specified(frame.colorspace):
            planar.colorspace = MATRIX_BT601
        return planar


def is_specified(matrix: int) -> bool:
    """Whether a colour matrix code says anything (ITU-T H.273: 0 is RGB, 2 is unspecified)."""
    return matrix not in (0, 2)
