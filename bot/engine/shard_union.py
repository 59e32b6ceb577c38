"""The plans of all shards as the one plan that they are parts of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from bot.engine.membership import SUSPECTED_TYPO
from bot.engine.planner import ordered
from bot.model.address import Address
from bot.model.change import MeshPicture, Plan
from bot.model.diagnostic import Diagnostic
from bot.model.shard import Shard


class NotOneWhole(ValueError):
    """Shards that are not the parts of one division; says which and why."""


def check_division(shards: Sequence[Shard], environments: Collection[str]) -> None:
    """Raises NotOneWhole unless these are all shards of one division of ``environments``.

    ``environments`` may lack some that the shards have: those of an earlier revision.
    """
    if not shards:
        raise NotOneWhole("no shard left anything")
    of = {shard.of for shard in shards}
    if len(of) > 1:
        raise NotOneWhole(f"shards of several divisions are mixed: {sorted(of)}")
    numbers = [shard.number for shard in shards]
    missing = sorted(set(range(1, of.pop() + 1)) - set(numbers))
    if missing or len(set(numbers)) < len(numbers):
        listed = ", ".join(f"{n}-of-{shards[0].of}" for n in missing)
        raise NotOneWhole(f"missing: {listed}" if missing else "a shard is there twice")
    names = [name for shard in shards for name in shard.environments]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise NotOneWhole(f"in more than one shard: {', '.join(twice)}")
    left_out = sorted(set(environments) - set(names))
    if left_out:
        raise NotOneWhole(f"in no shard: {', '.join(left_out)}")


def check_own(shard: Shard, plan: Plan) -> None:
    """Raises NotOneWhole when a shard's plan speaks for anything but its own environments."""
    names = frozenset(shard.environments)
    spoken = {*plan.environments, *(m.environment for m in plan.memberships)}
    if not spoken <= names:
        raise NotOneWhole(f"shard {shard.label} speaks for {min(spoken - names)!r}")
    for change in plan.changes:
        if not change.environments or not change.environments <= names:
            raise NotOneWhole(f"shard {shard.label} plans {change.address}, which is not its own")


def union(plans: Iterable[Plan]) -> Plan:
    """One plan of all changes, in apply order; what several shards say is said once.

    Raises NotOneWhole when two plans change one thing.
    """
    parts = tuple(plans)
    changes = [change for plan in parts for change in plan.changes]
    seen: set[Address] = set()
    for change in changes:
        if change.address in seen:
            raise NotOneWhole(f"{change.address} is planned by more than one shard")
        seen.add(change.address)
    ids: Mapping[Address, str] = {a: i for plan in parts for a, i in plan.ids.items()}
    pictures = [plan.mesh for plan in parts]
    return Plan(
        ordered(changes),
        tuple(sorted({d for p in parts for d in p.diagnostics}, key=lambda d: d.sort_key)),
        tuple(
            sorted(
                {gap for p in parts for gap in p.gaps},
                key=lambda gap: (gap.scope, gap.action, gap.error),
            )
        ),
        tuple(sorted({name for p in parts for name in p.environments})),
        tuple(
            sorted(
                {m for p in parts for m in p.memberships},
                key=lambda m: (m.environment, m.movement, m.vpc),
            )
        ),
        tuple(sorted({d for p in parts for d in p.refusals}, key=_typos_first)),
        ids,
        MeshPicture(
            tuple(sorted({member for p in pictures for member in p.members})),
            tuple(sorted({connection for p in pictures for connection in p.connections})),
        ),
        tuple(
            sorted((r for p in parts for r in p.reachability), key=lambda reach: reach.environment)
        ),
    )


def _typos_first(refusal: Diagnostic) -> tuple[bool, list[str], tuple[object, ...]]:
    return refusal.code != SUSPECTED_TYPO, sorted(refusal.environments), refusal.sort_key
