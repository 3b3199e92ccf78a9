"""What the kit tells: lines of a table for people, a JSON report for machines."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from followspot_dock.conformance.run import Outcome, Verdict
from followspot_dock.protocol.frames import PROTOCOL_VERSION
from followspot_dock.protocol.messages import PROTOCOL_MINOR, HelloReply

_WORDS = {Verdict.PASSED: "pass", Verdict.FAILED: "FAIL", Verdict.EXCUSED: "  – "}


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the kit."""

    transport: str
    place: str
    hello: HelloReply | None
    outcomes: Sequence[Outcome]

    @property
    def passed(self) -> bool:
        """Whether something was tried, and nothing failed."""
        verdicts = self.counts()
        return verdicts[Verdict.PASSED] > 0 and not verdicts[Verdict.FAILED]

    def counts(self) -> Counter[Verdict]:
        """How many cases came out how."""
        return Counter(outcome.verdict for outcome in self.outcomes)

    def summary(self) -> str:
        """The last line."""
        counts = self.counts()
        return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict)

    def write(self, file: Path) -> None:
        """Write the JSON report. Raises OSError."""
        report = {
            "protocol": f"{PROTOCOL_VERSION}.{PROTOCOL_MINOR}",
            "transport": self.transport,
            "place": self.place,
            "dock": asdict(self.hello) if self.hello is not None else None,
            "passed": self.passed,
            "cases": [_case(outcome) for outcome in self.outcomes],
        }
        file.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def line(outcome: Outcome) -> str:
    """One case in a line, or two where it failed."""
    figures = "  ".join(f"{name}={value:g}" for name, value in outcome.figures.items())
    text = f"{_WORDS[outcome.verdict]}  {outcome.case.name:<38} {outcome.took_s:5.1f} s  {figures}".rstrip()
    return f"{text}\n      {outcome.why}" if outcome.why else text


def _case(outcome: Outcome) -> dict[str, object]:
    return {
        "name": outcome.case.name,
        "title": outcome.case.title,
        "checks": list(outcome.case.sentences),
        "verdict": str(outcome.verdict),
        "why": outcome.why,
        "figures": outcome.figures,
        "took_s": round(outcome.took_s, 2),
    }
