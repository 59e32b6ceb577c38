"""From the security group rules that are there to those that the mesh asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.kinds.base import Difference, Situation
from bot.kinds.security_group_rule.connections import Connections
from bot.kinds.security_group_rule.desire import unresolved
from bot.kinds.security_group_rule.leftover import Leftovers
from bot.kinds.security_group_rule.replaced import replaced
from bot.kinds.security_group_rule.spec import ObservedRule, RuleWish
from bot.kinds.security_group_rule.verdict import Verdict
from bot.kinds.security_group_rule.wanted import Wanted
from bot.model.address import Address
from bot.model.change import Desired, Observed
from bot.model.ownership import Ownership


def diff(
    desired: Iterable[Desired[RuleWish]],
    observed: Iterable[Observed[ObservedRule]],
    situation: Situation,
) -> Difference:
    """Create, adopt, mend and delete rules; never touch one that is not ours."""
    current = {item.address: item for item in observed}
    wishes = list(desired)
    ours = Ownership.of(situation.mesh, situation.base).service_names
    problems = tuple(unresolved(situation.mesh, situation.inventory))
    connections = Connections.of(situation.references)
    wanted = Wanted(situation, connections, ours)
    leftovers = Leftovers.of(situation, connections, ours, problems)
    sure = {wish.address for wish in wishes if wanted.connected(wish)}
    blocked = _blocked(leftovers, (current[a] for a in current.keys() - sure))
    if blocked:
        situation = replace(situation, references=situation.references.kept(blocked))
        connections = Connections.of(situation.references)
        wanted = replace(wanted, situation=situation, connections=connections)
        leftovers = replace(leftovers, situation=situation, connections=connections)
    verdicts: list[Verdict] = []
    for wish in wishes:
        there = current.pop(wish.address, None)
        if wanted.connected(wish):
            verdicts.append(wanted.verdict(wish, there))
            continue
        verdicts.append(Verdict(diagnostics=wanted.refused(wish)))
        if there is not None and connections.going(wish.spec.peering):
            verdicts.append(leftovers.verdict(there, wish.environments))
    verdicts += [leftovers.verdict(current[address]) for address in sorted(current)]
    told = [d for v in verdicts for d in v.diagnostics]
    told += [p.diagnostic for p in problems if p.diagnostic is not None]
    return Difference(
        replaced(v.change for v in verdicts if v.change is not None),
        tuple(dict.fromkeys(told)),
        situation.references,
        blocked,
    )


def _blocked(leftovers: Leftovers, current: Iterable[Observed[ObservedRule]]) -> frozenset[Address]:
    """The peerings that this plan would delete under rules of ours that have to stay."""
    found = (leftovers.holds(item.spec) for item in current)
    return frozenset(peering for peering in found if peering is not None)
