"""What the full picture beside the framed one is made with: an encoder, or the camera's own H.264 as it is."""

from typing import Protocol

from followspot.media.capture import is_specified
from followspot.media.encoder import MATRIX_BT709, VIDEO_TIMESCALE, EncoderPair, Packet
from followspot.media.framequeue import CapturedFrame
from followspot.media.output import Output
from followspot.media.passedpair import PassedPair
from followspot.media.passing import CodedPicture
from followspot.settings.models import CoderName, Settings

# As where the full picture is recorded alone: the last key picture again, so that fragments go on becoming durable.
_PASSED_HOLD_TICKS = VIDEO_TIMESCALE // 2


class Coder(Protocol):
    """Pictures in, packets of `pair`'s video out. `captured` None: black."""

    pair: EncoderPair

    def takes(self, captured: CapturedFrame | None, *, held: bool) -> bool:
        """Whether this picture can come next."""
        ...

    def lost_some(self) -> None:
        """Pictures before the next one are missing."""
        ...

    def encode(self, captured: CapturedFrame | None, pts: int, *, cut: bool, held: bool) -> list[Packet]:
        """The packets that are ready; a segment starts with a `cut`."""
        ...


class SecondCoders:
    """Opens what each segment needs, from its first picture. All on one thread."""

    def __init__(self, settings: Settings) -> None:
        encoder = settings.encoder.model_copy(update={"bitrate_kbps": settings.encoder.full_bitrate_kbps})
        self._settings = settings.model_copy(update={"encoder": encoder})
        self._name: CoderName = settings.encoder.coder
        self.fragment_s = settings.recording.fragment_s

    def next_for(self, captured: CapturedFrame | None, now: Coder | None, *, passed: bool) -> Coder:
        """What goes on with a segment that starts with this picture: `now`, if it can."""
        coded = None if captured is None or not passed else captured.coded
        if passed and isinstance(now, _Passed) and (coded is None or now.goes_on_with(coded)):
            return now
        if coded is not None and coded.key:
            return _Passed(self._settings, coded)
        if isinstance(now, _Encoded):
            return now
        assert captured is not None, "a recording starts with a picture of the camera"
        return _Encoded(self._settings, captured, self._name)

    def failed(self) -> None:
        """What was opened last ended by a fault; libx264 is not blamed."""
        self._name = "libx264"


class _Encoded:
    def __init__(self, settings: Settings, first: CapturedFrame, name: CoderName) -> None:
        self._output = Output(settings, first.frame, whole=True, own=True)
        matrix = first.frame.colorspace
        size = (self._output.width, self._output.height)
        self.pair = EncoderPair(settings, matrix if is_specified(matrix) else MATRIX_BT709, size, name)

    def takes(self, captured: CapturedFrame | None, *, held: bool) -> bool:  # noqa: ARG002
        return True

    def lost_some(self) -> None:
        """The one before is shown longer."""

    def encode(self, captured: CapturedFrame | None, pts: int, *, cut: bool, held: bool) -> list[Packet]:  # noqa: ARG002
        picture = self._output.black if captured is None else self._output.whole_picture(captured.frame)
        return self.pair.encode_picture(picture, pts, key=cut)


class _Passed:
    def __init__(self, settings: Settings, first: CodedPicture) -> None:
        self.pair: EncoderPair = PassedPair(settings, first)
        self._key = first
        self._needs_key = False
        self._newest_pts: int | None = None

    def goes_on_with(self, coded: CodedPicture) -> bool:
        return coded.parameter_sets == self._key.parameter_sets

    def takes(self, captured: CapturedFrame | None, *, held: bool) -> bool:
        coded = None if captured is None else captured.coded
        return held or (coded is not None and (coded.key or not self._needs_key))

    def lost_some(self) -> None:
        self._needs_key = True

    def encode(self, captured: CapturedFrame | None, pts: int, *, cut: bool, held: bool) -> list[Packet]:
        coded = None if captured is None or held else captured.coded
        if coded is None:
            self._needs_key = True
            if not cut and self._newest_pts is not None and pts - self._newest_pts < _PASSED_HOLD_TICKS:
                return []
            coded = self._key
        elif coded.key:
            self._key, self._needs_key = coded, False
        self._newest_pts = pts
        return self.pair.encode_picture(coded, pts, key=coded.key)
