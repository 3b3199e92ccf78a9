"""The host's side of one conversation with a Waveshare pan-tilt.

The board only knows positions. So a rate becomes a short move: to where the axis would be when the time to live is
over, at that rate. The servos stop there by themselves: that is a dead-man in the device, to one whole degree.
"""

import math

from followspot_dock import port
from followspot_dock.polled.goals import Goals
from followspot_dock.polled.poses import PoseMaker
from followspot_dock.polled.session import HEARTBEAT_NS, NEGOTIATION_NS, Ready, Tell, Write
from followspot_dock.port import MotionOutcome
from followspot_dock.waveshare import codec

_MS = 1_000_000
_POLL_NS = 40 * _MS
"""25 positions a second; question and answer take 15 ms of the line at 115 200 bit/s."""
_PATIENCE_NS = 120 * _MS
_SET_UP_REPEAT_NS = 500 * _MS
_STOP_REPEAT_NS = 150 * _MS
"""The board lets go of the servos for 3 ms at each stop: not more often than needed."""
_RESTS_DPS = 2.0
_AHEAD_NS = 200 * _MS
"""How far a position may be extrapolated."""
_SERVO_SILENT_NS = 500 * _MS
_MAX_RATE_DPS = codec.MAX_SPEED_STEPS / codec.STEPS_PER_DEG
_MAX_ACCELERATION_DPS2 = 400.0
"""Not stated; the servos' own limit is higher. A cautious figure of ours."""
GOAL_RATE_DPS = 60.0
"""Fast enough for a change of place, gentle enough for the picture."""


class WaveshareSession:
    """A PolledSession with the board at the other end."""

    def __init__(self, write: Write, tell: Tell, ready: Ready) -> None:
        self._write, self._tell, self._ready = write, tell, ready
        self._lines = codec.Lines()
        self._poses = PoseMaker()
        self._goals = Goals(tell)
        self._negotiated = False
        self._begun_ns = self._heard_ns = self._set_up_due_ns = 0
        self._asked_ns: int | None = None
        self._poll_due_ns = 0
        self._stop_sent_ns: int | None = None
        self._silent_servo: tuple[int, int] | None = None
        self._rates = (0.0, 0.0)
        self.deadline_ns: int | None = None
        self.stopping = False

    def begin(self, now_ns: int) -> None:
        self._begun_ns = self._heard_ns = now_ns
        self._write(b"\n")  # ends whatever half a line an earlier program left
        self._rest(MotionOutcome.STOPPED, now_ns)
        self.tick(now_ns)

    def tick(self, now_ns: int) -> None:
        if self.deadline_ns is not None and now_ns >= self.deadline_ns:
            self._rest(MotionOutcome.EXPIRED, now_ns)
        if self.stopping and (self._stop_sent_ns is None or now_ns - self._stop_sent_ns >= _STOP_REPEAT_NS):
            self._stop_sent_ns = now_ns
            self._write(codec.STOP)
        if not self._negotiated and now_ns >= self._set_up_due_ns:
            self._set_up_due_ns = now_ns + _SET_UP_REPEAT_NS
            self._write(codec.SET_UP)
        waits = self._asked_ns is not None and now_ns - self._asked_ns < _PATIENCE_NS
        if now_ns >= self._poll_due_ns and not waits:
            self._asked_ns, self._poll_due_ns = now_ns, now_ns + _POLL_NS
            self._write(codec.ASK)

    def fault(self, now_ns: int) -> str | None:
        if self._silent_servo is not None and now_ns - self._silent_servo[1] <= _SERVO_SILENT_NS:
            return f"servo {self._silent_servo[0]} does not answer the board: check its cable and the 12 V supply"
        if self._negotiated:
            if now_ns - self._heard_ns <= HEARTBEAT_NS:
                return None
            return "the board answered nothing for 0.5 s: it hangs or lost power; restart it if this lasts"
        if now_ns - self._begun_ns <= NEGOTIATION_NS:
            return None
        if self._heard_ns == self._begun_ns:
            return "nothing came back within 2 s: not a Waveshare driver board, or the baud rate is wrong (dock.baud)"
        return "the board answers but tells no pan and tilt: its firmware knows no pan-tilt"

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int, now_ns: int) -> None:
        self._goals.end(MotionOutcome.REPLACED, now_ns)
        pan_steps, tilt_steps = _steps(pan_dps), _steps(tilt_dps)
        if pan_steps == tilt_steps == 0:
            if self.deadline_ns is not None:
                self.stop(now_ns)
            return
        pan_deg, tilt_deg = self._now_at(now_ns)
        self._rates = (pan_steps / codec.STEPS_PER_DEG, tilt_steps / codec.STEPS_PER_DEG)
        pan_goal = _ahead(pan_deg, self._rates[0], ttl_ms, codec.PAN_MIN_DEG, codec.PAN_MAX_DEG)
        tilt_goal = _ahead(tilt_deg, self._rates[1], ttl_ms, codec.TILT_MIN_DEG, codec.TILT_MAX_DEG)
        self._move(pan_goal, tilt_goal, abs(pan_steps), abs(tilt_steps), ttl_ms, now_ns)

    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int, now_ns: int) -> int | None:
        pan_goal = round(max(codec.PAN_MIN_DEG, min(codec.PAN_MAX_DEG, pan_deg)))
        tilt_goal = round(max(codec.TILT_MIN_DEG, min(codec.TILT_MAX_DEG, tilt_deg)))
        motion_id = self._goals.ask(pan_goal, tilt_goal, now_ns)
        self._rates = (0.0, 0.0)
        steps = _steps(GOAL_RATE_DPS)
        self._move(pan_goal, tilt_goal, steps, steps, ttl_ms, now_ns)
        return motion_id

    def stop(self, now_ns: int) -> None:
        self._rest(MotionOutcome.STOPPED, now_ns)
        self.tick(now_ns)

    def lone_stop(self) -> list[bytes]:
        return [b"\n" + codec.STOP]

    def on_lone_stop(self, now_ns: int) -> None:
        self._rest(MotionOutcome.EXPIRED, now_ns)

    def receive(self, data: bytes, arrival_ns: int) -> None:
        for line in self._lines.feed(data):
            self._heard_ns = arrival_ns
            match line:
                case codec.Feedback(pan_deg, tilt_deg):
                    if pan_deg is not None and tilt_deg is not None:
                        self._on_feedback(pan_deg, tilt_deg, arrival_ns)
                case codec.ServoSilent(servo_id):
                    self._silent_servo = (servo_id, arrival_ns)

    def _on_feedback(self, pan_deg: float, tilt_deg: float, now_ns: int) -> None:
        if self._asked_ns is None:
            return  # unasked: of unknown age
        asked_ns, self._asked_ns = self._asked_ns, None
        if not self._negotiated:
            self._negotiated = True
            self._ready(_capabilities())
        pose = self._poses.answered(asked_ns, now_ns, pan_deg, tilt_deg)
        if pose is None:
            return
        if self.stopping and self._stop_sent_ns is not None and asked_ns >= self._stop_sent_ns + _POLL_NS:
            self.stopping = max(abs(pose.pan_rate_dps), abs(pose.tilt_rate_dps)) > _RESTS_DPS
        self._goals.on_pose(pose)
        self._tell(pose)

    def _move(self, pan: int, tilt: int, pan_steps: int, tilt_steps: int, ttl_ms: int, now_ns: int) -> None:
        self.stopping, self._stop_sent_ns = False, None
        self.deadline_ns = now_ns + ttl_ms * _MS
        self._write(codec.move(pan, tilt, max(pan_steps, 1), max(tilt_steps, 1)))

    def _rest(self, outcome: MotionOutcome, now_ns: int) -> None:
        self._goals.end(outcome, now_ns)
        self.deadline_ns, self._rates = None, (0.0, 0.0)
        self.stopping, self._stop_sent_ns = True, None

    def _now_at(self, now_ns: int) -> tuple[float, float]:
        pose = self._poses.last
        if pose is None:
            return 0.0, 0.0
        elapsed_s = min(now_ns - pose.time_ns, _AHEAD_NS) / 1e9
        return pose.pan_deg + self._rates[0] * elapsed_s, pose.tilt_deg + self._rates[1] * elapsed_s


def _steps(rate_dps: float) -> int:
    """The fastest speed that is not faster than asked, in signed steps a second."""
    steps = min(math.floor(abs(rate_dps) * codec.STEPS_PER_DEG), codec.MAX_SPEED_STEPS)
    return steps if rate_dps > 0 else -steps


def _ahead(position_deg: float, rate_dps: float, ttl_ms: int, min_deg: float, max_deg: float) -> int:
    """The whole degree at or just beyond where the axis will be; the nearest one for an axis at rest."""
    goal_deg = position_deg + rate_dps * ttl_ms / 1000
    whole = round(goal_deg) if rate_dps == 0 else math.ceil(goal_deg) if rate_dps > 0 else math.floor(goal_deg)
    return max(math.ceil(min_deg), min(math.floor(max_deg), whole))


def _capabilities() -> port.Capabilities:
    return port.Capabilities(
        model="Waveshare pan-tilt",
        firmware="",
        serial_number="",
        pan_min_deg=codec.PAN_MIN_DEG,
        pan_max_deg=codec.PAN_MAX_DEG,
        tilt_min_deg=codec.TILT_MIN_DEG,
        tilt_max_deg=codec.TILT_MAX_DEG,
        pan_max_rate_dps=_MAX_RATE_DPS,
        tilt_max_rate_dps=_MAX_RATE_DPS,
        pan_max_acceleration_dps2=_MAX_ACCELERATION_DPS2,
        tilt_max_acceleration_dps2=_MAX_ACCELERATION_DPS2,
    )
