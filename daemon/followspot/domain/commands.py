"""What the box can be told to do: the models that MQTT and control.sock share, and their answer.

A command is one JSON object: `{"name": "start", "id": "…"}`. The name may be left out where the topic says it. The id
is the sender's: the same id means the same command, sent again; without one, every message is a command of its own.
A command with `expires` is refused from then on. A new command is a new subclass of CommandModel in `Command`.
"""

from datetime import datetime
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import from_json, to_json

from followspot.domain.errors import CommandRefusedError
from followspot.domain.segments import BookmarkTag, BookmarkText
from followspot.domain.statement import LessonDetails

MAX_COMMAND_BYTES = 16 * 1024
"""No command comes near it: more is a mistake or malice, and is not even parsed."""


class CommandModel(BaseModel):
    """Strict and closed: an unknown key is a mistake that the sender should hear of."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._:-]{1,64}$")
    expires: AwareDatetime | None = Field(default=None, description="Nobody wants it any more from then on.")


class StartCommand(CommandModel, LessonDetails):
    """Begin a lesson, about which more may be said."""

    name: Literal["start"]

    @property
    def details(self) -> LessonDetails:
        """What is said of the lesson."""
        return LessonDetails(**{name: getattr(self, name) for name in LessonDetails.model_fields})


class StopCommand(CommandModel):
    """End the lesson."""

    name: Literal["stop"]


class PauseCommand(CommandModel):
    """Record nothing for a while; the lesson waits, the camera is closed."""

    name: Literal["pause"]


class ResumeCommand(CommandModel):
    """Go on with the paused lesson."""

    name: Literal["resume"]


class BookmarkCommand(CommandModel):
    """Mark this moment of the lesson."""

    name: Literal["bookmark"]
    tag: BookmarkTag = "bookmark"
    text: BookmarkText = ""


class HomeCommand(CommandModel):
    """Turn the dock to its home position; not during a lesson."""

    name: Literal["home"]


class RepublishCommand(CommandModel):
    """Send events again, with the ids they had: from a sequence number on, or all of a lesson."""

    name: Literal["republish"]
    from_sequence: int | None = Field(default=None, ge=1, description="The first that is wanted.")
    epoch: str | None = Field(default=None, max_length=64, description="Whose sequence numbers are meant.")
    lesson_id: str | None = Field(default=None, max_length=64, description="The lesson whose events are wanted.")

    @model_validator(mode="after")
    def _one_of_both(self) -> "RepublishCommand":
        if (self.from_sequence is None) is (self.lesson_id is None):
            raise ValueError("say either from_sequence or lesson_id")
        return self


class StatusCommand(CommandModel):
    """Say how things stand; changes nothing."""

    name: Literal["status"]


class DockIdentifyCommand(CommandModel):
    """Let the dock blink, so that a person sees which one it is."""

    name: Literal["dock-identify"]


class DockParkCommand(CommandModel):
    """Turn the dock to its resting place; it rests there until the next lesson."""

    name: Literal["dock-park"]


class DockClearFaultsCommand(CommandModel):
    """Clear the dock's faults whose causes are gone."""

    name: Literal["dock-clear-faults"]


class DockFollowMarkerCommand(CommandModel):
    """Follow this marker from now on."""

    name: Literal["dock-follow-marker"]
    marker_id: int = Field(ge=1, le=0xFFFF)


DockCommand = DockIdentifyCommand | DockParkCommand | DockClearFaultsCommand | DockFollowMarkerCommand
LessonCommand = StartCommand | StopCommand | PauseCommand | ResumeCommand | BookmarkCommand
Command = LessonCommand | HomeCommand | RepublishCommand | StatusCommand | DockCommand

COMMAND_MODELS: dict[str, type[CommandModel]] = {
    get_args(model.model_fields["name"].annotation)[0]: model for model in get_args(Command)
}
COMMAND_NAMES = tuple(COMMAND_MODELS)

_COMMAND: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="name")])


class Answer(BaseModel):
    """What became of a command.

    `id` is the command's, None where it had none or it could not be read. `code` is "ok" or a closed refusal code;
    `text` is for people.
    """

    model_config = ConfigDict(frozen=True)

    id: str | None
    accepted: bool
    code: str
    text: str
    data: dict[str, object] | None = None

    @classmethod
    def refusal(cls, error: CommandRefusedError, command_id: str | None) -> "Answer":
        """The answer that says why a command was not carried out."""
        return cls(id=command_id, accepted=False, code=error.code, text=str(error))


class BadJsonError(CommandRefusedError):
    """Not a JSON object of reasonable size."""

    code: ClassVar[str] = "bad-json"


class UnknownCommandError(CommandRefusedError):
    """There is no such command."""

    code: ClassVar[str] = "unknown-command"


class InvalidCommandError(CommandRefusedError):
    """A known command with a wrong, missing or superfluous key."""

    code: ClassVar[str] = "invalid"


class NotAllowedError(CommandRefusedError):
    """The configuration does not allow this command from here."""

    code: ClassVar[str] = "not-allowed"


class BusyError(CommandRefusedError):
    """Not now: the sender may try again later."""

    code: ClassVar[str] = "busy"


class ExpiredError(CommandRefusedError):
    """It came too late."""

    code: ClassVar[str] = "expired"


class ClockNotSetError(CommandRefusedError):
    """Whether it came too late, nobody here can tell."""

    code: ClassVar[str] = "clock-not-set"


def check_expiry(command: Command, now: datetime, *, synced: bool) -> None:
    """Raise ExpiredError, or ClockNotSetError where `now` cannot be believed, for a command that says until when."""
    if command.expires is None:
        return
    if not synced:
        raise ClockNotSetError(
            "the clock of the box is not set, so it cannot tell whether the command is still wanted: send it without "
            "expires, with an MQTT message expiry instead"
        )
    if now >= command.expires:
        raise ExpiredError(f"the command was wanted until {command.expires.isoformat()}, it is {now.isoformat()}")


def check_size(raw: bytes) -> None:
    """Raise BadJsonError for what is too large to be a command."""
    if len(raw) > MAX_COMMAND_BYTES:
        raise BadJsonError(f"the command has {len(raw)} bytes, at most {MAX_COMMAND_BYTES} are taken")


def parse_command(raw: bytes, name: str | None = None) -> Command:
    """The command in `raw`; `name`, where the way it came by states one (a topic), is its name.

    Raises BadJsonError, UnknownCommandError or InvalidCommandError.
    """
    fields = _parse_object(raw)
    stated = fields.get("name")
    for given in (name, stated):
        if given is not None and given not in COMMAND_NAMES:
            raise UnknownCommandError(f"there is no command {_shown(given)}: {', '.join(COMMAND_NAMES)} are known")
    if name is not None and stated is not None and stated != name:
        raise InvalidCommandError(f"the topic says {name}, the command says {_shown(stated)}")
    try:
        return _COMMAND.validate_json(to_json({"name": name, **fields} if name else fields))
    except ValidationError as error:
        raise InvalidCommandError(_in_words(error)) from error


def readable_id(raw: bytes) -> str | None:
    """The id of a command that may be wrong in every other way, so that its refusal can name it."""
    try:
        command_id = _parse_object(raw).get("id")
    except BadJsonError:
        return None
    return command_id if isinstance(command_id, str) and len(command_id) <= 64 else None


def _parse_object(raw: bytes) -> dict[str, object]:
    check_size(raw)
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise BadJsonError(f"the command is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadJsonError("the command is JSON, but not an object")
    return value


def _shown(name: object) -> str:
    """A name from outside, short and on one line."""
    return ascii(name)[:40]


def _in_words(error: ValidationError) -> str:
    """pydantic's findings in one line, key by key (without the union's own level)."""
    findings = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(str(part) for part in one['loc'][1:]) or 'name'}: {one['msg']}" for one in findings)[
        :400
    ]
