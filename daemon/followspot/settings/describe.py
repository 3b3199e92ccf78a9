"""The models in plain words: what a key may hold and what it holds by default. Shared by messages and tests."""

import json
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from followspot.settings.locate import KeyPath
from followspot.settings.models import Settings


def table_at(path: KeyPath) -> type[BaseModel] | None:
    """The model of the table at `path`; () is the whole file."""
    model: type[BaseModel] = Settings
    for key in path:
        field = model.model_fields.get(key)
        if field is None or not _is_table(field):
            return None
        model = field.annotation  # type: ignore[assignment]  # _is_table has looked
    return model


def field_at(path: KeyPath) -> FieldInfo | None:
    """The key at `path`, or None where there is no such key or it is a table."""
    table = table_at(path[:-1])
    field = table.model_fields.get(path[-1]) if table and path else None
    return None if field is None or _is_table(field) else field


def all_fields(path: KeyPath = ()) -> dict[KeyPath, FieldInfo]:
    """Every key of the file that is not a table, in the models' order."""
    found: dict[KeyPath, FieldInfo] = {}
    table = table_at(path)
    for name, field in (table.model_fields if table else {}).items():
        found.update(all_fields((*path, name)) if _is_table(field) else {(*path, name): field})
    return found


def allowed(field: FieldInfo) -> str:
    """What the key may hold: "a whole number from 1 to 60", "true or false", …"""
    return field.description or _kind_in_words(_required_kind(field.annotation)) + _bounds(field)


def as_toml(value: Any) -> str:
    """A default value as it stands in the file; "none" for a key that is left out."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return f"[{', '.join(as_toml(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {as_toml(item)}' for key, item in value.items())}}}"
    return json.dumps(str(value) if isinstance(value, Path) else value)


def default_of(field: FieldInfo) -> str:
    """The key's default as it stands in the file."""
    return as_toml(field.get_default(call_default_factory=True))


def _is_table(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _required_kind(kind: Any) -> Any:
    """The type under `X | None` and `Annotated[X, …]`."""
    if get_origin(kind) in (Union, UnionType):
        kind = next(option for option in get_args(kind) if option is not type(None))
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _kind_in_words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + _choices(kind)
    if get_origin(kind) is tuple:
        return "a list of " + _choices(get_args(kind)[0])
    if get_origin(kind) is dict:
        return "a table of texts"
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a text", Path: "a path"}[kind]


def _choices(literal: Any) -> str:
    return ", ".join(json.dumps(choice) for choice in get_args(literal))


def _bounds(field: FieldInfo) -> str:
    limits = {name: getattr(item, name) for item in field.metadata for name in _LIMITS if hasattr(item, name)}
    words = [_LIMITS[name].format(_number(limits[name])) for name in _LIMITS if limits.get(name) is not None]
    return "".join(words)


# In the order in which a person says them.
_LIMITS = {
    "ge": " from {}",
    "gt": " above {}",
    "le": " to {}",
    "multiple_of": ", a multiple of {}",
}


def _number(limit: Any) -> str:
    return str(int(limit)) if isinstance(limit, float) and limit.is_integer() else str(limit)
