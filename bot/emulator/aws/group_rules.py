"""Security group rules, and what a reference to a peer's group needs.

Sources: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.ec2.utils import random_security_group_rule_id

from bot.emulator.aws.peerings import Peerings, Place, Status

NUMBERED = frozenset({"tcp", "udp", "icmp", "icmpv6"})
"""Protocols with ports, or types and codes."""

GONE = frozenset({Status.DELETED, Status.DELETING, Status.REJECTED, Status.EXPIRED, Status.FAILED})


@dataclass(slots=True)
class GroupRule:
    """A rule. ``kind`` is the key of what it lets through in IpPermission: a range of blocks, a
    prefix list or a group; ``peering`` the connection over which it names a peer's group.

    Ports, types and codes are -1 for all, as EC2 answers them.
    """

    id: str
    group: str
    egress: bool
    protocol: str
    from_port: int
    to_port: int
    kind: str
    allowed: str
    owner: str = ""
    vpc: str = ""
    peering: str = ""
    description: str = ""

    @property
    def identity(self) -> tuple[object, ...]:
        """What EC2 tells two rules of a group apart by."""
        return self.egress, self.protocol, self.from_port, self.to_port, self.kind, self.allowed


@dataclass(frozen=True, slots=True)
class Traffic:
    """Which traffic a permission is about, checked and in EC2's words."""

    protocol: str
    from_port: int
    to_port: int


class GroupRules:
    """Every rule there is, by group; a group starts with those that EC2 makes it with."""

    def __init__(self) -> None:
        self._rules: dict[str, dict[str, GroupRule]] = {}

    def of(self, group: Any) -> dict[str, GroupRule]:
        """The rules of one of moto's groups, by id."""
        if group.id not in self._rules:
            self._rules[group.id] = {rule.id: rule for rule in _first(group)}
        return self._rules[group.id]

    def made(self) -> list[GroupRule]:
        """The rules of every group that was looked at, in every account."""
        return [rule for rules in self._rules.values() for rule in rules.values()]


def _first(group: Any) -> list[GroupRule]:
    """Everything out; of a default group also everything in from itself (API_CreateVpc)."""
    every = ("-1", -1, -1)
    rules = [GroupRule(_id(), group.id, True, *every, "IpRanges", "0.0.0.0/0")]
    if group.is_default:
        held = GroupRule(_id(), group.id, False, *every, "UserIdGroupPairs", group.id)
        held.owner, held.vpc = group.owner_id, group.vpc_id
        rules.append(held)
    return rules


def _id() -> str:
    return str(random_security_group_rule_id())


def new_rule(
    group: str, egress: bool, traffic: Traffic, kind: str, allowed: str, description: str
) -> GroupRule:
    """A rule with an id of its own."""
    ends = (traffic.protocol, traffic.from_port, traffic.to_port)
    return GroupRule(_id(), group, egress, *ends, kind, allowed, description=description)


def referencing(peerings: Peerings, one: str, other: str, place: Place, now: float) -> str:
    """The active peering of two VPCs within one Region, or nothing.

    "You cannot reference the security group of a peer VPC that's in a different Region" (guide).
    """
    for peering in peerings.of_vpc(one):
        alike = {side.place.region for side in peering.sides} == {place.region}
        here = {side.vpc for side in peering.sides} == {one, other}
        if here and alike and peering.status(now) is Status.ACTIVE:
            return peering.id
    return ""
