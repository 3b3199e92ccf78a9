"""What retention's tests share: acknowledgements, a disk with as much room as it is told, and patience."""

import hashlib
from pathlib import Path

from followspot.domain.acknowledgement import Acknowledgement, StoredFile, StoredSegment
from followspot.storage import Storage
from followspot.storage.disk import Disk
from followspot.storage.retention import Tended
from support.storagelab import LESSON, Segment

STORE = "s3://lessons"
HOUR_NS = 3_600_000_000_000
MINUTE_BYTES = (4000 + 96) * 1000 / 8 * 60 * 1.03
"""A minute of a lesson at the default bit rates."""


class RoomyDisk(Disk):
    """A disk whose free space is as it is set; deleting a segment gives its bytes back."""

    def __init__(self, minutes: float) -> None:
        self.free = minutes * MINUTE_BYTES

    def free_bytes(self, folder: Path) -> int:
        return int(self.free)

    def remove(self, path: Path) -> None:
        if path.name.startswith(("segment", "lesson")) and path.exists():
            self.free += path.stat().st_size
        super().remove(path)


async def tend(storage: Storage) -> Tended:
    """Until nothing more is to be done."""
    while (tended := await storage.tend()).more:
        pass
    return tended


def stored(media: list[Segment], *indices: int, manifest: bytes | None = None, prefix: str = "a") -> Acknowledgement:
    """An acknowledgement of these segments, and of the manifest."""
    return Acknowledgement(
        lesson_id=LESSON,
        store=STORE,
        segments=tuple(
            StoredSegment(index=n, sha256=hashlib.sha256(media[n].whole).hexdigest(), key=f"{prefix}/{n}")
            for n in indices
        ),
        manifest=None
        if manifest is None
        else StoredFile(sha256=hashlib.sha256(manifest).hexdigest(), key=f"{prefix}/manifest"),
    )
