"""Tags as a value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Tags:
    """Tag keys and values, sorted by key; equal when they hold the same."""

    items: tuple[tuple[str, str], ...] = ()
    _by_key: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_key", dict(self.items))

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Tags:
        """From a mapping; one value for equal ones, as most peerings of a VPC have the same."""
        return _shared(tuple(sorted(tags.items())))

    @property
    def mapping(self) -> dict[str, str]:
        """As a new dict."""
        return self._by_key.copy()

    def get(self, key: str) -> str | None:
        """The value of a key, or None."""
        return self._by_key.get(key)

    def only(self, keys: Iterable[str]) -> Tags:
        """The part with these keys."""
        wanted = frozenset(keys)
        items = tuple(item for item in self.items if item[0] in wanted)
        return self if len(items) == len(self.items) else _shared(items)

    def missing_from(self, other: Tags) -> Tags:
        """What ``other`` lacks or holds with another value."""
        there = other._by_key
        return Tags(tuple(item for item in self.items if there.get(item[0]) != item[1]))


@lru_cache(maxsize=1 << 14)
def _shared(items: tuple[tuple[str, str], ...]) -> Tags:
    return Tags(items)
