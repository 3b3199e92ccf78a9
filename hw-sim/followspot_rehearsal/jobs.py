"""What is to be played: lessons by scenario, seed and operator, as data."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from followspot.settings.models import Settings
from followspot_rehearsal.conditions import Conditions
from followspot_rehearsal.times import START_NS
from followspot_sim.errors import SimulatorError
from followspot_sim.setup import Prepared, add_look_arguments, prepare


@dataclass(frozen=True, slots=True)
class Job:
    """One lesson of `seconds`, written to `file`; with `stills` so many pictures of it beside that.

    `settings` are dotted keys of the daemon's configuration with their values.
    """

    scenario: str
    seed: int
    operator: str
    file: str
    seconds: float = 40.0
    lead_s: float = 3.0
    data: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, float] = field(default_factory=dict)
    stills: int = 0

    @property
    def stage(self) -> tuple[object, ...]:
        """Jobs with the same need the same room, people and walks."""
        return self.scenario, self.seed, self.data, tuple(sorted(self.conditions.items()))


def read(file: Path) -> list[Job]:
    """The jobs of a JSON file."""
    return [Job(**entry) for entry in json.loads(file.read_text())]


def write(jobs: list[Job], file: Path) -> None:
    """As `read` reads them."""
    file.write_text(json.dumps([asdict(job) for job in jobs]))


def settings_of(job: Job) -> Settings:
    """The daemon's settings with the job's laid over them. Raises SimulatorError that names the key."""
    tables: dict[str, dict[str, Any]] = {}
    for key, value in job.settings.items():
        table, _, name = key.partition(".")
        tables.setdefault(table, {})[name] = value
    try:
        return Settings.model_validate(tables)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False))
        raise SimulatorError(f"--set {wrong}") from error


def prepared_for(job: Job) -> Prepared:
    """The classroom of a job."""
    parser = argparse.ArgumentParser()
    add_look_arguments(parser)
    look = ["--scenario", job.scenario, "--seed", str(job.seed), *(["--data", job.data] if job.data else [])]
    return prepare(parser.parse_args(look), lambda: START_NS, Conditions(**job.conditions).adjusted)
