"""How far an apply is, in words. Plain text on lines of its own: renderers escape it."""

from __future__ import annotations

from collections.abc import Iterable

from bot.model.progress import KindProgress, Progressed, ScopeProgress
from bot.render import escape
from bot.render.wording import noun_of, plural

MINUTE = 60.0

SHORT = 7.5
"""Seconds below which they are told as five; from here on they are rounded to tens."""


def left_in(kinds: Iterable[KindProgress]) -> int:
    """How many changes are left to do."""
    return sum(kind.total - kind.done for kind in kinds)


def share(state: Progressed) -> float:
    """How much of the changes is done, from 0 to 1."""
    total = sum(kind.total for kind in state.kinds)
    return 1.0 - left_in(state.kinds) / total if total else 1.0


def counts(kinds: Iterable[KindProgress]) -> str:
    """``peerings 120/276, routes 412/1,104``."""
    return ", ".join(
        f"{escape.visible(plural(noun_of(kind.kind)))} {kind.done:,}/{kind.total:,}"
        for kind in kinds
    )


def time_left(seconds: float) -> str:
    """``about 2 min left``, ``about 30 s left``; nothing for a time that nobody knows."""
    if not 0 <= seconds < float("inf"):
        return ""
    tens = int(seconds / 10 + 0.5) * 10
    if tens < MINUTE:
        return f"about {tens if seconds >= SHORT else 5} s left"
    hours, minutes = divmod(int(seconds / MINUTE + 0.5), 60)
    parts = [f"{hours:,} h" if hours else "", f"{minutes} min" if minutes else ""]
    return f"about {' '.join(filter(None, parts))} left"


def in_words(state: Progressed) -> str:
    """``peerings 120/276, routes 412/1,104, about 2 min left``, or what is waited for."""
    waiting = f"waiting: {escape.visible(state.waiting)}" if state.waiting else ""
    left = waiting or time_left(state.seconds_left) if left_in(state.kinds) else ""
    return ", ".join(filter(None, (counts(state.kinds), left)))


def busiest(state: Progressed, most: int) -> tuple[tuple[ScopeProgress, ...], int]:
    """The scopes that have most left, at most so many, and how many more have some left."""
    busy = [scope for scope in state.scopes if left_in(scope.kinds)]
    busy.sort(key=lambda scope: (-left_in(scope.kinds), scope.scope))
    return tuple(busy[:most]), max(0, len(busy) - most)


def more(scopes: int) -> str:
    """What is not shown."""
    return f"and {scopes:,} more" if scopes else ""


def lines(state: Progressed, most: int) -> tuple[str, ...]:
    """A line about all, then at most ``most`` about scopes with something left, and the rest."""
    shown, rest = busiest(state, most)
    each = (f"  {escape.visible(s.scope)}: {counts(s.kinds)}" for s in shown)
    return (in_words(state), *each, *([f"  {more(rest)}"] if rest and shown else []))


def ended(state: Progressed, seconds: float) -> str:
    """``Ended after 133 s: peerings 276/276``: what became of each is told elsewhere."""
    return f"Ended after {seconds:,.0f} s: {counts(state.kinds)}"


def reading(activity: str, done: int, total: int) -> str:
    """``reading scopes 12/400``."""
    return f"{escape.visible(activity)} {done:,}/{total:,}"
