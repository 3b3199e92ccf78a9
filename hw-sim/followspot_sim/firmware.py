"""The dock's firmware: the device's side of the wire protocol, a state machine fed with bytes and time."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from followspot_dock.protocol import codes, messages
from followspot_dock.protocol.codes import MarkerRole, RefusalCode
from followspot_dock.protocol.frames import Codec, Frame
from followspot_sim.dock_events import Events
from followspot_sim.dock_motion import MotionCore
from followspot_sim.marker_sensor import MarkerSensor, Reading
from followspot_sim.plant import NS_PER_S, Plant
from followspot_sim.sight import MarkerSight

MODEL = "Simulated dock"
FIRMWARE = "1.0"
SERIAL_NUMBER = "SIM-0001"
MICROPHONE = "Simulated microphone"
PRESSES = {press.name.lower(): press for press in codes.Press}

_POSE_NS = NS_PER_S // 50
_MARKER_NS = NS_PER_S // 30
_STATUS_NS = NS_PER_S
_LAMP_HOLD_NS = round(messages.MARKER_LAMP_HOLD_S * NS_PER_S)
_HOST_SILENCE_NS = round(messages.HOST_SILENCE_S * NS_PER_S)
_CLOCK_ERROR_PPM = 40
"""An ordinary crystal."""
_MAX_MARKERS = 8
_BLOCKING = (codes.FaultCode.STALL, codes.FaultCode.OVER_CURRENT, codes.FaultCode.BROWN_OUT)
"""Faults with which the dock does not move; at an end stop it may turn back."""


@dataclass(slots=True)
class MarkerState:
    """How one marker is."""

    battery_percent: int | None = 74
    charging: bool = False
    in_bay: bool = False
    muted: bool = False


@dataclass(slots=True)
class Condition:
    """How dock and markers are; may be changed at any time, and is told at once. A marker not listed is as new."""

    status: messages.DockStatus = field(
        default_factory=lambda: messages.DockStatus(88, codes.PowerSource.BATTERY, charging=False, temperature_c=31.5)
    )
    markers: dict[int, MarkerState] = field(default_factory=dict)
    encoder_offset_deg: tuple[float, float] = (0.0, 0.0)
    """How wrong the encoders are: pan and tilt."""
    encoder_sigma_deg: float = 0.01


@dataclass(slots=True)
class _Beat:
    """Falls due once a period, on a fixed grid; beats missed altogether are not made up for."""

    period_ns: int
    due_ns: int = 0

    def is_due(self, now_ns: int) -> bool:
        if now_ns < self.due_ns:
            return False
        self.due_ns += self.period_ns * ((now_ns - self.due_ns) // self.period_ns + 1)
        return True


@dataclass(slots=True)
class _Talk:
    """What lives from one Hello to the next."""

    session_id: int
    heard_ns: int
    beats: dict[str, _Beat]
    lamp_heard_ns: int | None = None
    lamp_sequence: int | None = None
    drive_heard_ns: int | None = None
    told: dict[int, messages.Message] = field(default_factory=dict)
    """The last status of the dock (0) and of each marker."""
    requests: dict[int, int] = field(default_factory=dict)
    """The newest request id of each message type."""


class Firmware:
    """One power-on of the dock. `marker_sent` is told every marker report as it is sent, with its host time.

    `codec` is that of the transport; what `receive` and `advance` return are whole frames, encoded by it.
    """

    def __init__(
        self,
        plant: Plant,
        sights: Callable[[int], Sequence[MarkerSight]],
        marker_sent: Callable[[int, messages.MarkerReport], None],
        rng: random.Random,
        sensor: MarkerSensor,
        boot_ns: int,
        codec: Codec,
    ) -> None:
        self.condition = Condition()
        self._plant = plant
        self._sights = sights
        self._marker_sent = marker_sent
        self._rng = rng
        self._sensor = sensor
        self._boot_ns = self._now_ns = boot_ns
        self._boot_id = rng.getrandbits(32)
        self._codec = codec
        self._sequence = 0
        self._talk: _Talk | None = None
        self._events = Events()
        self._motions = MotionCore(plant, self._motion_done)
        self._faults: set[tuple[codes.FaultCode, codes.Axis]] = set()
        self._primary_id: int | None = None
        self._silent_until_ns = self._identify_until_ns = boot_ns

    def receive(self, data: bytes, now_ns: int) -> list[bytes]:
        """Bytes, or one datagram, from the host; the answers to them."""
        self._now_ns = now_ns
        foreign = self._codec.foreign
        answers: list[messages.Message] = []
        for frame in self._codec.feed(data):
            answers += self._on_frame(frame)
        if self._codec.foreign > foreign:
            answers.append(messages.Refusal(messages.Hello.TYPE, 0, RefusalCode.VERSION))
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
        reports: list[messages.Message] = []
        if self._talk.beats["pose"].is_due(now_ns):
            reports.append(self._pose())
        if self._talk.beats["marker"].is_due(now_ns):
            reports += map(self._marker, self._sights(now_ns))
        reports += self._statuses(self._talk)
        reports += self._events.due(now_ns)
        return [self._wire(report) for report in reports]

    def next_due_ns(self, now_ns: int) -> int:
        """When `advance` should be called next."""
        if self._talk is None:
            return now_ns + _POSE_NS
        return min(beat.due_ns for beat in self._talk.beats.values())

    def press(self, press: str, now_ns: int, marker_id: int = 1) -> None:
        """A marker's button: "short", "double" or "long"."""
        time_us, code = self._time_us(now_ns), PRESSES[press]
        self._events.add(lambda event_id: messages.Button(event_id, marker_id, time_us, code), now_ns)

    def fault(self, code: codes.FaultCode, axis: codes.Axis, now_ns: int) -> None:
        """Something broke; it stands until the host clears it. Most faults end every motion."""
        if (code, axis) in self._faults:
            return
        self._faults.add((code, axis))
        self._tell_fault(code, axis, active=True, now_ns=now_ns)
        if code in _BLOCKING:
            self._motions.halt(codes.Outcome.FAILED, now_ns)

    def silence(self, until_ns: int) -> None:
        """Do not see any marker until then."""
        self._silent_until_ns = until_ns

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
            self._events.drop(messages.MotionDone)
            beats = {
                "pose": _Beat(_POSE_NS, self._now_ns),
                "marker": _Beat(_MARKER_NS, self._now_ns),
                "status": _Beat(_STATUS_NS, self._now_ns),
            }
            self._talk = _Talk(hello.session_id, self._now_ns, beats)
            self._events.drop(messages.Fault)
            for code, axis in sorted(self._faults):
                self._tell_fault(code, axis, active=True, now_ns=self._now_ns)
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

    def _move(self, command: messages.Drive | messages.MoveTo | messages.Park, talk: _Talk) -> list[messages.Message]:
        now_us = self._time_us(self._now_ns)
        age_us = max(now_us - command.issued_us, 0) if command.issued_us else 0
        if any(code in _BLOCKING for code, _ in self._faults):
            refusal: RefusalCode | None = RefusalCode.FAULT_STANDS
        else:
            refusal = self._motions.take(command, age_us, self._now_ns)
        if refusal is not None:
            return [messages.Refusal(command.TYPE, command.id, refusal)]
        talk.drive_heard_ns = self._now_ns
        return []

    def _request(
        self, request: messages.FollowMarker | messages.ClearFault | messages.Identify, talk: _Talk
    ) -> messages.Message:
        newest = talk.requests.get(request.TYPE)
        if newest is None or messages.is_newer(request.id, newest):
            talk.requests[request.TYPE] = request.id
            refusal = self._carry_out(request)
            if refusal is not None:
                del talk.requests[request.TYPE]
                return messages.Refusal(request.TYPE, request.id, refusal)
        return messages.Ack(request.TYPE, request.id)

    def _carry_out(
        self, request: messages.FollowMarker | messages.ClearFault | messages.Identify
    ) -> RefusalCode | None:
        match request:
            case messages.FollowMarker(_, marker_id):
                if marker_id not in self._marker_ids():
                    return RefusalCode.UNKNOWN_MARKER
                self._primary_id = marker_id
            case messages.ClearFault(_, code):
                for standing, axis in sorted(self._faults):
                    if code in (0, standing):
                        self._faults.discard((standing, axis))
                        self._tell_fault(standing, axis, active=False, now_ns=self._now_ns)
            case messages.Identify(_, duration_ms):
                self._identify_until_ns = self._now_ns + duration_ms * 1_000_000
        return None

    def _tell_fault(self, code: codes.FaultCode, axis: codes.Axis, *, active: bool, now_ns: int) -> None:
        time_us = self._time_us(now_ns)
        self._events.add(lambda event_id: messages.Fault(event_id, time_us, code, axis, active), now_ns)

    def _motion_done(self, motion_id: int, outcome: codes.Outcome) -> None:
        where, time_us = self._plant.encoders_at(self._now_ns), self._time_us(self._now_ns)
        self._events.add(
            lambda event_id: messages.MotionDone(event_id, motion_id, time_us, *where, outcome), self._now_ns
        )

    def _marker_ids(self) -> list[int]:
        return [seen.marker_id for seen in self._sights(self._now_ns)]

    def _role(self, marker_id: int) -> MarkerRole:
        if self._primary_id is None:
            self._primary_id = marker_id  # the first that is seen
        return MarkerRole.PRIMARY if marker_id == self._primary_id else MarkerRole.SECONDARY

    def _pose(self) -> messages.Pose:
        now_ns = self._now_ns
        pan_deg, tilt_deg = (
            angle + offset_deg + self._rng.gauss(0, self.condition.encoder_sigma_deg)
            for angle, offset_deg in zip(
                self._plant.encoders_at(now_ns), self.condition.encoder_offset_deg, strict=True
            )
        )
        rates = self._plant.rates_at(now_ns)
        return messages.Pose(self._time_us(now_ns), pan_deg, tilt_deg, *rates, self._motions.motion_id)

    def _marker(self, seen: MarkerSight) -> messages.MarkerReport:
        reading = Reading(0.0, 0.0, 0.0)
        if self._now_ns >= self._silent_until_ns:
            reading = self._sensor.read(seen.sight, self._now_ns, self._rng)
        role = self._role(seen.marker_id)
        bearing = (reading.azimuth_deg, reading.elevation_deg)
        report = messages.MarkerReport(self._time_us(self._now_ns), seen.marker_id, role, reading.quality, *bearing)
        self._marker_sent(self._now_ns, report)
        return report

    def _statuses(self, talk: _Talk) -> list[messages.Message]:
        is_due = talk.beats["status"].is_due(self._now_ns)
        present: dict[int, messages.Message] = {0: self.condition.status}
        present |= {marker_id: self._marker_status(marker_id) for marker_id in self._marker_ids()}
        reports = [status for key, status in present.items() if is_due or status != talk.told.get(key)]
        talk.told = present
        return reports

    def _marker_status(self, marker_id: int) -> messages.MarkerStatus:
        state = self.condition.markers.get(marker_id, MarkerState())
        flags = codes.MarkerFlag(0)
        for is_set, flag in zip((state.charging, state.in_bay, state.muted), codes.MarkerFlag, strict=True):
            flags |= flag if is_set else 0
        return messages.MarkerStatus(marker_id, self._role(marker_id), flags, state.battery_percent)

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
