"""Where a polled dock is reached."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Transport(StrEnum):
    """How the bytes travel."""

    SERIAL = "serial"
    TCP = "tcp"
    UDP = "udp"
    """With the 8-byte header of VISCA over IP."""
    BARE_UDP = "udp+bare"
    """Without it, as PTZOptics and Avonic do on port 1259."""


URL_PATTERN = r"^$|^(tcp|udp|udp\+bare)://(\[[0-9a-fA-F:.]+\]|[0-9A-Za-z._-]+):[0-9]{1,5}$"


@dataclass(frozen=True, slots=True)
class Address:
    """A host and port, or a serial device."""

    transport: Transport
    host: str = ""
    port: int = 0
    path: Path = Path()
    baud: int = 0

    def __str__(self) -> str:
        if self.transport is Transport.SERIAL:
            return str(self.path)
        return f"{self.transport}://{self.host}:{self.port}"


def address_of(url: str, path: str, baud: int) -> Address:
    """The address that `url` names, or the serial device if it is empty. Raises ValueError for another text."""
    if not url:
        return Address(Transport.SERIAL, path=Path(path), baud=baud)
    found = re.match(URL_PATTERN, url)
    if found is None:
        raise ValueError(f"{url!r} is none of tcp://HOST:PORT, udp://HOST:PORT and udp+bare://HOST:PORT")
    host, _, number = url.partition("://")[2].rpartition(":")
    return Address(Transport(found[1]), host.strip("[]"), int(number))
