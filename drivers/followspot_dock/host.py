"""The host's side of one conversation with a dock, over any transport: bytes and time in, bytes and events out."""

from collections.abc import Callable

from followspot_dock import capabilities as abilities
from followspot_dock import port, telling
from followspot_dock.clock_talk import ClockTalk
from followspot_dock.commands import Commands
from followspot_dock.dock_clock import DockClock
from followspot_dock.event_memory import EventMemory
from followspot_dock.order import Arrival, EventLanes, Lanes, Order
from followspot_dock.protocol import messages
from followspot_dock.protocol.codes import RefusalCode
from followspot_dock.protocol.frames import PROTOCOL_VERSION, Codec, Frame
from followspot_dock.quality import Complaint, Complaints, LossMeter
from followspot_dock.thinning import Thinning

HEARTBEAT_NS = 460_000_000
"""A dock silent for this long (23 poses) is gone: with the 40 ms until somebody looks, half a second at the most."""
CALM_HEARTBEAT_NS = 420_000_000
"""The same while somebody looks every 80 ms only."""
LATE_NS = 80_000_000
"""So much older may be what came last, where it is heard only when somebody looks."""
NEGOTIATION_NS = 2_000_000_000
"""Boards that restart when their port is opened need up to this to answer."""
_HELLO_REPEAT_NS = 200_000_000
_LAMP_REPEAT_NS = 500_000_000
"""Three may be lost before the dock lets the lamp go dark."""
_OLDEST_NS = 10_000_000_000
"""A dock repeats a press for 5 s; a time long before that is no time."""
_MOTIONS = frozenset((messages.MoveTo.TYPE, messages.Park.TYPE))


class HostSession:
    """One conversation, from Hello until the transport fails or `fault` names a reason.

    `codec` is a StreamCodec for a byte stream, a DatagramCodec where each `receive` brings one whole frame. `write`
    takes one whole encoded frame and may drop it; `tell` gets port events; `ready` gets the dock's capabilities once,
    before any other event. `session_id` is random: it tells this conversation's answers from an earlier one's.
    Everything runs on the caller's thread; `tick` wants to be called every 40 ms, every 20 ms while `stopping`. While
    `calm`, every 80 ms will do, and few of the poses and marker reports are told; with `heard_late` `receive` may be as
    late.
    """

    def __init__(
        self,
        codec: Codec,
        write: Callable[[bytes], None],
        tell: Callable[[port.DockEvent], None],
        ready: Callable[[port.Capabilities], None],
        memory: EventMemory,
        lamp_on: bool,
        session_id: int,
    ) -> None:
        self._codec = codec
        self._write = write
        self._tell = tell
        self._ready = ready
        self._memory = memory
        self._lamp_on = lamp_on
        self._session_id = session_id
        self._clock = DockClock()
        self._quality = LossMeter()
        self._clock_talk = ClockTalk(self._clock, self._send, self._quality.question)
        self._commands = Commands(self._send, self._issued_us)
        self._order = Order()
        self._lanes, self._faults = Lanes(), EventLanes()
        self._thinning = Thinning()
        self.heard_late = False
        self._complaints = Complaints()
        self._sequence = 0
        self._boot_id: int | None = None
        self._over: str | None = None
        self._begun_ns = self._heard_ns = self._hello_due_ns = self._lamp_due_ns = 0
        self._pose: port.Pose | None = None

    @property
    def negotiated(self) -> bool:
        """Whether the dock answered our Hello, and we can work with what it said."""
        return self._boot_id is not None

    @property
    def stopping(self) -> bool:
        """Whether a Stop waits for its Ack."""
        return self._commands.stopping

    @property
    def calm(self) -> bool:
        """Whether no lesson needs every report, at once."""
        return self._thinning.active

    @calm.setter
    def calm(self, calm: bool) -> None:
        self._thinning.active = calm

    @property
    def trouble(self) -> str | None:
        """Why the link is DEGRADED, in words for people; None while it is well."""
        return self._quality.trouble

    @property
    def complaints(self) -> Complaints:
        """What was wrong with what came in."""
        return self._complaints

    @property
    def clock(self) -> DockClock:
        """The dock's clock."""
        return self._clock

    def begin(self, now_ns: int) -> None:
        """Say hello."""
        self._begun_ns = self._heard_ns = self._hello_due_ns = now_ns
        self.tick(now_ns)

    def tick(self, now_ns: int) -> None:
        """Send what is due, and judge the link."""
        self._complaints.tick(now_ns)
        if not self.negotiated:
            self._repeat_hello(now_ns)
            return
        for kind in self._commands.tick(now_ns):
            self._tell_request(kind, "it did not answer within 3 s")
        self._clock_talk.tick(now_ns)
        self._quality.judge(now_ns)
        if now_ns >= self._lamp_due_ns:
            self._lamp_due_ns = now_ns + _LAMP_REPEAT_NS
            self._send(messages.MarkerLamp(self._lamp_on))

    def fault(self, now_ns: int) -> str | None:
        """Why this conversation is over, in words for people; None while it goes on."""
        if self._over is not None:
            return self._over
        if self.negotiated:
            limit_ns = (CALM_HEARTBEAT_NS if self.calm else HEARTBEAT_NS) - (LATE_NS if self.heard_late else 0)
            return "the dock sent nothing for 0.5 s" if now_ns - self._heard_ns > limit_ns else None
        version = self._codec.foreign_version
        if version is not None:
            older = "driver" if version > PROTOCOL_VERSION else "dock"
            return f"the dock speaks protocol version {version}, this driver {PROTOCOL_VERSION}: update the {older}"
        if now_ns - self._begun_ns <= NEGOTIATION_NS:
            return None
        if self._codec.damaged:
            return "only noise came back within 2 s: not a Followspot dock, or wrong dock.baud"
        return "nothing came back within 2 s: not a Followspot dock, or it is not powered"

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int, now_ns: int) -> None:
        """As Dock.drive. Raises RuntimeError before the dock has answered."""
        self._commands.drive(pan_dps, tilt_dps, ttl_ms, now_ns)

    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int, now_ns: int) -> int:
        """As Dock.drive_to. Raises RuntimeError before the dock has answered."""
        return self._commands.drive_to(pan_deg, tilt_deg, ttl_ms, now_ns)

    def park(self, ttl_ms: int, now_ns: int) -> int | None:
        """As Dock.park. Raises RuntimeError before the dock has answered."""
        return self._commands.park(ttl_ms, now_ns)

    def stop(self, now_ns: int) -> None:
        """Stop turning; repeated until the dock's Ack."""
        self._commands.stop(now_ns)

    def marker_lamp(self, on: bool, now_ns: int) -> None:
        """Set the markers' light; repeated for as long as the conversation lasts."""
        self._lamp_on = on
        self._lamp_due_ns = now_ns
        self.tick(now_ns)

    def follow_marker(self, marker_id: int, now_ns: int) -> None:
        """Make this marker the primary one; repeated until the dock's Ack."""
        self._commands.follow_marker(marker_id, now_ns)

    def clear_fault(self, now_ns: int) -> None:
        """Try to clear every fault; repeated until the dock's answer."""
        self._commands.clear_fault(now_ns)

    def identify(self, now_ns: int) -> None:
        """Let the dock blink; repeated until the dock's Ack."""
        self._commands.identify(now_ns)

    def receive(self, data: bytes, arrival_ns: int) -> None:
        """Bytes, or one datagram, came from the dock. Never raises, whatever they are."""
        damaged, foreign = self._codec.damaged, self._codec.foreign
        frames = self._codec.feed(data)
        self._note(Complaint.DAMAGED, arrival_ns, self._codec.damaged - damaged)
        self._note(Complaint.FOREIGN, arrival_ns, self._codec.foreign - foreign)
        for frame in frames:
            self._on_frame(frame, arrival_ns)

    def _on_frame(self, frame: Frame, arrival_ns: int) -> None:
        if self._thinning.drops(frame, arrival_ns):
            if self._in_order(frame, arrival_ns):
                self._heard_ns = arrival_ns
            return
        try:
            message = messages.from_frame(frame)
        except ValueError:
            self._note(Complaint.SENSELESS, arrival_ns)
            return
        if isinstance(message, messages.HelloReply):
            self._on_hello_reply(message, frame, arrival_ns)
        elif isinstance(message, messages.Refusal) and message.code == RefusalCode.NO_HELLO:
            self._on_forgotten()  # whatever its sequence number: a dock that restarted counts anew
        elif self.negotiated and self._in_order(frame, arrival_ns):
            self._heard_ns = arrival_ns
            self._note(Complaint.UNKNOWN, arrival_ns, message is None)
            self._on_message(message, arrival_ns)

    def _in_order(self, frame: Frame, arrival_ns: int) -> bool:
        arrival = self._order.judge(frame.sequence)
        if arrival is Arrival.FRESH:
            self._quality.frame(self._order.place, arrival_ns)
        self._note(Complaint.WILD, arrival_ns, arrival is Arrival.WILD)
        return arrival is Arrival.FRESH

    def _on_hello_reply(self, reply: messages.HelloReply, frame: Frame, arrival_ns: int) -> None:
        if reply.session_id != self._session_id or self._over is not None:
            return  # the answer to another host's Hello, or to one of an earlier conversation
        if self.negotiated:
            self._in_order(frame, arrival_ns)  # the answer to a repeated Hello
            return
        capabilities = abilities.from_reply(reply)
        absurd = abilities.absurdity(capabilities)
        if absurd is not None:
            self._over = f"the dock's hello makes no sense: its {absurd}"
            return
        self._heard_ns = arrival_ns
        self._in_order(frame, arrival_ns)
        self._clock.heard(reply.time_us, arrival_ns)
        self._clock.reached(self._begun_ns, reply.time_us)
        self._boot_id = reply.boot_id
        self._commands.limit(capabilities)
        self._ready(capabilities)
        self.tick(arrival_ns)

    def _on_forgotten(self) -> None:
        if self.negotiated:
            self._over = "the dock does not know us any more: it restarted"

    def _on_message(self, message: messages.Message | None, arrival_ns: int) -> None:
        match message:
            case messages.Pose() | messages.MarkerReport() | messages.MarkerStatus() | messages.DockStatus():
                self._on_report(message, arrival_ns)
            case messages.Button() | messages.Fault() | messages.MotionDone():
                self._on_event(message, arrival_ns)
            case messages.ClockReply():
                self._clock_talk.on_reply(message, arrival_ns)
            case messages.Ack(kind, identity):
                self._settle(kind, identity)
            case messages.Refusal():
                self._on_refusal(message, arrival_ns)

    def _on_report(
        self,
        message: messages.Pose | messages.MarkerReport | messages.MarkerStatus | messages.DockStatus,
        arrival_ns: int,
    ) -> None:
        if not self._lanes.passes((message.TYPE, getattr(message, "marker_id", 0)), self._order.place):
            return  # a newer one was told already
        event = self._translated(message, arrival_ns)
        if event is None:
            self._note(Complaint.SENSELESS, arrival_ns)
            return
        if isinstance(event, port.Pose):
            self._pose = event
        self._tell(event)

    def _translated(
        self,
        message: messages.Pose | messages.MarkerReport | messages.MarkerStatus | messages.DockStatus,
        arrival_ns: int,
    ) -> port.DockEvent | None:
        match message:
            case messages.MarkerStatus():
                return telling.marker_status(message)
            case messages.DockStatus():
                return telling.dock_status(message)
            case _ if not self._clock.heard(message.time_us, arrival_ns):
                return None
            case messages.Pose():
                return telling.pose(message, self._host_time(arrival_ns))
            case messages.MarkerReport():
                return telling.marker_report(message, self._host_time(arrival_ns))

    def _on_event(self, message: messages.Button | messages.Fault | messages.MotionDone, arrival_ns: int) -> None:
        self._send(messages.Ack(message.TYPE, message.id))
        if self._boot_id is None or not self._memory.is_new(self._boot_id, message.id):
            return
        host_time = self._host_time(arrival_ns)
        match message:
            case messages.Button():
                button = telling.button(message, host_time)
                if button is not None:
                    self._tell(button)
            case messages.Fault():
                if self._faults.passes((message.fault, message.axis), message.id):
                    self._tell(telling.fault(message, host_time))
            case messages.MotionDone():
                self._commands.motion_over(message.motion_id)
                self._tell(telling.motion_done(message, host_time))

    def _on_refusal(self, refusal: messages.Refusal, arrival_ns: int) -> None:
        self._note(Complaint.REFUSED, arrival_ns, detail=telling.why_refused(refusal))
        self._settle(refusal.refused, refusal.id, telling.reason_of(refusal))
        if refusal.refused in _MOTIONS and self._pose is not None and self._commands.motion_over(refusal.id):
            where = (self._pose.pan_deg, self._pose.tilt_deg)
            self._tell(port.MotionDone(arrival_ns, refusal.id, port.MotionOutcome.FAILED, *where))

    def _settle(self, kind: int, identity: int, refusal: str = "") -> None:
        if self._commands.settle(kind, identity):
            self._tell_request(kind, refusal)

    def _tell_request(self, kind: int, refusal: str) -> None:
        request = telling.REQUESTS.get(kind)
        if request is not None:
            self._tell(port.RequestDone(request, refusal))

    def _host_time(self, arrival_ns: int) -> telling.HostTime:
        """The dock's time as ours, never after the arrival, nor absurdly long before it."""
        return lambda dock_us: min(max(self._clock.host_ns(dock_us), arrival_ns - _OLDEST_NS), arrival_ns)

    def _issued_us(self, now_ns: int) -> int:
        return 0 if self._clock.uncertainty_ns() is None else max(self._clock.dock_us(now_ns), 0)

    def _repeat_hello(self, now_ns: int) -> None:
        if now_ns >= self._hello_due_ns and self._over is None:
            self._hello_due_ns = now_ns + _HELLO_REPEAT_NS
            self._send(messages.Hello(self._session_id, messages.PROTOCOL_MINOR, "followspot"))

    def _note(self, complaint: Complaint, now_ns: int, times: int = 1, detail: str = "") -> None:
        if times:
            self._complaints.note(complaint, now_ns, detail, times)

    def _send(self, message: messages.Message) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._write(self._codec.encode(messages.to_frame(message, self._sequence)))
