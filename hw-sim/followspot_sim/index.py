"""A folder of real recordings, read through its index.json alone: any folder with an index of this form will do."""

import json
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from followspot_sim.errors import SimulatorError

METRES = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "in": 0.0254}
"""The units a walk may be given in."""

StatureM = Annotated[float, Field(ge=0.8, le=2.4)]
RateHz = Annotated[float, Field(gt=0, le=240)]
Frames = tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]]


class Entry(BaseModel):
    """An entry of the index. Keys that are not used here may be there too."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Person(Entry):
    """Somebody filmed by a fixed camera before an empty background; `frames` are the first and the last to use."""

    name: str
    video: str
    background: str
    truth: str
    frames: Frames
    rate_hz: RateHz
    height_m: StatureM = 1.72

    @model_validator(mode="after")
    def _frames_in_order(self) -> "Person":
        if self.frames[1] < self.frames[0]:
            raise ValueError("frames must be [first, last] with first <= last")
        return self


class Cutout(Entry):
    """Somebody already cut out, as a PNG with alpha."""

    file: str
    view: str = "front"
    person: str = ""
    whole_body: bool = True
    height_m: StatureM = 1.72


class Room(Entry):
    """A wide picture of a room; its middle row is the horizon."""

    name: str
    file: str
    projection: Literal["cylindrical", "equirectangular"]
    hfov_deg: float = Field(gt=10, le=360)


class Walk(Entry):
    """Recorded walks in a text table: `columns` name its columns, among them id, frame, x and y (the floor).

    Frame numbers grow by `frame_step` from one sample to the next, `rate_hz` counts samples.
    """

    name: str
    file: str
    columns: tuple[str, ...]
    unit: str
    rate_hz: RateHz
    frame_step: float = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _columns_are_known(self) -> "Walk":
        missing = [name for name in ("id", "frame", "x", "y") if name not in self.columns]
        if missing:
            raise ValueError(f"columns must name {', '.join(missing)}")
        if self.unit not in METRES:
            raise ValueError(f"unit must be one of {', '.join(METRES)}, not {self.unit}")
        return self


class Speech(Entry):
    """A recording of speech."""

    file: str


class _Index(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    people: tuple[Person, ...] = ()
    cutouts: tuple[Cutout, ...] = ()
    rooms: tuple[Room, ...] = ()
    walks: tuple[Walk, ...] = ()
    speech: tuple[Speech, ...] = ()


EntryType = TypeVar("EntryType", bound=Entry)


class DataFolder:
    """The folder and what its index offers."""

    def __init__(self, folder: Path) -> None:
        """Read `folder`/index.json. Raises SimulatorError that names the entry and the key."""
        self.folder = folder
        self.index_file = folder / "index.json"
        try:
            raw = json.loads(self.index_file.read_text(encoding="utf-8"))
            index = _Index.model_validate(raw)
        except OSError as error:
            raise SimulatorError(f"data folder {folder}: its index.json cannot be read: {error.strerror}") from error
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise SimulatorError(f"{self.index_file} is no JSON: {error}") from error
        except ValidationError as error:
            raise SimulatorError(f"{self.index_file}:\n{_explain(raw, error)}") from error
        self.people, self.cutouts, self.rooms = index.people, index.cutouts, index.rooms
        self.walks, self.speech = index.walks, index.speech
        self._check_files(index)

    def path(self, relative: str) -> Path:
        """Where a file named by the index lies."""
        return self.folder / relative

    def _check_files(self, index: _Index) -> None:
        for kind, entries in index:
            for number, entry in enumerate(entries):
                for key in ("file", "video", "background", "truth"):
                    relative = getattr(entry, key, None)
                    if relative is not None and not self.path(relative).is_file():
                        raise SimulatorError(
                            f"{self.index_file}: {kind}[{number}].{key}: there is no file {self.path(relative)}"
                        )


def _explain(raw: object, error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False):
        location = problem["loc"]
        key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
        name = _name_of(raw, location)
        lines.append(f"{key}{name}: {problem['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)


def _name_of(raw: object, location: tuple[int | str, ...]) -> str:
    try:
        return f" ({raw[location[0]][location[1]]['name']})"  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return ""
