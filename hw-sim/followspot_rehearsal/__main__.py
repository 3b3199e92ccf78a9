"""`python -m followspot_rehearsal JOBS.json`: play the jobs, and say on standard output which is written."""

import argparse
import os
import sys
from pathlib import Path

from followspot_rehearsal import jobs, play
from followspot_sim.errors import SimulatorError

USAGE_ERROR = 2


def main() -> int:
    """0 when all is played, 2 where a job must be mended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("jobs", type=Path)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    try:
        for job in play.play_all(jobs.read(arguments.jobs), arguments.workers):
            print(job.file, flush=True)
    except SimulatorError as error:
        print(error, file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
