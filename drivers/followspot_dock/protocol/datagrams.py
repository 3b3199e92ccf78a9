"""Frames where the transport keeps packets whole and undamaged, as GATT attribute values: header and payload."""

from followspot_dock.protocol.frames import PROTOCOL_VERSION, Frame, pack, unpack


class DatagramCodec:
    """One frame a datagram; a Codec."""

    def __init__(self) -> None:
        self.damaged = self.foreign = 0
        self.foreign_version: int | None = None

    def encode(self, frame: Frame) -> bytes:
        """The frame as one datagram. Raises ValueError for a payload above MAX_PAYLOAD_BYTES."""
        return pack(frame)

    def feed(self, data: bytes) -> list[Frame]:
        """The frame in one datagram, or nothing."""
        frame = unpack(data)
        if frame is None:
            self.damaged += 1
            return []
        if frame.version != PROTOCOL_VERSION:
            self.foreign += 1
            self.foreign_version = frame.version
            return []
        return [frame]
