"""The port of every store."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from followspot_upload.announced import MediaFile
from followspot_upload.pace import Pace


class Bookmark(Protocol):
    """Remembers, durably, where an upload of one file goes on; None where it begins."""

    def get(self) -> str | None:
        """What was set last, in this or an earlier run."""
        ...

    def set(self, place: str) -> None:
        """Durable when it returns."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """The file on this machine, checked against what was announced."""

    path: Path
    size: int


class ObjectStore(Protocol):
    """One store. Lives on the upload thread."""

    @property
    def name(self) -> str:
        """Its URL, without secrets: what acknowledgements and events call it."""
        ...

    def put(self, media: MediaFile, source: Source, pace: Pace, bookmark: Bookmark) -> str:
        """Bring the file there, or go on with that, until the store has confirmed all of it; the object's key.

        Does nothing where it is there already. Raises TransferError, and HeldError from `pace`.
        """
        ...
