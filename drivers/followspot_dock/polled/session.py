"""What a polled dock's protocol must be able to do; sans-I/O: bytes and time in, bytes and events out."""

from collections.abc import Callable
from typing import Protocol

from followspot_dock import port

Write = Callable[[bytes], None]
"""Takes one whole packet, line or datagram, and may drop it."""
Tell = Callable[[port.DockEvent], None]
Ready = Callable[[port.Capabilities], None]

HEARTBEAT_NS = 500_000_000
"""A dock that answers nothing for this long is gone; teacher and motors move on meanwhile, so not longer."""
NEGOTIATION_NS = 2_000_000_000
"""Boards that restart when their port is opened need up to this to answer."""


class PolledSession(Protocol):
    """One conversation, from `begin` until the wire fails or `fault` names a reason. Everything on the loop.

    `deadline_ns` is when the present motion must end; None at rest. The session sends the stop itself in `tick`.
    """

    deadline_ns: int | None

    @property
    def stopping(self) -> bool:
        """Whether a stop waits for its acknowledgement."""

    def begin(self, now_ns: int) -> None:
        """Open the conversation and stop whatever an earlier program left turning."""

    def tick(self, now_ns: int) -> None:
        """Send what is due; call some 100 times a second."""

    def receive(self, data: bytes, arrival_ns: int) -> None:
        """Bytes came."""

    def fault(self, now_ns: int) -> str | None:
        """Why this conversation is over, for people; None while it is well."""

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int, now_ns: int) -> None:
        """As the port's `drive`."""

    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int, now_ns: int) -> int | None:
        """As the port's `drive_to`."""

    def stop(self, now_ns: int) -> None:
        """Stop; repeated until acknowledged."""

    def lone_stop(self) -> list[bytes]:
        """Writes that stop the dock whatever the session's state. Thread-safe."""

    def on_lone_stop(self, now_ns: int) -> None:
        """The writes of `lone_stop` went out behind the session's back."""
