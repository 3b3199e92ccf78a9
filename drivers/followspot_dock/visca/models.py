"""What differs between cameras that speak VISCA, as data. A new camera is one entry here."""

from bisect import bisect_right
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """One family of cameras. Units of position are positive right and up, 0 straight ahead.

    `pan_dps` and `tilt_dps` are the rates of the speed steps 1, 2, 3 …
    """

    name: str
    pan_units_per_deg: float
    tilt_units_per_deg: float
    pan_min_deg: float
    pan_max_deg: float
    tilt_min_deg: float
    tilt_max_deg: float
    pan_dps: tuple[float, ...]
    tilt_dps: tuple[float, ...]
    max_acceleration_dps2: float
    """No maker states it; a cautious figure of ours, which bounds what steering asks for."""
    command_interval_ms: int
    """The camera takes one command in a vertical period (Sony: 16.7 to 41.7 ms)."""
    poll_interval_ms: int
    """How often to ask for the position."""
    position_while_moving: bool = True
    """Whether the position inquiry is answered with the present position, and not the last resting place."""


def step_for(rate_dps: float, steps_dps: tuple[float, ...]) -> int:
    """The fastest speed step that is not faster than asked, signed as the rate; 0 below the slowest step."""
    step = bisect_right(steps_dps, abs(rate_dps))
    return step if rate_dps > 0 else -step


def rate_of(step: int, steps_dps: tuple[float, ...]) -> float:
    """The rate of a signed speed step."""
    if step == 0:
        return 0.0
    rate_dps = steps_dps[abs(step) - 1]
    return rate_dps if step > 0 else -rate_dps


# Telycam TLC-700-S user manual, page 13, and CleverMic 4035UHS, page 17 ("VISCA PAN TILT ABSOLUTE POSITION VALUE",
# "… SPEED VALUE"). The same command set and value ranges stand in the manuals of PTZOptics (12X-SDI, page 51; steps
# 01 to 18h and 01 to 14h) and Avonic (CM60-IP, CM70-IP), which do not state degrees.
_PTZOPTICS = Model(
    name="ptzoptics",
    pan_units_per_deg=14.4,
    tilt_units_per_deg=14.4,
    pan_min_deg=-170.0,
    pan_max_deg=170.0,
    tilt_min_deg=-30.0,
    tilt_max_deg=90.0,
    pan_dps=(
        *(1.0, 1.5, 2.2, 2.4, 2.6, 2.8, 3.0, 3.2, 3.4, 3.8, 4.5, 6.0),
        *(9.0, 15.0, 19.0, 25.0, 32.0, 38.0, 45.0, 58.0, 75.0, 88.0, 105.0, 120.0),
    ),
    tilt_dps=(
        *(1.0, 1.5, 2.2, 3.6, 4.7, 6.0, 8.0, 10.0, 12.0),
        *(15.0, 18.0, 23.0, 30.0, 39.0, 48.0, 59.0, 69.0, 80.0),
    ),
    max_acceleration_dps2=200.0,
    command_interval_ms=40,
    poll_interval_ms=50,
)

# Sony EVI-D100/D100P Technical Manual A-AYT-100-11, pages 44 (speed, columns D100/P) and 45 (position).
_SONY_EVI_D100 = Model(
    name="sony-evi-d100",
    pan_units_per_deg=14.4,
    tilt_units_per_deg=14.4,
    pan_min_deg=-100.0,
    pan_max_deg=100.0,
    tilt_min_deg=-25.0,
    tilt_max_deg=25.0,
    pan_dps=(
        *(2.0, 2.4, 3.0, 3.7, 4.7, 6.1, 7.4, 9.1, 11.0, 14.0, 18.0, 22.0),
        *(27.0, 34.0, 42.0, 52.0, 65.0, 81.0, 100.0, 125.0, 155.0, 190.0, 240.0, 300.0),
    ),
    tilt_dps=(
        *(2.0, 2.4, 3.0, 3.7, 4.7, 6.1, 7.4, 9.1, 11.0, 14.0),
        *(18.0, 22.0, 27.0, 34.0, 42.0, 52.0, 65.0, 81.0, 100.0, 125.0),
    ),
    max_acceleration_dps2=200.0,
    command_interval_ms=40,
    poll_interval_ms=60,
)

MODELS = {model.name: model for model in (_PTZOPTICS, _SONY_EVI_D100)}
