"""One log line per fact on stderr: for the journal with its severity, for a terminal with time and level."""

import logging
import os
import sys

# sd-daemon(3): a line that begins with <N> is stored with syslog severity N.
_SEVERITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class JournalFormatter(logging.Formatter):
    """`<4>followspot.bus.mqtt: text`, each line of a traceback with its own severity; the journal adds the time."""

    def __init__(self) -> None:
        super().__init__("%(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as one or more journal lines."""
        prefix = f"<{_SEVERITY.get(record.levelno, 5)}>"
        return "\n".join(prefix + line for line in super().format(record).splitlines())


class TerminalFormatter(logging.Formatter):
    """`12:34:56.789 WARNING followspot.bus.mqtt: text`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")


def set_up(level: str) -> None:
    """Log from `level` on, to stderr; library chatter only from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JournalFormatter() if _stderr_is_the_journal() else TerminalFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for package in ("followspot", "followspot_dock"):
        logging.getLogger(package).setLevel(level)


def _stderr_is_the_journal() -> bool:
    """systemd.exec(5): JOURNAL_STREAM holds device and inode of the stream it connected to the journal."""
    try:
        stream = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):  # closed, or replaced by an object without a descriptor
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"
