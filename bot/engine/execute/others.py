"""What takes places and is not of this run: who holds how many, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.model.step import Occupied

SHOWN = 3
"""Ids and scopes that are named at most."""


def in_words(occupied: Iterable[Occupied]) -> str:
    """Which those of one scope and name are, and who can end them; empty for none."""
    listed = sorted(occupied)
    if not listed:
        return ""
    name, scope = listed[0].name, listed[0].scope
    parties = sorted({str(each.party) for each in listed})
    return (
        f"{len(listed)} {name} of {scope} are not of this run and take places"
        f" ({_some([each.id for each in listed])}): {_some(parties)} can accept or reject them,"
        f" {scope} can delete them"
    )


def _some(names: Sequence[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
