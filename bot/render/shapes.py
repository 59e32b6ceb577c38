"""Long lists against a schema: of items that are alike to the schema one is checked.

A plan file has hundreds of thousands of changes, which differ in their texts alone, and a schema
that does not look at texts says the same of all of them. jsonschema takes a tenth of a
millisecond or more for each.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

SEEN_THROUGH = frozenset(
    {
        *("type", "enum", "const", "minimum", "required", "properties", "additionalProperties"),
        *("items", "allOf", "if", "then", "else", "$ref", "description", "title"),
        *("minProperties", "maxProperties"),
    }
)
"""What a schema may say of an item for its shape to tell all that matters."""

Schema = Mapping[str, Any]


class Shapes:
    """The shapes of a list's items, by what the schema of an item can tell apart.

    Of texts these are only the ones that it names; of numbers, how they compare with its least.
    """

    def __init__(self, whole: Schema, items: Schema) -> None:
        parts = list(_parts(whole, items, set()))
        keywords = {keyword for part in parts for keyword in part}
        self.usable = keywords <= SEEN_THROUGH
        named = [
            *(p.get("enum", ()) for p in parts),
            *([p["const"]] for p in parts if "const" in p),
        ]
        self._words = frozenset(word for words in named for word in words if type(word) is str)
        self._top = max((part.get("minimum", 0) for part in parts), default=0)
        self._seen: set[Hashable] = set()

    def new(self, item: Any) -> bool:
        """True for an item of a shape that has not been there."""
        if not self.usable:
            return True
        before = len(self._seen)
        self._seen.add(self._shape(item))
        return len(self._seen) > before

    def _shape(self, value: Any) -> Hashable:
        kind = type(value)
        if kind is str:
            return value if value in self._words else str
        if kind is dict:
            return tuple([(key, self._shape(item)) for key, item in value.items()])
        if kind is list:
            return frozenset(map(self._shape, value))
        return kind, min(value, self._top) if kind is int else value


def _parts(whole: Schema, part: Any, known: set[int]) -> Iterator[Schema]:
    """A schema and all schemas within it, by what it refers to as well."""
    if not isinstance(part, Mapping) or id(part) in known:
        return
    known.add(id(part))
    yield part
    for keyword in ("additionalProperties", "items", "if", "then", "else"):
        yield from _parts(whole, part.get(keyword), known)
    for inner in (*part.get("properties", {}).values(), *part.get("allOf", ())):
        yield from _parts(whole, inner, known)
    if "$ref" in part:
        yield from _parts(whole, _referred(whole, part["$ref"]), known)


def _referred(whole: Schema, reference: str) -> Any:
    """A part of the same schema, such as ``#/$defs/change``. Raises KeyError."""
    found: Any = whole
    for key in reference.removeprefix("#/").split("/"):
        found = found[key]
    return found
