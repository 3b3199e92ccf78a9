"""What the device's events ask of the uploader. Tolerant: unknown attributes and types are no concern of ours."""

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

MANIFEST_INDEX = -1
SOURCE = "urn:followspot:"


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that a device has announced. `size` None: not told (the manifest's).

    `beside`: files that belong to it, such as the sound of single microphones; stored with it, acknowledged by it.
    """

    device: str
    lesson_id: str
    index: int
    path: str
    sha256: str
    size: int | None
    beside: "tuple[MediaFile, ...]" = ()

    @property
    def name(self) -> str:
        """The object's name below the store's prefix."""
        return f"{self.device}/{self.path}"


@dataclass(frozen=True, slots=True)
class Gone:
    """A file that is no longer on the device."""

    device: str
    lesson_id: str
    index: int


def read_event(raw: bytes) -> MediaFile | Gone | None:
    """What a CloudEvent asks for; None for what does not concern us, ValueError for what cannot be read."""
    try:
        event: dict[str, Any] = json.loads(raw)
        kind, data = event["type"], event["data"]
        device = str(event["source"]).removeprefix(SOURCE)
        match kind:
            case "segment.ready":
                return _file(device, data, int(data["index"]), data["path"], data["sha256"], int(data["size"]))
            case "lesson.completed":
                return _file(device, data, MANIFEST_INDEX, data["manifest"], data["manifest_sha256"], None)
            case "segment.deleted":
                return Gone(device, str(data["lesson_id"]), int(data["index"]))
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"not an event of a Followspot: {error!r}") from error
    return None


def _file(
    device: str, data: dict[str, Any], index: int, path: str, sha256: str, size: int | None, *, alone: bool = False
) -> MediaFile:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "/" in device or device in ("", ".", ".."):
        raise ValueError(f"the path {path!r} of {device!r} leads out of the media root")
    beside = tuple(
        _file(device, data, index, str(parts.parent / one["file"]), one["sha256"], int(one["size"]), alone=True)
        for one in ([] if alone else data.get("sounds", []))
    )
    return MediaFile(device, str(data["lesson_id"]), index, path, str(sha256), size, beside)
