"""A large JSON object, of whose longest list only one item at a time is there as JSON has it.

Strict: no key stands twice, and no number is unending.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

WINDOW = 1 << 20
"""Bytes that are looked at first; more where a value is larger."""

_BLANKS = re.compile(r"[ \t\n\r]*")


def read_object(content: bytes, name: str, keep: Callable[[Any], Any]) -> dict[str, Any]:
    """The object, in which the items of the list called ``name`` are what ``keep`` makes of them.

    Raises ValueError for what is no JSON object, and RecursionError for nested data beyond
    measure.
    """
    window = _Window(content)
    window.expect("{")
    found: dict[str, Any] = {}
    more = window.next("}") != "}"
    while more:
        key = window.value()
        if type(key) is not str:
            raise ValueError("a key that is no text")
        if key in found:
            raise ValueError(f"the key {key[:80]!r} stands twice")
        window.expect(":")
        listed = key == name and window.next("[") == "["
        found[key] = _items(window, keep) if listed else window.value()
        more = window.expect(",}") == ","
    window.end()
    return found


def _items(window: _Window, keep: Callable[[Any], Any]) -> list[Any]:
    items: list[Any] = []
    more = window.next("]") != "]"
    while more:
        items.append(keep(window.value()))
        more = window.expect(",]") == ","
    return items


class _Window:
    """A part of the content as text, which moves on over it."""

    def __init__(self, content: bytes) -> None:
        self._content, self._read = content, 0
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._text, self._at = "", 0
        self._decoder = json.JSONDecoder(object_pairs_hook=strict, parse_constant=no_constant)

    def next(self, taken: str) -> str:
        """The next character that is no blank, empty at the end; passed if it is in ``taken``."""
        while True:
            blank = _BLANKS.match(self._text, self._at)
            assert blank is not None, "no blanks at all match too"
            self._at = blank.end()
            if self._at < len(self._text):
                break
            if not self._more(WINDOW):
                return ""
        found = self._text[self._at]
        self._at += bool(taken) and found in taken
        return found

    def expect(self, characters: str) -> str:
        """Passes one of these characters. Raises ValueError for another."""
        found = self.next(characters)
        if not found or found not in characters:
            wanted = " or ".join(characters)
            raise ValueError(f"{found or 'its end'!r} where {wanted} should be")
        return found

    def value(self) -> Any:
        """The next value, whatever it is. Raises ValueError."""
        self.next("")
        size = WINDOW
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._more(size):
                    raise
            else:
                # a number may go on behind the window: `1` of `1e+5` stands for itself too
                if end + 2 < len(self._text) or not self._more(size):
                    self._at = end
                    return value
            size *= 2

    def end(self) -> None:
        """Raises ValueError unless nothing follows."""
        if self.next(""):
            raise ValueError("more data behind its end")

    def _more(self, size: int) -> bool:
        """Takes so many bytes more; False when there are none."""
        given = self._content[self._read : self._read + size]
        last = self._read + len(given) >= len(self._content)
        if not given:
            return False
        self._read += len(given)
        self._text, self._at = self._text[self._at :] + self._decode(given, last), 0
        return True


def strict(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its pairs. Raises ValueError when a key stands twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:80]!r} stands twice")
    return found


def no_constant(name: str) -> NoReturn:
    """Raises ValueError: NaN and the like are no JSON."""
    raise ValueError(f"{name} is no JSON number")
