"""The part of a plan that belongs to one shard, and what must not be there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bot.engine.observe import Facts
from bot.engine.planner import narrowed
from bot.engine.shards import home_scopes
from bot.errors import FailureReason, Refused
from bot.kinds.vpc_peering.observe import merged
from bot.kinds.vpc_peering.removal import owners_of
from bot.kinds.vpc_peering.spec import PeeringSpec
from bot.model.address import VPC_PEERING_CONNECTION
from bot.model.change import Observed, Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import Mesh
from bot.model.ownership import Ownership
from bot.model.peering_status import DEAD
from bot.model.shard import Shard
from bot.model.topology import wanted_pairs


def part_of(plan: Plan, shard: Shard, facts: Facts, head: Mesh, base: Mesh | None) -> Plan:
    """What a plan made of the shard's ``facts``, with the whole mesh known, says of the shard.

    Raises Refused for a change that belongs to environments inside and outside: no VPC ties
    them, so a tag in AWS is wrong, and neither shard alone knows enough to mend it.
    """
    names = frozenset(shard.environments)
    check_inside(plan, names, shard.label)
    if not names:  # everything that it was for is settled
        return Plan()
    part = narrowed(plan, names)
    told = {*part.diagnostics, *_strays(facts, names, head, base)}
    return replace(
        part,
        environments=tuple(sorted(names.intersection(plan.environments))),
        diagnostics=tuple(sorted(told, key=lambda d: d.sort_key)),
    )


def check_inside(plan: Plan, names: frozenset[str], label: str) -> None:
    """Raises Refused for a change that is only partly of these environments."""
    for change in plan.changes:
        inside, outside = change.environments & names, change.environments - names
        if inside and outside:
            raise Refused(
                f"{change.address} belongs to {min(inside)!r} of shard {label} and to"
                f" {min(outside)!r} of another, though no VPC is in both: its tag"
                " peerd_environment names an environment that does not hold it. Nothing was"
                " changed. Mend that tag, or plan and apply these environments once without"
                " shards, which mends it.",
                FailureReason.STALE_PLAN,
            )


def _strays(
    facts: Facts, names: frozenset[str], head: Mesh, base: Mesh | None
) -> Iterator[Diagnostic]:
    """Peerings of other shards in places where nobody of theirs looks."""
    ownership, wanted = Ownership.of(head, base), wanted_pairs(head)
    found: dict[frozenset[str], list[Observed[PeeringSpec]]] = {}
    for item in merged(facts.observed.get(VPC_PEERING_CONNECTION, ())).values():
        owners, pair = owners_of(item, ownership), item.spec.pair
        if not owners or owners & names or item.spec.status in DEAD or pair in wanted:
            continue
        if home_scopes(owners, head, base).isdisjoint({pair.first.scope, pair.second.scope}):
            found.setdefault(owners, []).append(item)
    for owners, items in sorted(found.items(), key=lambda entry: sorted(entry[0])):
        yield _stray(owners, items)


def _stray(owners: frozenset[str], items: Iterable[Observed[PeeringSpec]]) -> Diagnostic:
    ids = sorted(item.id for item in items)
    return Diagnostic(
        Severity.WARNING,
        "stray-peering",
        f"peerings that no file wants any more carry the tags of {', '.join(sorted(owners))}, in"
        f" accounts and regions that this environment no longer names: {', '.join(ids[:5])}"
        + (f" and {len(ids) - 5} more" if len(ids) > 5 else ""),
        "The shard of that environment does not look there. Plan and apply it once without shards.",
        environments=owners,
    )
