"""Answers kept for values that stand in many places: found by identity, not by content."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")
R = TypeVar("R")


class Remembered(Generic[V, R]):
    """A function of values that do not change, which remembers its last ``most`` answers or fewer.

    The routes of a VPC's tables share their specs, which are large to hash and quick to tell apart.
    """

    def __init__(self, make: Callable[[V], R], most: int = 1 << 12) -> None:
        self._make, self._most = make, most
        self._found: dict[int, tuple[V, R]] = {}

    def __call__(self, value: V) -> R:
        """The answer. As the value is kept with it, no other one has its id."""
        found = self._found.get(id(value))
        if found is None:
            if len(self._found) >= self._most:
                self._found.clear()
            found = self._found[id(value)] = value, self._make(value)
        return found[1]
