"""The host's side of one conversation with a dock, over any transport: bytes and time in, bytes and events out."""

import math
from collections import deque
from collections.abc import Callable

from followspot_dock import port
from followspot_dock.dock_clock import DockClock
from followspot_dock.protocol import messages
from followspot_dock.protocol.frames import DELIMITER, PROTOCOL_VERSION, Frame, FrameParser

HEARTBEAT_NS = 500_000_000
"""A dock silent for this long (25 poses) is gone; teacher and motors move on meanwhile, so not longer."""
NEGOTIATION_NS = 2_000_000_000
"""Boards that restart when their port is opened need up to this to answer."""
_HELLO_REPEAT_NS = 200_000_000
_STOP_REPEAT_NS = 40_000_000
"""Some round trips of a serial line."""
_LAMP_REPEAT_NS = 500_000_000
"""Three may be lost before the dock lets the lamp go dark."""
_REMEMBERED_PRESSES = 16
"""More than a dock can have under way at once."""
_REPLACED_BY_NEWER = frozenset({messages.Pose.TYPE, messages.Marker.TYPE})
_PRESSES = {1: port.ButtonPress.SHORT, 2: port.ButtonPress.DOUBLE, 3: port.ButtonPress.LONG}


class PressMemory:
    """Which presses were told already, over all conversations: a dock repeats a press until it hears our Ack."""

    def __init__(self) -> None:
        self._told: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED_PRESSES)

    def is_new(self, boot_id: int, press_id: int) -> bool:
        """Whether this press is told for the first time; it is remembered."""
        if (boot_id, press_id) in self._told:
            return False
        self._told.append((boot_id, press_id))
        return True


class HostSession:
    """One conversation, from Hello until the transport fails or `fault` names a reason.

    `write` takes one whole frame and may drop it; `tell` gets port events; `ready` gets the dock's capabilities once,
    before any other event. Everything runs on the caller's thread.
    """

    def __init__(
        self,
        write: Callable[[bytes], None],
        tell: Callable[[port.DockEvent], None],
        ready: Callable[[port.Capabilities], None],
        presses: PressMemory,
        lamp_on: bool,
    ) -> None:
        self._write = write
        self._tell = tell
        self._ready = ready
        self._presses = presses
        self._lamp_on = lamp_on
        self._parser = FrameParser()
        self._clock = DockClock()
        self._sequence = 0
        self._motion_id = 0
        self._boot_id: int | None = None
        self._max_rate_dps = 0.0
        self._refused: str | None = None
        self._begun_ns = self._heard_ns = self._hello_due_ns = 0
        self._lamp_due_ns = 0
        self._stop: messages.Stop | None = None
        self._stop_due_ns = 0

    @property
    def negotiated(self) -> bool:
        """Whether the dock answered our Hello."""
        return self._boot_id is not None

    @property
    def stopping(self) -> bool:
        """Whether a Stop waits for its Ack."""
        return self._stop is not None

    def begin(self, now_ns: int) -> None:
        """Say Hello."""
        self._begun_ns = self._heard_ns = self._hello_due_ns = now_ns
        self._write(DELIMITER)  # ends whatever half a frame an earlier program left on the line
        self.tick(now_ns)

    def tick(self, now_ns: int) -> None:
        """Repeat what is due; call some 50 times a second."""
        if not self.negotiated:
            if now_ns >= self._hello_due_ns:
                self._hello_due_ns = now_ns + _HELLO_REPEAT_NS
                self._send(messages.Hello("followspot"))
            return
        if self._stop is not None and now_ns >= self._stop_due_ns:
            self._stop_due_ns = now_ns + _STOP_REPEAT_NS
            self._send(self._stop)
        if now_ns >= self._lamp_due_ns:
            self._lamp_due_ns = now_ns + _LAMP_REPEAT_NS
            self._send(messages.MarkerLamp(self._lamp_on))

    def fault(self, now_ns: int) -> str | None:
        """Why this conversation is over, for people; None while it is well."""
        if self._refused is not None:
            return f"the dock's hello cannot be: {self._refused}; update or repair its firmware"
        if self.negotiated:
            if now_ns - self._heard_ns <= HEARTBEAT_NS:
                return None
            return "the dock sent nothing for 0.5 s: it hangs or lost power; restart it if this lasts"
        if now_ns - self._begun_ns <= NEGOTIATION_NS:
            return None
        if self._parser.foreign_version is not None:
            return (
                f"the dock speaks protocol version {self._parser.foreign_version}, this driver {PROTOCOL_VERSION}: "
                "update the older of the two"
            )
        heard = "only noise" if self._parser.damaged else "nothing"
        return f"{heard} came back within 2 s: not a Followspot dock, or the baud rate is wrong (dock.baud)"

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
        """Turn; rates beyond what the dock can do are cut to that. Newer than any Stop before it, so it ends that."""
        self._stop = None
        limit = self._max_rate_dps
        pan_dps, tilt_dps = (max(-limit, min(limit, rate)) for rate in (pan_dps, tilt_dps))
        self._send(messages.Drive(self._next_motion_id(), pan_dps, tilt_dps, ttl_ms))

    def stop(self, now_ns: int) -> None:
        """Stop turning; repeated until the dock's Ack."""
        self._stop = messages.Stop(self._next_motion_id())
        self._stop_due_ns = now_ns
        self.tick(now_ns)

    def marker_lamp(self, on: bool, now_ns: int) -> None:
        """Set the marker's light; repeated for as long as the conversation lasts."""
        self._lamp_on = on
        self._lamp_due_ns = now_ns
        self.tick(now_ns)

    def receive(self, data: bytes, arrival_ns: int) -> None:
        """Bytes came from the dock. Of several reports of one kind only the newest is told: a flood costs no time."""
        for frame in _newest_reports(self._parser.feed(data)):
            self._heard_ns = arrival_ns
            message = messages.from_frame(frame)
            if isinstance(message, messages.HelloReply):
                self._on_hello_reply(message, arrival_ns)
            elif self.negotiated:
                self._on_message(message, arrival_ns)

    def _on_hello_reply(self, reply: messages.HelloReply, arrival_ns: int) -> None:
        if self.negotiated:
            return  # the answer to a repeated Hello
        capabilities = _capabilities(reply)
        self._refused = capabilities.fault()
        if self._refused is not None:
            return
        self._boot_id = reply.boot_id
        self._max_rate_dps = reply.max_rate_dps
        self._clock.observe(reply.time_us, arrival_ns)
        self._ready(capabilities)
        self.tick(arrival_ns)

    def _on_message(self, message: messages.Message | None, arrival_ns: int) -> None:
        match message:
            case messages.Pose(time_us, pan, tilt, pan_rate, tilt_rate):
                self._clock.observe(time_us, arrival_ns)
                self._tell(port.Pose(self._clock.host_ns(time_us), pan, tilt, pan_rate, tilt_rate))
            case messages.Marker(time_us, azimuth, elevation, quality):
                self._clock.observe(time_us, arrival_ns)
                self._tell(port.MarkerReport(self._clock.host_ns(time_us), azimuth, elevation, quality))
            case messages.Batteries(dock_percent, marker_percent):
                self._tell(port.Batteries(dock_percent, marker_percent))
            case messages.Button():
                self._on_button(message)
            case messages.Ack(identity) if self._stop is not None and identity == self._stop.id:
                self._stop = None

    def _on_button(self, button: messages.Button) -> None:
        self._send(messages.Ack(button.id))
        press = _PRESSES.get(button.press)
        if press is not None and self._boot_id is not None and self._presses.is_new(self._boot_id, button.id):
            self._tell(port.MarkerButton(self._clock.host_ns(button.time_us), press))

    def _next_motion_id(self) -> int:
        self._motion_id = (self._motion_id + 1) & 0xFFFF
        return self._motion_id

    def _send(self, message: messages.Message) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._write(messages.to_wire(message, self._sequence))


def check_drive(pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
    """Raise ValueError where the port's contract on `Dock.drive` is broken."""
    if not (math.isfinite(pan_dps) and math.isfinite(tilt_dps)):
        raise ValueError(f"rates must be finite, not {pan_dps} and {tilt_dps} degrees per second")
    if not 1 <= ttl_ms <= messages.MAX_TTL_MS:
        raise ValueError(f"a time to live of {ttl_ms} ms is not within 1 to {messages.MAX_TTL_MS}")


def _newest_reports(frames: list[Frame]) -> list[Frame]:
    """`frames` without the poses and marker reports that a newer one of the same kind replaces."""
    newest = {frame.type: index for index, frame in enumerate(frames) if frame.type in _REPLACED_BY_NEWER}
    return [frame for index, frame in enumerate(frames) if newest.get(frame.type, index) == index]


def _capabilities(reply: messages.HelloReply) -> port.Capabilities:
    return port.Capabilities(
        model=reply.model,
        firmware=reply.firmware,
        serial_number=reply.serial_number,
        pan_min_deg=reply.pan_min_deg,
        pan_max_deg=reply.pan_max_deg,
        tilt_min_deg=reply.tilt_min_deg,
        tilt_max_deg=reply.tilt_max_deg,
        max_rate_dps=reply.max_rate_dps,
        max_acceleration_dps2=reply.max_acceleration_dps2,
        has_marker=reply.has_marker,
    )
