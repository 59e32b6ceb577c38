"""How far an apply is, as a value: counts by kind and scope, and the time that is left."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.address import Scope


@dataclass(frozen=True, slots=True)
class KindProgress:
    """Changes of one kind: how many there are, and how many are applied, failed or skipped."""

    kind: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ScopeProgress:
    """The changes that touch one account and region, by kind in the plan's order.

    A peering between two scopes counts in both.
    """

    scope: Scope
    kinds: tuple[KindProgress, ...]


@dataclass(frozen=True, slots=True)
class Progressed:
    """How far an apply is. Scopes are sorted; ``kinds`` counts each change once.

    ``seconds_left`` is what AWS's token buckets allow for the calls that are left, of the
    slowest bucket: the least that it can take, and about what it takes in a long run.
    ``waiting`` says what all that is left waits for, when that is up to others; else empty.
    """

    scopes: tuple[ScopeProgress, ...]
    kinds: tuple[KindProgress, ...]
    seconds_left: float
    waiting: str = ""
