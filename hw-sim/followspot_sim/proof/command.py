"""`followspot-sim scorecard`: how well the framing follows, in scenarios, against truth and against others.

Lessons are played in virtual time, faster than real time: room, motors and marker are simulated, vision looks at
rendered pictures. Nothing of the daemon is believed: every figure comes from the truth and from the views.
"""

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from followspot_sim import scenario
from followspot_sim.errors import SimulatorError
from followspot_sim.index import DataFolder
from followspot_sim.proof import card, page, plots, rehearse, tables
from followspot_sim.proof.card import Card
from followspot_sim.proof.series import Series, load
from followspot_sim.proof.stills import Stills
from followspot_sim.proof.targets import RECORDED, STANDARD

OPERATORS = ("followspot", "proportional", "pd-one-euro", "move-and-wait", "marker-only", "vision-only")
FACTORS = ("plant_speed", "latency", "noise", "lens", "lens_error")
STILLS = 12
MARK = ".followspot-scorecard"
"""A folder with this file in it was filled by this command and may be cleared by the next."""
OUTPUTS = ("series", "scorecard.json", "index.html")


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
                "stills": STILLS if operator == OPERATORS[0] and seed == self.seeds[0] else 0,
            }
            for number, name in enumerate(self.scenarios)
            for seed in self.seeds
            for operator in self.operators
        ]


def run(arguments: argparse.Namespace) -> int:
    """Play, judge, write, print; 0 when all could be measured, whether the targets are met or not."""
    plan, out = _plan(arguments), arguments.out.resolve()
    folder = _claim(out)
    cards: dict[tuple[str, str], list[Card]] = {}
    pictures: dict[str, page.Chapter] = {}
    for series, stills in _played(plan, folder, arguments.workers):
        task = series.task
        cards.setdefault((task.scenario, task.operator), []).append(card.judge(series))
        if stills is not None:
            sheet, timeline = plots.contact_sheet(series, stills), plots.timeline(series)
            pictures[task.scenario] = page.Chapter(f"{task.scenario}, seed {task.seed}", timeline, sheet)
    ordered = {(s, o): cards[s, o] for s in plan.scenarios for o in plan.operators}
    _conclude(plan, ordered, [pictures[name] for name in plan.scenarios if name in pictures], out)
    return 0


def _plan(arguments: argparse.Namespace) -> Plan:
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
    )


def _claim(out: Path) -> Path:
    """Clear what an earlier run left; what somebody else put there is never touched."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        present = [name for name in OUTPUTS if (out / name).exists()]
        if present and not (out / MARK).exists():
            raise SimulatorError(f"{out} has a {present[0]} that no scorecard made: name another folder with --out")
        (out / MARK).touch()
        shutil.rmtree(out / "series", ignore_errors=True)
        (out / "series").mkdir()
    except OSError as error:
        raise SimulatorError(f"{out} cannot be written: {error.strerror}: name another folder with --out") from error
    return out / "series"


def _played(plan: Plan, folder: Path, workers: int) -> Iterator[tuple[Series, Stills | None]]:
    jobs = plan.jobs(folder)
    for number, file in enumerate(rehearse.play(jobs, folder, workers), 1):
        series = load(file)
        beside = Stills.beside(file)
        _progress(f"{number}/{len(jobs)}  {file.stem}")
        yield series, Stills.load(beside) if beside.exists() else None
    _progress("")


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def _conclude(
    plan: Plan, cards: Mapping[tuple[str, str], list[Card]], chapters: Sequence[page.Chapter], out: Path
) -> None:
    joined = {key: card.together(several) for key, several in cards.items()}
    spreads = {key: card.spread(several) for key, several in cards.items()}
    main, other = tables.rows(joined), tables.against(joined, spreads)
    missed = tables.missed(joined)
    (out / "scorecard.json").write_text(json.dumps(_document(plan, cards, missed), indent=1) + "\n")
    about = f"Seeds {plan.seeds.start} to {plan.seeds.stop - 1}, {plan.seconds:g} s each, in virtual time. {_how(plan)}"
    shortfall = [["Targets that are not reached"], *([line] for line in missed)] if missed else []
    (out / "index.html").write_text(page.page(about, [main, other, shortfall], chapters))
    print(about, tables.text(main), sep="\n")
    if other:
        print("", tables.text(other), sep="\n")
    print(
        "",
        f"{len(missed)} targets are not reached (marked {tables.MISSED})" if missed else "every target is reached",
        sep="\n",
    )
    print(f"report: {out / 'index.html'}   figures: {out / 'scorecard.json'}")


def _how(plan: Plan) -> str:
    changes = [f"{key} = {value}" for key, value in plan.settings.items()]
    changes += [f"{name} x {factor:g}" for name, factor in plan.conditions.items()]
    return f"With {', '.join(changes)}." if changes else "Everything as it is by default."


def _document(plan: Plan, cards: Mapping[tuple[str, str], list[Card]], missed: Sequence[str]) -> dict[str, Any]:
    return {
        "seeds": list(plan.seeds),
        "seconds": plan.seconds,
        "real_people": plan.data is not None,
        "settings": dict(plan.settings),
        "conditions": dict(plan.conditions),
        "missed": list(missed),
        "results": [
            {
                "scenario": scenario_name,
                "operator": operator,
                "together": card.rounded(card.together(several)),
                "spread": card.rounded(card.spread(several)),
                "each_seed": [card.rounded(one) for one in several],
            }
            for (scenario_name, operator), several in cards.items()
        ],
    }
