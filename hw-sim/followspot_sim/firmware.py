"""The dock's firmware: the device's side of the wire protocol, a state machine fed with bytes and time."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from followspot_dock.protocol import codes, messages
from followspot_dock.protocol.codes import RefusalCode
from followspot_dock.protocol.frames import Codec, Frame
from followspot_sim.dock_condition import Condition
from followspot_sim.dock_events import Events
from followspot_sim.dock_faults import Faults
from followspot_sim.dock_motion import MotionCore
from followspot_sim.dock_reports import POSE_NS, Beats, Reports, Sights
from followspot_sim.marker_sensor import MarkerSensor
from followspot_sim.plant import NS_PER_S, Plant

MODEL = "Simulated dock"
FIRMWARE = "1.0"
SERIAL_NUMBER = "SIM-0001"
MICROPHONE = "Simulated microphone"
PRESSES = {press.name.lower(): press for press in codes.Press}

_LAMP_HOLD_NS = round(messages.MARKER_LAMP_HOLD_S * NS_PER_S)
_HOST_SILENCE_NS = round(messages.HOST_SILENCE_S * NS_PER_S)
_CLOCK_ERROR_PPM = 40
"""An ordinary crystal."""
_MAX_MARKERS = 8

_Motion = messages.Drive | messages.MoveTo | messages.Park
_Request = messages.FollowMarker | messages.ClearFault | messages.Identify


@dataclass(slots=True)
class _Talk:
    """What lives from one Hello to the next."""

    session_id: int
    heard_ns: int
    beats: Beats
    lamp_heard_ns: int | None = None
    lamp_sequence: int | None = None
    drive_heard_ns: int | None = None
    requests: dict[int, int] = field(default_factory=dict)
    """The newest request id of each message type that was taken."""


class Firmware:
    """One power-on of the dock. `marker_sent` is told every marker report as it is sent, with its host time.

    `codec` is that of the transport; what `receive` and `advance` return are whole frames, encoded by it.
    """

    def __init__(
        self,
        plant: Plant,
        sights: Sights,
        marker_sent: Callable[[int, messages.MarkerReport], None],
        rng: random.Random,
        sensor: MarkerSensor,
        boot_ns: int,
        codec: Codec,
    ) -> None:
        self.condition = Condition()
        self._plant = plant
        self._boot_ns = self._now_ns = boot_ns
        self._boot_id = rng.getrandbits(32)
        self._codec = codec
        self._sequence = 0
        self._talk: _Talk | None = None
        self._events = Events()
        self._motions = MotionCore(plant, self._motion_done)
        self._faults = Faults(self._tell_fault)
        self._reports = Reports(plant, sights, marker_sent, rng, sensor, self._time_us)
        self._identify_until_ns = boot_ns

    def receive(self, data: bytes, now_ns: int) -> list[bytes]:
        """Bytes, or one datagram, from the host; the answers to them."""
        self._now_ns = now_ns
        foreign = self._codec.foreign
        answers: list[messages.Message] = []
        for frame in self._codec.feed(data):
            answers += self._on_frame(frame)
        refusal = messages.Refusal(messages.Hello.TYPE, 0, RefusalCode.VERSION)
        answers += [refusal] * (self._codec.foreign - foreign)
        return [self._wire(answer) for answer in answers]

    def advance(self, now_ns: int) -> list[bytes]:
        """Everything that fell due."""
        self._now_ns = now_ns
        self._motions.advance(now_ns)
        self._events.expire(now_ns)
        if self._talk is not None and now_ns - self._talk.heard_ns > _HOST_SILENCE_NS:
            self._talk = None
        if self._talk is None:
            return []
        reports = self._reports.due(self._talk.beats, self.condition, self._motions.motion_id, now_ns)
        return [self._wire(report) for report in (*reports, *self._events.due(now_ns))]

    def next_due_ns(self, now_ns: int) -> int:
        """When `advance` should be called next."""
        return now_ns + POSE_NS if self._talk is None else self._talk.beats.next_due_ns

    def thaw(self, now_ns: int) -> None:
        """It hung until now: what it should have told meanwhile is never told."""
        if self._talk is not None:
            self._talk.beats.skip(now_ns)

    def press(self, press: str, now_ns: int, marker_id: int = 1) -> None:
        """A marker's button: "short", "double" or "long"."""
        time_us, code = self._time_us(now_ns), PRESSES[press]
        self._events.add(lambda event_id: messages.Button(event_id, marker_id, time_us, code), now_ns)

    def fault(self, code: codes.FaultCode, axis: codes.Axis, now_ns: int) -> None:
        """Something broke for a moment; the fault stands until the host clears it."""
        self.cause(code, axis, now_ns, there=True)
        self.cause(code, axis, now_ns, there=False)

    def cause(self, code: codes.FaultCode, axis: codes.Axis, now_ns: int, *, there: bool) -> None:
        """What makes a fault is there, or is gone: only then the host can clear it. A fault ends every motion."""
        self._now_ns = now_ns
        if self._faults.note(code, axis, caused=there):
            self._motions.halt(codes.Outcome.FAILED, now_ns)

    def silence(self, until_ns: int) -> None:
        """Do not see any marker until then."""
        self._reports.silence(until_ns)

    def marker_lamp(self, now_ns: int) -> bool:
        """Whether the light on the markers is on."""
        heard_ns = self._talk.lamp_heard_ns if self._talk is not None else None
        return heard_ns is not None and now_ns - heard_ns <= _LAMP_HOLD_NS

    def blinks(self, now_ns: int) -> bool:
        """Whether the dock shows which one it is."""
        return now_ns < self._identify_until_ns

    def drive_age_ms(self, now_ns: int) -> float | None:
        """How long ago the last motion command of this conversation came."""
        heard_ns = self._talk.drive_heard_ns if self._talk is not None else None
        return None if heard_ns is None else (now_ns - heard_ns) / 1_000_000

    def _on_frame(self, frame: Frame) -> list[messages.Message]:
        try:
            message = messages.from_frame(frame)
        except ValueError:
            return [messages.Refusal(frame.type, 0, RefusalCode.MALFORMED)] if self._talk is not None else []
        if isinstance(message, messages.Hello):
            return [self._greet(message)]
        if self._talk is None:
            return self._refuse_stranger(message)
        self._talk.heard_ns = self._now_ns
        return self._obey(message, frame.sequence, self._talk)

    def _greet(self, hello: messages.Hello) -> messages.HelloReply:
        if self._talk is None or self._talk.session_id != hello.session_id:
            self._motions.restart(self._now_ns)
            self._talk = _Talk(hello.session_id, self._now_ns, Beats.begin(self._now_ns))
            self._events.drop(messages.MotionDone)
            self._events.drop(messages.Fault)
            self._faults.tell_again()
        self._talk.heard_ns = self._now_ns
        return self._hello_reply(hello.session_id)

    @staticmethod
    def _refuse_stranger(message: messages.Message | None) -> list[messages.Message]:
        match message:
            case messages.Drive() | messages.MoveTo() | messages.Park() | messages.Stop():
                return [messages.Refusal(message.TYPE, message.id, RefusalCode.NO_HELLO)]
            case messages.ClockRequest():
                return [messages.Refusal(message.TYPE, 0, RefusalCode.NO_HELLO)]
        return []

    def _obey(self, message: messages.Message | None, sequence: int, talk: _Talk) -> list[messages.Message]:
        now_ns = self._now_ns
        match message:
            case messages.Drive() | messages.MoveTo() | messages.Park():
                return self._move(message, talk)
            case messages.Stop(identity):
                self._motions.stop(identity, now_ns)
                return [messages.Ack(message.TYPE, identity)]
            case messages.MarkerLamp(on):
                if talk.lamp_sequence is None or messages.is_newer(sequence, talk.lamp_sequence):
                    talk.lamp_sequence = sequence
                    talk.lamp_heard_ns = now_ns if on else None
            case messages.ClockRequest(host_us):
                time_us = self._time_us(now_ns)
                return [messages.ClockReply(host_us, time_us, time_us)]
            case messages.FollowMarker() | messages.ClearFault() | messages.Identify():
                return [self._request(message, talk)]
            case messages.Ack(kind, identity):
                self._events.acknowledged(kind, identity)
        return []

    def _move(self, command: _Motion, talk: _Talk) -> list[messages.Message]:
        now_us = self._time_us(self._now_ns)
        age_us = max(now_us - command.issued_us, 0) if command.issued_us else 0
        refusal = self._motions.take(command, age_us, self._now_ns, barred=self._faults.bar_motion)
        if refusal is not None:
            return [messages.Refusal(command.TYPE, command.id, refusal)]
        talk.drive_heard_ns = self._now_ns
        return []

    def _request(self, request: _Request, talk: _Talk) -> messages.Message:
        newest = talk.requests.get(request.TYPE)
        if newest is None or messages.is_newer(request.id, newest):
            refusal = self._carry_out(request)
            if refusal is not None:
                return messages.Refusal(request.TYPE, request.id, refusal)
            talk.requests[request.TYPE] = request.id
        return messages.Ack(request.TYPE, request.id)

    def _carry_out(self, request: _Request) -> RefusalCode | None:
        match request:
            case messages.FollowMarker(_, marker_id):
                if not self._reports.follow(marker_id, self._now_ns):
                    return RefusalCode.UNKNOWN_MARKER
            case messages.ClearFault(_, code):
                if not self._faults.clear(code):
                    return RefusalCode.FAULT_STANDS
            case messages.Identify(_, duration_ms):
                self._identify_until_ns = self._now_ns + duration_ms * 1_000_000
        return None

    def _tell_fault(self, code: codes.FaultCode, axis: codes.Axis, active: bool) -> None:
        time_us = self._time_us(self._now_ns)
        self._events.add(lambda event_id: messages.Fault(event_id, time_us, code, axis, active), self._now_ns)

    def _motion_done(self, motion_id: int, outcome: codes.Outcome) -> None:
        where, time_us = self._plant.encoders_at(self._now_ns), self._time_us(self._now_ns)
        self._events.add(
            lambda event_id: messages.MotionDone(event_id, motion_id, time_us, *where, outcome), self._now_ns
        )

    def _hello_reply(self, session_id: int) -> messages.HelloReply:
        pan, tilt = self._plant.limits
        return messages.HelloReply(
            session_id=session_id,
            boot_id=self._boot_id,
            time_us=self._time_us(self._now_ns),
            minor=messages.PROTOCOL_MINOR,
            max_markers=_MAX_MARKERS,
            features=sum(codes.Feature),
            pan_min_deg=pan.min_deg,
            pan_max_deg=pan.max_deg,
            tilt_min_deg=tilt.min_deg,
            tilt_max_deg=tilt.max_deg,
            pan_max_rate_dps=pan.max_rate_dps,
            tilt_max_rate_dps=tilt.max_rate_dps,
            pan_max_acceleration_dps2=pan.max_acceleration_dps2,
            tilt_max_acceleration_dps2=tilt.max_acceleration_dps2,
            model=MODEL,
            firmware=FIRMWARE,
            serial_number=SERIAL_NUMBER,
            microphone=MICROPHONE,
        )

    def _time_us(self, now_ns: int) -> int:
        up_ns = now_ns - self._boot_ns
        return (up_ns + up_ns * _CLOCK_ERROR_PPM // 1_000_000) // 1000

    def _wire(self, message: messages.Message) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return self._codec.encode(messages.to_frame(message, self._sequence))
