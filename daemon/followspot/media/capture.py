"""The camera: decoded frames with the time of their exposure."""

import logging
from collections.abc import Callable

import av
from av.container import InputContainer
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from followspot.domain.clock import Clock
from followspot.media.encoder import MATRIX_BT601, Packet
from followspot.media.notices import CameraLost, CameraOpened, MediaNotice
from followspot.media.source import Source, SourceLostError
from followspot.media.stamps import ExposureClock
from followspot.settings.models import CameraSettings

_LOG = logging.getLogger(__name__)

_NS_PER_S = 1_000_000_000
_NS_PER_MS = 1_000_000

FrameTaker = Callable[[av.VideoFrame, int, int], None]


class VideoCapture:
    """Thread `capture-video`. Gives every frame to `on_frame(frame, exposure_ns, arrival_ns)`, as yuv420p."""

    def __init__(
        self,
        settings: CameraSettings,
        clock: Clock,
        on_frame: FrameTaker,
        notify: Callable[[MediaNotice], None],
    ) -> None:
        self._settings = settings
        self._on_frame = on_frame
        self._notify = notify
        self._exposures = ExposureClock(
            round(settings.latency_ms * _NS_PER_MS), trusted=settings.timestamps == "monotonic"
        )
        self._broken_told = False
        self.source = Source("camera", "capture-video", settings, clock, self)

    def read(self, container: InputContainer) -> None:
        """Decode the first picture stream."""
        if not container.streams.video:
            raise SourceLostError("it has no picture")
        stream = container.streams.video[0]
        for packet, arrival_ns in self.source.packets(container, stream):
            for decoded in self._decode(stream, packet):
                frame = to_yuv420p(decoded)
                exposure_ns = self._exposures.exposure_ns(_stamp_ns(decoded), arrival_ns)
                if self.source.delivering():
                    self._notify(CameraOpened(frame.width, frame.height, self._rate_hz(stream)))
                self._on_frame(frame, exposure_ns, arrival_ns)

    def lost(self, reason: str) -> None:
        """Pass it on."""
        self._notify(CameraLost(reason))

    def _decode(self, stream: VideoStream, packet: Packet) -> list[av.VideoFrame]:
        """The packet's frames; none from a broken packet: USB cameras send some."""
        try:
            return stream.decode(packet)
        except av.error.InvalidDataError as error:
            if not self._broken_told:
                _LOG.warning("the camera sent a broken picture, which is left out: %s", error)
                self._broken_told = True
            return []

    def _rate_hz(self, stream: VideoStream) -> float:
        rate = stream.average_rate
        return float(rate) if rate else self._settings.rate_hz


def _stamp_ns(frame: av.VideoFrame) -> int | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return frame.pts * frame.time_base.numerator * _NS_PER_S // frame.time_base.denominator


def to_yuv420p(frame: av.VideoFrame) -> av.VideoFrame:
    """The frame as limited-range yuv420p: itself if it is that already, else converted once by swscale.

    Cameras that say nothing of their colours use BT.601 in MJPEG and packed formats: the frame is marked so.
    """
    if frame.format.name == "yuv420p" and frame.color_range != ColorRange.JPEG:
        return frame
    full_range = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    converted = frame.reformat(
        format="yuv420p",
        src_color_range=ColorRange.JPEG if full_range else ColorRange.MPEG,
        dst_color_range=ColorRange.MPEG,
    )
    converted.colorspace = frame.colorspace if is_specified(frame.colorspace) else MATRIX_BT601
    return converted


def is_specified(matrix: int) -> bool:
    """Whether a colour matrix code says anything (ITU-T H.273: 0 is RGB, 2 is unspecified)."""
    return matrix not in (0, 2)
