"""What the host wants of the dock and repeats until it is heard."""

from collections.abc import Callable
from dataclasses import dataclass

from followspot_dock.port import Capabilities, check_motion
from followspot_dock.protocol import messages

_STOP_REPEAT_NS = 40_000_000
"""Some round trips of a serial line, one of a slow Bluetooth link."""
_REQUEST_REPEAT_NS = 200_000_000
_REQUEST_LIFETIME_NS = 3_000_000_000
"""A dock that did not answer by then does not know the message."""
_IDENTIFY_MS = 5000

Send = Callable[[messages.Message], None]


@dataclass(slots=True)
class _Pending:
    message: messages.Message
    id: int
    period_ns: int
    due_ns: int
    end_ns: int | None

    def is_over(self, now_ns: int) -> bool:
        return self.end_ns is not None and now_ns >= self.end_ns


class Repeater:
    """Sends a message until its Ack or Refusal comes; a newer one of its type replaces it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._pending: dict[int, _Pending] = {}

    def begin(
        self, message: messages.Message, identity: int, period_ns: int, now_ns: int, end_ns: int | None = None
    ) -> None:
        """Send now, and every `period_ns` until it is settled, or until `end_ns`."""
        self._pending[message.TYPE] = _Pending(message, identity, period_ns, now_ns, end_ns)
        self.tick(now_ns)

    def settle(self, kind: int, identity: int) -> bool:
        """The dock answered; whether this message was waiting for it."""
        pending = self._pending.get(kind)
        if pending is None or pending.id != identity:
            return False
        del self._pending[kind]
        return True

    def drop(self, kind: int) -> None:
        """It is not wanted any more."""
        self._pending.pop(kind, None)

    def waits(self, kind: int) -> bool:
        """Whether a message of this type is not settled yet."""
        return kind in self._pending

    def tick(self, now_ns: int) -> list[int]:
        """Send what is due, give up what is over; the types of what was given up."""
        given_up = [kind for kind, pending in self._pending.items() if pending.is_over(now_ns)]
        for kind in given_up:
            del self._pending[kind]
        for pending in self._pending.values():
            if now_ns >= pending.due_ns:
                pending.due_ns = now_ns + pending.period_ns
                self._send(pending.message)
        return given_up


class Commands:
    """Motions and requests of one conversation. `issued_us` gives the dock's time of an intent, 0 while unknown."""

    def __init__(self, send: Send, issued_us: Callable[[int], int]) -> None:
        self._send = send
        self._issued_us = issued_us
        self._repeater = Repeater(send)
        self._motion_id = 0
        self._request_id = 0
        self._target: tuple[float, float] | str | None = None
        self._limits: Capabilities | None = None

    @property
    def stopping(self) -> bool:
        """Whether a Stop waits for its Ack."""
        return self._repeater.waits(messages.Stop.TYPE)

    def limit(self, capabilities: Capabilities) -> None:
        """Cut what is asked to what the dock can do."""
        self._limits = capabilities

    def tick(self, now_ns: int) -> list[int]:
        """Repeat what was not heard; the types of what is given up."""
        return self._repeater.tick(now_ns)

    def settle(self, kind: int, identity: int) -> bool:
        """The dock acknowledged or refused a message; whether this one was waiting for it."""
        return self._repeater.settle(kind, identity)

    def motion_over(self, motion_id: int) -> bool:
        """The dock says that this motion ended; whether it was the one under way."""
        if motion_id != self._motion_id or self._target is None:
            return False
        self._target = None
        return True

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int, now_ns: int) -> None:
        """Turn at these rates; newer than any Stop before it, so it ends that."""
        check_motion(pan_dps, tilt_dps, ttl_ms)
        limits = self._need_limits()
        pan_dps = _cut(pan_dps, -limits.pan_max_rate_dps, limits.pan_max_rate_dps)
        tilt_dps = _cut(tilt_dps, -limits.tilt_max_rate_dps, limits.tilt_max_rate_dps)
        self._send(messages.Drive(self._move(None), ttl_ms, self._issued_us(now_ns), pan_dps, tilt_dps))

    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int, now_ns: int) -> int:
        """Turn to this position, or let the motion to it live on; its id."""
        check_motion(pan_deg, tilt_deg, ttl_ms)
        limits = self._need_limits()
        pan_deg = _cut(pan_deg, limits.pan_min_deg, limits.pan_max_deg)
        tilt_deg = _cut(tilt_deg, limits.tilt_min_deg, limits.tilt_max_deg)
        motion_id = self._move((pan_deg, tilt_deg))
        self._send(messages.MoveTo(motion_id, ttl_ms, self._issued_us(now_ns), pan_deg, tilt_deg, 0.0))
        return motion_id

    def park(self, ttl_ms: int, now_ns: int) -> int:
        """Turn to the resting place, or let that motion live on; its id."""
        check_motion(0.0, 0.0, ttl_ms)
        motion_id = self._move("park")
        self._send(messages.Park(motion_id, ttl_ms, self._issued_us(now_ns)))
        return motion_id

    def stop(self, now_ns: int) -> None:
        """Stop turning; repeated for as long as the conversation lasts."""
        motion_id = self._next_motion_id()
        self._target = None
        self._repeater.begin(messages.Stop(motion_id), motion_id, _STOP_REPEAT_NS, now_ns)

    def follow_marker(self, marker_id: int, now_ns: int) -> None:
        """Make this marker the primary one."""
        self._request(messages.FollowMarker(self._next_request_id(), marker_id), now_ns)

    def clear_fault(self, now_ns: int) -> None:
        """Try to clear every fault."""
        self._request(messages.ClearFault(self._next_request_id(), 0), now_ns)

    def identify(self, now_ns: int) -> None:
        """Let the dock blink."""
        self._request(messages.Identify(self._next_request_id(), _IDENTIFY_MS), now_ns)

    def _request(self, message: messages.Message, now_ns: int) -> None:
        end_ns = now_ns + _REQUEST_LIFETIME_NS
        self._repeater.begin(message, self._request_id, _REQUEST_REPEAT_NS, now_ns, end_ns)

    def _move(self, target: tuple[float, float] | str | None) -> int:
        self._repeater.drop(messages.Stop.TYPE)
        if target is None or target != self._target:
            self._next_motion_id()
        self._target = target
        return self._motion_id

    def _next_motion_id(self) -> int:
        self._motion_id = self._motion_id % 0xFFFF + 1
        return self._motion_id

    def _next_request_id(self) -> int:
        self._request_id = self._request_id % 0xFFFF + 1
        return self._request_id

    def _need_limits(self) -> Capabilities:
        if self._limits is None:
            raise RuntimeError("no motion before the dock has said what it can do")
        return self._limits


def _cut(value: float, least: float, most: float) -> float:
    return max(least, min(most, value))
