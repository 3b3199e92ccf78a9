"""A figure, and how the figures are shown and kept."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

_HEADINGS = ("figure", "value", "unit", "budget", "met")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. A budget is the most it may be; `detail` is what a doubter wants to see.

    `doubt` says why the value should not be trusted, if it should not.
    """

    name: str
    value: float
    unit: str
    budget: float | None = None
    detail: Mapping[str, object] = field(default_factory=dict)
    doubt: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the budget holds; None where there is none."""
        return None if self.budget is None else self.value <= self.budget

    def to_json(self) -> dict[str, object]:
        """The object that stands for it in bench.json."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "budget": self.budget,
            "met": self.met,
            "detail": {**self.detail, "doubt": self.doubt},
        }


def worst(figures: Mapping[str, Figure]) -> Figure:
    """The greatest of the same figure taken in several ways, with what each gave."""
    greatest = max(figures.values(), key=lambda figure: figure.value)
    each = {name: {"value": figure.value, **figure.detail} for name, figure in figures.items()}
    return replace(greatest, detail=each)


def write(figures: Iterable[Figure], file: Path) -> None:
    """Write bench.json: a list with one object for each figure."""
    file.write_text(json.dumps([figure.to_json() for figure in figures], indent=1) + "\n", encoding="utf-8")


def table(figures: Sequence[Figure]) -> str:
    """The figures as lines of aligned columns under a heading, and below them every doubt."""
    rows = [_HEADINGS, *(_cells(figure) for figure in figures)]
    doubts = [f"doubtful: {figure.name}: {figure.doubt}" for figure in figures if figure.doubt]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    return "\n".join([*(_line(row, widths) for row in rows), *doubts])


def _cells(figure: Figure) -> tuple[str, ...]:
    budget = "" if figure.budget is None else f"{figure.budget:g}"
    met = {None: "", True: "yes", False: "NO"}[figure.met]
    return figure.name, f"{figure.value:.3f}", figure.unit, budget, met


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, value, unit, budget, met = (
        cell.rjust(width) if column in (1, 3) else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"{name}  {value} {unit}  {budget}  {met}".rstrip()
