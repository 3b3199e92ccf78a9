"""What a line in the journal, and on a terminal, looks like."""

import logging
import os
import subprocess
import sys

from followspot.app.log import JournalFormatter, TerminalFormatter


def record(level: int, text: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("followspot.x", level, __file__, 1, text, values, None)


def test_the_journal_gets_the_severity():
    assert JournalFormatter().format(record(logging.WARNING, "lost device=%s", "a")) == "<4>followspot.x: lost device=a"


def test_every_line_of_a_traceback_has_its_severity():
    lines = JournalFormatter().format(record(logging.ERROR, "one\ntwo")).splitlines()
    assert lines == ["<3>followspot.x: one", "<3>two"]


def test_a_terminal_gets_time_and_level():
    assert TerminalFormatter().format(record(logging.INFO, "up")).endswith(" INFO    followspot.x: up")


PROGRAM = """
import logging, os, sys
if sys.argv[1] == "journal":
    end = os.fstat(2)
    os.environ["JOURNAL_STREAM"] = f"{end.st_dev}:{end.st_ino}"
from followspot.app.log import set_up
set_up("INFO")
logging.getLogger("followspot.part").info("hello")
logging.getLogger("followspot.part").debug("whisper")
logging.getLogger("library").info("chatter")
"""


def stderr_of(kind: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "JOURNAL_STREAM"}
    command = [sys.executable, "-c", PROGRAM, kind]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stderr


def test_under_systemd_and_elsewhere():
    assert stderr_of("journal") == "<6>followspot.part: hello\n"
    terminal = stderr_of("terminal")
    assert terminal.endswith(" INFO    followspot.part: hello\n")
    assert terminal.count("\n") == 1
