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
    `quoted`: the device wants the hash of this file beside another in the acknowledgement: a further picture.
    """

    device: str
    lesson_id: str
    index: int
    path: str
    sha256: str
    size: int | None
    beside: "tuple[MediaFile, ...]" = ()
    quoted: bool = False

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


def _file(device: str, data: dict[str, Any], index: int, path: str, sha256: str, size: int | None) -> MediaFile:
    folder = _checked(device, path).parent
    lesson_id = str(data["lesson_id"])
    beside = []
    for kind, quoted in (("sounds", False), ("renditions", True)):
        for one in data.get(kind, []):
            name = str(_checked(device, str(folder / one["file"])))
            beside.append(
                MediaFile(device, lesson_id, index, name, str(one["sha256"]), int(one["size"]), quoted=quoted)
            )
    return MediaFile(device, lesson_id, index, path, str(sha256), size, tuple(beside))


def _checked(device: str, path: str) -> PurePosixPath:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "/" in device or device in ("", ".", ".."):
        raise ValueError(f"the path {path!r} of {device!r} leads out of the media root")
    return parts
