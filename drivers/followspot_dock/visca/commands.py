"""The command side of a VISCA conversation: what the camera should do, until it has said that it does.

Two commands may be in the camera at a time (its sockets); a third is refused with "command buffer full". So motions
are held back while both are taken, the newest replaces the older ones, and only a stop goes out regardless.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from followspot_dock.visca import packets
from followspot_dock.visca.models import Model

_LOG = logging.getLogger(__name__)

_MS = 1_000_000
_RESEND_NS = 120 * _MS
"""Sony: the acknowledgement comes within four vertical periods, 67 to 167 ms; sending a motion twice does no harm."""
_STOP_REPEAT_NS = 50 * _MS
_FORGET_NS = 300 * _MS
"""A command that was not acknowledged by then never arrived, nor will it."""
_BUSY_NS = 5_000 * _MS
"""A socket whose completion is lost counts as free after this."""
_RETRY_NS = 500 * _MS
"""How soon to try again what the camera refused: standby and menus last."""
_SOCKETS = 2

Send = Callable[[bytes], int | None]
"""Sends one packet; its number where the framing has numbers."""


@dataclass(frozen=True, slots=True)
class Motion:
    """What the motors should do: turn with these signed speed steps, or go to `goal` (units) with them."""

    pan_step: int
    tilt_step: int
    goal: tuple[int, int] | None = None

    def packet(self) -> bytes:
        """As a command."""
        if self.goal is None:
            return packets.drive(self.pan_step, self.tilt_step)
        return packets.absolute(self.pan_step, self.tilt_step, *self.goal)


REST = Motion(0, 0)


@dataclass(frozen=True, slots=True)
class _Flight:
    """A command that is not acknowledged yet; `alone` if it cannot be overtaken by an older motion."""

    motion: Motion
    sequence: int | None
    sent_ns: int
    alone: bool


class Commands:
    """Brings the camera to `wanted`. `accepted` is what it acknowledged last, None when that is unknown."""

    def __init__(self, send: Send, model: Model) -> None:
        self._send = send
        self._interval_ns = model.command_interval_ms * _MS
        self._flights: list[_Flight] = []
        self._sockets: dict[int, int] = {}
        self._last: _Flight | None = None
        self._not_before_ns = 0
        self._refused: int | None = None
        self._acknowledges = False
        self.wanted = REST
        self.accepted: Motion | None = None

    @property
    def settled(self) -> bool:
        """Whether the camera does what is wanted."""
        return self.accepted == self.wanted

    def want(self, motion: Motion, now_ns: int) -> None:
        """Do this instead of everything before."""
        if motion != self.wanted:
            self.wanted = motion
            self.tick(now_ns)

    def stop(self, now_ns: int) -> None:
        """Rest, and have it acknowledged anew."""
        self.wanted, self.accepted = REST, None
        self._not_before_ns = 0
        self.tick(now_ns)

    def forget(self) -> None:
        """The conversation begins anew: nothing is known of what the camera does."""
        self._flights.clear()
        self._sockets.clear()
        self.accepted = self._last = None

    def tick(self, now_ns: int) -> None:
        """Send what is due."""
        self._flights = [flight for flight in self._flights if now_ns - flight.sent_ns < _FORGET_NS]
        self._sockets = {socket: since for socket, since in self._sockets.items() if now_ns - since < _BUSY_NS}
        if not self.settled and now_ns >= self._due_ns():
            alone = all(flight.motion == self.wanted for flight in self._flights)
            sequence = self._send(self.wanted.packet())
            self._last = _Flight(self.wanted, sequence, now_ns, alone)
            self._flights.append(self._last)

    def on_ack(self, sequence: int | None, socket: int, now_ns: int) -> None:
        """The camera took a command."""
        self._acknowledges = True
        if 0 < socket <= _SOCKETS:
            self._sockets[socket] = now_ns
        self._accept(sequence)

    def on_completion(self, sequence: int | None, socket: int) -> None:
        """The camera has done a command. Some makers acknowledge with nothing else."""
        self._sockets.pop(socket, None)
        if sequence is not None or not self._acknowledges:
            self._accept(sequence)

    def on_refusal(self, sequence: int | None, refusal: packets.Refusal, now_ns: int) -> bool:
        """The camera refused something; whether it was a command."""
        if refusal.code in (packets.CANCELED, packets.NO_SOCKET):
            self._sockets.pop(refusal.socket, None)
            return True
        flight = self._take(sequence)
        if flight is None:
            return False
        if refusal.code == packets.BUFFER_FULL:
            self._on_buffer_full(flight, now_ns)
        else:
            self._not_before_ns = now_ns + _RETRY_NS
        if refusal.code != self._refused:
            self._refused = refusal.code
            _LOG.warning("the camera refuses a command: %s", packets.REFUSALS.get(refusal.code, hex(refusal.code)))
        return True

    def _on_buffer_full(self, flight: _Flight, now_ns: int) -> None:
        self._not_before_ns = now_ns + self._interval_ns
        if flight.motion == REST:  # make room for the stop
            for socket in range(1, _SOCKETS + 1):
                self._send(packets.cancel(socket))

    def _due_ns(self) -> int:
        last = self._last
        if self.wanted == REST:
            if last is None or last.motion != REST:
                return self._not_before_ns
            return max(self._not_before_ns, last.sent_ns + _STOP_REPEAT_NS)
        if len(self._sockets) >= _SOCKETS:
            return min(self._sockets.values()) + _BUSY_NS
        if last is None:
            return self._not_before_ns
        pause_ns = _RESEND_NS if last.motion == self.wanted else self._interval_ns
        return max(self._not_before_ns, last.sent_ns + pause_ns)

    def _accept(self, sequence: int | None) -> None:
        flight = self._take(sequence)
        if flight is None:
            return
        self._refused = None
        if flight.motion != REST or flight.alone:
            self.accepted = flight.motion

    def _take(self, sequence: int | None) -> _Flight | None:
        """The command that is answered: by its number, or the oldest one where there are no numbers."""
        for index, flight in enumerate(self._flights):
            if sequence is None or flight.sequence == sequence:
                return self._flights.pop(index)
        return None
