"""What the mesh refers to but does not manage: VPCs, their route tables, security groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.address import Scope, VpcRef
from bot.model.change import Gap
from bot.model.tags import Tags


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC and its *associated* CIDR blocks, IPv4 and IPv6 apart, in AWS's order."""

    ref: VpcRef
    cidr_blocks: tuple[str, ...]
    ipv6_cidr_blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table; ``eligible`` when tagged ``peerd_eligible:true``.

    ``subnets`` are those that are associated with it by name, sorted; every other subnet of
    the VPC has the ``main`` one.
    """

    id: str
    vpc: VpcRef
    eligible: bool
    main: bool = False
    subnets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group of a VPC; names are unique in a VPC.

    ``owner`` is the account that has it, empty for the VPC's own. Accounts that subnets of a VPC
    are shared with make groups of theirs in it, which the VPC's owner sees and cannot change:
    https://docs.aws.amazon.com/vpc/latest/userguide/vpc-share-limitations.html
    """

    id: str
    vpc: VpcRef
    name: str
    tags: Tags = field(default_factory=Tags)
    owner: str = ""

    @property
    def own(self) -> bool:
        """True when the account of the VPC's member may change it."""
        return self.owner in ("", self.vpc.scope.account)


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything read about VPCs and route tables, and the scopes that could not be read.

    ``observed`` holds the scopes that were read; a scope in ``gaps`` holds nothing. Security
    groups are read only where security group rules name the scope. ``glimpsed`` are VPCs of
    gaps with the blocks that their peerings show on the sides that were read: enough to know
    what they may claim, and never a reason to make anything.
    """

    observed: frozenset[Scope] = frozenset()
    vpcs: Mapping[VpcRef, Vpc] = field(default_factory=dict)
    route_tables: Mapping[VpcRef, tuple[RouteTable, ...]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    security_groups: Mapping[VpcRef, tuple[SecurityGroup, ...]] = field(default_factory=dict)
    glimpsed: Mapping[VpcRef, Vpc] = field(default_factory=dict)

    def readable(self, scope: Scope) -> bool:
        """True when the scope was read in full."""
        return scope in self.observed

    def eligible(self, vpc: VpcRef) -> tuple[RouteTable, ...]:
        """The route tables of a VPC that meshbot may change."""
        return tuple(t for t in self.route_tables.get(vpc, ()) if t.eligible)
