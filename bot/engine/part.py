"""A part of a plan that can be carried out by itself."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import fields
from typing import Any

from bot.model.address import Address
from bot.model.change import Action, Change

Changes = tuple[Change[Any], ...]


def closed(changes: Changes, wanted: Callable[[Change[Any]], bool]) -> Changes:
    """The wanted changes, without those that need one which is not wanted.

    A change needs what it would point at, what it says it needs, and, to delete a thing,
    that everything which points there is moved away: without that a route would be left
    as a blackhole.
    """
    kept = {change.address: change for change in changes if wanted(change)}
    left_out = {change.address: change for change in changes if change.address not in kept}
    staying = {address for other in left_out.values() for address in pointed_at(other.before)}
    while blocked := [c for c in kept.values() if _blocked(c, left_out, staying)]:
        for change in blocked:
            left_out[change.address] = kept.pop(change.address)
            staying.update(pointed_at(change.before))
    return tuple(change for change in changes if change.address in kept)


def _blocked(
    change: Change[Any], left_out: Container[Address], staying: Container[Address]
) -> bool:
    """``staying``: what is pointed at by things that are not moved away."""
    if any(need in left_out for need in (*change.needs, *pointed_at(change.after))):
        return True
    return change.action is Action.DELETE and change.address in staying


def pointed_at(spec: Any) -> Iterator[Address]:
    """The addresses in a spec's fields: what the thing needs to be there."""
    if spec is not None:
        for field in fields(spec):
            value = getattr(spec, field.name)
            if isinstance(value, Address):
                yield value
