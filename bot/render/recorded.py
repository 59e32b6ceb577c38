"""The changes of a plan file, kept as small as what is compared with them allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model.change import CANONICAL_KEYS
from bot.render.shapes import Shapes

_SIDES = ("before", "after")


class Kept:
    """What is kept of each change: its canonical data, and its environments.

    ``shapes`` are the changes, each with its place, that are to be held against the schema: one
    of each shape. Nothing else may be used before they are. Equal texts and specs are one value.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.shapes: list[tuple[int, Any]] = []
        self._shapes = Shapes(schema, schema["$defs"]["change"])
        self._changes: list[Mapping[str, Any]] = []
        self._environments: list[tuple[str, ...]] = []
        self._known: dict[Any, Any] = {}

    @property
    def canonical(self) -> tuple[Mapping[str, Any], ...]:
        """Each change with the five keys of ``Change.canonical``."""
        return tuple(self._changes)

    @property
    def environments(self) -> list[tuple[str, ...]]:
        """The names of each change's environments."""
        return self._environments

    def keep(self, change: Any) -> None:
        """Takes one more change, as JSON has it."""
        if self._shapes.new(change):
            self.shapes.append((len(self._changes), change))
        try:
            kept = {key: change[key] for key in CANONICAL_KEYS}
            kept |= {side: self._shared(kept[side]) for side in _SIDES}
            names = self._shared(tuple(change["environments"]))
        except (TypeError, KeyError):  # of no shape that the schema knows
            kept, names = {}, ()
        self._changes.append(kept)
        self._environments.append(names)

    def _shared(self, value: Any) -> Any:
        """The same value, one for all that are equal."""
        kind = type(value)
        if kind is dict:
            value = {self._shared(name): self._shared(item) for name, item in value.items()}
            key: Any = (self._shared(tuple(value)), *map(_identity, value.values()))
        elif kind in (str, tuple):
            key = value
        else:
            return value
        return self._known.setdefault(key, value)


def _identity(value: Any) -> Any:
    """What tells a shared value from others that are not the same, though they may be equal."""
    kind = type(value)
    return value if kind is str else id(value) if kind is dict else (kind, id(value))
