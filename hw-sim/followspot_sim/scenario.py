"""A lesson as a person writes it down: camera, teacher's path, students, marker and microphone, in one TOML file.

A scenario has no length: the teacher's path begins again when it is walked, for as long as the simulator runs.
"""

import math
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from followspot_sim.errors import SimulatorError
from followspot_sim.faults import TimedFault

SCENARIOS = Path(__file__).parent / "scenarios"

AzimuthDeg = Annotated[float, Field(ge=-120, le=120)]


BatteryPoint = tuple[Annotated[float, Field(ge=0)], Annotated[int, Field(ge=0, le=100)]]
"""Seconds since the beginning, and how full the battery is then."""


class Table(BaseModel):
    """A table of the file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CameraTable(Table):
    """`[camera]`: the picture and its timing."""

    width: int = Field(default=1280, ge=160, le=3840, multiple_of=4)
    height: int = Field(default=720, ge=96, le=2160, multiple_of=4)
    rate_hz: float = Field(default=30.0, ge=1, le=60)
    hfov_deg: float = Field(default=55.0, ge=10, le=120)
    exposure_ms: float = Field(default=10.0, gt=0, le=100)
    latency_ms: float = Field(default=40.0, ge=0, le=500)


class PathStep(Table):
    """`[[teacher.path]]`: walk to a place, then stand there. Angles and metres from the dock.

    Who is `out` is behind a door at that place: neither she nor her marker is to be seen until she walks on.
    """

    azimuth_deg: AzimuthDeg
    distance_m: float = Field(ge=1, le=12)
    speed_mps: float = Field(default=1.1, ge=0.2, le=3)
    stand_s: float = Field(default=3.0, ge=0, le=600)
    facing: Literal["class", "board"] = "class"
    posture: Literal["upright", "seated", "bent"] = "upright"
    out: bool = False


class TeacherTable(Table):
    """`[teacher]`: who is followed, and where they go: along `path`, or as somebody once walked.

    With `spread_m` each seed moves every place by up to that far, and changes paces and stands by up to a fifth.
    """

    stature_m: float = Field(default=1.72, ge=1.2, le=2.2)
    marker_height_share: float = Field(default=0.785, ge=0.3, le=1)
    walk: Literal["path", "recorded"] = "path"
    path: tuple[PathStep, ...] = ()
    spread_m: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _one_way_to_walk(self) -> "TeacherTable":
        if self.walk == "path" and not self.path:
            raise ValueError('walk = "path" needs at least one [[teacher.path]]')
        if self.walk == "recorded" and self.path:
            raise ValueError('walk = "recorded" takes no [[teacher.path]]')
        return self


class StudentTable(Table):
    """`[[student]]`: somebody between dock and teacher, seated, who stands up now and then."""

    azimuth_deg: AzimuthDeg
    distance_m: float = Field(ge=0.6, le=10)
    seated_top_m: float = Field(default=1.22, ge=0.8, le=2)
    standing_top_m: float = Field(default=1.6, ge=0.8, le=2.2)
    stands_every_s: float = Field(default=0.0, ge=0, le=3600)
    stands_after_s: float = Field(default=5.0, ge=0, le=3600)
    stands_for_s: float = Field(default=2.0, ge=0.5, le=60)


class PasserTable(Table):
    """`[[passer]]`: another adult, who walks along a path of their own, wears no marker, and hides what is behind."""

    stature_m: float = Field(default=1.75, ge=1.2, le=2.2)
    path: tuple[PathStep, ...] = Field(min_length=1)


class LightTable(Table):
    """`[light]`: how bright the room is.

    A projector's pictures change it by up to `flicker_share`, `flicker_hz` times a second.
    """

    level: float = Field(default=1.0, gt=0, le=1)
    flicker_share: float = Field(default=0.0, ge=0, le=0.9)
    flicker_hz: float = Field(default=0.5, gt=0, le=30)


class ReflectorTable(Table):
    """`[[marker.reflector]]`: a window or a screen, in which the dock sees the marker now and then.

    Of the half seconds in which the marker stands on the near side, `share` brings the mirrored bearing instead.
    """

    azimuth_deg: AzimuthDeg
    share: float = Field(default=0.1, gt=0, le=1)
    reach_deg: float = Field(default=60.0, gt=0, le=180)


class MarkerTable(Table):
    """`[marker]`: how well the dock sees the marker.

    From `silent_from_s` on it is never seen again: its battery is empty, or nobody wears one.
    Noise is `sigma_deg`, and `sigma_per_m` more for each metre, and at the edge of the field `edge_noise` times that.
    """

    sigma_deg: float = Field(default=0.8, ge=0, le=10)
    sigma_per_m: float = Field(default=0.0, ge=0, le=5)
    edge_noise: float = Field(default=1.0, ge=1, le=20)
    range_m: float = Field(default=15.0, ge=1, le=100)
    fov_deg: float = Field(default=360.0, ge=10, le=360)
    step_deg: float = Field(default=0.0, ge=0, le=10)
    hidden_by_back: bool = False
    battery: tuple[BatteryPoint, ...] = ()
    reflector: tuple[ReflectorTable, ...] = ()
    silent_from_s: float | None = Field(default=None, ge=0)
    dropouts_per_min: float = Field(default=2.0, ge=0, le=30)
    dropout_min_s: float = Field(default=0.5, ge=0.05, le=30)
    dropout_max_s: float = Field(default=2.0, ge=0.05, le=30)

    @model_validator(mode="after")
    def _dropouts_fit(self) -> "MarkerTable":
        if self.dropout_max_s < self.dropout_min_s:
            raise ValueError("dropout_max_s must not be less than dropout_min_s")
        if self.dropouts_per_min * self.dropout_max_s > 60:
            raise ValueError("dropouts_per_min times dropout_max_s must fit into a minute")
        return self


class OtherMarkerTable(Table):
    """`[[other_marker]]`: a further marker, which lies or stands somewhere."""

    marker_id: int = Field(ge=2, le=0xFFFF)
    azimuth_deg: AzimuthDeg
    elevation_deg: float = Field(default=0.0, ge=-60, le=60)
    distance_m: float = Field(default=2.0, ge=0.1, le=30)
    in_bay: bool = False


class AxisTable(Table):
    """`[dock.pan]`, `[dock.tilt]`: what is special about a motor and its gear; none of it by default."""

    jerk_dps3: float = Field(default=math.inf, gt=0)
    backlash_deg: float = Field(default=0.0, ge=0, le=10)
    stick_dps: float = Field(default=0.0, ge=0, le=30)


class DockTable(Table):
    """`[dock]`: the motors, and how the dock is reached; `interval_ms` is that of a Bluetooth connection.

    With `brown_out_percent` the dock restarts when its battery is at or below that and both motors pull hard.
    """

    transport: Literal["serial", "ble"] = "serial"
    interval_ms: float = Field(default=15.0, ge=7.5, le=4000)
    latency_ms: float = Field(default=30.0, ge=0, le=1000)
    encoder_sigma_deg: float = Field(default=0.01, ge=0, le=5)
    brown_out_percent: int = Field(default=0, ge=0, le=100)
    battery: tuple[BatteryPoint, ...] = ()
    pan: AxisTable = AxisTable()
    tilt: AxisTable = AxisTable()


class MicrophoneTable(Table):
    """`[microphone]`, `[room_microphone]`: how far its clock is off, and how long sound needs to get into it."""

    clock_ppm: float = Field(default=80.0, ge=-1000, le=1000)
    delay_ms: float = Field(default=0.0, ge=0, le=1000)


class Scenario(Table):
    """The whole file."""

    seed: int = Field(default=1, ge=0)
    camera: CameraTable = CameraTable()
    teacher: TeacherTable
    student: tuple[StudentTable, ...] = ()
    passer: tuple[PasserTable, ...] = ()
    light: LightTable = LightTable()
    marker: MarkerTable = MarkerTable()
    dock: DockTable = DockTable()
    other_marker: tuple[OtherMarkerTable, ...] = ()
    microphone: MicrophoneTable = MicrophoneTable()
    room_microphone: MicrophoneTable = MicrophoneTable(clock_ppm=-60.0)
    fault: tuple[TimedFault, ...] = ()


def explain(problem: ValidationError) -> str:
    """The problems of a validation in plain words, one to a line, each with its key."""
    lines = []
    for error in problem.errors(include_url=False):
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
        text = "unknown key" if error["type"] == "extra_forbidden" else error["msg"].removeprefix("Value error, ")
        lines.append(f"{key}: {text}" if key else text)
    return "\n".join(lines)


def names() -> list[str]:
    """The scenarios that come with the simulator."""
    return sorted(file.stem for file in SCENARIOS.glob("*.toml"))


def load(name_or_file: str) -> Scenario:
    """Read a scenario by the name of a shipped one or by its path. Raises SimulatorError in plain words."""
    shipped = name_or_file in names()
    file = SCENARIOS / f"{name_or_file}.toml" if shipped else Path(name_or_file)
    try:
        return Scenario.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise SimulatorError(f"no scenario {name_or_file}: give one of {', '.join(names())}, or a file") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SimulatorError(f"scenario {file} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SimulatorError(f"scenario {file} is no TOML: {error}") from error
    except ValidationError as error:
        raise SimulatorError(f"scenario {file}:\n{explain(error)}") from error


def checked_camera(values: dict[str, float]) -> CameraTable:
    """A camera table from values that options have changed. Raises SimulatorError in plain words."""
    try:
        return CameraTable.model_validate(values)
    except ValidationError as error:
        raise SimulatorError(f"camera: {explain(error)}") from error
