"""What is wrong with a configuration file, in words a technician can act on."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from followspot.domain.errors import ConfigurationError
from followspot.domain.redact import redacted
from followspot.domain.shots import ShotName
from followspot.settings.describe import all_fields, allowed, as_toml, default_of, field_at, table_at
from followspot.settings.locate import KeyPath, line_of
from followspot.settings.models import Settings

STALLED_PICTURES = 2
"""With less than this many pictures missing nobody can say that a camera has stalled."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend. `key` is its dotted path, "" for the file as a whole; `line` counts from 1."""

    key: str
    line: int | None
    message: str


class InvalidSettingsError(ConfigurationError):
    """The file at `path` cannot be used; `problems` says why, one line each."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = problems
        super().__init__("\n".join(self._line(problem) for problem in problems))

    def _line(self, problem: Problem) -> str:
        place = str(self.path) if problem.line is None else f"{self.path}:{problem.line}"
        return f"{place}: {problem.key}: {problem.message}" if problem.key else f"{place}: {problem.message}"


def invalid_values(error: ValidationError, lines: dict[KeyPath, int]) -> Iterator[Problem]:
    """Each unknown key and each value of the wrong type or range."""
    for fault in error.errors(include_url=False):
        path = tuple(str(part) for part in fault["loc"])
        unknown = fault["type"] == "extra_forbidden"
        message = _unknown(path) if unknown else _not_allowed(path, fault["input"])
        yield Problem(".".join(path), line_of(lines, path), message)


def contradictions(settings: Settings, lines: dict[KeyPath, int]) -> Iterator[Problem]:
    """Values that are right alone and wrong together."""

    def problem(key: str, message: str) -> Problem:
        return Problem(key, line_of(lines, tuple(key.split("."))), message)

    media, fallback = settings.paths.media, settings.paths.fallback
    if fallback is not None and (fallback.is_relative_to(media) or media.is_relative_to(fallback)):
        yield problem("paths.fallback", "and paths.media must not lie in each other: choose a folder on another disk")
    for name in ("media", "fallback", "state"):
        folder = getattr(settings.paths, name)
        if folder is not None and folder.is_relative_to(settings.paths.runtime):
            yield problem(f"paths.{name}", "lies in paths.runtime, which every boot empties: choose another folder")
    if settings.mqtt.password_file and not settings.mqtt.username:
        yield problem("mqtt.password_file", "is of no use without mqtt.username: set both or neither")
    zones = {"area": [settings.tracking.area] if settings.tracking.area else [], "blocked": settings.tracking.blocked}
    for name, several in zones.items():
        if not all(zone.in_order for zone in several):
            yield problem(f"tracking.{name}", "left_deg must be less than right_deg, and bottom_deg less than top_deg")
    board = settings.view.board
    if board is None and settings.view.shot is ShotName.TEACHER_AND_BOARD:
        yield problem("view.shot", f'"{settings.view.shot}" needs view.board, which says where the board is')
    if board is not None and not (board.in_order and board.zone.width_deg <= 120 and board.zone.height_deg <= 60):
        yield problem(
            "view.board",
            "left_deg must be less than right_deg, by at most 120, and bottom_deg than top_deg, by at most 60",
        )
    if settings.hides_zones and settings.recording.picture != "framed":
        yield problem(
            "view.hide_blocked", 'shows no zone only where recording.picture is "framed": the full picture shows all'
        )
    if settings.tracking.badge is not None and not settings.tracking.vision:
        yield problem("tracking.badge", "is looked for in the pictures: leave it out, or set tracking.vision = true")
    rules = settings.retention
    if not rules.end_min <= rules.start_min <= rules.warn_min:
        yield problem("retention.start_min", "must lie between retention.end_min and retention.warn_min")
    if rules.free_min < rules.start_min:
        yield problem("retention.free_min", "must not be less than retention.start_min: else no lesson ever begins")
    if (settings.mqtt.certificate_file is None) is not (settings.mqtt.key_file is None):
        yield problem("mqtt.certificate_file", "goes with mqtt.key_file: set both or neither")
    if settings.mqtt.certificate_file and not settings.mqtt.uses_tls:
        yield problem("mqtt.certificate_file", "is shown over TLS alone: set mqtt.tls or mqtt.ca_file")
    if settings.mqtt.proxy_password_file and not settings.mqtt.proxy_username:
        yield problem("mqtt.proxy_password_file", "is of no use without mqtt.proxy_username: set both or neither")
    camera = settings.camera
    if camera.stall_timeout_s * camera.rate_hz < STALLED_PICTURES:
        least_s = STALLED_PICTURES / camera.rate_hz
        yield problem(
            "camera.stall_timeout_s", f"must be {least_s:g} or more where camera.rate_hz is {camera.rate_hz:g}"
        )
    dock = settings.dock
    if dock.driver == "visca" and not (dock.url or dock.port):
        yield problem("dock.driver", "visca needs dock.url or, for a serial line, dock.port")
    if dock.driver == "waveshare" and not dock.port:
        yield problem("dock.driver", "waveshare needs dock.port")
    if settings.panel.button_pin == settings.panel.lamp_pin:
        yield problem("panel.lamp_pin", f"is pin {settings.panel.lamp_pin}, which panel.button_pin has: choose another")


def _not_allowed(path: KeyPath, value: Any) -> str:
    while path and field_at(path) is None and table_at(path) is None:
        path = path[:-1]  # a value inside a list or a free table
    field = field_at(path)
    if field is None:
        return f"must be a table: write [{'.'.join(path)}] and its keys below it"
    return f"{_shown(value)} is not allowed; allowed is {allowed(field)} (default {default_of(field)})"


def _unknown(path: KeyPath) -> str:
    table, key = table_at(path[:-1]), path[-1]
    around = next((field for end in range(len(path)) if (field := field_at(path[:end])) is not None), None)
    if around is not None:
        return f"there is no such key here; allowed is {allowed(around)}"
    close = difflib.get_close_matches(key, table.model_fields if table else (), n=1)
    if close:
        return f"there is no such key; did you mean {'.'.join((*path[:-1], close[0]))}?"
    homes = [".".join(other[:-1]) for other in all_fields() if other[-1] == key]
    if homes:
        return f"there is no such key here; it belongs to [{'] or ['.join(homes)}]"
    names = ", ".join(table.model_fields) if table else ""
    return f"there is no such key; known here: {names}"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return as_toml(redacted(value))
    return as_toml(value) if isinstance(value, bool | int | float) else f"a {type(value).__name__}"
