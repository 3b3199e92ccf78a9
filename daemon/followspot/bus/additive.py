"""Whether a schema may take another's place under the same version: it may only gain."""

from collections.abc import Iterator
from typing import Any, Literal

Schema = dict[str, Any]
Direction = Literal["told", "heard"]

ABOUT_PEOPLE = frozenset({"title", "description", "default", "examples", "$defs", "$id", "$schema"})
"""What says nothing about which values are right."""
LOOKED_INTO = frozenset({"properties", "required", "items", "anyOf", "oneOf", "enum", "additionalProperties"})


def breaks(old: Schema, new: Schema, direction: Direction) -> list[str]:
    """What in `new` would break whoever knows `old`, in words; empty where it only gained.

    What the box tells may gain fields, and values of a closed vocabulary. What it hears may gain fields that need
    not be there, and values.
    """
    return list(_Comparison(old, new, direction).walk(old, new, ""))


class _Comparison:
    def __init__(self, old: Schema, new: Schema, direction: Direction) -> None:
        self._old_defs: Schema = old.get("$defs", {})
        self._new_defs: Schema = new.get("$defs", {})
        self._direction = direction

    def walk(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        old, new = _resolved(old, self._old_defs), _resolved(new, self._new_defs)
        where = place or "the object"
        for key in sorted((old.keys() | new.keys()) - ABOUT_PEOPLE - LOOKED_INTO):
            if old.get(key) != new.get(key):
                yield f"{where}: {key} was {old.get(key)!r}, is {new.get(key)!r}"
        yield from self._walk_fields(old, new, place)
        if lost := [value for value in old.get("enum", []) if value not in new.get("enum", [])]:
            yield f"{where}: {lost} left the vocabulary"
        if isinstance(old.get("items"), dict):
            yield from self.walk(old["items"], new.get("items", {}), f"{place}[]")
        for key in ("anyOf", "oneOf"):
            yield from self._walk_choices(old.get(key, []), new.get(key, []), where)

    def _walk_fields(self, old: Schema, new: Schema, place: str) -> Iterator[str]:
        fields, left = old.get("properties", {}), new.get("properties", {})
        for name, schema in fields.items():
            inner = f"{place}.{name}" if place else name
            if name in left:
                yield from self.walk(schema, left[name], inner)
            else:
                yield f"{inner}: is gone"
        needed_before, needed = set(old.get("required", [])), set(new.get("required", []))
        if self._direction == "told":
            yield from (f"{place}.{name}: need not be there any more".lstrip(".") for name in needed_before - needed)
        else:
            yield from (f"{place}.{name}: must be there now".lstrip(".") for name in sorted(needed - needed_before))

    def _walk_choices(self, old: list[Schema], new: list[Schema], where: str) -> Iterator[str]:
        for choice in old:
            if not any(not list(self.walk(choice, other, where)) for other in new):
                yield f"{where}: a choice is gone or changed: {_resolved(choice, self._old_defs).get('type', choice)}"


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """The schema without its reference; what stands beside the reference is for people."""
    reference = schema.get("$ref")
    return schema if reference is None else definitions[str(reference).rpartition("/")[2]]
