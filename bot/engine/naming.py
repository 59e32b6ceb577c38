"""What the ids in a plan's changes are called, for people: in no fingerprint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from bot.kinds.security_group_rule import RuleSpec
from bot.model.change import Change
from bot.model.inventory import Inventory


def with_names(changes: Iterable[Change[Any]], inventory: Inventory) -> Iterator[Change[Any]]:
    """The changes, with the names of the security groups that rules are of and let through."""
    known = {g.id: g.name for held in inventory.security_groups.values() for g in held if g.name}
    if not known:
        yield from changes
        return
    for change in changes:
        spec = change.after or change.before
        if isinstance(spec, RuleSpec):
            ids = sorted({spec.group, spec.allowed} & known.keys())
            yield replace(change, names=tuple((id_, known[id_]) for id_ in ids))
        else:
            yield change
