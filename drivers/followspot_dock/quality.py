"""How well a link works: what is lost on it, and what was said about it."""

import logging
from collections import Counter, deque
from enum import StrEnum

_LOG = logging.getLogger(__name__)

_WINDOW_NS = 2_000_000_000
"""Some 160 frames: a single one lost is half a per cent."""
_MIN_FRAMES = 40
_DEGRADED_SHARE = 0.10
"""Beyond this framing shows it: gaps of two reports and more are frequent."""
_WELL_SHARE = 0.03
"""Below the other, so that a link at the edge changes its state once."""
_JUDGE_NS = 100_000_000
"""So often the window is looked through."""
_QUESTIONS = 8
_MIN_ANSWERS = 4
"""Fewer of the last eight: half of the commands are lost too."""
_MAX_FRAMES = 1024
"""More than an honest dock sends within the window; bounds the memory of a flood."""
_LOG_EVERY_NS = 10_000_000_000
"""A fault that lasts writes six lines a minute."""


class LossMeter:
    """Judges a link by the sequence numbers that are missing and the questions that stay without an answer."""

    def __init__(self) -> None:
        self.trouble: str | None = None
        self._frames: deque[tuple[int, int]] = deque(maxlen=_MAX_FRAMES)
        self._answered: deque[bool] = deque(maxlen=_QUESTIONS)
        self._due_ns = 0

    def frame(self, place: int, arrival_ns: int) -> None:
        """A fresh frame with this unwrapped number came."""
        self._frames.append((arrival_ns, place))

    def question(self, answered: bool) -> None:
        """A question was answered, or waited for its answer in vain."""
        self._answered.append(answered)

    def judge(self, now_ns: int) -> None:
        """Set or clear `trouble`, which says in words for people what is lost; it stands until the link is well."""
        if now_ns < self._due_ns:
            return
        self._due_ns = now_ns + _JUDGE_NS
        while self._frames and self._frames[0][0] < now_ns - _WINDOW_NS:
            self._frames.popleft()
        share = self._lost_share()
        answers, asked = sum(self._answered), len(self._answered)
        if self.trouble is None:
            if share > _DEGRADED_SHARE:
                self.trouble = f"{share:.0%} of what the dock sends is lost on the way"
            elif asked == _QUESTIONS and answers < _MIN_ANSWERS:
                self.trouble = f"the dock answered only {answers} of the last {asked} questions"
        elif share < _WELL_SHARE and answers > _MIN_ANSWERS:
            self.trouble = None

    def _lost_share(self) -> float:
        if len(self._frames) < _MIN_FRAMES:
            return 0.0
        places = [place for _, place in self._frames]
        return 1 - len(places) / (max(places) - min(places) + 1)


class Complaint(StrEnum):
    """What can be wrong with what comes in."""

    DAMAGED = "damaged frames"
    FOREIGN = "frames of another protocol version"
    UNKNOWN = "messages of an unknown type"
    SENSELESS = "messages that make no sense"
    WILD = "frames out of sequence"
    REFUSED = "commands that the dock refused"


class Complaints:
    """Counts what is wrong, and logs it seldom."""

    def __init__(self) -> None:
        self.counts: Counter[Complaint] = Counter()
        self._untold: Counter[Complaint] = Counter()
        self._detail = ""
        self._due_ns: int | None = None

    def note(self, complaint: Complaint, now_ns: int, detail: str = "", times: int = 1) -> None:
        """It happened; `detail` of the last one is logged with the count."""
        self.counts[complaint] += times
        self._untold[complaint] += times
        self._detail = detail
        self.tick(now_ns)

    def tick(self, now_ns: int) -> None:
        """Log what was not told yet, if the last line is long enough ago."""
        if not self._untold or (self._due_ns is not None and now_ns < self._due_ns):
            return
        told = ", ".join(f"{count} {complaint}" for complaint, count in self._untold.items())
        _LOG.warning("dock link: %s%s", told, f" ({self._detail})" if self._detail else "")
        self._untold.clear()
        self._due_ns = now_ns + _LOG_EVERY_NS
