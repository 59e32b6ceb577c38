"""JSON text on many lines, byte for byte as ``json.dumps(data, indent=1)`` makes it.

The standard library's encoder is written in C, but not where it indents: there it takes much
longer than this one, and wants all data at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring_ascii as quoted
from typing import Any


def json_text(data: Mapping[str, Any]) -> str:
    """Plain data as text in ASCII. A value may be an iterator: a list that is never all there."""
    pieces = [piece for key, value in data.items() for piece in _entry(key, value)]
    if not pieces:
        return "{}"
    pieces[0] = "{" + pieces[0].removeprefix(",")
    return "".join([*pieces, "\n}"])


def _entry(key: str, value: Any) -> Iterator[str]:
    """A comma and an entry of the whole, of an iterator item by item."""
    start = f",\n {quoted(key)}: "
    if not isinstance(value, Iterator):
        yield start + _text(value, 1)
        return
    before = f"{start}["
    for item in value:
        yield f"{before}\n  {_text(item, 2)}"
        before = ","
    yield "\n ]" if before == "," else f"{before}]"


def _text(data: Any, depth: int) -> str:
    """Data that stands ``depth`` levels below the whole."""
    kind = type(data)
    if kind is str:
        return quoted(data)
    if kind is dict:
        entries = [f"{quoted(key)}: {_text(item, depth + 1)}" for key, item in data.items()]
        return _bracketed("{", entries, "}", depth)
    if kind is list:
        return _bracketed("[", [_text(item, depth + 1) for item in data], "]", depth)
    return _CONSTANTS[data] if data is None or kind is bool else json.dumps(data)


_CONSTANTS = {None: "null", True: "true", False: "false"}


def _bracketed(opening: str, items: list[str], closing: str, depth: int) -> str:
    if not items:
        return opening + closing
    inner, outer = "\n" + " " * (depth + 1), "\n" + " " * depth
    return f"{opening}{inner}{f',{inner}'.join(items)}{outer}{closing}"
