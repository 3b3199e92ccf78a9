"""The asking side of a VISCA conversation: which questions are open, and which of them an answer belongs to."""

from dataclasses import dataclass

_MS = 1_000_000
_FORGET_NS = 300 * _MS
"""Sony: an answer comes within four vertical periods, 167 ms at the most."""
_PATIENCE_NS = 120 * _MS
"""After this a question counts as lost and the next one may be asked."""
ANSWER_BYTES = {"position": 8, "version": 7}


@dataclass(frozen=True, slots=True)
class Question:
    """One open question."""

    about: str
    sequence: int | None
    asked_ns: int


class Inquiries:
    """Open questions, oldest first. Without numbers an answer belongs to the oldest question of its length."""

    def __init__(self) -> None:
        self._open: list[Question] = []

    def free(self, now_ns: int) -> bool:
        """Whether the next question may be asked."""
        self._open = [question for question in self._open if now_ns - question.asked_ns < _FORGET_NS]
        return not self._open or now_ns - self._open[-1].asked_ns >= _PATIENCE_NS

    def asked(self, about: str, sequence: int | None, now_ns: int) -> None:
        """This question went out."""
        self._open.append(Question(about, sequence, now_ns))

    def answered(self, sequence: int | None, payload: bytes) -> Question | None:
        """The question that `payload` answers; it is closed."""
        return self._take(sequence, len(payload))

    def refused(self, sequence: int | None) -> Question | None:
        """The question that was refused; it is closed."""
        return self._take(sequence, None)

    def forget(self) -> None:
        """The conversation begins anew."""
        self._open.clear()

    def _take(self, sequence: int | None, size: int | None) -> Question | None:
        for index, question in enumerate(self._open):
            if sequence is not None and question.sequence != sequence:
                continue
            if size is None or ANSWER_BYTES[question.about] == size:
                return self._open.pop(index)
        return None
