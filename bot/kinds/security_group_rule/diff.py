"""From the security group rules that are there to those that the mesh asks for."""

from __future__ import annotations

from collections.abc import Iterable

from bot.kinds.base import Difference, Situation
from bot.kinds.security_group_rule.connections import Connections
from bot.kinds.security_group_rule.desire import unresolved
from bot.kinds.security_group_rule.leftover import Leftovers
from bot.kinds.security_group_rule.spec import ObservedRule, RuleWish
from bot.kinds.security_group_rule.verdict import Verdict
from bot.kinds.security_group_rule.wanted import Wanted
from bot.model.change import Desired, Observed
from bot.model.ownership import Ownership


def diff(
    desired: Iterable[Desired[RuleWish]],
    observed: Iterable[Observed[ObservedRule]],
    situation: Situation,
) -> Difference:
    """Create, adopt, mend and delete rules; never touch one that is not ours."""
    current = {item.address: item for item in observed}
    connections = Connections.of(situation.references)
    ours = Ownership.of(situation.mesh, situation.base).service_names
    problems = tuple(unresolved(situation.mesh, situation.inventory))
    wanted = Wanted(situation, connections, ours)
    leftovers = Leftovers.of(situation, connections, ours, problems)
    verdicts: list[Verdict] = []
    for wish in desired:
        there = current.pop(wish.address, None)
        if wanted.connected(wish):
            verdicts.append(wanted.verdict(wish, there))
            continue
        verdicts.append(Verdict(diagnostics=wanted.refused(wish)))
        if there is not None and connections.going(wish.spec.peering):
            verdicts.append(leftovers.verdict(there))
    verdicts += [leftovers.verdict(current[address]) for address in sorted(current)]
    told = [d for v in verdicts for d in v.diagnostics]
    told += [p.diagnostic for p in problems if p.diagnostic is not None]
    return Difference(
        tuple(v.change for v in verdicts if v.change is not None),
        tuple(dict.fromkeys(told)),
        situation.references,
    )
