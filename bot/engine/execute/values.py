"""Parameters and answers: placeholders become values, dotted paths are looked up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model.address import Address
from bot.model.step import AppliedAt, IdOf


def resolved(value: Any, ids: Mapping[Address, str], applied_at: str) -> Any:
    """A step's parameters with AWS's ids and the time of the run filled in.

    Raises KeyError when an id is not known, which the order of the steps rules out.
    """
    if isinstance(value, IdOf):
        return ids[value.address]
    if isinstance(value, AppliedAt):
        return applied_at
    if isinstance(value, Mapping):
        return {key: resolved(item, ids, applied_at) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolved(item, ids, applied_at) for item in value]
    return value


def looked_up(answer: Mapping[str, Any], path: str) -> str:
    """The text at a dotted path of an answer, empty when it is not there."""
    value: Any = answer
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)


def found_at(item: Mapping[str, Any], path: str) -> str:
    """Like ``looked_up``; ``Tags[key]`` is the value of that tag."""
    if not path.endswith("]"):
        return looked_up(item, path)
    name, _, key = path.removesuffix("]").partition("[")
    tags = item.get(name) or ()
    return next((str(tag.get("Value", "")) for tag in tags if tag.get("Key") == key), "")
