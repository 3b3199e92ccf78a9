"""Carries commands out, wherever they come from, and answers them."""

from collections.abc import Callable

from followspot.control.dock_care import DockCare
from followspot.control.session import SessionLoop
from followspot.domain.commands import (
    Answer,
    Command,
    DockClearFaultsCommand,
    DockCommand,
    DockFollowMarkerCommand,
    DockIdentifyCommand,
    DockParkCommand,
    StartCommand,
    StatusCommand,
    StopCommand,
)


class Desk:
    """The one place where a command becomes a deed. Lives on the loop. `report` gives the answer to "status"."""

    def __init__(self, session: SessionLoop, report: Callable[[], dict[str, object]], dock: DockCare) -> None:
        self._session = session
        self._report = report
        self._dock = dock

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
            case _:
                return _done(command, await self._ask_dock(command), {})

    async def _ask_dock(self, command: DockCommand) -> str:
        match command:
            case DockIdentifyCommand():
                return await self._dock.identify()
            case DockParkCommand():
                return await self._dock.park()
            case DockClearFaultsCommand():
                return await self._dock.clear_faults()
            case DockFollowMarkerCommand(marker_id=marker_id):
                return await self._dock.follow_marker(marker_id)


def _done(command: Command, text: str, data: dict[str, object]) -> Answer:
    return Answer(id=command.id, accepted=True, code="ok", text=text, data=data)
