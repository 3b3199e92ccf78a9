"""What the box can be told to do: the models that MQTT and control.sock share, and their answer.

A command is one JSON object: `{"name": "start", "id": "…"}`. The name may be left out where the topic says it. The id
is the sender's: the same id means the same command, sent again; without one, every message is a command of its own.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from followspot.domain.errors import CommandRefusedError
from followspot.domain.segments import BookmarkTag, BookmarkText

MAX_COMMAND_BYTES = 16 * 1024
"""No command comes near it: more is a mistake or malice, and is not even parsed."""


class CommandModel(BaseModel):
    """Strict and closed: an unknown key is a mistake that the sender should hear of."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._:-]{1,64}$")


class StartCommand(CommandModel):
    """Begin a lesson."""

    name: Literal["start"]


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
Command = StartCommand | StopCommand | PauseCommand | ResumeCommand | BookmarkCommand | StatusCommand | DockCommand

DOCK_COMMAND_NAMES = ("dock-identify", "dock-park", "dock-clear-faults", "dock-follow-marker")
COMMAND_NAMES = ("start", "stop", "pause", "resume", "bookmark", "status", *DOCK_COMMAND_NAMES)

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
        return _COMMAND.validate_python({"name": name, **fields} if name else fields)
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
