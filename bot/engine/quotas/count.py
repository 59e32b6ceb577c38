"""How many peerings, routes and rules there are, and how many a plan makes of them.

The count is that of the fullest moment of an apply in its order: what frees a place goes first
where places are short (``bot.engine.quotas.order``), but a deletion that waits for something
new (make before break) frees its place too late, and is not counted as room. Everybody's
peerings and routes count, in every status in which AWS may count them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.engine.observe import Facts
from bot.kinds.vpc_peering.observe import merged
from bot.model.address import VPC_PEERING_CONNECTION, Address, Scope, VpcRef
from bot.model.change import Action, Change, Plan
from bot.model.cidr import is_ipv6
from bot.model.peering_status import DEAD
from bot.model.quota import (
    PEERINGS_PER_VPC,
    ROUTES_PER_TABLE,
    RULES_PER_GROUP,
    Quota,
    QuotaQuestion,
)
from bot.model.security_group import SECURITY_GROUP_RULE


@dataclass(frozen=True, slots=True, order=True)
class Holder:
    """A VPC, or the IPv4 or IPv6 half of one of its route tables, or of one direction of one of
    its security groups, whose id then stands for ``table``."""

    quota: Quota
    vpc: VpcRef
    table: str = ""
    ipv6: bool = False
    direction: str = ""

    @property
    def scope(self) -> Scope:
        """Where it is."""
        return self.vpc.scope

    @property
    def question(self) -> QuotaQuestion:
        """What decides how much it holds."""
        return QuotaQuestion(self.scope, self.quota)

    def __str__(self) -> str:
        if not self.table:
            return self.vpc.vpc_id
        what = f"{'IPv6' if self.ipv6 else 'IPv4'}{' ' if self.direction else ''}{self.direction}"
        return f"{what} in {self.table} of {self.vpc.vpc_id}"


@dataclass(frozen=True, slots=True)
class Use:
    """What a plan does to one holder.

    ``standing`` is how many there are; ``made`` are the changes that add one, ``freed`` those
    that can take one away beforehand, in the plan's order. ``environments`` are those whose
    changes add.
    """

    holder: Holder
    standing: int
    made: tuple[Address, ...] = ()
    freed: tuple[Address, ...] = ()
    environments: frozenset[str] = frozenset()

    @property
    def needed(self) -> int:
        """How many there are at the fullest moment."""
        return self.standing + len(self.made) - len(self.freed)


def uses(plan: Plan, facts: Facts) -> tuple[Use, ...]:
    """Every holder in the scopes in which the plan adds to one of its kind, sorted."""
    made = _by_holder(_touched(c for c in plan.changes if c.action is Action.CREATE))
    asked = {holder.question for holder in made}
    if not asked:
        return ()
    held = _standing(facts, {question.quota for question in asked})
    late = _late(plan.changes)
    going = (c for c in plan.changes if c.action is Action.DELETE and c.address not in late)
    freed = _by_holder(_touched(going))
    holders = sorted({*held, *made})
    return tuple(
        Use(
            holder,
            held[holder],
            tuple(change.address for change in made.get(holder, ())),
            tuple(change.address for change in freed.get(holder, ())),
            frozenset().union(*{change.environments for change in made.get(holder, ())}),
        )
        for holder in holders
        if holder.question in asked
    )


Place = tuple[Quota, VpcRef, str, bool, str]
"""What a holder is made of: large plans have hundreds of thousands of changes in few holders."""


def _touched(changes: Iterable[Change[Any]]) -> Iterator[tuple[Place, Change[Any]]]:
    """Creations or deletions, with the place of each holder that they add to or take from."""
    for change in changes:
        spec = change.after or change.before
        assert spec is not None, "a change has a side"
        if change.address.kind == VPC_PEERING_CONNECTION:
            for vpc in (spec.requester, spec.accepter):
                yield (PEERINGS_PER_VPC, vpc, "", False, ""), change
        elif change.address.kind == "route":
            table = change.address.key.split("/", 1)[0]
            for ipv6 in _families(spec.destination):
                yield (ROUTES_PER_TABLE, spec.vpc, table, ipv6, ""), change
        elif change.address.kind == SECURITY_GROUP_RULE:
            for ipv6 in _families(spec.allowed):
                yield (RULES_PER_GROUP, spec.vpc, spec.group, ipv6, spec.direction), change


def _by_holder(
    touched: Iterable[tuple[Place, Change[Any]]],
) -> dict[Holder, list[Change[Any]]]:
    found: dict[Place, list[Change[Any]]] = {}
    last: Place | None = None
    held: list[Change[Any]] = []
    for place, change in touched:
        if last is None or place[2:] != last[2:] or place != last:  # routes of a table, mostly not
            held = found.setdefault(place, [])
            last = place
        held.append(change)
    return {Holder(*place): changes for place, changes in found.items()}


def _standing(facts: Facts, quotas: set[Quota]) -> Counter[Holder]:
    held: Counter[Holder] = Counter()
    if PEERINGS_PER_VPC in quotas:
        for item in merged(facts.observed.get(VPC_PEERING_CONNECTION, ())).values():
            if item.spec.status not in DEAD:
                ends = (item.spec.requester, item.spec.accepter)
                held.update(Holder(PEERINGS_PER_VPC, vpc) for vpc in ends)
    if ROUTES_PER_TABLE in quotas:
        held.update(_routes(facts))
    if RULES_PER_GROUP in quotas:
        held.update(_rules(facts))
    return held


def _routes(facts: Facts) -> dict[Holder, int]:
    """How many routes each half of a table has; counted before holders are made: there are many."""
    counted: Counter[tuple[VpcRef, str, bool]] = Counter()
    for route in facts.observed.get("route", ()):
        if not route.spec.propagated:
            for ipv6 in _families(route.spec.destination):
                counted[route.spec.vpc, route.spec.table, ipv6] += 1
    return {Holder(ROUTES_PER_TABLE, *place): n for place, n in counted.items()}


def _rules(facts: Facts) -> Iterator[Holder]:
    """The holder of every rule of every group that was read."""
    groups = facts.inventory.security_groups
    vpcs = {(vpc.scope, group.id): vpc for vpc, listed in groups.items() for group in listed}
    for item in facts.observed.get(SECURITY_GROUP_RULE, ()):
        rule = item.spec
        vpc = vpcs.get((rule.scope, rule.group))
        if vpc is not None:
            for ipv6 in _families(rule.allowed):
                yield Holder(RULES_PER_GROUP, vpc, rule.group, ipv6, rule.direction)


def _families(destination: str) -> tuple[bool, ...]:
    """Whether a destination is IPv6. A group, or a prefix list of which AWS does not say which it
    is here, is in both."""
    both = destination.startswith(("pl-", "sg-"))
    return (False, True) if both else (is_ipv6(destination),)


def _late(changes: Iterable[Change[Any]]) -> frozenset[Address]:
    """Deletions that wait, or may wait, for something that the plan makes."""
    listed = tuple(changes)
    if all(change.before is None for change in listed):
        return frozenset()
    created = {change.address for change in listed if change.action is Action.CREATE}
    late: set[Address] = set()
    for change in listed:
        if change.address.kind == "route" and change.before is not None:
            before, after = change.held, change.after
            waits = bool(change.needs) if after is None else after.target in created
            late.update((change.address, before.target) if waits else ())
        elif change.address.kind == SECURITY_GROUP_RULE and change.after is None:
            waits = not created.isdisjoint(change.needs)
            late.update((change.address,) if waits else ())
    return frozenset(late)
