"""Faults between the firmware and its cable: lost, damaged, late, doubled and disordered units, noise, versions."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from followspot_dock.protocol.frames import DELIMITER, Codec, Frame, StreamCodec
from followspot_sim import faults
from followspot_sim.plant import NS_PER_S
from followspot_sim.sim_dock import Cable, Port

_FLOOD_EVERY_S = 0.005
_HELD_BACK_S = 0.1
"""A unit that was to come after the next one comes by itself where there is none."""
_NOISE_BYTES = (10, 100)

Deliver = Callable[[bytes], None]


class ForeignCodec:
    """Speaks another protocol version: all frames of ours are foreign to it. A Codec."""

    def __init__(self, codec: Codec, version: int) -> None:
        self._codec = codec
        self._version = version
        self.damaged = self.foreign = 0
        self.foreign_version: int | None = None

    def encode(self, frame: Frame) -> bytes:
        """The frame under that version."""
        return self._codec.encode(replace(frame, version=self._version))

    def feed(self, data: bytes) -> list[Frame]:
        """Nothing that it understands."""
        self.foreign += len(self._codec.feed(data))
        self.damaged = self._codec.damaged
        return []


class Lane:
    """One direction of the wire. `active` tells the faults on it now."""

    def __init__(self, active: Callable[[], Sequence[faults.OnWire]], rng: random.Random) -> None:
        self._active = active
        self._rng = rng
        self._due_s = 0.0
        self._held: list[tuple[bytes, Deliver]] = []
        self._timers: set[asyncio.TimerHandle] = set()

    def send(self, unit: bytes, deliver: Deliver) -> None:
        """Let one unit through, or whatever the faults leave of it."""
        copies, delay_s, hold = 1, 0.0, False
        for fault in self._active():
            match fault:
                case faults.Delay():
                    delay_s += (fault.ms + self._rng.uniform(0, fault.jitter_ms)) / 1000
                case _ if self._rng.random() >= fault.share:
                    pass
                case faults.Drop():
                    return
                case faults.Corrupt():
                    unit = self._corrupted(unit)
                case faults.Duplicate():
                    copies += 1
                case faults.Reorder():
                    hold = True
        if hold and not self._held:
            self._held.append((unit, deliver))
            self._later(_HELD_BACK_S, self._release)
            return
        for _ in range(copies):
            self._deliver(unit, deliver, delay_s)
        self._release()

    def clear(self) -> None:
        """Lose what is under way."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._held.clear()

    def _release(self) -> None:
        held, self._held = self._held, []
        for unit, deliver in held:
            self._deliver(unit, deliver, 0.0)

    def _deliver(self, unit: bytes, deliver: Deliver, delay_s: float) -> None:
        now_s = asyncio.get_running_loop().time()
        self._due_s = max(self._due_s, now_s + delay_s)  # what is late does not overtake
        if self._due_s <= now_s:
            deliver(unit)
        else:
            self._later(self._due_s - now_s, lambda: deliver(unit))

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        def fire() -> None:
            self._timers.discard(timer)
            act()

        timer = asyncio.get_running_loop().call_later(delay_s, fire)
        self._timers.add(timer)

    def _corrupted(self, unit: bytes) -> bytes:
        damaged = bytearray(unit)
        damaged[self._rng.randrange(len(damaged))] ^= 1 << self._rng.randrange(8)
        return bytes(damaged)


@dataclass(slots=True)
class _Active:
    fault: faults.OnWire
    until_ns: int


class FaultyCable:
    """Any cable, with faults on it. A Cable."""

    def __init__(self, cable: Cable, seed: int) -> None:
        self.cable = cable
        self.version: int | None = None
        """Of the protocol that a dock speaks which boots now; None for the right one."""
        self._is_stream = isinstance(cable.new_codec(), StreamCodec)
        self._rng = random.Random(seed)
        self._faults: list[_Active] = []
        self._to_host = Lane(lambda: self._now("to-host"), self._rng)
        self._to_dock = Lane(lambda: self._now("to-dock"), self._rng)
        self._port: Port | None = None
        self._flood: asyncio.TimerHandle | None = None

    def new_codec(self) -> Codec:
        """Of a dock that boots."""
        codec = self.cable.new_codec()
        return codec if self.version is None else ForeignCodec(codec, self.version)

    def plug(self, on_data: Callable[[bytes], None]) -> Port:
        """Put the cable in."""

        def pass_on(data: bytes) -> None:
            for unit in _frames(data) if self._is_stream else [data]:
                self._to_dock.send(unit, on_data)

        self._port = self.cable.plug(pass_on)
        return self

    def write(self, frames: Sequence[bytes]) -> None:
        """Send whole frames, or drop them. Never blocks."""
        port = self._port
        if port is not None:
            for frame in frames:
                self._to_host.send(frame, lambda unit: port.write([unit]))

    def unplug(self) -> None:
        """Lose the connection and the power with it."""
        self.mend()
        if self._port is not None:
            self._port.unplug()
            self._port = None

    def put(self, fault: faults.OnWire) -> None:
        """Put a fault on the wire, beside those that are there."""
        self._faults.append(_Active(fault, time.monotonic_ns() + round(fault.seconds * NS_PER_S)))

    def flood(self, fault: faults.Flood) -> None:
        """Let noise out."""
        self._stop_flood()
        self._babble(fault, time.monotonic_ns() + round(fault.seconds * NS_PER_S))

    def mend(self) -> None:
        """End every fault on the wire; what is under way is lost."""
        self._faults.clear()
        self._to_host.clear()
        self._to_dock.clear()
        self._stop_flood()

    def _now(self, direction: faults.Direction) -> list[faults.OnWire]:
        now_ns = time.monotonic_ns()
        self._faults = [active for active in self._faults if now_ns < active.until_ns]
        return [active.fault for active in self._faults if active.fault.direction in (direction, "both")]

    def _babble(self, fault: faults.Flood, until_ns: int) -> None:
        self._flood = None
        if self._port is None or time.monotonic_ns() >= until_ns:
            return
        for _ in range(max(round(fault.units_per_s * _FLOOD_EVERY_S), 1)):
            noise = self._rng.randbytes(self._rng.randint(*_NOISE_BYTES))
            self._port.write([noise + DELIMITER if self._is_stream else noise])
        loop = asyncio.get_running_loop()
        self._flood = loop.call_later(_FLOOD_EVERY_S, self._babble, fault, until_ns)

    def _stop_flood(self) -> None:
        if self._flood is not None:
            self._flood.cancel()
            self._flood = None


def _frames(data: bytes) -> list[bytes]:
    """The frames in a piece of a stream; what has no end yet stands last."""
    *whole, rest = data.split(DELIMITER)
    return [unit + DELIMITER for unit in whole] + ([rest] if rest else [])
