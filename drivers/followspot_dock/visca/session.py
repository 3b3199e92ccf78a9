"""The host's side of one VISCA conversation: negotiation, position polling and the dead-man that VISCA lacks."""

from followspot_dock import port
from followspot_dock.polled.goals import Goals
from followspot_dock.polled.poses import PoseMaker
from followspot_dock.polled.session import HEARTBEAT_NS, NEGOTIATION_NS, Ready, Tell, Write
from followspot_dock.port import MotionOutcome
from followspot_dock.visca import packets
from followspot_dock.visca.commands import REST, Commands, Motion
from followspot_dock.visca.framing import Framing, Inbound
from followspot_dock.visca.inquiries import Inquiries
from followspot_dock.visca.models import Model, rate_of, step_for

_MS = 1_000_000
_OPENING_REPEAT_NS = 100 * _MS
_VERSION_NS = 400 * _MS
"""A camera that tells no version by then has none to tell."""
GOAL_RATE_DPS = 60.0
"""Fast enough for a change of place, gentle enough for the picture."""


class ViscaSession:
    """A PolledSession with one camera of `model` behind `framing`."""

    def __init__(self, write: Write, tell: Tell, ready: Ready, model: Model, framing: Framing) -> None:
        self._write, self._tell, self._ready = write, tell, ready
        self._model, self._framing = model, framing
        self._commands = Commands(self._send, model)
        self._inquiries = Inquiries()
        self._poses = PoseMaker()
        self._goals = Goals(tell)
        self._version: tuple[int, int, int] | None = None
        self._version_open = True
        self._negotiated = False
        self._begun_ns = self._heard_ns = 0
        self._opening_due_ns = self._poll_due_ns = 0
        self.deadline_ns: int | None = None

    @property
    def stopping(self) -> bool:
        return self._commands.wanted == REST and not self._commands.settled

    def begin(self, now_ns: int) -> None:
        self._begun_ns = self._heard_ns = now_ns
        if self._framing.in_step and (opening := self._framing.opening()):
            self._write(opening)
        self.tick(now_ns)

    def tick(self, now_ns: int) -> None:
        if self.deadline_ns is not None and now_ns >= self.deadline_ns:
            self._rest(MotionOutcome.EXPIRED, now_ns)
        if not self._framing.in_step:
            self._open(now_ns)
            return
        self._commands.tick(now_ns)
        self._ask(now_ns)

    def fault(self, now_ns: int) -> str | None:
        if self._negotiated:
            if now_ns - self._heard_ns <= HEARTBEAT_NS:
                return None
            return "the camera answered nothing for 0.5 s: it hangs, lost power or network; restart it if this lasts"
        if now_ns - self._begun_ns <= NEGOTIATION_NS:
            return None
        if self._heard_ns == self._begun_ns:
            return "no VISCA answer came within 2 s: switch VISCA on in the camera, or correct dock.url or dock.baud"
        return "the camera answers but does not tell its position: it is in standby, or not of this model (dock.model)"

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int, now_ns: int) -> None:
        model = self._model
        motion = Motion(step_for(pan_dps, model.pan_dps), step_for(tilt_dps, model.tilt_dps))
        self._goals.end(MotionOutcome.REPLACED, now_ns)
        if motion != REST:
            self._move(motion, ttl_ms, now_ns)
        elif self._commands.wanted != REST:
            self._rest(MotionOutcome.STOPPED, now_ns)

    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int, now_ns: int) -> int | None:
        model = self._model
        pan_deg = max(model.pan_min_deg, min(model.pan_max_deg, pan_deg))
        tilt_deg = max(model.tilt_min_deg, min(model.tilt_max_deg, tilt_deg))
        goal = (round(pan_deg * model.pan_units_per_deg), round(tilt_deg * model.tilt_units_per_deg))
        motion_id = self._goals.ask(pan_deg, tilt_deg, now_ns)
        steps = (step_for(GOAL_RATE_DPS, model.pan_dps), step_for(GOAL_RATE_DPS, model.tilt_dps))
        self._move(Motion(*steps, goal), ttl_ms, now_ns)
        return motion_id

    def stop(self, now_ns: int) -> None:
        self._rest(MotionOutcome.STOPPED, now_ns)

    def lone_stop(self) -> list[bytes]:
        return self._framing.lone_stop(REST.packet())

    def on_lone_stop(self, now_ns: int) -> None:
        self._framing.restart()
        self._commands.forget()
        self._inquiries.forget()
        self._opening_due_ns = 0
        self._rest(MotionOutcome.EXPIRED, now_ns)

    def receive(self, data: bytes, arrival_ns: int) -> None:
        was_in_step = self._framing.in_step
        for inbound in self._framing.unwrap(data):
            self._on_inbound(inbound, arrival_ns)
        if was_in_step and not self._framing.in_step:  # the camera restarted its numbers
            self._commands.forget()
            self._inquiries.forget()
        if self._framing.in_step and not was_in_step:
            self.tick(arrival_ns)

    def _move(self, motion: Motion, ttl_ms: int, now_ns: int) -> None:
        if self._framing.in_step:
            self.deadline_ns = now_ns + ttl_ms * _MS
            self._commands.want(motion, now_ns)

    def _rest(self, outcome: MotionOutcome, now_ns: int) -> None:
        self.deadline_ns = None
        self._goals.end(outcome, now_ns)
        if self._framing.in_step:
            self._commands.stop(now_ns)
        else:
            self._commands.wanted = REST

    def _open(self, now_ns: int) -> None:
        if now_ns >= self._opening_due_ns:
            self._opening_due_ns = now_ns + _OPENING_REPEAT_NS
            self._write(self._framing.opening())

    def _ask(self, now_ns: int) -> None:
        if now_ns < self._poll_due_ns or not self._inquiries.free(now_ns):
            return
        if self._version_open and now_ns - self._begun_ns < _VERSION_NS:
            self._inquiries.asked("version", self._send(packets.VERSION_INQUIRY), now_ns)
            return
        self._poll_due_ns = now_ns + self._model.poll_interval_ms * _MS
        self._inquiries.asked("position", self._send(packets.POSITION_INQUIRY), now_ns)

    def _on_inbound(self, inbound: Inbound, now_ns: int) -> None:
        reply = packets.reply_of(inbound.packet)
        if reply is None:
            return
        self._heard_ns = now_ns
        match reply:
            case packets.Ack(socket):
                self._commands.on_ack(inbound.sequence, socket, now_ns)
            case packets.Completion(socket):
                self._commands.on_completion(inbound.sequence, socket)
            case packets.Answer(payload):
                self._on_answer(inbound.sequence, payload, now_ns)
            case packets.Refusal():
                self._on_refusal(inbound.sequence, reply, now_ns)
        if self._framing.in_step:
            self._commands.tick(now_ns)

    def _on_refusal(self, sequence: int | None, refusal: packets.Refusal, now_ns: int) -> None:
        if self._commands.on_refusal(sequence, refusal, now_ns):
            if refusal.code not in (packets.BUFFER_FULL, packets.CANCELED, packets.NO_SOCKET):
                self._goals.end(MotionOutcome.FAILED, now_ns)
            return
        question = self._inquiries.refused(sequence)
        if question is not None and question.about == "version":
            self._version_open = False

    def _on_answer(self, sequence: int | None, payload: bytes, now_ns: int) -> None:
        question = self._inquiries.answered(sequence, payload)
        if question is None:
            return
        if question.about == "version":
            self._version, self._version_open = packets.version(payload), False
            self._ask(now_ns)
        elif (units := packets.position(payload)) is not None:
            self._on_position(question.asked_ns, now_ns, *units)

    def _on_position(self, asked_ns: int, now_ns: int, pan_units: int, tilt_units: int) -> None:
        if not self._negotiated:
            self._negotiated = True
            self._ready(self._capabilities())
        model = self._model
        if model.position_while_moving or self._rests() or self._commands.wanted.goal is not None:
            pan_deg, tilt_deg = pan_units / model.pan_units_per_deg, tilt_units / model.tilt_units_per_deg
            pose = self._poses.answered(asked_ns, now_ns, pan_deg, tilt_deg)
        else:
            pose = self._poses.reckon(now_ns, *self._believed_rates())
        if pose is not None:
            self._goals.on_pose(pose)
            self._tell(pose)
            if not self._goals.under_way and self._commands.wanted.goal is not None:
                self._rest(MotionOutcome.REACHED, now_ns)

    def _rests(self) -> bool:
        return self._commands.wanted == REST and self._commands.settled

    def _believed_rates(self) -> tuple[float, float]:
        motion = self._commands.accepted
        if motion is None or motion.goal is not None:
            return 0.0, 0.0
        return rate_of(motion.pan_step, self._model.pan_dps), rate_of(motion.tilt_step, self._model.tilt_dps)

    def _send(self, packet: bytes) -> int | None:
        data, sequence = self._framing.wrap(packet)
        self._write(data)
        return sequence

    def _capabilities(self) -> port.Capabilities:
        model = self._model
        vendor, code, rom = self._version or (0, 0, 0)
        return port.Capabilities(
            model=f"VISCA camera {model.name}" + (f" ({vendor:04x}:{code:04x})" if self._version else ""),
            firmware=f"{rom:04x}" if self._version else "",
            serial_number="",
            pan_min_deg=model.pan_min_deg,
            pan_max_deg=model.pan_max_deg,
            tilt_min_deg=model.tilt_min_deg,
            tilt_max_deg=model.tilt_max_deg,
            pan_max_rate_dps=model.pan_dps[-1],
            tilt_max_rate_dps=model.tilt_dps[-1],
            pan_max_acceleration_dps2=model.max_acceleration_dps2,
            tilt_max_acceleration_dps2=model.max_acceleration_dps2,
        )
