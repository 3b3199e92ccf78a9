"""Reads the configuration file: all of it right, or every problem by name and line."""

import codecs
import re
import tomllib
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from followspot.settings.locate import key_lines
from followspot.settings.models import Settings
from followspot.settings.problems import InvalidSettingsError, Problem, contradictions, invalid_values

DEFAULT_PATH = Path("/etc/followspot/followspot.toml")

_SYNTAX_PLACE = re.compile(r" \(at line (\d+), column \d+\)$")


def load(path: Path) -> Settings:
    """The settings in the file at `path`; the environment has no say.

    Raises InvalidSettingsError for a file that is missing, unreadable, not TOML or wrong in any key.
    """
    text = _read(path)
    try:
        # BaseSettings has no keys of its own: the source gives the file as it is, for our models to judge.
        data = TomlConfigSettingsSource(BaseSettings, path)()
        settings = Settings.model_validate(data)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettingsError(path, (_syntax_problem(text, str(error)),)) from error
    except ValidationError as error:
        raise InvalidSettingsError(path, tuple(invalid_values(error, key_lines(text)))) from error
    if problems := tuple(contradictions(settings, key_lines(text))):
        raise InvalidSettingsError(path, problems)
    return settings


def _read(path: Path) -> str:
    """The file's text. The settings library passes over a missing file without a word, so it is opened here first."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        message = "there is no such file; copy config/followspot.toml there or name another with --config"
        raise InvalidSettingsError(path, (Problem("", None, message),)) from error
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise InvalidSettingsError(path, (Problem("", None, message),)) from error
    if raw.startswith(codecs.BOM_UTF8):
        message = "the file begins with a byte order mark, which TOML does not allow: save it as UTF-8 without one"
        raise InvalidSettingsError(path, (Problem("", 1, message),))
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{raw[error.start]:02x} is not UTF-8 text: save the file as UTF-8"
        raise InvalidSettingsError(path, (Problem("", line, message),)) from error


def _syntax_problem(text: str, message: str) -> Problem:
    """tomllib ends its message with the place, or with "(at end of document)"."""
    place = _SYNTAX_PLACE.search(message)
    line = int(place[1]) if place else text.count("\n") + 1
    return Problem("", line, f"not valid TOML: {_SYNTAX_PLACE.sub('', message)}")
