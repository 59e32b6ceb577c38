"""The peering options that the mesh asks for."""

from __future__ import annotations

from collections.abc import Iterable

from bot.kinds.base import environment_names
from bot.kinds.peering_options.spec import OptionsClaim, OptionsWish
from bot.model.address import Pair, VpcRef, peering_address, peering_options_address
from bot.model.change import Desired
from bot.model.inventory import Inventory
from bot.model.mesh import Environment, Member, Mesh
from bot.model.topology import connected_members


def desire(mesh: Mesh, inventory: Inventory) -> Iterable[Desired[OptionsWish]]:
    """One wish for each side that an environment says something about.

    A member's ``dns_resolution`` is about its own VPC's side of its peerings; without one the
    environment's holds. Where neither says anything, nothing is wished.
    """
    claims: dict[tuple[VpcRef, VpcRef], list[OptionsClaim]] = {}
    for _, environment in mesh:
        if not _says_something(environment):
            continue
        for one, other in connected_members(environment):
            for member, peer in ((one, other), (other, one)):
                claim = _claim(environment, member)
                if claim is not None:
                    claims.setdefault((member.vpc, peer.vpc), []).append(claim)
    for vpc, peer_vpc in sorted(claims, key=lambda side: (side[0].sort_key, side[1].sort_key)):
        yield _wish(vpc, peer_vpc, tuple(sorted(claims[vpc, peer_vpc])))


def _says_something(environment: Environment) -> bool:
    """Spares the pairs of large meshes that leave their options alone."""
    return environment.dns_resolution is not None or any(
        member.dns_resolution is not None for member in environment.members
    )


def _claim(environment: Environment, member: Member) -> OptionsClaim | None:
    wanted, line = member.dns_resolution, member.dns_declared_at or member.declared_at
    if wanted is None:
        wanted = environment.dns_resolution
        line = environment.dns_declared_at or environment.declared_at
    return None if wanted is None else OptionsClaim(environment.name, wanted, line)


def _wish(vpc: VpcRef, peer: VpcRef, claims: tuple[OptionsClaim, ...]) -> Desired[OptionsWish]:
    lines = tuple(sorted({claim.declared_at for claim in claims}))
    names = environment_names(tuple(claim.environment for claim in claims))
    wish = OptionsWish(vpc, peering_address(Pair.of(vpc, peer)), claims)
    return Desired(peering_options_address(vpc, peer), wish, lines, names)
