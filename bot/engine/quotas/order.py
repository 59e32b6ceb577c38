"""Where places are short, what frees one goes before what takes one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bot.engine.quotas.count import Use
from bot.model.address import Address
from bot.model.change import Change

Changes = tuple[Change[Any], ...]


def making_room(changes: Changes, used: Iterable[tuple[Use, int]]) -> Changes:
    """The changes, where creations that would not fit beforehand need deletions.

    ``used`` has each use with its quota. Every creation beyond the room that there is needs
    a deletion of its own, so that there is never one too many, whatever comes first.
    """
    needs: dict[Address, tuple[Address, ...]] = {}
    for use, quota in used:
        for address, freed in _waiting(use, quota) if use.freed else ():
            needs[address] = tuple(sorted({*needs.get(address, ()), *freed}))
    if not needs:
        return changes
    return tuple(
        replace(c, needs=tuple(sorted({*c.needs, *needs[c.address]}))) if c.address in needs else c
        for c in changes
    )


def _waiting(use: Use, quota: int) -> Iterable[tuple[Address, tuple[Address, ...]]]:
    too_many = max(use.standing - quota, 0)
    first, rest = use.freed[:too_many], use.freed[too_many:]
    room = max(quota - use.standing, 0)
    for place, address in enumerate(use.made[room:]):
        yield address, (*first, *rest[place : place + 1])
