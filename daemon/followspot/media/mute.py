"""The teacher's mute button, between the loop and the encode thread."""

from followspot.media.sound import sample_at


class MuteSwitch:
    """Whether sound may be recorded. Closing it silences all that is not encoded yet; opening it, only what follows."""

    def __init__(self) -> None:
        self._muted = False
        self._open_from = 0

    def set(self, muted: bool, now_ns: int) -> None:
        """Close or open it; `now_ns` is CLOCK_MONOTONIC."""
        if self._muted and not muted:
            self._open_from = sample_at(now_ns)
        self._muted = muted

    def covers(self, index: int) -> bool:
        """Whether the sound from `index` of the monotonic grid on must not be heard."""
        return self._muted or index < self._open_from
