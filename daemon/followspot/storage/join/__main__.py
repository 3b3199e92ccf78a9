"""`python -m followspot.storage.join FOLDER PID [RENDITION]`: the lesson in FOLDER as one file, at the lowest priority.

Prints one line of JSON: {"size", "sha256", "duration_ns"} of the file, or {"error"} where it can never be made.
Ends without a word when the process PID is not its parent any more. May be killed and started again at any moment.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from followspot.domain.rendition import RenditionName
from followspot.domain.segments import whole_file
from followspot.storage.disk import FULL_ERRNOS
from followspot.storage.join.errors import JoinError
from followspot.storage.join.lesson import join_lesson
from followspot.storage.spool import PART_SUFFIX

LOWEST_PRIORITY = 19


def main() -> int:
    """Join the lesson whose folder is the first argument."""
    folder, parent = Path(sys.argv[1]), int(sys.argv[2])
    rendition = RenditionName(sys.argv[3]) if len(sys.argv) > len(("", "FOLDER", "PID")) else None
    os.nice(LOWEST_PRIORITY)

    def check_parent() -> None:
        if os.getppid() != parent:
            sys.exit(1)

    try:
        answer = asdict(join_lesson(folder, check_parent, rendition))
    except (JoinError, FileNotFoundError) as error:
        answer = {"error": str(error)}
    except OSError as error:
        if error.errno in FULL_ERRNOS:  # what is there of the file must not take the next lesson's room
            (folder / f"{whole_file(rendition)}{PART_SUFFIX}").unlink(missing_ok=True)
        print(f"{folder}: {error}", file=sys.stderr)  # noqa: T201 - for the journal
        return 1
    print(json.dumps(answer))  # noqa: T201 - the answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
