"""Where the sound is a stand-in: silence, or the room for the teacher."""

from collections.abc import Callable

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap
from followspot.media.encoder import SOUND_RATE_HZ
from followspot.media.mixingdesk import Mixed

_NS_PER_S = 1_000_000_000
DECLARED_FROM_SAMPLES = SOUND_RATE_HZ // 10
"""A shorter stand-in is not declared: it is no syllable, and opening a device may cost as much."""


class SoundGaps:
    """Joins the frames of one reason to one gap, and declares it when it ends."""

    def __init__(self, declare: Callable[[Gap], None] | None, start: int) -> None:
        """`declare` is None where silence is what is wanted; `start` is the first media sample."""
        self._declare = declare
        self._reason: GapReason | None = None
        self._start = self._until = start
        self._missing = 0

    def note(self, start: int, mixed: Mixed) -> None:
        """The next frame, from media sample `start` on."""
        if mixed.reason is not self._reason:
            self.end(start)
            self._reason = mixed.reason
            self._start = max(start - mixed.quiet_samples, self._until) if mixed.quiet_samples else start
            self._missing = start - self._start
        self._missing += mixed.missing

    def end(self, end: int) -> None:
        """What is still open ends before media sample `end`."""
        reason, self._reason = self._reason, None
        if reason is None:
            return
        self._until = end
        if self._missing >= DECLARED_FROM_SAMPLES and self._declare is not None:
            start_ns, end_ns = (sample * _NS_PER_S // SOUND_RATE_HZ for sample in (self._start, end))
            self._declare(Gap(reason, start_ns, end_ns - start_ns))
