"""The options of `followspot-sim scorecard`, and what they ask to be played."""

import argparse
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from followspot_sim import scenario
from followspot_sim.index import DataFolder
from followspot_sim.proof.targets import RECORDED, STANDARD

OPERATORS = ("followspot", "proportional", "pd-one-euro", "move-and-wait", "marker-only", "vision-only")
FACTORS = ("plant_speed", "latency", "noise", "lens", "lens_error")
STILLS = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `followspot-sim scorecard`."""
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help="by name or file (default: all that are shipped)"
    )
    parser.add_argument(
        "--seeds", type=_seeds, default=range(1, 4), metavar="A:B", help="from A to B - 1 (default 1:4)"
    )
    parser.add_argument("--seconds", type=_seconds, default=40.0, help="length of each lesson (default %(default)g)")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="real rooms, people and walks: a folder with index.json"
    )
    parser.add_argument("--out", type=Path, default=Path("build/scorecard"), help="where everything goes")
    parser.add_argument(
        "--operator", action="append", choices=(*OPERATORS, "all"), help="who follows; may be repeated (default: ours)"
    )
    parser.add_argument(
        "--set",
        action="append",
        type=_setting,
        default=[],
        metavar="KEY=VALUE",
        help="a setting, as view.lead_share=0.1",
    )
    parser.add_argument(
        "--vary", action="append", type=_factor, default=[], metavar="WHAT=FACTOR", help=f"one of {', '.join(FACTORS)}"
    )
    parser.add_argument(
        "--stream", action="store_true", help="the whole product in real time, judged by decoded pixels; ours alone"
    )
    parser.add_argument(
        "--sweep", action="store_true", help="also with motors, delays, noise and lens changed by 30 %% either way"
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="lessons side by side (default: cores)"
    )


def _seeds(text: str) -> range:
    found = re.fullmatch(r"(\d+):(\d+)", text)
    seeds = range(int(found[1]), int(found[2])) if found else range(0)
    if not seeds:
        raise argparse.ArgumentTypeError(f"{text!r} is not first:last, the last one left out, as 1:4")
    return seeds


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 5 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 5 to 3600")
    return seconds


def _setting(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or "." not in key:
        raise argparse.ArgumentTypeError(f"{text!r} is not table.key=value")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _factor(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        factor = float(value)
    except ValueError:
        factor = 0.0
    if name not in FACTORS or not 0.1 <= factor <= 10:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(FACTORS)} with a factor from 0.1 to 10")
    return name, factor


@dataclass(frozen=True)
class Plan:
    """What is played."""

    scenarios: Sequence[str]
    seeds: range
    operators: Sequence[str]
    seconds: float
    data: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, float] = field(default_factory=dict)
    stills: int = STILLS
    real_time: bool = False

    def jobs(self, folder: Path) -> list[dict[str, Any]]:
        """One for each lesson; the first seed of ours with pictures."""
        return [
            {
                "scenario": name,
                "seed": seed,
                "operator": operator,
                "file": str(folder / f"{number:02d}-{Path(name).stem}-{seed}-{operator}.npz"),
                "seconds": self.seconds,
                "data": self.data,
                "settings": dict(self.settings),
                "conditions": dict(self.conditions),
                "stills": self.stills if operator == OPERATORS[0] and seed == self.seeds[0] else 0,
            }
            for number, name in enumerate(self.scenarios)
            for seed in self.seeds
            for operator in self.operators
        ]


def plan_of(arguments: argparse.Namespace) -> Plan:
    """What is to be played. Raises SimulatorError in plain words."""
    data: Path | None = arguments.data
    if data is not None:
        DataFolder(data)  # says what is wrong with it before anything is played
    names = arguments.scenarios or [*STANDARD, *(RECORDED if data is not None else ())]
    for name in names:
        scenario.load(name)
    operators = arguments.operator or [OPERATORS[0]]
    return Plan(
        scenarios=list(dict.fromkeys(names)),
        seeds=arguments.seeds,
        operators=OPERATORS if "all" in operators else list(dict.fromkeys(operators)),
        seconds=arguments.seconds,
        data=None if data is None else str(data.resolve()),
        settings=dict(arguments.set),
        conditions=dict(arguments.vary),
        real_time=arguments.stream,
    )
