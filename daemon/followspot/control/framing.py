"""Framing: the dock and vision in, motor commands and every frame's view out.

The loop owns it. After every event it publishes one immutable snapshot; the planner (encode thread) and `hint`
(vision thread) read only that, so nobody waits for anybody.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from followspot.control.planner import Planner, Snapshot
from followspot.domain.body import Body
from followspot.domain.composer import Composer
from followspot.domain.estimator import Estimator
from followspot.domain.foresight import Foresight
from followspot.domain.geometry import NS_PER_S, Aim, Bearing, PoseSample, PoseTrack
from followspot.domain.shots import Shot, shot
from followspot.domain.sighting import SightingKind
from followspot.domain.steering import Limits, Rates, Steering
from followspot.domain.view import TrackingState, ViewPlanner
from followspot.domain.zones import Territory
from followspot_dock.port import Capabilities, LinkChanged, MarkerReport, MarkerRole, Pose

if TYPE_CHECKING:
    from followspot.domain.clock import Clock
    from followspot.domain.sighting import Hint, Sighting
    from followspot.settings.models import Settings, TrackingSettings
    from followspot_dock.port import Dock, DockEvent

_log = logging.getLogger(__name__)

TICK_S = 1 / 30
"""Steering goes on at this pace while the marker is silent."""
TICK_WHILE_HEARD_S = 2 * TICK_S
"""While it speaks there is nothing to do but to notice that it falls silent."""
TICK_WHEN_IDLE_S = 0.1
"""Between lessons, when nobody sees whether the dock turns smoothly: a driver then tells as seldom, too."""
TICK_WITHOUT_DOCK_S = 0.2
"""With no motors to steer only what is known has to be kept up to date."""
HEARD_NS = 40_000_000
"""A marker's report within this time makes the tick unnecessary: they come every 33 ms."""
LEAD_NS = 60_000_000
"""Motors answer about this late: steer for where teacher and camera will be then."""
POSE_STALE_NS = 500_000_000
"""Ten missing poses: where the camera points is no longer known, so do not drive blind."""
ROOM_SHARE = 0.25
"""The camera aims this share of its field of view beside a zone that is never shown: half of the picture stays free."""
REMEMBERED_BEYOND_S = 0.7
"""A frame is decided later than the look-ahead says: the camera's and the decoder's delay come on top."""
HOMING_NS = 20 * NS_PER_S
"""After a lesson the motors may take this long to go home, then they are left alone."""
STILL = Rates(0.0, 0.0)


class Framing:
    """Keeps the teacher in the picture. All methods but `hint` belong to the loop; `planner` is the encode thread's."""

    planner: ViewPlanner

    def __init__(self, settings: Settings, clock: Clock, dock: Dock | None) -> None:
        self._settings, self._clock, self._dock = settings, clock, dock
        tracking, view = settings.tracking, settings.view
        self._body = Body(tracking.stature_m, tracking.marker_height_m)
        self._estimator = Estimator(
            self._body,
            tracking.typical_distance_m,
            tracking.marker_sigma_deg,
            tracking.lost_timeout_s,
            remembered_s=settings.lookahead_s + REMEMBERED_BEYOND_S if settings.lookahead_s else 0.0,
        )
        self._poses = PoseTrack()
        self._steering: Steering | None = None
        self._following = self._resting = False
        self._homing_until_ns = 0
        self._idle_tick_s = min(TICK_WHEN_IDLE_S, settings.steering.ttl_ms / 2000)
        """Twice within the life of a motion."""
        self._reported_ns = 0
        self._asked = STILL
        self._doubted: tuple[str, ...] = ()
        self._state = TrackingState.PARKED
        self._territory = _territory(tracking)
        wanted = shot(
            view.shot,
            (view.width, view.height),
            view.max_upscale,
            shot_share=view.shot_share,
            headroom_share=view.headroom_share,
            lead_share=view.lead_share,
        )
        composer = self._composer(wanted)
        snapshot = Snapshot(self._estimator.knowledge(), self._poses)
        camera = settings.camera
        self._planner = Planner(
            composer,
            clock,
            camera.hfov_deg,
            snapshot,
            sideways=camera.sideways,
            blind_without_pose=dock is not None and settings.hides_zones,
        )
        self.planner = self._planner

    def _composer(self, wanted: Shot) -> Composer | Foresight:
        lookahead_s, view = self._settings.lookahead_s, self._settings.view
        hides, board = view.hide_blocked, view.board.zone if view.board else None
        if not lookahead_s:
            return Composer(wanted, self._body, self._territory, hides=hides, board=board)
        return Foresight(wanted, self._body, self._territory, lookahead_s=lookahead_s, hides=hides, board=board)

    def on_dock_event(self, event: DockEvent) -> None:
        """Take what the dock tells."""
        now_ns = self._clock.monotonic_ns()
        if isinstance(event, MarkerReport):
            if event.role is not MarkerRole.PRIMARY:
                return  # someone else's marker
            self._reported_ns = now_ns
            self._estimator.on_marker(event.time_ns, event.azimuth_deg, event.elevation_deg, event.quality, now_ns)
            self._publish(now_ns)
            self._steer(now_ns)
        elif isinstance(event, Pose):
            self._on_pose(event)
        elif isinstance(event, LinkChanged):
            self._on_link(event, now_ns)

    def on_sighting(self, sighting: Sighting) -> None:
        """Take what vision saw."""
        now_ns = self._clock.monotonic_ns()
        top_deg = 0.0 if sighting.top_deg is None else sighting.top_deg
        known = sighting.kind is SightingKind.BADGE  # believed everywhere, as the marker is
        if known or self._territory.allows(Bearing(sighting.azimuth_deg, top_deg)):
            self._estimator.on_sighting(sighting, now_ns)
        self._publish(now_ns)

    def hint(self, exposure_ns: int) -> Hint | None:
        """What is believed of the picture exposed at `exposure_ns`. Thread-safe."""
        return self._planner.snapshot.hint(exposure_ns)

    def follow(self, active: bool) -> None:
        """A lesson begins: follow the teacher. It ends: stop, go home and rest, or go on if the file says so."""
        if active == self._following:
            return
        self._following = active
        self._homing_until_ns = 0
        self._resting = False
        if self._settings.steering.follow_when_idle:
            return
        self._halt()
        if not active:
            self._homing_until_ns = self._clock.monotonic_ns() + HOMING_NS

    def rest(self) -> None:
        """Leave the motors to others until the next lesson."""
        self._resting = True
        self._homing_until_ns = 0
        self._halt()

    def home(self) -> bool:
        """Turn the dock home now, and only then follow again; whether there is a dock that can. Not in a lesson."""
        if self._steering is None:
            return False
        self._resting = False
        self._homing_until_ns = self._clock.monotonic_ns() + HOMING_NS
        return True

    def _moves(self, now_ns: int) -> bool:
        if self._following:
            return True
        idle = self._settings.steering.follow_when_idle and not self._resting
        return idle and now_ns >= self._homing_until_ns

    def status(self) -> dict[str, object]:
        """What the state message and `followspot status` show."""
        now_ns = self._clock.monotonic_ns()
        snapshot = self._planner.snapshot
        state, reason = snapshot.knowledge.state(now_ns)
        estimate, aim = snapshot.knowledge.at(now_ns), snapshot.aim_at(now_ns)
        return {
            "following": self._following,
            "state": state.value,
            "reason": reason,
            "azimuth_deg": round(estimate.chest.azimuth_deg, 2) if estimate else None,
            "elevation_deg": round(estimate.chest.elevation_deg, 2) if estimate else None,
            "distance_m": round(estimate.distance_m, 2) if estimate else None,
            "pan_deg": round(aim.pan_deg, 2),
            "tilt_deg": round(aim.tilt_deg, 2),
            "ignored_measurements": self._estimator.ignored,
        }

    async def run(self) -> None:
        """Steer on while the marker is silent, until cancelled; leaves the motors stopped."""
        try:
            while True:
                pause_s = self._tick()
                await asyncio.sleep(pause_s)
        finally:
            self._halt()

    def _tick(self) -> float:
        """Steer, unless a marker's report just did; seconds to the next time."""
        now_ns = self._clock.monotonic_ns()
        silent_ns = now_ns - self._reported_ns
        if not self._following and silent_ns <= self._idle_tick_s * NS_PER_S:
            return self._idle_tick_s
        if self._following and silent_ns <= HEARD_NS:
            return TICK_WHILE_HEARD_S
        self._publish(now_ns)
        self._steer(now_ns)
        if self._dock is None:
            return TICK_WITHOUT_DOCK_S
        return TICK_S if self._following else self._idle_tick_s

    def _on_pose(self, pose: Pose) -> None:
        knowledge = self._planner.snapshot.knowledge
        if not self._poses.samples:
            self._estimator.forget()  # what was seen so far was seen from an unknown direction
            knowledge = self._estimator.knowledge()
        aim = Aim(pose.pan_deg, pose.tilt_deg)
        self._poses = self._poses.then(PoseSample(pose.time_ns, aim, pose.pan_rate_dps, pose.tilt_rate_dps))
        self._planner.snapshot = Snapshot(knowledge, self._poses)

    def _on_link(self, event: LinkChanged, now_ns: int) -> None:
        if event.state.works and event.capabilities is not None:
            if self._steering is not None:
                return  # the link got worse or better, but it was never gone
            self._steering = self._steering_for(event.capabilities)
        elif self._steering is not None:
            self._steering = None
            aim = self._poses.at(now_ns)
            if aim is not None:  # without its commands the dock stops where it is
                self._poses = self._poses.then(PoseSample(now_ns, aim))
        self._asked = STILL
        self._publish(now_ns)

    def _steering_for(self, dock: Capabilities) -> Steering:
        steering = self._settings.steering
        limits = Limits(
            dock.pan_min_deg,
            dock.pan_max_deg,
            dock.tilt_min_deg,
            dock.tilt_max_deg,
            min(dock.pan_max_rate_dps, dock.tilt_max_rate_dps, steering.max_rate_dps),
            min(dock.pan_max_acceleration_dps2, dock.tilt_max_acceleration_dps2, steering.max_acceleration_dps2),
        )
        home = Aim(steering.home_pan_deg, steering.home_tilt_deg)
        room_deg = self._settings.camera.hfov_deg * ROOM_SHARE if self._settings.hides_zones else 0.0
        return Steering(limits, self._body, steering.dead_band_deg, home, self._territory.with_room(room_deg))

    def _publish(self, now_ns: int) -> None:
        knowledge = self._estimator.knowledge()
        self._planner.snapshot = Snapshot(knowledge, self._poses)
        state, reason = knowledge.state(now_ns)
        if state is not self._state:
            _log.info("tracking %s -> %s: %s", self._state.value, state.value, reason)
            self._state = state

    def _steer(self, now_ns: int) -> None:
        if self._dock is None or self._steering is None:
            return
        moves = self._moves(now_ns)
        if not moves and now_ns >= self._homing_until_ns:
            self._halt()
            return
        if not self._poses.samples or now_ns - self._poses.samples[-1].time_ns > POSE_STALE_NS:
            self._halt()
            return
        snapshot = self._planner.snapshot
        soon_ns = now_ns + LEAD_NS
        estimate = snapshot.knowledge.at(soon_ns) if moves else None
        both = self._planner.both(estimate)
        self._ask(self._steering.command(estimate, self._state, snapshot.aim_at(soon_ns), now_ns, both))
        self._tell_doubts(self._steering.doubted)

    def _tell_doubts(self, doubted: tuple[str, ...]) -> None:
        if doubted == self._doubted:
            return
        self._doubted = doubted
        if doubted:
            _log.warning(
                "%s does not turn as it is told, or the dock tells a wrong pose: it rests and is tried now and then; "
                "is it held, mounted the other way round, or without power?",
                " and ".join(doubted),
            )
        else:
            _log.info("the motors turn as they are told again")

    def _ask(self, rates: Rates) -> None:
        """Send `rates`; rest is said once, then kept by silence."""
        if self._dock is not None and not rates == self._asked == STILL:
            self._dock.drive(rates.pan_dps, rates.tilt_dps, self._settings.steering.ttl_ms)
        self._asked = rates

    def _halt(self) -> None:
        if self._steering is not None:
            self._steering.halt()
        if self._dock is not None and self._asked != STILL:
            self._dock.stop()
        self._asked = STILL


def _territory(tracking: TrackingSettings) -> Territory:
    area = tracking.area
    return Territory(area.zone if area else None, tuple(one.zone for one in tracking.blocked))
