"""The dock's firmware: the device's side of the wire protocol, a state machine fed with bytes and time."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from followspot_dock.protocol import messages
from followspot_dock.protocol.frames import FrameParser
from followspot_sim.plant import NS_PER_S, Plant
from followspot_sim.sight import Sight

MODEL = "Simulated dock"
FIRMWARE = "0.1"
SERIAL_NUMBER = "SIM-0001"
PRESSES = {"short": 1, "double": 2, "long": 3}

_POSE_NS = NS_PER_S // 50
_MARKER_NS = NS_PER_S // 30
_BATTERY_NS = NS_PER_S
_PRESS_REPEAT_NS = 100_000_000
_PRESS_LIFETIME_NS = 5 * NS_PER_S
"""A press that reached nobody by then is void: a lesson must not start long after the teacher gave up."""
_LAMP_HOLD_NS = round(messages.MARKER_LAMP_HOLD_S * NS_PER_S)
_HOST_SILENCE_NS = round(messages.HOST_SILENCE_S * NS_PER_S)
_ENCODER_SIGMA_DEG = 0.01
_CLOCK_ERROR_PPM = 40
"""An ordinary crystal."""
_MARKER_RANGE_M = 15.0
"""Where the marker fades out; its quality falls off linearly until there."""
_DOCK_PERCENT, _MARKER_PERCENT = 88, 74


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
class _Press:
    message: messages.Button
    made_ns: int
    due_ns: int = 0


@dataclass(slots=True)
class _Talk:
    """What lives from one Hello to the next."""

    heard_ns: int
    beats: dict[str, _Beat] = field(default_factory=dict)
    lamp_heard_ns: int | None = None
    drive_heard_ns: int | None = None


class Firmware:
    """One power-on of the dock. `marker_sent` is told every marker report as it is sent, with its host time."""

    def __init__(
        self,
        plant: Plant,
        sight: Callable[[int], Sight],
        marker_sent: Callable[[int, messages.Marker], None],
        rng: random.Random,
        marker_sigma_deg: float,
        boot_ns: int,
    ) -> None:
        self._plant = plant
        self._sight = sight
        self._marker_sent = marker_sent
        self._rng = rng
        self._marker_sigma_deg = marker_sigma_deg
        self._boot_ns = boot_ns
        self._boot_id = rng.getrandbits(32)
        self._parser = FrameParser()
        self._sequence = 0
        self._talk: _Talk | None = None
        self._presses: dict[int, _Press] = {}
        self._last_press_id = 0
        self._silent_until_ns = boot_ns

    def receive(self, data: bytes, now_ns: int) -> bytes:
        """Bytes from the host; the answer to them."""
        answers = b""
        for frame in self._parser.feed(data):
            message = messages.from_frame(frame)
            if isinstance(message, messages.Hello):
                self._begin(now_ns)
                answers += self._wire(self._hello_reply(now_ns))
            elif self._talk is not None:
                self._talk.heard_ns = now_ns
                answers += self._obey(message, self._talk, now_ns)
        return answers

    def advance(self, now_ns: int) -> bytes:
        """Everything that fell due."""
        if self._talk is not None and now_ns - self._talk.heard_ns > _HOST_SILENCE_NS:
            self._talk = None
        self._presses = {
            press_id: press for press_id, press in self._presses.items() if now_ns - press.made_ns <= _PRESS_LIFETIME_NS
        }
        if self._talk is None:
            return b""
        reports: list[messages.Message] = []
        if self._talk.beats["pose"].is_due(now_ns):
            reports.append(self._pose(now_ns))
        if self._talk.beats["marker"].is_due(now_ns):
            reports.append(self._marker(now_ns))
        if self._talk.beats["batteries"].is_due(now_ns):
            reports.append(messages.Batteries(_DOCK_PERCENT, _MARKER_PERCENT))
        for press in self._presses.values():
            if now_ns >= press.due_ns:
                press.due_ns = now_ns + _PRESS_REPEAT_NS
                reports.append(press.message)
        return b"".join(map(self._wire, reports))

    def next_due_ns(self, now_ns: int) -> int:
        """When `advance` should be called next."""
        if self._talk is None:
            return now_ns + _POSE_NS
        return min(beat.due_ns for beat in self._talk.beats.values())

    def press(self, press: str, now_ns: int) -> None:
        """The marker's button: "short", "double" or "long"."""
        self._last_press_id += 1
        button = messages.Button(self._time_us(now_ns), self._last_press_id, PRESSES[press])
        self._presses[button.id] = _Press(button, now_ns)

    def silence(self, until_ns: int) -> None:
        """Do not see the marker until then."""
        self._silent_until_ns = until_ns

    def marker_lamp(self, now_ns: int) -> bool:
        """Whether the light on the marker is on."""
        heard_ns = self._talk.lamp_heard_ns if self._talk is not None else None
        return heard_ns is not None and now_ns - heard_ns <= _LAMP_HOLD_NS

    def drive_age_ms(self, now_ns: int) -> float | None:
        """How long ago the last Drive of this conversation came."""
        heard_ns = self._talk.drive_heard_ns if self._talk is not None else None
        return None if heard_ns is None else (now_ns - heard_ns) / 1_000_000

    def _begin(self, now_ns: int) -> None:
        self._plant.stop(now_ns)
        beats = {
            "pose": _Beat(_POSE_NS, now_ns),
            "marker": _Beat(_MARKER_NS, now_ns),
            "batteries": _Beat(_BATTERY_NS, now_ns),
        }
        self._talk = _Talk(now_ns, beats)

    def _obey(self, message: messages.Message | None, talk: _Talk, now_ns: int) -> bytes:
        match message:
            case messages.Drive(_, pan_dps, tilt_dps, ttl_ms) if 1 <= ttl_ms <= messages.MAX_TTL_MS:
                talk.drive_heard_ns = now_ns
                self._plant.drive(now_ns, pan_dps, tilt_dps, ttl_ms / messages.MILLI)
            case messages.Stop(identity):
                self._plant.stop(now_ns)
                return self._wire(messages.Ack(identity))
            case messages.MarkerLamp(on):
                talk.lamp_heard_ns = now_ns if on else None
            case messages.Ack(identity):
                self._presses.pop(identity, None)
        return b""

    def _pose(self, now_ns: int) -> messages.Pose:
        pan_deg, tilt_deg = (angle + self._rng.gauss(0, _ENCODER_SIGMA_DEG) for angle in self._plant.pose_at(now_ns))
        return messages.Pose(self._time_us(now_ns), pan_deg, tilt_deg, *self._plant.rates_at(now_ns))

    def _marker(self, now_ns: int) -> messages.Marker:
        sight = self._sight(now_ns)
        quality = 0.0
        if sight.visible and now_ns >= self._silent_until_ns:
            quality = max(0.0, 1 - sight.distance_m / _MARKER_RANGE_M)
        azimuth_deg = elevation_deg = 0.0
        if quality > 0:
            azimuth_deg = sight.azimuth_deg + self._rng.gauss(0, self._marker_sigma_deg)
            elevation_deg = sight.elevation_deg + self._rng.gauss(0, self._marker_sigma_deg)
        marker = messages.Marker(self._time_us(now_ns), azimuth_deg, elevation_deg, quality)
        self._marker_sent(now_ns, marker)
        return marker

    def _hello_reply(self, now_ns: int) -> messages.HelloReply:
        pan, tilt = self._plant.limits
        return messages.HelloReply(
            time_us=self._time_us(now_ns),
            boot_id=self._boot_id,
            pan_min_deg=pan.min_deg,
            pan_max_deg=pan.max_deg,
            tilt_min_deg=tilt.min_deg,
            tilt_max_deg=tilt.max_deg,
            max_rate_dps=pan.max_rate_dps,
            max_acceleration_dps2=pan.max_acceleration_dps2,
            has_marker=True,
            model=MODEL,
            firmware=FIRMWARE,
            serial_number=SERIAL_NUMBER,
        )

    def _time_us(self, now_ns: int) -> int:
        up_ns = now_ns - self._boot_ns
        return (up_ns + up_ns * _CLOCK_ERROR_PPM // 1_000_000) // 1000

    def _wire(self, message: messages.Message) -> bytes:
        self._sequence += 1
        return messages.to_wire(message, self._sequence)
