"""Forks a recording box for each line `FOLDER NUMBER LATE` on stdin and answers how it died: `killed` or `lived`.

A program of its own, with one thread, so that forking is sound and the imports are paid once.
"""

import asyncio
import os
import pickle
import sys
from pathlib import Path

from support.storagelab import Box, KillingDisk, Segment, record_lesson


def die(folder: str, number: int, *, late: bool, media: list[Segment]) -> None:
    """Record in a child that kills itself at its `number`-th disk operation."""
    pid = os.fork()
    if pid == 0:
        asyncio.run(record_lesson(Box(Path(folder), disk=KillingDisk(number, late=late)), media))
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else "lived\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until stdin ends."""
    media = pickle.loads(Path(sys.argv[1]).read_bytes())
    for line in sys.stdin:
        folder, number, late = line.split()
        die(folder, int(number), late=late == "late", media=media)


if __name__ == "__main__":
    main()
