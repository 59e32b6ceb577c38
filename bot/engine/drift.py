"""Which changes of a plan would have been made before the revision under review: drift.

A change is drift when the plan of the base, made from the same facts, holds it too. Most revisions
change one environment or two of many. Environments that share no VPC with those are planned alike
from both revisions, as long as what is asked for is only to be created: such changes need not be
planned again to know it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from bot.engine.content import same_environment
from bot.engine.observe import Facts
from bot.engine.shards import groups
from bot.kinds import route
from bot.model.address import VPC_PEERING_CONNECTION, VpcRef
from bot.model.change import Change, Observed, Origin
from bot.model.mesh import Mesh
from bot.model.ownership import Ownership

Names = frozenset[str]

CREATED = frozenset({VPC_PEERING_CONNECTION, route.NAME})
"""Kinds of which creations depend on nothing but the environments that share their VPCs."""


def settled(mesh: Mesh, base: Mesh, facts: Facts, changes: Iterable[Change[Any]]) -> Names:
    """The environments whose changes are the same in the plan of the base.

    They and all that share a VPC with them ask for the same in both revisions. None where more
    than that has a say in what is done: something is there to be changed or deleted, the tags
    that are ours are others than they were, or a scope could not be read.
    """
    if (
        facts.inventory.gaps
        or any(c.before is not None or c.address.kind not in CREATED for c in changes)
        or mesh.abandoned_accounts != base.abandoned_accounts
        or Ownership.of(mesh, base) != Ownership.of(base)
    ):
        return frozenset()
    alike = frozenset(name for name in mesh.environments if same_environment(name, mesh, base))
    return frozenset(n for group in groups(mesh, base) if alike.issuperset(group) for n in group)


def labelled(
    changes: Iterable[Change[Any]], names: Names, before: Iterable[Change[Any]]
) -> tuple[Change[Any], ...]:
    """The changes, drift where they belong to these environments or are among those before."""
    drift = {change.address: change for change in before}
    return tuple(
        _drifted(c) if c.environments <= names or _equal(c, drift.get(c.address)) else c
        for c in changes
    )


def _equal(change: Change[Any], other: Change[Any] | None) -> bool:
    """True when both would do the same: no plan has two changes of one address."""
    return other is not None and (change.before, change.after) == (other.before, other.after)


def _drifted(c: Change[Any]) -> Change[Any]:
    """By hand, as ``replace`` takes three times as long, and there may be 270,000."""
    told = (c.id, c.environments, c.declared_at, c.support, Origin.DRIFT, c.reason)
    return Change(c.address, c.before, c.after, *told, c.needs, c.names)


@dataclass(frozen=True, slots=True)
class Rest:
    """A mesh without environments, and what is known of the VPCs that are not theirs."""

    mesh: Mesh
    facts: Facts

    @classmethod
    def without(cls, names: Names, mesh: Mesh, facts: Facts) -> Rest:
        """All but these. Peerings between their VPCs stay where a route elsewhere leads there."""
        if not names:
            return cls(mesh, facts)
        files = (
            replace(file, environments=tuple(e for e in file.environments if e.name not in names))
            for file in mesh.files
        )
        theirs = {m.vpc for _, env in mesh if env.name in names for m in env.members}
        routes = [o for o in facts.observed.get(route.NAME, ()) if o.spec.vpc not in theirs]
        targets = {o.spec.target for o in routes}
        peerings = [
            o
            for o in facts.observed.get(VPC_PEERING_CONNECTION, ())
            if o.id in targets or not _between(o, theirs)
        ]
        observed = {VPC_PEERING_CONNECTION: tuple(peerings), route.NAME: tuple(routes)}
        found = replace(facts, observed={**facts.observed, **observed})
        return cls(replace(mesh, files=tuple(files)), found)


def _between(peering: Observed[Any], vpcs: Collection[VpcRef]) -> bool:
    return peering.spec.requester in vpcs and peering.spec.accepter in vpcs
