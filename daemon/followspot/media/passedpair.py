"""The camera's own H.264 in the place of an encoder."""

import av
from av.video.stream import VideoStream

from followspot.media.encoder import VIDEO_TICK, EncoderPair, Packet
from followspot.media.passing import CodedPicture
from followspot.settings.models import Settings


class PassedPair(EncoderPair):
    """An EncoderPair whose pictures are H.264 already: they come out at once, with their time set."""

    def __init__(self, settings: Settings, first: CodedPicture) -> None:
        self._template = first.stream
        super().__init__(settings, 0, first.size)

    def _add_video(self, settings: Settings, matrix: int, size: tuple[int, int]) -> VideoStream:  # noqa: ARG002
        return self._template

    def encode_picture(self, source: av.VideoFrame | CodedPicture, pts: int, *, key: bool) -> list[Packet]:  # noqa: ARG002
        """The picture's packet at `pts`. A picture that is held is given again: its packet is copied each time."""
        assert isinstance(source, CodedPicture), "a recording passes all of its pictures or none"
        packet: Packet = av.Packet(bytes(source.packet))
        packet.is_keyframe = source.key
        packet.time_base = VIDEO_TICK
        packet.pts = packet.dts = pts
        return [packet]

    def flush_video(self) -> list[Packet]:
        """Nothing is kept back."""
        return []
