"""The routes that the mesh asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bot.kinds.base import environment_names
from bot.kinds.route.spec import NAME, RouteClaim, RouteWish
from bot.model.address import Address, Pair, VpcRef, home_of, peering_address
from bot.model.change import Desired
from bot.model.cidr import Blocks, canonical, exact_unions, is_ipv6, within
from bot.model.diagnostic import SourceLine
from bot.model.inventory import Inventory, Vpc
from bot.model.mesh import Environment, Member, Mesh
from bot.model.topology import connected_members


def route_address(vpc: VpcRef, table: str, destination: str) -> Address:
    """The address of a route: its table and its destination."""
    return Address(NAME, home_of(vpc.scope), f"{table}/{destination}")


def desire(mesh: Mesh, inventory: Inventory) -> Iterable[Desired[RouteWish]]:
    """In every eligible table of a VPC, one route for each CIDR block of each peer.

    A peer in a gap claims what is known of it: its overrides, or the blocks that were glimpsed.
    """
    wanted: dict[VpcRef, dict[str, list[RouteClaim]]] = {}
    unions = Unions.of(mesh, inventory)
    for environment, vpc, peer, blocks in _legs(mesh, inventory):
        glimpsed = peer.cidr_overrides is None and peer.vpc in inventory.glimpsed
        claim = _claim(environment, peering_address(Pair.of(vpc, peer.vpc)), peer, glimpsed)
        claims = wanted.setdefault(vpc, {})
        for destination, parts in unions.routed(environment, vpc, peer, blocks):
            made = replace(claim, parts=parts) if parts else claim
            claims.setdefault(destination, []).append(made)
    for vpc in sorted(wanted, key=lambda vpc: vpc.sort_key):
        tables = [table.id for table in inventory.eligible(vpc)]
        for destination, found in sorted(wanted.pop(vpc).items()):
            in_order = tuple(sorted(found) if len(found) > 1 else found)
            yield from _wishes(vpc, destination, in_order, tables)


Leg = tuple[Environment, VpcRef, Member, tuple[str, ...]]
"""An environment, a VPC that gets routes, the peer that they lead to, and its blocks."""


def _legs(mesh: Mesh, inventory: Inventory) -> Iterator[Leg]:
    for _, environment in mesh:
        destinations = {
            member.vpc: _claimed(environment, member, inventory) for member in environment.present
        }
        for one, other in connected_members(environment):
            yield environment, one.vpc, other, destinations[other.vpc]
            yield environment, other.vpc, one, destinations[one.vpc]


@dataclass(frozen=True, slots=True)
class Unions:
    """Which adjacent blocks of a peer may be one route of a VPC (``aggregate_routes``).

    None where another peer of the same VPC claims the union or a part of it: who has which
    addresses then stays what it is without unions, a contested destination included.
    """

    spoilt: frozenset[tuple[VpcRef, VpcRef, str]]

    @classmethod
    def of(cls, mesh: Mesh, inventory: Inventory) -> Unions:
        """The unions that others' claims spoil, by VPC and peer."""
        if not any(environment.aggregate_routes for _, environment in mesh):
            return cls(frozenset())
        claimed: dict[VpcRef, dict[str, set[VpcRef]]] = {}
        united: dict[VpcRef, dict[str, set[VpcRef]]] = {}
        for environment, vpc, peer, blocks in _legs(mesh, inventory):
            for block in blocks:
                claimed.setdefault(vpc, {}).setdefault(block, set()).add(peer.vpc)
            for union in exact_unions(blocks) if environment.aggregate_routes else ():
                united.setdefault(vpc, {}).setdefault(union, set()).add(peer.vpc)
        return cls(
            frozenset(
                (vpc, peer, union)
                for vpc, unions in united.items()
                for union, peer in _contested(unions, claimed[vpc])
            )
        )

    def routed(
        self, environment: Environment, vpc: VpcRef, peer: Member, blocks: tuple[str, ...]
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The destinations of the routes that a VPC gets to a peer, with the parts of unions."""
        if not environment.aggregate_routes:
            yield from ((block, ()) for block in blocks)
            return
        for union in exact_unions(blocks):
            held = [block for block in blocks if within(block, union)]
            if (vpc, peer.vpc, union) in self.spoilt:
                yield from ((block, ()) for block in held)
            else:
                yield union, tuple(block for block in held if block != union)


def _contested(
    unions: Mapping[str, set[VpcRef]], claimed: Mapping[str, set[VpcRef]]
) -> Iterator[tuple[str, VpcRef]]:
    """The unions, each with its peer, that another peer claims or claims a part of."""
    wider = Blocks(unions)
    for block, claimants in claimed.items():
        equal = [(block, unions[block])] if block in unions else []
        for union, peers in (*equal, *wider.broader(block)):
            yield from ((union, peer) for peer in peers if claimants - {peer})


def _wishes(
    vpc: VpcRef, destination: str, claims: tuple[RouteClaim, ...], tables: Iterable[str]
) -> Iterator[Desired[RouteWish]]:
    """One after another, and of one value each: claims, lines and environments."""
    lines = lines_of(claims)
    names = environment_names(tuple([claim.environment for claim in claims]))
    home = home_of(vpc.scope)
    for table in tables:
        wish = RouteWish(vpc, table, destination, claims)
        yield Desired(Address(NAME, home, f"{table}/{destination}"), wish, lines, names)


def lines_of(claims: tuple[RouteClaim, ...]) -> tuple[SourceLine, ...]:
    """The lines that claims come from, each once, sorted."""
    if len(claims) == 1:
        return (claims[0].declared_at,)
    return tuple(sorted({claim.declared_at for claim in claims}))


def _claim(environment: Environment, peering: Address, peer: Member, glimpsed: bool) -> RouteClaim:
    overridden = peer.cidr_overrides is not None
    line = (peer.overrides_declared_at if overridden else None) or peer.declared_at
    return RouteClaim(peering, peer.vpc, environment.name, line, overridden, glimpsed)


def destinations_of(
    environment: Environment, member: Member, inventory: Inventory
) -> tuple[str, ...]:
    """The member's overrides, else all its associated blocks; IPv6 only when asked."""
    return _destinations(environment, member, inventory.vpcs.get(member.vpc))


def _claimed(environment: Environment, member: Member, inventory: Inventory) -> tuple[str, ...]:
    """Likewise, and of a member in a gap what was glimpsed of it."""
    vpc = inventory.vpcs.get(member.vpc) or inventory.glimpsed.get(member.vpc)
    return _destinations(environment, member, vpc)


def _destinations(environment: Environment, member: Member, vpc: Vpc | None) -> tuple[str, ...]:
    blocks: tuple[str, ...] = ()
    if member.cidr_overrides is not None:
        blocks = member.cidr_overrides
    elif vpc is not None:
        blocks = (*vpc.cidr_blocks, *vpc.ipv6_cidr_blocks)
    return tuple(sorted({canonical(b) for b in blocks if environment.ipv6 or not is_ipv6(b)}))
