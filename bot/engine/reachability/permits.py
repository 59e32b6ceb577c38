"""The rules of security groups that are there, or will be: what they let in or out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.kinds.security_group_rule import ObservedRule, RuleSpec
from bot.model.address import Address
from bot.model.change import Change, Observed
from bot.model.security_group import Direction, Traffic


@dataclass(frozen=True, slots=True)
class Permit:
    """A rule of a security group, whoever made it. Rules of groups only allow.

    ``allowed`` is the id of a group or prefix list, or a CIDR block. ``over`` is the peering
    over which it names a group: AWS's id, or the address of the one that a plan makes it over,
    empty where AWS does not tell; ``status`` is that peering's, as AWS shows it in the rule.
    """

    direction: Direction
    traffic: Traffic
    allowed: str
    over: Address | str = ""
    status: str = ""


Held = dict[str, Permit]
"""A group's rules, by their address's key: what AWS tells them apart by."""

Permits = Mapping[str, Held]
"""By the group's id, which is like no other in any account."""


def permits_of(observed: Iterable[Observed[ObservedRule]]) -> Permits:
    """What is there now."""
    found: dict[str, Held] = {}
    for item in observed:
        rule = item.spec
        permit = Permit(rule.direction, rule.traffic, rule.allowed, rule.peering, rule.status)
        found.setdefault(rule.group, {})[item.address.key] = permit
    return found


def apply_change(permits: dict[str, Held], change: Change[Any]) -> None:
    """Makes or takes away the rule of a change. One that is mended lets through what it did."""
    spec: RuleSpec = change.after or change.held
    held = permits.setdefault(spec.group, {})
    if change.after is None:
        held.pop(change.address.key, None)
    elif change.before is None or change.before.stale:
        held[change.address.key] = Permit(
            spec.direction, spec.traffic, spec.allowed, spec.peering or ""
        )
