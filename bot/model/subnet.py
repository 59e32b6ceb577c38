"""Subnets and their network ACLs: what decides, besides routes, whether packets arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.address import Scope, VpcRef


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet with its associated blocks, IPv4 and IPv6, canonical."""

    id: str
    vpc: VpcRef
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AclRule:
    """A rule of a network ACL. ``protocol`` is IANA's number, -1 for all.

    ``ports`` are the first and the last one; None where the protocol has none, or for all.
    """

    number: int
    egress: bool
    allow: bool
    block: str
    protocol: int = -1
    ports: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class NetworkAcl:
    """A network ACL; ``rules`` by direction and number. Subnets named nowhere have the default."""

    id: str
    vpc: VpcRef
    default: bool
    subnets: frozenset[str]
    rules: tuple[AclRule, ...]


@dataclass(frozen=True, slots=True)
class SubnetFacts:
    """What was read of subnets: ``read`` are the scopes whose subnets are known.

    ``problems`` say, by scope, which question AWS did not answer and why. A VPC whose ACLs
    are not known has none here.
    """

    read: frozenset[Scope] = frozenset()
    subnets: Mapping[VpcRef, tuple[Subnet, ...]] = field(default_factory=dict)
    acls: Mapping[VpcRef, tuple[NetworkAcl, ...]] = field(default_factory=dict)
    problems: tuple[tuple[Scope, str], ...] = ()
