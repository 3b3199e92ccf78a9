"""From a completed lesson's folder to its one file. docs/segments.md numbers the steps."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from followspot.domain.rendition import RenditionName
from followspot.domain.segments import MANIFEST_FILE, Manifest, ManifestSegment, whole_file
from followspot.storage.join.moov import Chapter, file_head
from followspot.storage.join.plan import VIDEO, JoinPlan, Placed, plan_join
from followspot.storage.join.reading import SegmentMedia, read_segment
from followspot.storage.join.writing import write_joined
from followspot.storage.spool import PART_SUFFIX

NANOSECONDS = 1_000_000_000
OPENING = "Start"
"""The chapter before the first bookmark."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The whole, synced file, not yet named."""

    size: int
    sha256: str
    duration_ns: int


def join_lesson(folder: Path, between: Callable[[], None], rendition: RenditionName | None = None) -> Joined:
    """Steps J1 and J2. JoinError where it can never be done. `between` is called after every piece and may raise.

    `rendition`: the lesson with that further picture.
    """
    manifest = Manifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
    plan = plan_join(_placed(folder, manifest, rendition))
    written = write_joined(_target(folder, rendition), file_head(plan, chapters(manifest)), plan, between)
    return Joined(written.size, written.sha256, _duration_ns(plan))


def chapters(manifest: Manifest) -> list[Chapter]:
    """The bookmarks as chapters, those of one moment as one; the first chapter begins with the lesson."""
    titles: dict[int, list[str]] = {}
    for bookmark in manifest.bookmarks:
        titles.setdefault(bookmark.at_ns, []).append(bookmark.title)
    if titles:
        titles.setdefault(0, [OPENING])
    return [Chapter(at_ns, "; ".join(titles[at_ns])) for at_ns in sorted(titles)]


def _placed(folder: Path, manifest: Manifest, rendition: RenditionName | None) -> Iterator[Placed]:
    for one in manifest.segments:
        own = read_segment(folder / one.file)
        picture = own if rendition is None else _further(folder, one, rendition)
        yield Placed(picture, own, one.start_ns, one.start_ns + one.duration_ns)


def _further(folder: Path, one: ManifestSegment, rendition: RenditionName) -> SegmentMedia | None:
    files = (further.file for further in one.renditions if further.name is rendition)
    return next((read_segment(folder / file) for file in files), None)


def _target(folder: Path, rendition: RenditionName | None) -> Path:
    """What an interrupted run left: it may have been named already, but is not announced."""
    whole = folder / whole_file(rendition)
    return whole if whole.exists() else whole.with_name(whole.name + PART_SUFFIX)


def _duration_ns(plan: JoinPlan) -> int:
    (video,) = (table for table in plan.tables if table.trak.kind == VIDEO)
    return video.ticks * NANOSECONDS // video.trak.timescale
