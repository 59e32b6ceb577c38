"""What a route is: as wanted, as observed, and as changed."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model.address import Address, VpcRef
from bot.model.diagnostic import SourceLine

NAME = "route"

DEAD_PEERING = "a dead peering"
"""The target of a blackhole that we replace or delete, whether AWS still shows the peering or
has forgotten it: what is done is the same, and so is the fingerprint."""


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """A route of a VPC's route table, as a change shows it.

    ``destination`` is a canonical CIDR block (or a prefix list's id). ``target`` is the
    address of our peering, or the id of somebody else's thing.
    """

    vpc: VpcRef
    destination: str
    target: Address | str
    blackhole: bool = False


@dataclass(frozen=True, slots=True)
class ObservedRoute:
    """A route as AWS answered; ``target`` is an AWS id.

    ``propagated``: by a virtual private gateway. ``eligible``: its table is tagged
    ``peerd_eligible:true``.
    """

    vpc: VpcRef
    table: str
    destination: str
    target: str
    blackhole: bool
    propagated: bool
    eligible: bool

    @property
    def is_local(self) -> bool:
        """True for the VPC's own route, which AWS keeps."""
        return self.target == "local"

    @property
    def to_prefix_list(self) -> bool:
        """True when the destination is a managed prefix list."""
        return self.destination.startswith("pl-")


@dataclass(frozen=True, slots=True, order=True)
class RouteClaim:
    """One peering that a destination is wanted through, by one environment.

    ``parts`` are the peer's own blocks, where the destination is their union and none of them.
    ``glimpsed``: the peer is in a gap, and the destination is a block that a peering of it
    shows. That is no reason to make a route, but one not to give the destination away.
    """

    peering: Address
    peer: VpcRef
    environment: str
    declared_at: SourceLine
    overridden: bool
    glimpsed: bool = False
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteWish:
    """A destination that a table should route; claims sorted."""

    vpc: VpcRef
    table: str
    destination: str
    claims: tuple[RouteClaim, ...]
