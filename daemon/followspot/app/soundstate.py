"""What the state says of the sound: what is heard, how loud, and whether the teacher has muted it."""

from followspot.domain import state
from followspot.domain.sound import SoundLevel
from followspot.media.notices import MediaNotice, RecorderFailed, RecorderStopped, SoundLevels


class SoundState:
    """Keeps the newest levels of a running lesson. Lives on the loop."""

    def __init__(self) -> None:
        self._levels: SoundLevels | None = None
        self.muted = False

    def on_media_notice(self, notice: MediaNotice) -> None:
        """What the recorder tells."""
        match notice:
            case SoundLevels():
                self._levels = notice
            case RecorderStopped() | RecorderFailed():
                self._levels = None

    def report(self) -> state.SoundState:
        """As the state tells it: levels in whole decibels, so that a quiet room is not news every second."""
        levels = self._levels
        return state.SoundState(
            muted=self.muted,
            carrier=levels.carrier if levels is not None else None,
            teacher=_report(levels.teacher) if levels is not None else None,
            room=_report(levels.room) if levels is not None else None,
        )


def _report(level: SoundLevel | None) -> state.LevelState | None:
    if level is None:
        return None
    return state.LevelState(peak_dbfs=round(level.peak_dbfs), rms_dbfs=round(level.rms_dbfs))
