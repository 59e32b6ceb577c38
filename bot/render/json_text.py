"""JSON text on many lines, byte for byte as ``json.dumps(data, indent=1)`` makes it.

The standard library's encoder wants all data at once, and plans are larger as data than as values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.model.json_text import INDENTED, quoted


def json_text(data: Mapping[str, Any]) -> str:
    """Values of the model as text in ASCII, as ``json_pieces`` has it."""
    return "".join(json_pieces(data))


def json_pieces(data: Mapping[str, Any]) -> Iterator[str]:
    """The same piece by piece. A value may be an iterator: a list that is never all there."""
    before = "{"
    for key, value in data.items():
        start = f"{before}\n {quoted(key)}: "
        if isinstance(value, Iterator):
            yield f"{start}["
            yield from _items(value)
        else:
            yield start + INDENTED.text(value, 1)
        before = ","
    yield "\n}" if before == "," else "{}"


class Written(Iterator[str]):
    """The items of a list as text already, each of which stands two levels below the whole."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts

    def __iter__(self) -> Iterator[str]:
        return self._texts

    def __next__(self) -> str:
        return next(self._texts)


def _items(values: Iterator[Any]) -> Iterator[str]:
    written = isinstance(values, Written)
    before = "\n  "
    for value in values:
        yield before + (value if written else INDENTED.text(value, 2))
        before = ",\n  "
    yield "\n ]" if before[0] == "," else "]"
