"""Security group rules of ours where no entry leads to: what of them a plan may have to take away.

Rules are asked for in the scopes that entries name, now or in the base. Two findings lead further:

- a rule of ours was one of a pair, and the other one may be left at its peer;
- a peering of ours that no environment connects goes, and our rules that need it go first.

Neither is there in a mesh that is as its files say, so that a plan of no changes asks nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.engine.inventory import read_security_groups
from bot.errors import AwsError
from bot.kinds.security_group_rule.observe import observe_ours
from bot.kinds.vpc_peering.spec import PeeringSpec
from bot.model.address import VPC_PEERING_CONNECTION, Pair, Scope
from bot.model.change import Observed
from bot.model.inventory import SecurityGroup
from bot.model.mesh import Mesh
from bot.model.ownership import Ownership
from bot.model.peering_status import DEAD
from bot.model.rule_tags import owner
from bot.model.security_group import SECURITY_GROUP_RULE
from bot.model.topology import unconnected
from bot.ports import Reader

Rules = tuple[Observed[Any], ...]

REFUSED = frozenset({"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"})


def scopes_beyond(
    mesh: Mesh, ownership: Ownership, observed: Iterable[Mapping[str, Rules]]
) -> frozenset[Scope]:
    """Where rules of ours may be because of what was found, in whichever scopes."""
    found: set[Scope] = set()
    views: dict[Pair, list[PeeringSpec]] = {}
    for facts in observed:
        for rule in facts.get(SECURITY_GROUP_RULE, ()):
            peer = rule.spec.peer_among(())
            if peer is not None and owner(rule.spec.tags, ownership.service_names) is not None:
                found.add(peer.scope)
        for item in facts.get(VPC_PEERING_CONNECTION, ()):
            views.setdefault(item.spec.pair, []).append(item.spec)
    for pair in unconnected(mesh, views):
        if any(_live_and_ours(spec, ownership) for spec in views[pair]):
            found |= {pair.first.scope, pair.second.scope}
    return frozenset(found)


def _live_and_ours(spec: PeeringSpec, ownership: Ownership) -> bool:
    ours = any(ownership.environment(tags, spec.pair) for tags in spec.sides)
    return ours and spec.status not in DEAD


def read_ours(aws: Reader, scope: Scope) -> tuple[Rules, tuple[SecurityGroup, ...]]:
    """The rules that carry our mark, and where there are any the groups. Raises AwsError.

    A role that may not read rules has made none: it is made for peerings alone, and these must
    not be held up.
    """
    try:
        rules = tuple(observe_ours(aws, scope))
        return rules, tuple(read_security_groups(aws, scope)) if rules else ()
    except AwsError as error:
        if error.code in REFUSED and error.action.startswith("ec2:"):
            return (), ()
        raise
