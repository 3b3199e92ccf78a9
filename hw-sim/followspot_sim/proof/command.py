"""`followspot-sim scorecard`: how well the framing follows, in scenarios, against truth and against others.

Lessons are played in virtual time, faster than real time: room, motors and marker are simulated, vision looks at
rendered pictures. Nothing of the daemon is believed: every figure comes from the truth and from the views.
"""

import argparse
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from followspot_sim.errors import SimulatorError
from followspot_sim.proof import card, page, plots, rehearse, streamed, sweep, tables
from followspot_sim.proof.card import Card
from followspot_sim.proof.options import OPERATORS, Plan, add_arguments, plan_of
from followspot_sim.proof.series import Series, load
from followspot_sim.proof.stills import Stills

__all__ = ["add_arguments", "run"]

MARK = ".followspot-scorecard"
"""A folder with this file in it was filled by this command and may be cleared by the next."""
OUTPUTS = ("series", "scorecard.json", "index.html")

Cards = Mapping[tuple[str, str], list[Card]]


def run(arguments: argparse.Namespace) -> int:
    """Play, judge, write, print; 0 when all could be measured, whether the targets are met or not."""
    plan, out = plan_of(arguments), arguments.out.resolve()
    folder = _claim(out)
    if plan.real_time and (arguments.sweep or plan.conditions or list(plan.operators) != [OPERATORS[0]]):
        raise SimulatorError("--stream plays ours as it is: leave out --operator, --vary and --sweep")
    lessons = _streamed(plan, folder) if plan.real_time else _played(plan, folder, arguments.workers)
    cards, chapters = _judged(plan, lessons)
    swept = _swept(plan, folder, arguments.workers) if arguments.sweep else []
    _conclude(plan, cards, chapters, swept, out)
    return 0


def _judged(plan: Plan, lessons: Iterable[tuple[Series, Stills | None]]) -> tuple[Cards, list[page.Chapter]]:
    """Cards by scenario and operator, and a chapter for each scenario with pictures."""
    cards: dict[tuple[str, str], list[Card]] = {}
    pictures: dict[str, page.Chapter] = {}
    for series, stills in lessons:
        task = series.task
        cards.setdefault((task.scenario, task.operator), []).append(card.judge(series))
        if stills is not None or task.scenario not in pictures:
            sheet = plots.contact_sheet(series, stills) if stills is not None else b""
            timeline = plots.timeline(series)
            pictures[task.scenario] = page.Chapter(f"{task.scenario}, seed {task.seed}", timeline, sheet)
    ordered = {(s, o): cards[s, o] for s in plan.scenarios for o in plan.operators}
    return ordered, [pictures[name] for name in plan.scenarios if name in pictures]


def _swept(plan: Plan, folder: Path, workers: int) -> list[list[str]]:
    """The table of the sweep; ours alone."""
    lines = [list(sweep.HEADING)]
    for conditions in sweep.VARIATIONS:
        varied = replace(plan, operators=OPERATORS[:1], conditions=conditions, stills=0)
        cards, _ = _judged(varied, _played(varied, folder, workers))
        lines.append(sweep.row(conditions, {name: card.together(several) for (name, _), several in cards.items()}))
    return lines


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


def _streamed(plan: Plan, folder: Path) -> Iterator[tuple[Series, Stills | None]]:
    for name in plan.scenarios:
        for seed in plan.seeds:
            _progress(f"{name}, seed {seed}: {plan.seconds:g} s in real time")
            stem = f"{Path(name).stem}-{seed}-stream"
            try:
                series = streamed.record(name, seed, plan.data, plan.seconds, plan.settings, folder / stem)
            except RuntimeError as error:
                raise SimulatorError(f"{name}, seed {seed}: {error}") from error
            series.save(folder / f"{stem}.npz")
            yield series, None
    _progress("")


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
    plan: Plan, cards: Cards, chapters: Sequence[page.Chapter], swept: Sequence[Sequence[str]], out: Path
) -> None:
    joined = {key: card.together(several) for key, several in cards.items()}
    spreads = {key: card.spread(several) for key, several in cards.items()}
    main, other = tables.rows(joined), tables.against(joined, spreads)
    missed = tables.missed(joined)
    (out / "scorecard.json").write_text(json.dumps(_document(plan, cards, missed), indent=1) + "\n")
    kind = "real" if plan.real_time else "virtual"
    about = f"Seeds {plan.seeds.start} to {plan.seeds.stop - 1}, {plan.seconds:g} s each, in {kind} time. {_how(plan)}"
    shortfall = [["Targets that are not reached"], *([line] for line in missed)] if missed else []
    (out / "index.html").write_text(page.page(about, [main, other, swept, shortfall], chapters))
    print(about, tables.text(main), sep="\n")
    for table in (other, swept):
        if table:
            print("", tables.text(table), sep="\n")
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


def _document(plan: Plan, cards: Cards, missed: Sequence[str]) -> dict[str, Any]:
    return {
        "seeds": list(plan.seeds),
        "seconds": plan.seconds,
        "real_people": plan.data is not None,
        "real_time": plan.real_time,
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
