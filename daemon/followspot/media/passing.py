"""H.264 as the camera gives it, to be recorded without encoding it again."""

import io
from dataclasses import dataclass

import av
from av.video.stream import VideoStream

from followspot.media.encoder import Packet

_START_CODE = b"\x00\x00\x01"
_SLICE_IDR, _SEQUENCE_SET, _PICTURE_SET = 5, 7, 8
_TYPE_BITS = 0x1F
# The first byte of parameter sets as MP4 keeps them; otherwise they stand behind start codes.
_AVCC_VERSION = 1


class NotPassableError(Exception):
    """This stream must be encoded again: why, for people."""


@dataclass(frozen=True, slots=True, eq=False)
class CodedPicture:
    """One compressed picture. Those with `key` can be decoded without any before; `stream` is a template for muxers."""

    packet: Packet
    key: bool
    stream: VideoStream

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.stream.codec_context.width, self.stream.codec_context.height

    @property
    def parameter_sets(self) -> bytes:
        """Without the same ones it cannot go on behind other pictures."""
        return self.stream.codec_context.extradata or b""


class Passing:
    """Takes one opening's packets as they are, from the first key picture on."""

    def __init__(self, source: VideoStream) -> None:
        self._source = source
        self._template: VideoStream | None = None

    def take(self, packet: Packet) -> CodedPicture | None:
        """The picture in `packet`; None before the first key picture.

        Raises NotPassableError where pictures are not in the order in which they are shown, and
        InvalidDataError where the first one cannot be decoded.
        """
        if packet.pts is None or packet.pts != packet.dts:
            raise NotPassableError("its pictures come in another order than they are shown in")
        key = packet.is_keyframe and self._is_idr(packet)
        if self._template is None:
            if not key:
                return None
            self._template = self._made_template(packet)
        return CodedPicture(packet, key, self._template)

    def _is_idr(self, packet: Packet) -> bool:
        """A camera's other key pictures may still refer to what came before them."""
        if (self._source.codec_context.extradata or b"")[:1] == bytes([_AVCC_VERSION]):
            return True
        return any(kind == _SLICE_IDR for kind, _ in _units(bytes(packet)))

    def _made_template(self, packet: Packet) -> VideoStream:
        """A stream that outlives the camera's, with the parameter sets and the size of the first picture."""
        given = self._source.codec_context.extradata or b""
        sets = given
        if given[:1] != bytes([_AVCC_VERSION]):
            inside = [unit for kind, unit in _units(bytes(packet)) if kind in (_SEQUENCE_SET, _PICTURE_SET)]
            sets = b"".join(b"\x00" + _START_CODE + unit for unit in inside) or given
        decoder = av.CodecContext.create("h264", "r")
        decoder.extradata = sets
        frames = decoder.decode(packet) + decoder.decode(None)
        if not frames or decoder.has_b_frames:
            raise NotPassableError("its pictures may come in another order than they are shown in")
        template = av.open(io.BytesIO(), "w", format="mp4").add_stream_from_template(self._source)
        template.codec_context.extradata = sets
        template.codec_context.width, template.codec_context.height = frames[0].width, frames[0].height
        return template


def _units(data: bytes) -> list[tuple[int, bytes]]:
    """The NAL units behind start codes, with their types."""
    pieces = data.split(_START_CODE)[1:]
    return [(piece[0] & _TYPE_BITS, piece.rstrip(b"\x00")) for piece in pieces if piece]
