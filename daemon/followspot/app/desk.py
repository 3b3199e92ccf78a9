"""Carries commands out, wherever they come from, and answers them."""

from collections.abc import Callable

from followspot.control.session import SessionLoop
from followspot.domain.commands import Answer, Command, StartCommand, StatusCommand, StopCommand


class Desk:
    """The one place where a command becomes a deed. Lives on the loop. `report` gives the answer to "status"."""

    def __init__(self, session: SessionLoop, report: Callable[[], dict[str, object]]) -> None:
        self._session = session
        self._report = report

    async def take(self, command: Command, source: str) -> Answer:
        """Carry it out for `source`. Raises CommandRefusedError when that cannot be done now."""
        match command:
            case StartCommand():
                lesson_id = self._session.start(source)
                return _done(command, f"lesson {lesson_id} starts", {"lesson_id": lesson_id})
            case StopCommand():
                lesson_id = self._session.stop(source)
                return _done(command, f"lesson {lesson_id} ends", {"lesson_id": lesson_id})
            case StatusCommand():
                return _done(command, self._session.status.state.value, self._report())


def _done(command: Command, text: str, data: dict[str, object]) -> Answer:
    return Answer(id=command.id, accepted=True, code="ok", text=text, data=data)
