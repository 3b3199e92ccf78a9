"""Asks the running daemon over control.sock."""

import argparse
import json
import socket
import sys
import uuid
from pathlib import Path

from pydantic import ValidationError

from followspot.cli import exit_codes
from followspot.domain.commands import Answer
from followspot.domain.errors import FollowspotError
from followspot.settings.load import load

ANSWER_TIMEOUT_S = 10.0
"""The daemon answers at once unless it is stuck, which is worth knowing soon."""


class NoDaemonError(FollowspotError):
    """Nothing answers at the socket."""


def socket_path(arguments: argparse.Namespace) -> Path:
    """Where the daemon listens. Raises ConfigurationError."""
    if arguments.socket is not None:
        return Path(arguments.socket)
    return load(arguments.config).paths.control_socket


def ask(path: Path, name: str, **fields: object) -> Answer:
    """The daemon's answer to the command `name` with its `fields`. Raises NoDaemonError."""
    request = json.dumps({"name": name, "id": uuid.uuid4().hex, **fields}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_TIMEOUT_S)
            connection.connect(str(path))
            connection.sendall(request)
            with connection.makefile("rb") as lines:
                return Answer.model_validate_json(lines.readline())
    except PermissionError as error:
        raise NoDaemonError(f"{path}: permission denied: join the group followspot, or use sudo") from error
    except TimeoutError as error:
        raise NoDaemonError(f"{path}: the daemon did not answer within {ANSWER_TIMEOUT_S:.0f} s") from error
    except (OSError, ValidationError) as error:
        raise NoDaemonError(f"{path}: no daemon answers: is it running? systemctl status followspot") from error


def command(arguments: argparse.Namespace, name: str, **fields: object) -> Answer | int:
    """The answer, or the exit code after having said on stderr why there is none."""
    try:
        answer = ask(socket_path(arguments), name, **fields)
    except NoDaemonError as error:
        print(error, file=sys.stderr)
        return exit_codes.NO_DAEMON
    if not answer.accepted:
        print(f"refused ({answer.code}): {answer.text}", file=sys.stderr)
        return exit_codes.REFUSED
    return answer
