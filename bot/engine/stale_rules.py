"""Rules that name a group over a connection, and let nothing through any more: why, and what to do.

https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html#vpc-peering-stale-groups
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bot.engine.observe import Facts
from bot.kinds import security_group_rule
from bot.kinds.vpc_peering.observe import merged
from bot.model.address import VPC_PEERING_CONNECTION, VpcRef
from bot.model.change import Observed
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import Mesh
from bot.model.ownership import Ownership
from bot.model.peering_status import DEAD
from bot.model.rule_tags import owner
from bot.model.security_group import Direction, Traffic

NAMED = 8
"""Groups that a message names."""


Rule = tuple[Direction, Traffic, str]
"""What AWS tells two rules of a group apart by."""

_LISTS = {
    "StaleIpPermissions": Direction.INGRESS,
    "StaleIpPermissionsEgress": Direction.EGRESS,
}


class Cause(Enum):
    """What is gone."""

    GROUP = "group"
    PEERING = "peering"
    UNKNOWN = "unknown"


_GONE = {
    (Cause.GROUP, True): "a group that is gone",
    (Cause.GROUP, False): "groups that are gone",
    (Cause.PEERING, True): "over a peering that is gone",
    (Cause.PEERING, False): "over peerings that are gone",
    (Cause.UNKNOWN, True): "and the group or the peering that leads there is gone",
    (Cause.UNKNOWN, False): "and the groups or the peerings that lead there are gone",
}
_HOPE = {
    Cause.GROUP: "They let nothing through, and never will: a new group has another id.",
    Cause.PEERING: "They let nothing through.",
    Cause.UNKNOWN: "They let nothing through.",
}
_OURS = {
    Cause.GROUP: "meshbot takes its own away once its entry names a group that is there",
    Cause.PEERING: "meshbot mends its own once the peering is there again",
    Cause.UNKNOWN: "meshbot mends its own once both are there again",
}


@dataclass(frozen=True)
class Standing:
    """What is known of peerings, groups and rules."""

    statuses: Mapping[str, str]
    groups: frozenset[str]
    rules: tuple[Observed[Any], ...] = ()
    service_names: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, mesh: Mesh, facts: Facts) -> Standing:
        """From what a plan has read."""
        peerings = merged(facts.observed.get(VPC_PEERING_CONNECTION, ()))
        return cls(
            {id_: item.spec.status for id_, item in peerings.items()},
            frozenset(g.id for held in facts.inventory.security_groups.values() for g in held),
            tuple(facts.observed.get(security_group_rule.NAME, ())),
            Ownership.of(mesh).service_names,
        )

    def gone(self, peering: str) -> bool:
        """Whether a peering of a VPC whose scope was read is gone: all of those are known."""
        return peering.startswith("pcx-") and self.statuses.get(peering, "deleted") in DEAD

    def cause(self, pair: Mapping[str, Any]) -> Cause:
        """Why a rule that names this group is stale."""
        peering, group = (str(pair.get(key) or "") for key in ("VpcPeeringConnectionId", "GroupId"))
        if self.gone(peering) or (group in self.groups and not peering):
            return Cause.PEERING
        return Cause.GROUP if peering and group not in self.groups else Cause.UNKNOWN

    def ours(self, group: str, found: frozenset[Rule]) -> set[bool]:
        """Whether there are rules of ours, and others, among these of a group."""
        return {
            owner(item.spec.tags, self.service_names) is not None
            for item in self.rules
            if item.spec.group == group
            and (item.spec.direction, item.spec.traffic, item.spec.allowed) in found
        }


def stale(
    vpc: VpcRef, item: Mapping[str, Any], standing: Standing, names: frozenset[str]
) -> Iterator[Diagnostic]:
    """One for each cause, of a group with stale rules as DescribeStaleSecurityGroups has it."""
    found: dict[Cause, set[Rule]] = {}
    for key, direction in _LISTS.items():
        for rule in item.get(key) or ():
            ports = rule.get("FromPort"), rule.get("ToPort")
            traffic = Traffic.of(str(rule.get("IpProtocol")), *ports)
            for pair in rule.get("UserIdGroupPairs") or ():
                named = direction, traffic, str(pair.get("GroupId", ""))
                found.setdefault(standing.cause(pair), set()).add(named)
    for cause in Cause:
        if cause in found:
            yield _told(vpc, item, cause, frozenset(found[cause]), standing, names)


def _told(
    vpc: VpcRef,
    item: Mapping[str, Any],
    cause: Cause,
    found: frozenset[Rule],
    standing: Standing,
    names: frozenset[str],
) -> Diagnostic:
    group = str(item.get("GroupId"))
    named = sorted({allowed for _, _, allowed in found})
    listed = ", ".join([*named[:NAMED], *(["…"] if len(named) > NAMED else [])])
    comma = ", " if cause is not Cause.PEERING else " "
    return Diagnostic(
        Severity.WARNING,
        "stale-rules",
        f"security group {group} ({item.get('GroupName')}) of {vpc} has rules that name"
        f" {listed}{comma}{_GONE[cause, len(named) == 1]}",
        f"{_HOPE[cause]} {_advice(cause, standing.ours(group, found))}",
        environments=names,
    )


def _advice(cause: Cause, ours: set[bool]) -> str:
    if ours == {True}:
        return f"{_OURS[cause]}."
    if ours == {False}:
        return "meshbot did not make them: remove them by hand."
    return f"{_OURS[cause]}; remove the others by hand."
