"""A lesson written down for the judge."""

from collections.abc import Sequence

import numpy as np

from followspot.domain.shots import shot
from followspot.settings.models import Settings
from followspot_rehearsal.lesson import Filmed
from followspot_rehearsal.times import FRAME_NS
from followspot_sim.proof.series import Series, Task
from followspot_sim.setup import Prepared

NOWHERE = (float("nan"),) * 4


def task(scenario: str, operator: str, settings: Settings, prepared: Prepared) -> Task:
    """What was asked for."""
    camera, view = prepared.camera, settings.view
    wanted = shot(
        view.shot,
        (view.width, view.height),
        view.max_upscale,
        shot_share=view.shot_share,
        headroom_share=view.headroom_share,
    )
    return Task(
        scenario=scenario,
        seed=prepared.seed,
        operator=operator,
        rate_hz=1e9 / FRAME_NS,
        sensor_width=camera.width,
        sensor_height=camera.height,
        hfov_deg=camera.hfov_deg,
        width=view.width,
        height=view.height,
        shot_share=wanted.shot_share,
        headroom_share=wanted.headroom_share,
        lead_share=view.lead_share,
        max_upscale=view.max_upscale,
    )


def series(of: Task, frames: Sequence[Filmed]) -> Series:
    """The frames as columns."""
    truths, crops = [frame.truth for frame in frames], [frame.view.crop for frame in frames]
    believed = [frame.view.azimuth_deg for frame in frames]
    return Series(
        task=of,
        box=np.array([truth.box or NOWHERE for truth in truths]),
        head=np.array([truth.head or NOWHERE[:2] for truth in truths]),
        azimuth_deg=np.array([truth.azimuth_deg for truth in truths]),
        distance_m=np.array([truth.distance_m for truth in truths]),
        walking=np.array([truth.walking for truth in truths]),
        present=np.array([truth.present for truth in truths]),
        visible=np.array([truth.visible for truth in truths]),
        others_deg=np.array([frame.others_deg for frame in frames]).reshape(len(frames), -1),
        pan_deg=np.array([frame.pan_deg for frame in frames]),
        tilt_deg=np.array([frame.tilt_deg for frame in frames]),
        crop=np.array([(crop.x, crop.y, crop.width, crop.height) for crop in crops]),
        believed_deg=np.array([np.nan if value is None else value for value in believed], dtype=float),
    )
