"""Carries commands out, wherever they come from, and answers them."""

import logging
from collections.abc import Callable
from typing import ClassVar

from followspot.control.dock_care import DockCare
from followspot.control.session import SessionLoop
from followspot.domain.commands import (
    Answer,
    BookmarkCommand,
    Command,
    DockClearFaultsCommand,
    DockCommand,
    DockFollowMarkerCommand,
    DockIdentifyCommand,
    DockParkCommand,
    PauseCommand,
    ResumeCommand,
    StartCommand,
    StatusCommand,
    StopCommand,
)
from followspot.domain.errors import CommandRefusedError, StorageError

_log = logging.getLogger(__name__)


class NotKeptError(CommandRefusedError):
    """The disk did not take it."""

    code: ClassVar[str] = "not-kept"


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
            case PauseCommand():
                lesson_id = self._session.pause(source)
                return _done(command, f"lesson {lesson_id} is paused", {"lesson_id": lesson_id})
            case ResumeCommand():
                lesson_id = self._session.resume(source)
                return _done(command, f"lesson {lesson_id} goes on", {"lesson_id": lesson_id})
            case BookmarkCommand(tag=tag, text=text):
                lesson_id, media_ns = await self._bookmark(tag, text, source)
                answer = f"bookmark set at {_clock_face(media_ns)}"
                return _done(command, answer, {"lesson_id": lesson_id, "at_ns": media_ns})
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

    async def press_bookmark(self, source: str) -> None:
        """A button sets a bookmark. There is nobody to answer to, so a refusal goes to the journal."""
        try:
            await self._bookmark(source, "", source)
        except CommandRefusedError as refusal:
            _log.warning("no bookmark source=%s code=%s: %s", source, refusal.code, refusal)

    async def _bookmark(self, tag: str, text: str, source: str) -> tuple[str, int]:
        try:
            return await self._session.bookmark(tag, text, source)
        except StorageError as error:
            raise NotKeptError(f"the bookmark could not be kept: {error}") from error


def _clock_face(media_ns: int) -> str:
    minutes, seconds = divmod(media_ns // 1_000_000_000, 60)
    return f"{minutes}:{seconds:02d}"


def _done(command: Command, text: str, data: dict[str, object]) -> Answer:
    return Answer(id=command.id, accepted=True, code="ok", text=text, data=data)
