"""How long and how often is measured, and where the work lies."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """`folder` takes recordings and logs; what is in it is the evidence for the figures.

    `data`: real recordings, for what depends on how hard pictures are to encode.
    """

    folder: Path
    rounds: int
    seconds: float
    data: Path | None = None
