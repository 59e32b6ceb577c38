"""From the peerings that are there to those that the mesh asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.kinds.base import Connection, Difference, Reference, References, Situation
from bot.kinds.vpc_peering.observe import merged
from bot.kinds.vpc_peering.removal import owners_of, remove
from bot.kinds.vpc_peering.spec import PeeringSpec, PeeringWish
from bot.kinds.vpc_peering.twins import ours, ranked, told
from bot.kinds.vpc_peering.verdict import Verdict
from bot.kinds.vpc_peering.wanted import meet
from bot.model.address import Pair, peering_address
from bot.model.change import Action, Desired, Observed
from bot.model.ownership import Ownership
from bot.model.peering_status import ACTIVE, DEAD
from bot.model.topology import wanted_pairs


def diff(
    desired: Iterable[Desired[PeeringWish]],
    observed: Iterable[Observed[PeeringSpec]],
    situation: Situation,
) -> Difference:
    """Create, repair and delete peerings; never touch one that is not ours."""
    peerings = merged(observed)
    ownership = Ownership.of(situation.mesh, situation.base)
    alive = ranked(peerings.values(), ownership)
    current = {pair: found[0] for pair, found in alive.items()}
    wanted_before = wanted_pairs(situation.base) if situation.base else {}

    def concerned(pair: Pair) -> frozenset[str]:
        """Environments that had a peering which is there: what changes is theirs too."""
        found = current.get(pair)
        if found is None:
            return frozenset()
        return owners_of(found, ownership) | wanted_before.get(pair, frozenset())

    wishes = {wish.spec.pair: _belonging(wish, concerned(wish.spec.pair)) for wish in desired}
    verdicts = {
        pair: meet(wish, current.get(pair), situation.inventory, ownership)
        for pair, wish in wishes.items()
    }
    for pair in sorted(current.keys() - wishes.keys(), key=lambda pair: pair.sort_key):
        verdicts[pair] = remove(
            current[pair], situation, ownership, wanted_before.get(pair, frozenset())
        )
    return Difference(
        tuple(v.change for v in verdicts.values() if v.change is not None),
        (
            *(d for v in verdicts.values() for d in v.diagnostics),
            *told(alive, verdicts, wishes, ownership),
        ),
        _references(peerings, verdicts, ownership),
    )


def _belonging(wish: Desired[PeeringWish], environments: frozenset[str]) -> Desired[PeeringWish]:
    """The wish, as one of these environments too."""
    if environments <= wish.environments:
        return wish
    return replace(wish, environments=wish.environments | environments)


def _references(
    peerings: dict[str, Observed[PeeringSpec]],
    verdicts: dict[Pair, Verdict],
    ownership: Ownership,
) -> References:
    by_id = {}
    for id_, item in peerings.items():
        dead = item.spec.status in DEAD
        verdict = verdicts.get(item.spec.pair)
        judged = verdict if verdict is not None and verdict.id == id_ else None
        going = bool(judged and judged.change and judged.change.action is Action.DELETE)
        managed = judged.managed if judged else ours(item, ownership)
        names = verdict.environments if verdict else frozenset()
        pair = item.spec.pair
        foreign = any(ownership.foreign(tags, pair) for tags in item.spec.sides)
        ends = (item.spec.requester, item.spec.accepter)
        active = item.spec.status == ACTIVE
        by_id[id_] = Reference(item.address, managed, dead, going, names, ends, foreign, active)
    available = {
        peering_address(pair): _connection(verdict, peerings.get(verdict.id))
        for pair, verdict in verdicts.items()
        if verdict.available
    }
    return References(by_id, available)


def _connection(verdict: Verdict, found: Observed[PeeringSpec] | None) -> Connection:
    """What exists once the verdict is carried out: what was found, else what is made."""
    made = verdict.change.after if verdict.change else None
    spec = found.spec if found else made
    assert spec is not None, "what is available is there or is made"
    active = found is not None and found.spec.status == ACTIVE
    return Connection((spec.requester, spec.accepter), verdict.environments, verdict.id, active)
