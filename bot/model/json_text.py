"""Values of the model as JSON text, quickly: plans are hundreds of thousands of them.

The standard library's encoder is written in C, but wants plain data, and is slow where it
indents. This one writes dataclasses, addresses and tags as they stand, and the text of a VPC,
an address or a set of tags once, however many changes name it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from bot.model.address import KEPT, Address, Scope, VpcRef
from bot.model.tags import Tags

__all__ = ["COMPACT", "INDENTED", "JsonText", "quoted"]

DEEPEST = 100
"""Levels of data within data; more than any value of the model has."""


@lru_cache(maxsize=KEPT)
def _named(value: Address | VpcRef | Scope) -> str:
    return quoted(str(value))


class JsonText:
    """A layout of JSON text in ASCII: on one line with sorted keys, or indented by one blank.

    The text is, byte for byte, that of ``json.dumps`` for ``bot.model.change.plain`` of the
    value, with ``sort_keys`` and the narrowest separators, or with ``indent=1``.
    """

    def __init__(self, *, indented: bool) -> None:
        self._indented = indented
        self._colon = ": " if indented else ":"
        self._starts = ["\n" + " " * depth if indented else "" for depth in range(DEEPEST)]
        self._betweens = [f",{start}" for start in self._starts]
        self._writers: dict[type[Any], Callable[[Any, int], str]] = {
            str: lambda value, depth: quoted(value),
            bool: lambda value, depth: "true" if value else "false",
            type(None): lambda value, depth: "null",
            int: lambda value, depth: str(value),
            dict: self._mapping,
            list: self._list,
            tuple: self._list,
            Tags: lru_cache(maxsize=1 << 14)(self._tags),
            **dict.fromkeys((Address, VpcRef, Scope), lambda value, depth: _named(value)),
        }

    def text(self, value: Any, depth: int = 0) -> str:
        """A value that stands ``depth`` levels below the whole."""
        kind = type(value)
        writer = self._writers.get(kind)
        if writer is None:
            writer = self._writers[kind] = self._writer(kind)
        return writer(value, depth)

    def _writer(self, kind: type[Any]) -> Callable[[Any, int], str]:
        if issubclass(kind, Enum):
            return lambda value, depth: self.text(value.value, depth)
        if issubclass(kind, Mapping):
            return self._mapping
        if is_dataclass(kind):
            return self._dataclass(kind)
        return lambda value, depth: json.dumps(value)

    def _dataclass(self, kind: type[Any]) -> Callable[[Any, int], str]:
        names = [field.name for field in fields(kind)]
        if not self._indented:
            names.sort()
        keys = [(name, f"{quoted(name)}{self._colon}") for name in names]
        writers, text = self._writers, self.text

        def written(value: Any, depth: int) -> str:
            entries = []
            for name, key in keys:
                item = getattr(value, name)
                writer = writers.get(type(item), text)
                entries.append(key + writer(item, depth + 1))
            return self.bracketed("{", entries, "}", depth)

        return written

    def _mapping(self, value: Mapping[Any, Any], depth: int) -> str:
        text, colon = self.text, self._colon
        items: Iterable[tuple[str, Any]] = ((str(key), item) for key, item in value.items())
        items = items if self._indented else sorted(items)
        entries = [f"{quoted(key)}{colon}{text(item, depth + 1)}" for key, item in items]
        return self.bracketed("{", entries, "}", depth)

    def _tags(self, value: Tags, depth: int) -> str:
        return self._mapping(value.mapping, depth)

    def _list(self, value: Iterable[Any], depth: int) -> str:
        return self.bracketed("[", [self.text(item, depth + 1) for item in value], "]", depth)

    def bracketed(self, opening: str, items: list[str], closing: str, depth: int) -> str:
        """Texts of one level further down, put together."""
        if not items:
            return opening + closing
        between = self._betweens[depth + 1].join(items)
        return f"{opening}{self._starts[depth + 1]}{between}{self._starts[depth]}{closing}"


COMPACT = JsonText(indented=False)
INDENTED = JsonText(indented=True)
