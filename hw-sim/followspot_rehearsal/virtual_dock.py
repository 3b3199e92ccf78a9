"""The simulator's motors behind the port of a dock, without a wire."""

import math
from collections.abc import Iterable

from followspot_dock.port import Capabilities, Dock, Feature, LinkState
from followspot_sim.errors import SimulatorError
from followspot_sim.faults import Lie, Stall, TimedFault
from followspot_sim.plant import NS_PER_S, AxisLimits, Plant


class VirtualDock(Dock):
    """Commands go to the motors at once; `now_ns` is set from outside. `told`: what it says that the motors can do.

    `faults` are those of a scenario that motors can have: `stall` and `lie`. Raises SimulatorError for others.
    """

    def __init__(
        self, plant: Plant, told: tuple[AxisLimits, AxisLimits], faults: Iterable[TimedFault], start_ns: int
    ) -> None:
        self.plant, self.now_ns = plant, start_ns
        pan, tilt = told
        self.capabilities = Capabilities(
            "virtual",
            "1",
            "0",
            pan.min_deg,
            pan.max_deg,
            tilt.min_deg,
            tilt.max_deg,
            pan.max_rate_dps,
            tilt.max_rate_dps,
            pan.max_acceleration_dps2,
            tilt.max_acceleration_dps2,
            frozenset({Feature.MARKER}),
            1,
        )
        self._stalls: list[tuple[int, int, Stall]] = []
        self._lies: list[tuple[int, int, Lie]] = []
        for timed in faults:
            self._plan(timed, start_ns)

    def _plan(self, timed: TimedFault, start_ns: int) -> None:
        fault, begin_ns = timed.fault, start_ns + round(timed.at_s * NS_PER_S)
        if isinstance(fault, Stall):
            self._stalls.append((begin_ns, begin_ns + round(fault.seconds * NS_PER_S), fault))
        elif isinstance(fault, Lie):
            self._lies.append((begin_ns, begin_ns + round(fault.seconds * NS_PER_S), fault))
        else:
            raise SimulatorError(f"fault {fault.kind}: in virtual time there is no wire; only stall and lie can be had")

    def step(self, now_ns: int) -> None:
        """Time goes on."""
        self.now_ns = now_ns
        held = {fault.axis for begin_ns, end_ns, fault in self._stalls if begin_ns <= now_ns < end_ns}
        self.plant.hold(now_ns, pan="pan" in held, tilt="tilt" in held)

    def told_pose(self, time_ns: int) -> tuple[float, float]:
        """What the encoders say, or the dock instead."""
        pan_deg, tilt_deg = self.plant.encoders_at(time_ns)
        for begin_ns, end_ns, lie in self._lies:
            if begin_ns <= time_ns < end_ns:
                pan_deg, tilt_deg = pan_deg + lie.pan_deg, tilt_deg + lie.tilt_deg
        return pan_deg, tilt_deg

    @property
    def link(self) -> LinkState:
        return LinkState.READY

    def drive(self, pan_dps: float, tilt_dps: float, ttl_ms: int) -> None:
        if not (math.isfinite(pan_dps) and math.isfinite(tilt_dps)):
            raise ValueError(f"rates must be finite, not {pan_dps} and {tilt_dps}")
        self.plant.drive(self.now_ns, pan_dps, tilt_dps, ttl_ms / 1000)

    def stop(self) -> None:
        self.plant.stop(self.now_ns)

    async def run(self) -> None:
        """There is no link to keep."""

    def drive_to(self, pan_deg: float, tilt_deg: float, ttl_ms: int) -> int | None:  # noqa: ARG002  (rates alone are asked for)
        return None

    def park(self, ttl_ms: int) -> int | None:  # noqa: ARG002  (it never ends in order)
        return None

    def marker_lamp(self, on: bool) -> None:
        """There is none."""

    def follow_marker(self, marker_id: int) -> None:
        """There is one."""

    def clear_fault(self) -> None:
        """A fault ends with its cause."""

    def identify(self) -> None:
        """Nobody looks."""
