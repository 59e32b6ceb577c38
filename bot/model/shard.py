"""A shard: environments that one run plans and applies by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_SHARDS = 256
"""Jobs that one GitHub Actions matrix may have (Actions: usage limits)."""

_LABEL = re.compile(r"([1-9][0-9]{0,2})-of-([1-9][0-9]{0,2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shard:
    """Environments that share no VPC with those of any other shard of the same division.

    ``number`` counts from 1 to ``of``. ``environments`` are sorted. ``peerings`` and
    ``routes`` are estimates from the mesh files alone.
    """

    number: int
    of: int
    environments: tuple[str, ...] = ()
    peerings: int = 0
    routes: int = 0

    @property
    def label(self) -> str:
        """What it is called: ``1-of-3``."""
        return f"{self.number}-of-{self.of}"


def numbered(label: str) -> Shard | None:
    """The shard that a label names, without its environments; None for what is no label."""
    match = _LABEL.fullmatch(label)
    number, of = (int(match[1]), int(match[2])) if match else (0, 0)
    return Shard(number, of) if 0 < number <= of <= MOST_SHARDS else None
