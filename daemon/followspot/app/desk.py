"""Carries commands out, wherever they come from, and answers them."""

import logging
from collections.abc import Callable
from typing import ClassVar, Protocol

from followspot.control.dock_care import DockCare, NoDockError
from followspot.control.refusals import AlreadyRecordingError
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
    HomeCommand,
    PauseCommand,
    RepublishCommand,
    ResumeCommand,
    StartCommand,
    StatusCommand,
    StopCommand,
)
from followspot.domain.errors import CommandRefusedError, StorageError
from followspot.domain.republish import Republished, RepublishFrom, RepublishLesson
from followspot.domain.session import SessionState

_log = logging.getLogger(__name__)


class NotKeptError(CommandRefusedError):
    """The disk did not take it."""

    code: ClassVar[str] = "not-kept"


class OtherEpochError(CommandRefusedError):
    """The sequence numbers of another database are meant."""

    code: ClassVar[str] = "other-epoch"


class UnknownLessonError(CommandRefusedError):
    """There are no events of that lesson."""

    code: ClassVar[str] = "unknown-lesson"


class NotNowError(CommandRefusedError):
    """The disk did not let it happen; the sender may try again."""

    code: ClassVar[str] = "disk-failed"


class Events(Protocol):
    """The part of the storage that commands need."""

    @property
    def epoch(self) -> str:
        """Whose sequence numbers the events bear."""
        ...

    async def republish(self, wanted: RepublishFrom | RepublishLesson) -> Republished:
        """Have events sent again."""
        ...


class Desk:
    """The one place where a command becomes a deed. Lives on the loop.

    `report` gives the answer to "status", `turn_home` whether a dock turns home, and `check` refuses a command
    that came too late.
    """

    def __init__(
        self,
        session: SessionLoop,
        report: Callable[[], dict[str, object]],
        events: Events,
        dock: DockCare,
        turn_home: Callable[[], bool],
        check: Callable[[Command], None],
    ) -> None:
        self._session = session
        self._report = report
        self._events = events
        self._dock = dock
        self._turn_home = turn_home
        self._check = check

    async def take(self, command: Command, source: str) -> Answer:
        """Carry it out for `source`. Raises CommandRefusedError when that cannot be done now."""
        self._check(command)
        match command:
            case StartCommand():
                lesson_id = self._session.start(source, details=command.details)
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
            case HomeCommand():
                return self._home(command)
            case RepublishCommand():
                return await self._republish(command)
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

    def _home(self, command: HomeCommand) -> Answer:
        if self._session.status.state is not SessionState.IDLE:
            raise AlreadyRecordingError("a lesson is on: the dock follows the teacher")
        if not self._turn_home():
            raise NoDockError("no dock answers: see the alerts")
        return _done(command, "the dock turns home", {})

    async def _republish(self, command: RepublishCommand) -> Answer:
        if command.epoch not in (None, self._events.epoch):
            raise OtherEpochError(f"the sequence numbers here are those of the epoch {self._events.epoch}")
        try:
            again = await self._events.republish(_wanted(command))
        except StorageError as error:
            raise NotNowError(str(error)) from error
        if command.lesson_id is not None and not again.count:
            raise UnknownLessonError(
                f"there are no events of the lesson {command.lesson_id!a}: it never was here, or all its media has "
                "left the box and its events were forgotten (retention.events_days)"
            )
        data: dict[str, object] = {
            "count": again.count,
            "from": again.oldest,
            "newest": again.newest,
            "epoch": again.epoch,
            "oldest": again.kept_from,
            "gone": again.gone,
        }
        return _done(command, _sent_again(again), data)


def _wanted(command: RepublishCommand) -> RepublishFrom | RepublishLesson:
    if command.lesson_id is not None:
        return RepublishLesson(command.lesson_id)
    assert command.from_sequence is not None, "the model has one of both"
    return RepublishFrom(command.from_sequence)


def _sent_again(again: Republished) -> str:
    text = f"{again.count} events are sent again"
    if again.gone:
        text += f"; {again.gone} are not kept any more, from number {again.kept_from} on none is missing"
    return text


def _clock_face(media_ns: int) -> str:
    minutes, seconds = divmod(media_ns // 1_000_000_000, 60)
    return f"{minutes}:{seconds:02d}"


def _done(command: Command, text: str, data: dict[str, object]) -> Answer:
    return Answer(id=command.id, accepted=True, code="ok", text=text, data=data)
