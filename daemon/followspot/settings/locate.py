"""On which line of a TOML file a key stands.

tomllib gives values without positions. A TOML document is a row of statements, each a valid document by itself,
so the shortest runs of lines that parse are its statements, and tomllib names the keys of each: dotted and quoted keys,
inline tables, arrays and multi-line texts need no grammar here.
"""

import tomllib
from collections.abc import Iterator
from typing import Any

KeyPath = tuple[str, ...]


def key_lines(text: str) -> dict[KeyPath, int]:
    """The first line, from 1, of every table and key of a valid TOML document."""
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, statement in _statements(text):
        paths = list(_paths(tomllib.loads(statement)))
        if statement.lstrip().startswith("["):
            table = paths[-1]
        else:
            paths = [table + path for path in paths]
        for path in paths:
            lines.setdefault(path, number)
    return lines


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int | None:
    """The line of `path`, or of the closest table or key above it; None for the file as a whole."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement with the number of its first line; blank lines and comments count as empty ones."""
    statement, start = "", 1
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        statement += line
        if _is_whole(statement):
            yield start, statement
            statement, start = "", number + 1


def _is_whole(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _paths(value: Any, above: KeyPath = ()) -> Iterator[KeyPath]:
    if isinstance(value, list):  # [[array.of.tables]]
        value = next((item for item in value if isinstance(item, dict)), {})
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*above, key)
            yield from _paths(inner, (*above, key))
