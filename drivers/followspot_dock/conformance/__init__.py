"""The conformance kit: what `docs/dock-protocol.md` asks of a dock, tried on one and measured.

`followspot-dock-test` runs it from the command line; `CASES` and `run_case` are what the tests use.
"""

from followspot_dock.conformance.cases import CASES
from followspot_dock.conformance.run import Outcome, Verdict, run_all, run_case

__all__ = ["CASES", "Outcome", "Verdict", "run_all", "run_case"]
