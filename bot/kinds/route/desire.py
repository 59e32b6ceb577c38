"""The routes that the mesh asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.kinds.base import environment_names
from bot.kinds.route.spec import NAME, RouteClaim, RouteWish
from bot.model.address import Address, Pair, VpcRef, peering_address
from bot.model.change import Desired
from bot.model.cidr import canonical, exact_unions, is_ipv6
from bot.model.inventory import Inventory
from bot.model.mesh import Environment, Member, Mesh
from bot.model.topology import connected_members


def route_address(vpc: VpcRef, table: str, destination: str) -> Address:
    """The address of a route: its table and its destination."""
    return Address(NAME, (vpc.scope,), f"{table}/{destination}")


def desire(mesh: Mesh, inventory: Inventory) -> Iterable[Desired[RouteWish]]:
    """In every eligible table of a VPC, one route for each CIDR block of each peer."""
    claims: dict[tuple[VpcRef, str], list[RouteClaim]] = {}
    for _, environment in mesh:
        destinations = {
            member.vpc: destinations_of(environment, member, inventory)
            for member in environment.present
        }
        for one, other in connected_members(environment):
            peering = peering_address(Pair.of(one.vpc, other.vpc))
            for vpc, peer in ((one.vpc, other), (other.vpc, one)):
                claim = _claim(environment, peering, peer)
                for destination in destinations[peer.vpc]:
                    claims.setdefault((vpc, destination), []).append(claim)
    for vpc, destination in sorted(claims, key=lambda place: (place[0].sort_key, place[1])):
        made = claims.pop((vpc, destination))
        yield from _wishes(vpc, destination, tuple(sorted(made)), inventory)


def _wishes(
    vpc: VpcRef, destination: str, claims: tuple[RouteClaim, ...], inventory: Inventory
) -> Iterator[Desired[RouteWish]]:
    lines = tuple(sorted({claim.declared_at for claim in claims}))
    names = environment_names(tuple(claim.environment for claim in claims))
    for table in inventory.eligible(vpc):
        wish = RouteWish(vpc, table.id, destination, claims)
        yield Desired(route_address(vpc, table.id, destination), wish, lines, names)


def _claim(environment: Environment, peering: Address, peer: Member) -> RouteClaim:
    overridden = peer.cidr_overrides is not None
    line = peer.overrides_declared_at if overridden else None
    return RouteClaim(peering, peer.vpc, environment.name, line or peer.declared_at, overridden)


def destinations_of(
    environment: Environment, member: Member, inventory: Inventory
) -> tuple[str, ...]:
    """The member's overrides, else all its associated blocks; IPv6 and unions only when asked."""
    blocks: tuple[str, ...] = ()
    if member.cidr_overrides is not None:
        blocks = member.cidr_overrides
    elif (vpc := inventory.vpcs.get(member.vpc)) is not None:
        blocks = (*vpc.cidr_blocks, *vpc.ipv6_cidr_blocks)
    routed = {canonical(b) for b in blocks if environment.ipv6 or not is_ipv6(b)}
    return tuple(sorted(exact_unions(routed) if environment.aggregate_routes else routed))
