"""A YAML document as a tree that remembers where everything stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.config.scalar import Unclear, Value
from bot.model.diagnostic import SourceLine

Data = str | int | float | bool | None | Unclear | list["Data"] | dict[str, "Data"]
"""A node as plain data, for the schema."""


@dataclass(slots=True, eq=False)
class Node:
    """A value of the document.

    ``at`` is where it is used, ``defined`` where it is written: they differ for an alias.
    ``weight`` is its size with all aliases expanded, ``height`` its levels below itself.
    ``broken`` once a fault was found in itself: rules of meaning leave it alone.
    """

    at: SourceLine
    defined: SourceLine
    weight: int = 0
    height: int = 0
    broken: bool = False


@dataclass(slots=True, eq=False)
class Scalar(Node):
    """Text as written, and what it means; ``plain`` when it is not in quotes."""

    text: str = ""
    value: Value = None
    plain: bool = False

    @property
    def empty(self) -> bool:
        """True when nothing is written, not even quotes."""
        return self.plain and not self.text


@dataclass(slots=True, eq=False)
class Sequence(Node):
    """A list."""

    items: list[Node] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Entry:
    """One key of a mapping with its value."""

    key: Scalar
    value: Node


@dataclass(slots=True, eq=False)
class Mapping(Node):
    """A mapping, merge keys already merged; keys in the order PyYAML gives them."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def get(self, key: str) -> Node | None:
        """The value of a key, or None."""
        entry = self.entries.get(key)
        return entry.value if entry else None


def data(node: Node, *, in_list: bool = False) -> Data:
    """A node as plain data.

    A member's note is text whatever YAML makes of it: peerd never reads it, so any scalar
    is fine there. Members are the mappings that stand in lists.
    """
    match node:
        case Sequence(items=items):
            return [data(item, in_list=True) for item in items]
        case Mapping(entries=entries):
            return {
                key: free_text(entry.value)
                if in_list and key == "note" and isinstance(entry.value, Scalar)
                else data(entry.value)
                for key, entry in entries.items()
            }
        case Scalar(value=value):
            return value
        case _:
            raise TypeError(node)


def free_text(node: Node) -> str:
    """The text of a scalar as written; nothing is the empty text."""
    return "" if not isinstance(node, Scalar) or node.value is None else node.text


def sound(node: Node) -> bool:
    """True when no fault was found in a node or below it."""
    return not node.broken and all(sound(child) for child in _children(node))


def _children(node: Node) -> Iterator[Node]:
    match node:
        case Sequence(items=items):
            yield from items
        case Mapping(entries=entries):
            for entry in entries.values():
                yield entry.key
                yield entry.value
        case _:
            return
