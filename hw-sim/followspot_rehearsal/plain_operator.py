"""A camera operator as others build them: the camera turns after what was measured last, the crop is its middle.

It has what ours has: the marker's bearings, the same vision where the marker is silent, looking where our
belief says, and a picture whose size follows the believed distance. Only the way of following is another.
"""

from collections.abc import Callable

from followspot.control.framing import Framing
from followspot.domain.body import Body
from followspot.domain.clock import Clock
from followspot.domain.geometry import NS_PER_S, Lens, clamp
from followspot.domain.shots import Shot, shot
from followspot.domain.sighting import Hint, Sighting
from followspot.domain.steering import AIM_BELOW_TOP_M
from followspot.domain.view import FramedView, Rect, TrackingState
from followspot.settings.models import Settings
from followspot_dock.port import Dock, DockEvent, MarkerReport, Pose
from followspot_rehearsal.aimers import Aimer

FRESH_NS = 500_000_000
"""What was measured longer ago is not followed."""
SEEN_QUALITY = 0.05
ZOOM_S = 1.5
"""The size of the picture follows the distance with this time constant."""
SURE = 0.3
"""Vision's confidence from which a sighting is taken for her."""


class PlainOperator:
    """Turns after the last measurement; itself the planner of the views."""

    def __init__(self, settings: Settings, clock: Clock, dock: Dock, aimer: Callable[[], Aimer]) -> None:
        self._settings, self._clock, self._dock = settings, clock, dock
        self._eyes = Framing(settings, clock, None)
        self._body = Body(settings.tracking.stature_m, settings.tracking.marker_height_m)
        self._pan, self._tilt = aimer(), aimer()
        self._pose: Pose | None = None
        self._where: tuple[float, float | None] = (0.0, None)
        self._heard_ns = self._seen_ns = self._steered_ns = -FRESH_NS
        self._active = False
        self._shot = _shot(settings)
        self._height: float | None = None
        self._viewed_ns = 0

    @property
    def planner(self) -> "PlainOperator":
        """It decides the views itself."""
        return self

    def follow(self, active: bool) -> None:
        """Begin or end."""
        self._active = active
        self._eyes.follow(active)

    def hint(self, exposure_ns: int) -> Hint | None:
        """As ours."""
        return self._eyes.hint(exposure_ns)

    def on_sighting(self, sighting: Sighting) -> None:
        """Followed while the marker is silent."""
        self._eyes.on_sighting(sighting)
        silent = self._clock.monotonic_ns() - self._heard_ns > FRESH_NS
        if silent and sighting.confidence >= SURE:
            self._where, self._seen_ns = (sighting.azimuth_deg, None), self._clock.monotonic_ns()

    def on_dock_event(self, event: DockEvent) -> None:
        """Every marker report is followed, and is the time to steer."""
        self._eyes.on_dock_event(event)
        if isinstance(event, Pose):
            self._pose = event
        if not isinstance(event, MarkerReport):
            return
        if event.quality >= SEEN_QUALITY:
            self._heard_ns = self._seen_ns = self._clock.monotonic_ns()
            self._where = (event.azimuth_deg, event.elevation_deg)
        self._steer()

    def _steer(self) -> None:
        now_ns = self._clock.monotonic_ns()
        dt_s = clamp((now_ns - self._steered_ns) / NS_PER_S, 0.0, 0.1)
        self._steered_ns = now_ns
        if self._pose is None or not self._active:
            return
        azimuth_deg, chest_deg = self._where if now_ns - self._seen_ns <= FRESH_NS else (None, None)
        aim_deg = None if chest_deg is None else self._aim_deg(chest_deg)
        self._dock.drive(
            self._pan.rate_dps(azimuth_deg, self._pose.pan_deg, dt_s),
            self._tilt.rate_dps(aim_deg, self._pose.tilt_deg, dt_s),
            self._settings.steering.ttl_ms,
        )

    def _aim_deg(self, chest_deg: float) -> float:
        above_m = self._body.stature_m - AIM_BELOW_TOP_M - self._body.marker_height_m
        return self._body.elevation_deg(chest_deg, self._distance_m(), above_m)

    @property
    def distance_m(self) -> float | None:
        """How far away she is believed to be."""
        return believed_m(self._eyes)

    def _distance_m(self) -> float:
        return self.distance_m or self._settings.tracking.typical_distance_m

    def view_at(self, exposure_ns: int, sensor_width: int, sensor_height: int) -> FramedView:
        """The middle of the sensor's picture, in a size that suits the believed distance."""
        lens = Lens(sensor_width, sensor_height, self._settings.camera.hfov_deg)
        least, greatest = self._shot.heights(lens)
        bust_px = lens.focal_px * self._body.bust_height_m / self._distance_m()
        wanted = clamp(bust_px / self._shot.shot_share, least, greatest)
        dt_s = clamp((exposure_ns - self._viewed_ns) / NS_PER_S, 0.0, ZOOM_S)
        self._viewed_ns = exposure_ns
        self._height = wanted if self._height is None else self._height + dt_s / ZOOM_S * (wanted - self._height)
        width = self._height * self._shot.aspect
        crop = Rect((sensor_width - width) / 2, (sensor_height - self._height) / 2, width, self._height)
        return FramedView(crop, TrackingState.TRACKING, azimuth_deg=self._where[0])


def believed_m(framing: Framing) -> float | None:
    """The distance that the production framing tells in its status."""
    distance_m = framing.status()["distance_m"]
    return distance_m if isinstance(distance_m, float) else None


def _shot(settings: Settings) -> Shot:
    view = settings.view
    return shot(
        view.shot,
        (view.width, view.height),
        view.max_upscale,
        shot_share=view.shot_share,
        headroom_share=view.headroom_share,
    )
