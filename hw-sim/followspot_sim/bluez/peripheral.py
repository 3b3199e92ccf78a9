"""What a peripheral is to the air: an address, a table of characteristics, and what it does with what it hears."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One characteristic of the only service; `handle` as in the attribute table."""

    handle: int
    uuid: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a central learns of a peripheral."""

    address: str
    name: str
    service_uuid: str
    service_handle: int
    mtu: int
    characteristics: tuple[Characteristic, ...]

    def to_json(self) -> dict[str, object]:
        """For the wire."""
        return asdict(self)


Notify = Callable[[int, bytes], bool]
"""Queue a notification of a handle; False where nobody subscribed to it or the buffer is full."""


class Peripheral(Protocol):
    """A device within range. Everything is called on the loop and returns at once."""

    profile: Profile

    @property
    def on_air(self) -> bool:
        """Whether it has power and its firmware runs: it advertises then unless it is connected."""
        ...

    def connected(self, notify: Notify) -> None:
        """A central connected."""
        ...

    def disconnected(self) -> None:
        """The connection ended, for whatever reason."""
        ...

    def written(self, handle: int, value: bytes) -> None:
        """The central wrote."""
        ...
