"""`python -m followspot.storage.join FOLDER PID`: the lesson in FOLDER as one file, at the lowest priority.

Prints one line of JSON: {"size", "sha256", "duration_ns"} of the file, or {"error"} where it can never be made.
Ends without a word when the process PID is not its parent any more. May be killed and started again at any moment.
"""

import json
import os
import sys
from pathlib import Path

from followspot.domain.segments import MANIFEST_FILE, WHOLE_FILE, Manifest
from followspot.storage.join.errors import JoinError
from followspot.storage.join.moov import Chapter, file_head
from followspot.storage.join.plan import VIDEO, JoinPlan, Placed, plan_join
from followspot.storage.join.reading import read_segment
from followspot.storage.join.writing import write_joined
from followspot.storage.spool import PART_SUFFIX

LOWEST_PRIORITY = 19
NANOSECONDS = 1_000_000_000
OPENING = "Start"
"""The chapter before the first bookmark."""


def main() -> int:
    """Join the lesson whose folder is the first argument."""
    folder, parent = Path(sys.argv[1]), int(sys.argv[2])
    os.nice(LOWEST_PRIORITY)

    def check_parent() -> None:
        if os.getppid() != parent:
            sys.exit(1)

    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST_FILE).read_bytes())
        plan = plan_join(_placed(folder, manifest))
        written = write_joined(_target(folder), file_head(plan, chapters(manifest)), plan, check_parent)
    except (JoinError, FileNotFoundError) as error:
        print(json.dumps({"error": str(error)}))  # noqa: T201 - the answer
        return 0
    except OSError as error:
        print(f"{folder}: {error}", file=sys.stderr)  # noqa: T201 - for the journal
        return 1
    result = {"size": written.size, "sha256": written.sha256, "duration_ns": _duration_ns(plan)}
    print(json.dumps(result))  # noqa: T201 - the answer
    return 0


def chapters(manifest: Manifest) -> list[Chapter]:
    """The bookmarks as chapters, those of one moment as one; the first chapter begins with the lesson."""
    titles: dict[int, list[str]] = {}
    for bookmark in manifest.bookmarks:
        titles.setdefault(bookmark.at_ns, []).append(bookmark.title)
    if titles:
        titles.setdefault(0, [OPENING])
    return [Chapter(at_ns, "; ".join(titles[at_ns])) for at_ns in sorted(titles)]


def _placed(folder: Path, manifest: Manifest) -> list[Placed]:
    return [
        Placed(read_segment(folder / one.file), one.start_ns, one.start_ns + one.duration_ns)
        for one in manifest.segments
    ]


def _target(folder: Path) -> Path:
    """What an interrupted run left: it may have been named already, but is not announced."""
    whole = folder / WHOLE_FILE
    return whole if whole.exists() else whole.with_name(whole.name + PART_SUFFIX)


def _duration_ns(plan: JoinPlan) -> int:
    (video,) = (table for table in plan.tables if table.trak.kind == VIDEO)
    return video.ticks * NANOSECONDS // video.trak.timescale


if __name__ == "__main__":
    sys.exit(main())
