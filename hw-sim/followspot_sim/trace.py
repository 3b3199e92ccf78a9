"""A dock session on file: what went over the wire in both directions, with its real timing.

JSON lines. The first is {"trace": 1, "port": name}; each other one {"t_ns": since the beginning, "from": "dock" or
"host", "hex": the bytes as they came}.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from followspot_sim.errors import SimulatorError

TRACE_VERSION = 1
Side = Literal["dock", "host"]


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    trace: Literal[1]
    port: str


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    t_ns: int = Field(ge=0)
    side: Side = Field(alias="from")
    data: str = Field(alias="hex", pattern=r"^([0-9a-f]{2})+$")


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that came from one side, `t_ns` after the beginning."""

    t_ns: int
    side: Side
    data: bytes


class TraceWriter:
    """Writes a trace from `begin_ns` on; every line at once, so that a kill costs nothing."""

    def __init__(self, file: TextIO, port: str, begin_ns: int) -> None:
        self._file = file
        self._begin_ns = begin_ns
        self._write({"trace": TRACE_VERSION, "port": port})

    def piece(self, side: Side, data: bytes, now_ns: int) -> None:
        """These bytes came from this side."""
        self._write({"t_ns": now_ns - self._begin_ns, "from": side, "hex": data.hex()})

    def _write(self, line: dict[str, object]) -> None:
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def read_trace(file: Path) -> list[Piece]:
    """The pieces of a trace, in order. Raises SimulatorError that names file and line."""
    try:
        with file.open(encoding="utf-8") as lines:
            return list(_pieces(file, lines))
    except (OSError, UnicodeDecodeError) as error:
        raise SimulatorError(f"trace {file} cannot be read: {error}") from error


def _pieces(file: Path, lines: Iterable[str]) -> Iterator[Piece]:
    last_ns = 0
    number = 0
    for number, text in enumerate(lines, start=1):
        try:
            if number == 1:
                _Head.model_validate_json(text)
                continue
            line = _Line.model_validate_json(text)
        except ValidationError as error:
            what = "no such trace" if number == 1 else "no line of a trace"
            raise SimulatorError(f"trace {file}, line {number}: {what}: {error.errors()[0]['msg']}") from error
        if line.t_ns < last_ns:
            raise SimulatorError(f"trace {file}, line {number}: time goes back")
        last_ns = line.t_ns
        yield Piece(line.t_ns, line.side, bytes.fromhex(line.data))
    if number == 0:
        raise SimulatorError(f"trace {file} is empty")
