"""`followspot render`: frame a lesson again that was recorded whole."""

import argparse
import os
import sys
import time
from pathlib import Path

from followspot.app.rendering import RenderError, render_lesson
from followspot.cli import exit_codes
from followspot.cli.options import Subparsers, add_config
from followspot.domain.shots import ShotName
from followspot.settings.load import load

_BAR_WIDTH = 30
# Often enough to see it move, and seldom enough for a log file.
_TERMINAL_EVERY_S, _LOG_EVERY_S = 0.5, 30.0
_LEAST_PRIORITY = 19


def add_to(commands: "Subparsers[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser("render", help='frame a lesson again that was recorded with picture = "full"')
    parser.add_argument("lesson", metavar="LESSON", help="its folder, or its id in paths.media")
    parser.add_argument(
        "--shot", choices=[str(name) for name in ShotName], help="how much of her is shown (default: view.shot)"
    )
    add_config(parser)
    parser.set_defaults(command=render)


def render(arguments: argparse.Namespace) -> int:
    """Raises ConfigurationError."""
    settings = load(arguments.config)
    folder = Path(arguments.lesson)
    if not folder.is_dir() and folder.name == arguments.lesson:
        folder = settings.paths.media / arguments.lesson
    os.nice(_LEAST_PRIORITY)  # a lesson may be recorded meanwhile
    name = ShotName(arguments.shot) if arguments.shot else settings.view.shot
    bar = _Bar()
    try:
        target = render_lesson(folder, settings, name, bar.show)
    except RenderError as error:
        bar.end()
        print(error, file=sys.stderr)
        return exit_codes.FAULT
    bar.end()
    print(target / "playlist.m3u8")
    return exit_codes.OK


class _Bar:
    """How far it is, on the terminal or now and then in a log."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._began_s = self._shown_s = time.monotonic()
        self._first: int | None = None
        self._drawn = False

    def show(self, done: int, total: int) -> None:
        now_s = time.monotonic()
        self._first = done if self._first is None else self._first
        every_s = _TERMINAL_EVERY_S if self._terminal else _LOG_EVERY_S
        if now_s - self._shown_s < every_s and done < total:
            return
        self._shown_s = now_s
        share = done / total if total else 1.0
        text = f"{share:4.0%} {done} of {total} pictures{self._left(done, total, now_s)}"
        if self._terminal:
            bar = "#" * round(share * _BAR_WIDTH)
            print(f"\r[{bar:{_BAR_WIDTH}}] {text}\x1b[K", end="", file=sys.stderr, flush=True)
            self._drawn = True
        else:
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._drawn:
            print(file=sys.stderr)

    def _left(self, done: int, total: int, now_s: float) -> str:
        made = done - (self._first or 0)
        if made <= 0 or done >= total:
            return ""
        left_s = (now_s - self._began_s) / made * (total - done)
        return f", {left_s / 60:.0f} min left" if left_s >= 60 else f", {left_s:.0f} s left"
