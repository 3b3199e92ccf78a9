"""Look for inputs that reach code no stored input reached, and store them: `python -m fuzz.explore SECONDS`.

Coverage-guided by the interpreter's own trace; where atheris is installed, `python -m fuzz.explore atheris`
hands the target to it instead.
"""

import hashlib
import importlib
import logging
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from fuzz.target import one_input

CORPUS = Path(__file__).parent / "corpus"
WATCHED = ("followspot_dock", "followspot_sim/firmware", "followspot_sim/dock_")
MAX_BYTES = 600
INTERESTING = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)

Edge = tuple[str, int, int]


def corpus() -> list[bytes]:
    """The stored inputs, in a fixed order."""
    return [path.read_bytes() for path in sorted(CORPUS.iterdir())]


def mutated(seed: bytes, others: list[bytes], source: random.Random) -> bytes:
    """A near relation of `seed`."""
    data = bytearray(seed)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(data)) if data else 0
        match source.randrange(6):
            case 0 if data:
                data[at] ^= 1 << source.randrange(8)
            case 1 if data:
                data[at] = source.choice(INTERESTING)
            case 2:
                data[at:at] = source.randbytes(source.randint(1, 8))
            case 3:
                del data[at : at + source.randint(1, 8)]
            case 4:
                data[at:at] = data[at : at + source.randint(1, 40)]
            case 5:
                other = source.choice(others)
                data[at:] = other[source.randrange(len(other) + 1) :]
    return bytes(data[:MAX_BYTES])


def edges(run: Callable[[bytes], None], data: bytes) -> set[Edge]:
    """The steps from line to line that `run` takes in the watched code."""
    seen: set[Edge] = set()

    def watch(frame: FrameType, event: str, _: Any) -> Any:
        name = frame.f_code.co_filename
        if not any(part in name for part in WATCHED):
            return None
        last = 0

        def step(inner: FrameType, event: str, _: Any) -> Any:
            nonlocal last
            if event == "line":
                seen.add((name, last, inner.f_lineno))
                last = inner.f_lineno
            return step

        return step

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        run(data)
    finally:
        sys.settrace(before)
    return seen


def explore(seconds: float, seed: int) -> int:
    """Mutate and keep what is new; how many inputs were stored."""
    source = random.Random(seed)
    known = corpus()
    reached = set().union(*(edges(one_input, data) for data in known))
    stored, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutated(source.choice(known), known, source)
        fresh = edges(one_input, data) - reached
        if fresh:
            reached |= fresh
            known.append(data)
            (CORPUS / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
            stored += 1
    return stored


def main() -> None:
    """Explore for as long as the command line says, or let atheris do it."""
    logging.disable()  # a new conversation for each input, and each complains
    if sys.argv[1] == "atheris":
        atheris = importlib.import_module("atheris")
        atheris.instrument_all()
        atheris.Setup([sys.argv[0], str(CORPUS)], one_input)
        atheris.Fuzz()
    else:
        print(f"{explore(float(sys.argv[1]), random.randrange(2**32))} new inputs stored in {CORPUS}")


if __name__ == "__main__":
    main()
