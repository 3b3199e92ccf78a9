"""The samples of a soak: judged, as JSON, and drawn."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

SKEW_BUDGET_MS = 20.0
GROWTH_BUDGET_MB, GROWTH_BUDGET_MB_H = 5.0, 1.0
"""Over the run, or an hour of it, whichever is more: a leak of one small picture a minute is more than an allocator's
breathing over hours, and less over minutes."""
SETTLING_SHARE = 0.1
"""Of the run: caches fill and arenas are made. Growth is judged behind it."""
SLOWER_BUDGET = 1.5
"""The last quarter's median time to announce a segment against the first quarter's, beyond a millisecond."""


@dataclass(frozen=True)
class Sample:
    """Once a segment. `skew_ms`: by how much sound is late against the picture, worst beep, by track."""

    media_s: float
    wall_s: float
    skew_ms: dict[str, float | None]
    announce_ms: float
    resident_mb: float
    handles: int
    threads: int


@dataclass(frozen=True)
class Series:
    """One run."""

    name: str
    title: str
    samples: list[Sample]

    def column(self, value: Callable[[Sample], float]) -> list[float]:
        return [value(sample) for sample in self.samples]

    @property
    def settled(self) -> list[Sample]:
        return self.samples[round(len(self.samples) * SETTLING_SHARE) :]


@dataclass(frozen=True)
class Line:
    """One line of the verdict."""

    name: str
    value: float
    budget: str
    holds: bool


def slope_per_hour(samples: list[Sample], value: Callable[[Sample], float]) -> float:
    """Least squares over media time."""
    if len(samples) < 3:
        return 0.0
    hours = np.array([sample.media_s for sample in samples]) / 3600
    return float(np.polyfit(hours, [value(sample) for sample in samples], 1)[0])


def verdict(series: Series) -> list[Line]:
    """Every figure against its budget."""
    lines = []
    for track in series.samples[0].skew_ms:
        heard = [skew for sample in series.samples if (skew := sample.skew_ms[track]) is not None]
        worst = max(map(abs, heard), default=float("inf"))
        lines.append(Line(f"skew_{track}_ms", worst, f"<= {SKEW_BUDGET_MS:g}", worst <= SKEW_BUDGET_MS))
    settled = series.settled
    hours = (settled[-1].media_s - settled[0].media_s) / 3600
    growth = slope_per_hour(settled, lambda sample: sample.resident_mb) * hours
    most = max(GROWTH_BUDGET_MB, GROWTH_BUDGET_MB_H * hours)
    lines.append(Line("memory_growth_mb", growth, f"<= {most:g}", growth <= most))
    for name in ("handles", "threads"):
        counts = [getattr(sample, name) for sample in settled]
        spread = max(counts) - min(counts[: max(1, len(counts) // 4)])
        lines.append(Line(f"{name}_growth", spread, "<= 2", spread <= 2))
    quarter = max(1, len(settled) // 4)
    first, last = (float(np.median([s.announce_ms for s in part])) for part in (settled[:quarter], settled[-quarter:]))
    slower = last / max(first, 1.0)
    lines.append(Line("announce_last_to_first", slower, f"<= {SLOWER_BUDGET:g}", slower <= SLOWER_BUDGET))
    return lines


def budget_lines(series: Series) -> int:
    """Print the verdict; the exit code."""
    lines = verdict(series)
    for line in lines:
        print(f"{'ok  ' if line.holds else 'FAIL'}  {line.name:<26} {line.value:10.3f}   {line.budget}")
    return 0 if all(line.holds for line in lines) else 1


def write_report(series: Series, folder: Path) -> None:
    """`<name>.json` and `<name>.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    last = series.samples[-1]
    report = {
        "run": series.title,
        "media_s": last.media_s,
        "wall_s": last.wall_s,
        "verdict": [asdict(line) for line in verdict(series)],
        "samples": [asdict(sample) for sample in series.samples],
    }
    (folder / f"{series.name}.json").write_text(json.dumps(report, indent=1) + "\n")
    _draw(series, folder / f"{series.name}.png")


def _draw(series: Series, path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    hours = series.column(lambda sample: sample.media_s / 3600)
    figure, axes = pyplot.subplots(2, 2, figsize=(11, 6.5), sharex=True, layout="constrained")
    figure.suptitle(series.title)
    for track in series.samples[0].skew_ms:
        shown = [(hour, s.skew_ms[track]) for hour, s in zip(hours, series.samples, strict=True)]
        axes[0, 0].plot([hour for hour, _ in shown], [skew for _, skew in shown], ".", markersize=3, label=track)
    axes[0, 0].set_title("sound late against the picture, ms (budget 20)")
    axes[0, 0].legend()
    panels: Iterable[tuple[tuple[int, int], str, Callable[[Sample], float]]] = (
        ((0, 1), "resident memory, MB", lambda s: s.resident_mb),
        ((1, 0), "last fragment to announced segment, ms", lambda s: s.announce_ms),
    )
    for place, title, value in panels:
        axes[place].plot(hours, series.column(value), ".", markersize=3)
        axes[place].set_title(title)
        axes[place].set_ylim(bottom=0)
    axes[1, 1].plot(hours, series.column(lambda s: s.handles), label="file handles")
    axes[1, 1].plot(hours, series.column(lambda s: s.threads), label="threads")
    axes[1, 1].set_title("handles and threads")
    axes[1, 1].set_ylim(bottom=0)
    axes[1, 1].legend()
    for axis in axes[1]:
        axis.set_xlabel("hours of media")
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
