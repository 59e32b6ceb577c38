"""Reachability made by hand, for the renderers' tests."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

from bot.model.address import VpcRef
from bot.model.change import Plan, Report
from bot.model.reachability import EnvironmentReach, Obstacle, PairReach, Reason, Tally
from bot.model.verification import Verification
from tests.render import builder
from tests.render.builder import vpc

AT = {"subnet": "subnet-0a", "route_table": "rtb-0a", "destination": "10.1.0.0/16"}


def obstacle(reason: Reason, at: VpcRef) -> Obstacle:
    """One of each reason, as the model fills it."""
    every: dict[Reason, dict[str, Any]] = {
        Reason.OVERLAP: {"route": "10.0.0.0/16", "target": "10.0.128.0/17"},
        Reason.NO_PEERING: {"target": "pending-acceptance"},
        Reason.NO_ELIGIBLE_TABLE: {"destination": "10.1.0.0/16"},
        Reason.INELIGIBLE_TABLE: AT,
        Reason.NO_ROUTE: AT | {"route": "0.0.0.0/0", "target": "nat-0a"},
        Reason.BLACKHOLE: AT | {"route": "10.1.0.0/16", "target": "pcx-0a"},
        Reason.CONFLICT: AT | {"route": "10.1.0.0/16", "target": "tgw-0a"},
        Reason.SHADOWED: AT | {"route": "10.1.4.0/24", "target": "tgw-0a"},
        Reason.ACL: {"subnet": "subnet-0a", "network_acl": "acl-0a"},
        Reason.SECURITY_GROUP: {
            "destination": "10.1.0.0/16",
            "target": "sg-0b",
            "security_group": "sg-0a",
            "traffic": "tcp 5432",
        },
    }
    made = Obstacle(reason, at, **every.get(reason, {}))
    return replace(made, rule=32767, egress=True) if reason is Reason.ACL else made


def every_reason() -> EnvironmentReach:
    """Eight members, of which the first one is kept from others by every reason in turn."""
    members = tuple(vpc(n) for n in range(8))
    reasons = iter(Reason)
    pairs = []
    for source, peer in permutations(members, 2):
        reason = next(reasons, None) if members[0] in (source, peer) else None
        found = obstacle(reason, source) if reason else None
        before = None if members[7] in (source, peer) else reason is not Reason.NO_PEERING
        pairs.append(PairReach(source, peer, found, before))
    lost = sum(pair.obstacle is not None for pair in pairs)
    return EnvironmentReach(
        "production", members, Tally(41, 42), Tally(56 - lost, 56), tuple(pairs), unrouted=2
    )


def large(number: int, lost: int) -> EnvironmentReach:
    """So many members, of which so many ordered pairs are not reachable."""
    members = tuple(vpc(n) for n in range(number))
    both = list(permutations(members, 2))[:lost]
    pairs = tuple(
        PairReach(s, p, obstacle(list(Reason)[n % len(Reason)], s), n % 3 == 0)
        for n, (s, p) in enumerate(both)
    )
    wanted = number * (number - 1)
    return EnvironmentReach(
        "staging", members, Tally(0, wanted), Tally(wanted - lost, wanted), pairs
    )


def plan() -> Plan:
    """A small plan with both."""
    return replace(builder.small(), reachability=(every_reason(), large(12, 4)))


def report() -> Report:
    """An apply after which one pair is not reachable."""
    now = replace(large(12, 1), before=None)
    return replace(builder.failed(), reachability=(now,))


def verification() -> Verification:
    """The same as things are."""
    pairs = tuple(replace(pair, before=None) for pair in every_reason().pairs)
    return Verification(
        (replace(every_reason(), before=None, pairs=pairs),), builder.destructive().gaps
    )
