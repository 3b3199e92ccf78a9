"""What a recording consists of from its first picture on, and what becomes of each picture."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import av

from followspot.domain.recording import LessonPlan, SegmentSink
from followspot.domain.rendition import RenditionName
from followspot.domain.view import FramedView
from followspot.media.capture import is_specified
from followspot.media.cputime import tell
from followspot.media.encoder import MATRIX_BT709, EncoderPair, Packet
from followspot.media.framequeue import CapturedFrame
from followspot.media.mixingdesk import SoundInputs
from followspot.media.notices import MediaNotice
from followspot.media.output import Output
from followspot.media.passedpair import PassedPair
from followspot.media.passing import CodedPicture
from followspot.media.picturetime import PictureTime
from followspot.media.rhythm import Rhythm
from followspot.media.secondpicture import SecondPicture
from followspot.media.segmenter import Segmenter
from followspot.media.singlesounds import SingleSounds
from followspot.media.soundencoding import SoundEncoding
from followspot.settings.models import Settings

_NS_PER_S = 1_000_000_000
# A camera's own H.264 cannot repeat a picture cheaply: its last key picture is held, at this pace, so that fragments
# go on becoming durable.
_PASSED_HOLD_PERIOD_NS = 500_000_000
# ... and not before the camera is surely opened again, as what it goes on with must then begin with a key picture.
_PASSED_HOLD_AFTER_STALL_NS = 500_000_000


class CameraChangedError(Exception):
    """The camera's own H.264 cannot go on in this recording."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """The newest picture as it was encoded, to be held when no other comes."""

    source: av.VideoFrame | CodedPicture
    view: FramedView
    exposure_ns: int
    pts: int
    captured: CapturedFrame


class Recording:
    """What exists from the first picture on. H.264 that the first picture came as is recorded as it is."""

    def __init__(
        self,
        settings: Settings,
        plan: LessonPlan,
        sink: SegmentSink,
        sounds: SoundInputs,
        notify: Callable[[MediaNotice], None],
        first: CapturedFrame,
    ) -> None:
        self.time = PictureTime(first.exposure_ns, plan.media_start_ns, settings.camera.rate_hz)
        self._stall_ns = round(settings.camera.stall_timeout_s * _NS_PER_S)
        self._fills_black = settings.camera.fill == "black"
        whole = settings.recording.picture == "full"
        self._output = Output(settings, first.frame, whole=whole)
        self._key = first.coded if whole else None
        self.size = (self._output.width, self._output.height) if self._key is None else self._key.size
        self.encoders = self._open_encoders(settings, first)
        self.singles = SingleSounds(settings.single_sounds, settings.encoder.audio_bitrate_kbps)
        self.second: SecondPicture | None = None
        if settings.both_pictures:
            further = sink.rendition(RenditionName.FULL)
            self.second = SecondPicture(settings, further, self.time, plan.first_index, notify)
        self.segmenter = Segmenter(
            self.encoders,
            sink,
            self.time,
            plan.first_index,
            settings.recording.fragment_s,
            self.singles.take,
            _renditions_of(self.second),
        )
        self.sound = SoundEncoding(
            sounds,
            self.encoders,
            self.singles,
            settings,
            notify,
            sink.declare_gap,
            self.time.first_pts,
            first.exposure_ns,
        )
        self.sound_until_pts = self.time.first_pts
        self._rhythm = Rhythm(self.time.period_ns)
        # From exposure to arrival, of the newest captured picture: how far behind the clock pictures are expected.
        self.latency_ns = first.arrival_ns - first.exposure_ns
        self.segment_start_pts: int | None = None
        self.newest: Picture | None = None
        # Exposure of the newest picture that the camera gave.
        self._seen_ns = first.exposure_ns
        # Whether only a picture that can be decoded without others can go on.
        self._needs_key = False
        # Since when the camera has given equal pictures, and since when it gives none.
        self.same_from_pts: int | None = None
        self.held_from_pts: int | None = None

    def _open_encoders(self, settings: Settings, first: CapturedFrame) -> EncoderPair:
        if self._key is not None:
            return PassedPair(settings, self._key)
        matrix = first.frame.colorspace
        return EncoderPair(
            settings, matrix if is_specified(matrix) else MATRIX_BT709, self.size, settings.encoder.coder
        )

    @property
    def hold_after_ns(self) -> int:
        """How long a picture may be missing before the newest one is held."""
        if self._key is not None:
            return self._stall_ns + _PASSED_HOLD_AFTER_STALL_NS
        return self._rhythm.hold_after_ns

    @property
    def hold_period_ns(self) -> int:
        """How long a held picture lasts."""
        return self.time.period_ns if self._key is None else _PASSED_HOLD_PERIOD_NS

    def goes_on_with(self, captured: CapturedFrame) -> bool:
        """Whether this picture can come next. Raises CameraChangedError where none of its kind ever can."""
        if self._key is None:
            return True
        coded = captured.coded
        if coded is None or coded.parameter_sets != self._key.parameter_sets:
            raise CameraChangedError("the camera gives another kind of H.264 than before")
        self._needs_key |= captured.dropped is not None
        return coded.key or not self._needs_key

    def source(self, captured: CapturedFrame, view: FramedView) -> av.VideoFrame | CodedPicture:
        """What is recorded of a captured picture."""
        if self._key is not None and captured.coded is not None:
            return captured.coded
        return self._output.picture(captured.frame, view)

    def saw(self, captured: CapturedFrame, pts: int) -> None:
        """A captured picture was recorded at `pts`."""
        self._rhythm.observe(captured.exposure_ns)
        self._seen_ns = captured.exposure_ns
        if self._key is not None and captured.coded is not None and captured.coded.key:
            self._key, self._needs_key = captured.coded, False
        if not captured.same:
            self.same_from_pts = None
        elif self.same_from_pts is None:
            self.same_from_pts = pts

    def held_source(self, newest: Picture, exposure_ns: int) -> av.VideoFrame | CodedPicture:
        """What is recorded at `exposure_ns` while the camera gives nothing."""
        if self._key is not None:
            self._needs_key = True
            return self._key
        return self._output.black if self.is_black(exposure_ns) else newest.source

    def is_black(self, exposure_ns: int) -> bool:
        """Whether black is shown at `exposure_ns`, where a picture is held."""
        return self._fills_black and exposure_ns - self._seen_ns > self._stall_ns

    def tell_cpu(self) -> None:
        """Put on record what encoding and scaling cost."""
        tell("encoders", self.encoders.cpu.spent_ns)
        tell("scaling", self._output.cpu.spent_ns)

    def cuts_at(self, picture: Picture, segment_ticks: int, *, held: bool) -> bool:
        """Whether a segment starts with it; the first picture starts one."""
        if self.segment_start_pts is None:
            return True
        if self.second is not None and not held and self.second.must_cut(picture.captured):
            return True
        overdue_ticks = picture.pts - self.segment_start_pts - segment_ticks
        if overdue_ticks < 0 or (isinstance(picture.source, CodedPicture) and not picture.source.key):
            return False
        return self.second is None or self.second.can_cut(picture.captured, overdue_ticks, held=held)

    def encode(self, picture: Picture, *, cut: bool, held: bool) -> None:
        """Encode a picture; with `cut` a segment starts with it."""
        if cut:
            self.segmenter.cut_at(picture.pts)
            self.segment_start_pts = picture.pts
        if self.second is not None:
            black = held and self.is_black(picture.exposure_ns)
            self.second.show(picture.captured, picture.pts, cut=cut, held=held, black=black)
        for packet in self.encoders.encode_picture(picture.source, picture.pts, key=cut):
            self._add_video(packet)

    def add_sound(self, packet: Packet) -> None:
        """Take the next sound."""
        copy = None if self.second is None else _copied(packet)
        self.segmenter.add_sound(packet)
        if self.second is not None and copy is not None:
            self.second.sound(copy)

    def finish(self, end_pts: int) -> None:
        """The last picture lasts until `end_pts`."""
        try:
            for packet in self.encoders.flush_video():
                self._add_video(packet)
            for packet in self.sound.finish(end_pts):
                self.add_sound(packet)
            self.segmenter.finish(end_pts)
        finally:
            if self.second is not None:
                self.second.finish(end_pts)
        self.encoders.close()
        self.singles.close()

    def _add_video(self, packet: Packet) -> None:
        pts = cast(int, packet.pts)
        self.segmenter.add_video(packet)
        if self.second is not None:
            self.second.recorded(pts)


def _renditions_of(second: SecondPicture | None) -> Callable[[], tuple[RenditionName, ...]]:
    """Apart from the recording: a circle of references would keep the pictures of past lessons in memory."""
    return tuple if second is None else lambda: second.renditions


def _copied(packet: Packet) -> Packet:
    """A packet for another muxer: each sets the time stamps of what it gets to its own."""
    copy: Packet = av.Packet(bytes(packet))
    copy.time_base, copy.pts, copy.dts, copy.duration = packet.time_base, packet.pts, packet.dts, packet.duration
    copy.is_keyframe = packet.is_keyframe
    return copy
