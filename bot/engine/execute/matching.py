"""Whether an item of AWS's answer is as a step says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from bot.engine.execute.values import found_at
from bot.model.cidr import canonical


def held_in(items: Iterable[Mapping[str, Any]], within: str) -> Iterator[Mapping[str, Any]]:
    """The items, or with ``within`` those of that list in each, together with what holds them."""
    if not within:
        return iter(items)
    return chain.from_iterable(
        ({**item, **inner} for inner in item.get(within) or ()) for item in items
    )


def matches(item: Mapping[str, Any], match: Mapping[str, Any]) -> bool:
    """True when an item has at each dotted path the value, or one of the frozenset of values."""
    return differing(item, match) is None


def differing(item: Mapping[str, Any], match: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first path at which an item is otherwise, and what it has there."""
    for path, wanted in match.items():
        value = found_at(item, path)
        if "Cidr" in path:  # AWS may write a block otherwise than we do
            value, wanted = canonical(value), canonical(wanted)
        if value not in wanted if isinstance(wanted, frozenset) else value != wanted:
            return path, value
    return None
