"""Having lessons played in virtual time, by a program that knows the daemon as this one must not."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from followspot_sim.errors import SimulatorError

PROGRAM = "followspot_rehearsal"


def play(jobs: Sequence[dict[str, Any]], folder: Path, workers: int) -> Iterator[Path]:
    """Play all; each file once it is written. Raises SimulatorError with what the program said."""
    listing = folder / "jobs.json"
    listing.write_text(json.dumps(list(jobs)))
    command = [sys.executable, "-m", PROGRAM, str(listing), "--workers", str(workers)]
    with (
        (folder / "rehearsal.log").open("w+") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as program,
    ):
        assert program.stdout is not None
        try:
            for line in program.stdout:
                yield Path(line.strip())
        except BaseException:
            program.terminate()
            raise
        if program.wait() != 0:
            log.seek(0)
            raise SimulatorError(f"the rehearsal ended early: {log.read().strip()[-2000:]}")
