"""What the mesh refers to but does not manage: VPCs and their route tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.address import Scope, VpcRef
from bot.model.change import Gap


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC and its *associated* CIDR blocks, IPv4 and IPv6 apart, in AWS's order."""

    ref: VpcRef
    cidr_blocks: tuple[str, ...]
    ipv6_cidr_blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A route table; ``eligible`` when tagged ``peerd_eligible:true``."""

    id: str
    vpc: VpcRef
    eligible: bool


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything read about VPCs and route tables, and the scopes that could not be read.

    ``observed`` holds the scopes that were read; a scope in ``gaps`` holds nothing.
    """

    observed: frozenset[Scope] = frozenset()
    vpcs: Mapping[VpcRef, Vpc] = field(default_factory=dict)
    route_tables: Mapping[VpcRef, tuple[RouteTable, ...]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()

    def readable(self, scope: Scope) -> bool:
        """True when the scope was read in full."""
        return scope in self.observed

    def eligible(self, vpc: VpcRef) -> tuple[RouteTable, ...]:
        """The route tables of a VPC that meshbot may change."""
        return tuple(t for t in self.route_tables.get(vpc, ()) if t.eligible)
