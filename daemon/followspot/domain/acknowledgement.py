"""What the pipeline says on the ack topic: these files of a lesson are stored elsewhere, under these keys.

One message is about one lesson. It quotes the SHA-256 of every file, so that nothing is acknowledged by mistake, and
holds as a whole or not at all. Saying it again changes nothing.
"""

from typing import Annotated, ClassVar

from pydantic import Field, ValidationError, model_validator

from followspot.domain.commands import BadJsonError, InvalidCommandError
from followspot.domain.errors import CommandRefusedError
from followspot.domain.segments import Sha256
from followspot.domain.statement import Statement

MAX_ACK_BYTES = 48 * 1024
"""A lesson of two hours in segments of a minute takes half of it; the broker link drops what is larger than 64 KiB."""

StoreName = Annotated[str, Field(min_length=1, max_length=256, description="The store, as its URL without secrets.")]
StoreKey = Annotated[str, Field(min_length=1, max_length=1024, description="The object's name in the store.")]


class StoredFile(Statement):
    """A file that the store has confirmed, with the hash of what it holds."""

    sha256: Sha256
    key: StoreKey


class StoredSegment(StoredFile):
    """The segment `index` of the lesson."""

    index: int = Field(ge=0)
    beside: tuple[Sha256, ...] = Field(
        default=(), max_length=8, description="Of what is stored as well: every further picture (renditions) must be."
    )


class Acknowledgement(Statement):
    """Segments, the manifest, or both, of one lesson in one store."""

    lesson_id: str = Field(min_length=1, max_length=64)
    store: StoreName
    segments: tuple[StoredSegment, ...] = ()
    manifest: StoredFile | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Acknowledgement":
        if not self.segments and self.manifest is None:
            raise ValueError("neither segments nor the manifest are acknowledged")
        if len({segment.index for segment in self.segments}) < len(self.segments):
            raise ValueError("a segment is acknowledged twice")
        return self


class UnknownMediaError(CommandRefusedError):
    """The box has no such lesson, segment or manifest on record."""

    code: ClassVar[str] = "unknown-media"


class WrongHashError(CommandRefusedError):
    """What is stored elsewhere is not what was recorded."""

    code: ClassVar[str] = "wrong-hash"


class IncompleteStoreError(CommandRefusedError):
    """Something that belongs to the segment is not said to be stored."""

    code: ClassVar[str] = "incomplete"


def parse_acknowledgement(raw: bytes) -> Acknowledgement:
    """The acknowledgement in `raw`. Raises BadJsonError or InvalidCommandError."""
    if len(raw) > MAX_ACK_BYTES:
        raise BadJsonError(f"the acknowledgement has {len(raw)} bytes, at most {MAX_ACK_BYTES} are taken")
    try:
        return Acknowledgement.model_validate_json(raw)
    except ValidationError as error:
        findings = error.errors(include_url=False, include_context=False, include_input=False)
        if findings[0]["type"] == "json_invalid":
            raise BadJsonError(f"the acknowledgement is not JSON: {findings[0]['msg']}"[:400]) from error
        words = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in findings)
        raise InvalidCommandError(words[:400]) from error
