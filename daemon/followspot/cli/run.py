"""`followspot run`: the daemon."""

import argparse
import asyncio
import logging
import os
import threading

from followspot.cli import exit_codes
from followspot.cli.options import Subparsers, add_config
from followspot.domain.errors import FollowspotError
from followspot.settings.load import load

UMASK = 0o027
"""Lessons show people: only the daemon's user and group may read what it makes. As in the service's unit."""

_log = logging.getLogger(__name__)


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("run", help="be the daemon, until SIGTERM or Ctrl-C")
    add_config(parser)
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon to its end. Raises ConfigurationError."""
    settings = load(arguments.config)
    os.umask(UMASK)
    # Not at the top: the other commands must not wait for OpenCV and FFmpeg to load.
    from followspot.app.daemon import serve
    from followspot.app.log import set_up

    set_up(settings.log.level)
    try:
        well = asyncio.run(serve(settings))
    except FollowspotError as error:
        _log.critical("%s", error)
        well = False
    return _leave(exit_codes.OK if well else exit_codes.FAULT)


def _leave(code: int) -> int:
    """End now even where a thread hangs in a device or a disk: Python would wait for it for ever."""
    hanging = [t.name for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if hanging:
        _log.critical("threads still hang and are abandoned: %s", ", ".join(hanging))
        logging.shutdown()
        os._exit(exit_codes.FAULT)
    return code
