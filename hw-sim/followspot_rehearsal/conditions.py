"""How a lesson differs from what its scenario says: for sweeps and for bad input."""

from dataclasses import dataclass, replace

from followspot_sim.plant import AxisLimits
from followspot_sim.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Conditions:
    """Factors on the scenario; 1 leaves it as it is.

    `plant_speed`: rate and acceleration of the motors against what the dock says of them. `latency`: every delay, of
    motors, reports, vision and frames. `noise`: of the marker's bearings. `lens`: the camera's field of view, which is
    known. `lens_error`: the configured field of view against the true one.
    """

    plant_speed: float = 1.0
    latency: float = 1.0
    noise: float = 1.0
    lens: float = 1.0
    lens_error: float = 1.0

    def adjusted(self, lesson: Scenario) -> Scenario:
        """The scenario with noise, lens and the motors' latency changed."""
        camera, marker, dock = lesson.camera, lesson.marker, lesson.dock
        return lesson.model_copy(
            update={
                "camera": camera.model_copy(update={"hfov_deg": min(camera.hfov_deg * self.lens, 120.0)}),
                "marker": marker.model_copy(update={"sigma_deg": marker.sigma_deg * self.noise}),
                "dock": dock.model_copy(update={"latency_ms": dock.latency_ms * self.latency}),
            }
        )

    def late_ns(self, usual_ns: int) -> int:
        """A delay."""
        return round(usual_ns * self.latency)

    def motor(self, limits: AxisLimits) -> AxisLimits:
        """What a motor can do in truth."""
        return replace(
            limits,
            max_rate_dps=limits.max_rate_dps * self.plant_speed,
            max_acceleration_dps2=limits.max_acceleration_dps2 * self.plant_speed,
        )
