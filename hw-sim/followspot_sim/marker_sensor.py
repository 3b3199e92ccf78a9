"""The dock's eye for markers: from where one truly is to what the sensor makes of it."""

import random
from dataclasses import dataclass

from followspot_sim.plant import NS_PER_S
from followspot_sim.scenario import MarkerTable, ReflectorTable
from followspot_sim.sight import Sight

_GLINT_NS = NS_PER_S // 2
"""A reflection comes and goes with steps and gestures."""
_GLINT_QUALITY = 0.6
"""A pane gives back less than it gets."""
_FAINTEST = 0.02


@dataclass(frozen=True, slots=True)
class Reading:
    """What the sensor reports; the angles mean nothing where `quality` is 0."""

    quality: float
    azimuth_deg: float
    elevation_deg: float


_NOTHING = Reading(0.0, 0.0, 0.0)


class MarkerSensor:
    """Looks straight ahead from the foot of the dock. `seed` decides when something glints."""

    def __init__(self, table: MarkerTable, seed: int = 1) -> None:
        self._table = table
        self._seed = seed

    def read(self, sight: Sight, time_ns: int, rng: random.Random) -> Reading:
        """One reading; `rng` gives the noise."""
        reflector = self._glint(sight, time_ns)
        if reflector is None and not sight.visible:
            return _NOTHING
        azimuth_deg = sight.azimuth_deg if reflector is None else 2 * reflector.azimuth_deg - sight.azimuth_deg
        off_axis = max(abs(azimuth_deg), abs(sight.elevation_deg)) / (self._table.fov_deg / 2)
        quality = max(1 - sight.distance_m / self._table.range_m, 0.0) * (1.0 if reflector is None else _GLINT_QUALITY)
        if off_axis > 1 or quality < _FAINTEST:
            return _NOTHING
        sigma_deg = self._sigma_deg(sight.distance_m, off_axis)
        noisy = (angle + rng.gauss(0, sigma_deg) for angle in (azimuth_deg, sight.elevation_deg))
        return Reading(quality, *(self._stepped(angle) for angle in noisy))

    def _sigma_deg(self, distance_m: float, off_axis: float) -> float:
        table = self._table
        return (table.sigma_deg + table.sigma_per_m * distance_m) * (1 + (table.edge_noise - 1) * off_axis**2)

    def _stepped(self, angle_deg: float) -> float:
        step_deg = self._table.step_deg
        return round(angle_deg / step_deg) * step_deg if step_deg else angle_deg

    def _glint(self, sight: Sight, time_ns: int) -> ReflectorTable | None:
        """The pane that shows the marker now: the same at every asking, for half a second."""
        for index, reflector in enumerate(self._table.reflector):
            if abs(sight.azimuth_deg - reflector.azimuth_deg) <= reflector.reach_deg:
                dice = random.Random(f"{self._seed}/{index}/{time_ns // _GLINT_NS}")
                if dice.random() < reflector.share:
                    return reflector
        return None
