"""Forks a recording box for each line `FOLDER NUMBER HOW` on stdin and answers how it died: `killed` or `lived`.

A program of its own, with one thread, so that forking is sound and the imports are paid once.
"""

import asyncio
import os
import pickle
import signal
import sys
import time
from pathlib import Path

from followspot.storage.disk import Disk
from support.storagelab import Box, KillingDisk, PowerCutDisk, Segment, record_lesson


def deadly(folder: Path, number: int, how: str) -> Disk:
    """The disk on which the child dies: `early` or `late` at the operation, or `cut`, to be forgotten after.

    At `random` the disk does not matter: the child is killed from outside.
    """
    if how == "random":
        return Disk()
    if how == "cut":
        return PowerCutDisk(number, folder.with_suffix(".journal"))
    return KillingDisk(number, late=how == "late")


def die(folder: Path, number: int, how: str, media: list[Segment]) -> None:
    """Record in a child that kills itself at its `number`-th disk operation, or is killed after `number` us."""
    pid = os.fork()
    if pid == 0:
        asyncio.run(record_lesson(Box(folder, disk=deadly(folder, number, how)), media))
        os._exit(0)
    if how == "random":
        time.sleep(number / 1e6)
        os.kill(pid, signal.SIGKILL)  # one that has ended is still ours to bury
    _, status = os.waitpid(pid, 0)
    sys.stdout.write("killed\n" if os.WIFSIGNALED(status) else "lived\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until stdin ends."""
    media = pickle.loads(Path(sys.argv[1]).read_bytes())
    for line in sys.stdin:
        folder, number, how = line.split()
        die(Path(folder), int(number), how, media)


if __name__ == "__main__":
    main()
