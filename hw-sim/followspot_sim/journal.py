"""JSON lines written away from whoever is in a hurry."""

import json
import queue
import threading
from pathlib import Path

JOIN_TIMEOUT_S = 3.0


class Journal:
    """A file of JSON lines with a thread that writes them; `add` returns at once."""

    def __init__(self, file: Path) -> None:
        self._lines: queue.SimpleQueue[dict[str, object] | None] = queue.SimpleQueue()
        self._file = file.open("w", encoding="utf-8")
        self._thread = threading.Thread(target=self._run, name=f"sim-journal-{file.stem}")
        self._thread.start()

    def add(self, line: dict[str, object]) -> None:
        """Append a line soon."""
        self._lines.put(line)

    def close(self) -> None:
        """Write what was added, and close the file."""
        self._lines.put(None)
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        with self._file:
            while (line := self._lines.get()) is not None:
                self._file.write(json.dumps(line) + "\n")
                if self._lines.empty():
                    self._file.flush()
