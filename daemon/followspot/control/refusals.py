"""Why the session does not do what it is asked: one error, with one closed code, for each refusal of the machine."""

from typing import ClassVar

from followspot.domain.errors import CommandRefusedError
from followspot.domain.session import Action


class AlreadyRecordingError(CommandRefusedError):
    """A lesson is on."""

    code: ClassVar[str] = "already-recording"


class NotRecordingError(CommandRefusedError):
    """No lesson is on."""

    code: ClassVar[str] = "not-recording"


class PausedError(CommandRefusedError):
    """The lesson is paused."""

    code: ClassVar[str] = "paused"


class NotPausedError(CommandRefusedError):
    """The lesson is not paused."""

    code: ClassVar[str] = "not-paused"


class StillStoppingError(CommandRefusedError):
    """The lesson before is still being closed."""

    code: ClassVar[str] = "still-stopping"


class ShuttingDownError(CommandRefusedError):
    """The daemon ends."""

    code: ClassVar[str] = "shutting-down"


class NoDockError(CommandRefusedError):
    """There is no dock that could do it."""

    code: ClassVar[str] = "no-dock"


_REFUSALS: dict[Action, tuple[type[CommandRefusedError], str]] = {
    Action.REFUSE_ALREADY_RECORDING: (AlreadyRecordingError, "a lesson is being recorded already: stop it first"),
    Action.REFUSE_NOT_RECORDING: (NotRecordingError, "no lesson is being recorded"),
    Action.REFUSE_PAUSED: (PausedError, "the lesson is paused: resume or stop it"),
    Action.REFUSE_NOT_PAUSED: (NotPausedError, "the lesson is not paused"),
    Action.REFUSE_STOPPING: (StillStoppingError, "the lesson is being closed: try again in a moment"),
    Action.REFUSE_SHUTTING_DOWN: (ShuttingDownError, "the daemon is ending: try again when it is back"),
}


def refuse(actions: tuple[Action, ...]) -> None:
    """Raise the refusal among `actions`, if there is one."""
    for action in actions:
        if action in _REFUSALS:
            refusal, text = _REFUSALS[action]
            raise refusal(text)
