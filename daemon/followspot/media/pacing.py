"""Play a file as it was recorded: its packets come when their own time stamps say, not as fast as the disk reads."""

from fractions import Fraction
from pathlib import Path

from followspot.media.encoder import Packet

_NS_PER_S = 1_000_000_000


def is_plain_file(url: str) -> bool:
    """Whether `url` names a file on a disk, which would be read at full speed."""
    return Path(url.removeprefix("file:")).is_file()


class Pace:
    """When the packets of one opening are due. The first is due at once."""

    def __init__(self) -> None:
        self._shift_ns: int | None = None

    def due_ns(self, packet: Packet, now_ns: int) -> int:
        """CLOCK_MONOTONIC at which `packet` is due; `now_ns` if it has no time stamp."""
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None or packet.time_base is None:
            return now_ns
        stamp_ns = int(stamp * Fraction(packet.time_base) * _NS_PER_S)
        if self._shift_ns is None:
            self._shift_ns = now_ns - stamp_ns
        return stamp_ns + self._shift_ns
