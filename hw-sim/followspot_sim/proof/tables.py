"""The figures as a table for people: one line for each scenario and operator."""

import math
from collections.abc import Mapping, Sequence

from followspot_sim.proof.card import Card
from followspot_sim.proof.targets import Target, targets

Cards = Mapping[tuple[str, str], Card]
"""By scenario and operator, all seeds together."""
MISSED = "*"
OURS = "followspot"


def rows(cards: Cards) -> list[list[str]]:
    """A heading and a row for each card; MISSED marks a target that is not reached."""
    heading = ["scenario", "operator", *(target.short for target in targets(""))]
    return [heading, *(_row(scenario, operator, card) for (scenario, operator), card in cards.items())]


def _row(scenario: str, operator: str, card: Card) -> list[str]:
    return [scenario, operator, *(_cell(target, card, judged=operator == OURS) for target in targets(scenario))]


def _cell(target: Target, card: Card, *, judged: bool) -> str:
    value = getattr(card, target.figure)
    if math.isnan(value):
        return "-"
    return f"{value:.{target.digits}f}" + (MISSED if judged and not target.met(card) else "")


def text(lines: Sequence[Sequence[str]]) -> str:
    """Aligned columns."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(_aligned(line, widths) for line in lines)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.ljust(width) if n < 2 else cell.rjust(width)
        for n, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()


def missed(cards: Cards) -> list[str]:
    """Every target that ours does not reach, in words."""
    return [
        f"{scenario}: {target.figure} {getattr(card, target.figure):.4g}, wanted {_wanted(target)}"
        for (scenario, operator), card in cards.items()
        if operator == OURS
        for target in targets(scenario)
        if not target.met(card)
    ]


def _wanted(target: Target) -> str:
    return f"{'at least' if target.more else 'at most'} {target.bound:g}"


def against(cards: Cards, spreads: Cards) -> list[list[str]]:
    """Ours against each other operator: means over all scenarios, and where ours is worse beyond the seeds' spread."""
    operators = sorted({operator for _, operator in cards if operator != OURS})
    if not operators or not any(operator == OURS for _, operator in cards):
        return []
    lines = [["operator", "", "safe", "walking px2", "motion", "ours less safe in", "ours less smooth in"]]
    for operator in [OURS, *operators]:
        mine = {scenario: card for (scenario, who), card in cards.items() if who == operator}
        lines.append([operator, "", *_means(list(mine.values())), *_worse(operator, cards, spreads)])
    return lines


def _means(cards: Sequence[Card]) -> list[str]:
    figures = (("safe_share", 4), ("walking_px2", 2), ("motion_ratio", 2))
    columns = [[v for v in (getattr(card, name) for card in cards) if not math.isnan(v)] for name, _ in figures]
    return [f"{sum(c) / max(len(c), 1):.{digits}f}" for c, (_, digits) in zip(columns, figures, strict=True)]


def _worse(operator: str, cards: Cards, spreads: Cards) -> list[str]:
    if operator == OURS:
        return ["", ""]
    out = []
    for figure, sign in (("safe_share", 1), ("walking_px2", -1)):
        names = []
        for scenario in dict.fromkeys(scenario for scenario, _ in cards):
            pair = [(scenario, who) for who in (OURS, operator)]
            if not all(one in cards for one in pair):
                continue
            ours, theirs = (getattr(cards[one], figure) for one in pair)
            noise = max(getattr(spreads[one], figure) for one in pair)
            if sign * (theirs - ours) > noise:
                names.append(scenario)
        out.append(", ".join(names) or "none")
    return out
