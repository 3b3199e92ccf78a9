"""A further picture of a lesson, in files beside its segments. docs/segments.md, "A further picture"."""

import hashlib
import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path

from followspot.domain.gaps import GapReason
from followspot.domain.recording import Gap, RenditionFile
from followspot.domain.rendition import RenditionName
from followspot.domain.segments import SEGMENT_PREFIX, segment_file
from followspot.storage.boxes import WholeMedia, walk
from followspot.storage.disk import Disk, DiskErrors
from followspot.storage.rows import SegmentRow
from followspot.storage.spool import PART_SUFFIX, SegmentFile

HELD_LIMIT_BYTES = 16 * 1024 * 1024
"""What may come of a segment before the lesson's own is opened: that takes a third of a second, not half a minute."""
HASH_CHUNK_BYTES = 1024 * 1024

log = logging.getLogger(__name__)


class RenditionWriter:
    """Writes the files of one further picture, on the storage thread. What goes wrong here ends one file, no lesson.

    Segments bear the recorder's numbers until `place` says which number theirs has in the lesson.
    """

    def __init__(self, disk: Disk, name: RenditionName) -> None:
        self.name = name
        self._disk = disk
        self._places: dict[int, tuple[Path, int]] = {}
        self._newest = -1
        self._files: dict[int, SegmentFile] = {}
        self._held: deque[tuple[int, Callable[[], None], int]] = deque()
        """What came before the lesson's own segment was opened: whose, what to do, bytes."""
        self._why: dict[int, GapReason] = {}
        """Why files ended too early."""
        self._ended = -1
        """The newest segment of which nothing more comes."""

    def place(self, index: int, folder: Path, number: int) -> None:
        """The lesson's own segment is opened: `number` in `folder`."""
        self._places[index], self._newest = (folder, number), index
        held, self._held = self._held, deque()
        for whose, step, size in held:
            self._when_placed(whose, step, size)

    def open(self, index: int) -> None:
        """Begin the file of segment `index`."""
        self._when_placed(index, lambda: self._guarded(index, lambda: self._open(index)))

    def write(self, index: int, data: bytes, sync: Callable[[SegmentFile], object]) -> None:
        """Append a fragment and `sync` it."""

        def step() -> None:
            file = self._files.get(index)
            if file is not None:
                file.write(data)
                sync(file)

        self._when_placed(index, lambda: self._guarded(index, step), len(data))

    def cut(self, index: int, why: GapReason) -> None:
        """Nothing more comes of segment `index`."""
        self._why.setdefault(index, why)

    def end(self, index: int) -> None:
        """Nothing more comes of segment `index` and those before."""
        self._ended = max(self._ended, index)

    def has_ended(self, index: int) -> bool:
        """Whether segment `index` need not be waited for."""
        return index <= self._ended

    def finish(self, index: int, segment: SegmentRow) -> RenditionFile | None:
        """Make whole what is there of the `segment`, which is `index` to the recorder; None when nothing is."""
        self._places.pop(index, None)
        file = self._files.pop(index, None)
        if file is None:
            return None
        try:
            return _finished(self._disk, file, self.name, segment.duration_ns)
        except DiskErrors as error:
            self._failed(index, file, error)
            return None

    def why_short(self, index: int) -> GapReason:
        """Why the file of segment `index` is shorter than the segment, or is not there."""
        return self._why.pop(index, GapReason.RECORDER_FAILED)

    def let_go(self) -> None:
        """Close what is open, for salvage, and take nothing more of it."""
        for file in self._files.values():
            file.abandon()
        self._files.clear()
        self._places.clear()

    def _open(self, index: int) -> None:
        folder, number = self._places[index]
        self._files[index] = SegmentFile(self._disk, folder, number, self.name)

    def _when_placed(self, index: int, step: Callable[[], None], size: int = 0) -> None:
        if index in self._places:
            step()
        elif index > self._newest:
            self._held.append((index, step, size))
            if sum(held for _, _, held in self._held) > HELD_LIMIT_BYTES:
                self._held.clear()  # the beginning too: without it nothing more is taken of it

    def _guarded(self, index: int, step: Callable[[], None]) -> None:
        try:
            step()
        except DiskErrors as error:
            self._failed(index, self._files.pop(index, None), error)

    def _failed(self, index: int, file: SegmentFile | None, error: Exception) -> None:
        """What is there stays for salvage or is removed with it; the lesson's own picture goes on."""
        log.error("the %s picture of a segment cannot be written on: %s", self.name, error)
        self._why.setdefault(index, GapReason.DISK_FAILED)
        if file is not None:
            file.abandon()


def missing_of(segment: SegmentRow, file: RenditionFile | None, name: RenditionName, why: GapReason) -> Gap | None:
    """The gap of a further picture that is shorter than its segment."""
    kept_ns = 0 if file is None else file.duration_ns
    if kept_ns >= segment.duration_ns:
        return None
    return Gap(why, segment.start_ns + kept_ns, segment.duration_ns - kept_ns, 0, name)


def trim_renditions(disk: Disk, folder: Path, durations_ns: dict[int, int]) -> None:
    """Make every unfinished file whole, no longer than its segment; those of no segment in `durations_ns` go."""
    trimmed = False
    for part in sorted(folder.glob(f"{SEGMENT_PREFIX}*.{RenditionName.FULL}.mp4{PART_SUFFIX}")):
        number = part.name.removeprefix(SEGMENT_PREFIX).split(".")[0]
        until_ns = durations_ns.get(int(number)) if number.isdecimal() else None
        if until_ns is None or _trimmed(disk, part, until_ns) is None:
            disk.remove(part)
        trimmed = True
    if trimmed:
        disk.sync_folder(folder)


def find_renditions(folder: Path, index: int) -> tuple[RenditionFile, ...]:
    """Those that lie beside segment `index`, read and hashed."""
    paths = {name: folder / segment_file(index, name) for name in RenditionName}
    found = {name: (path, _measure(path)) for name, path in paths.items() if path.exists()}
    return tuple(_described(name, path, media, _sha256(path)) for name, (path, media) in found.items() if media)


def _finished(disk: Disk, file: SegmentFile, name: RenditionName, until_ns: int) -> RenditionFile | None:
    file.sync()
    media = _measure(file.part)
    if media is None:
        file.abandon()
        disk.remove(file.part)
        return None
    if media.duration_ns <= until_ns:
        return _described(name, file.path, media, file.finish())
    file.abandon()
    media = _trimmed(disk, file.part, until_ns)
    disk.sync_folder(file.path.parent)
    return None if media is None else _described(name, file.path, media, _sha256(file.path))


def _trimmed(disk: Disk, part: Path, until_ns: int) -> WholeMedia | None:
    """Cut it to its last whole fragment within `until_ns` and name it; None where there is none."""
    media = _measure(part, until_ns)
    if media is not None:
        disk.truncate(part, media.whole_size)
        disk.rename(part, part.with_name(part.name.removesuffix(PART_SUFFIX)))
    return media


def _described(name: RenditionName, path: Path, media: WholeMedia, sha256: str) -> RenditionFile:
    with path.open("rb") as file:
        init_sha256 = hashlib.sha256(file.read(media.init_size)).hexdigest()
    return RenditionFile(
        name=name,
        file=path.name,
        size=path.stat().st_size,
        sha256=sha256,
        init_size=media.init_size,
        init_sha256=init_sha256,
        duration_ns=media.duration_ns,
        frames=media.frames,
        tracks=media.tracks,
    )


def _measure(path: Path, until_ns: int | None = None) -> WholeMedia | None:
    with path.open("rb") as file:
        return walk(file, path.stat().st_size, until_ns)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
