"""The peerings that the mesh asks for."""

from __future__ import annotations

from collections.abc import Iterable

from bot.kinds.base import environment_names
from bot.kinds.vpc_peering.spec import Claim, PeeringWish
from bot.model.address import Pair, peering_address
from bot.model.change import Desired
from bot.model.inventory import Inventory
from bot.model.mesh import Environment, Member, Mesh, MeshFile
from bot.model.topology import connected_members


def desire(mesh: Mesh, inventory: Inventory) -> Iterable[Desired[PeeringWish]]:
    """One wish per pair, with the claim of every environment that connects it."""
    claims: dict[Pair, list[Claim]] = {}
    for file, environment in mesh:
        for one, other in connected_members(environment):
            pair = Pair.of(one.vpc, other.vpc)
            claims.setdefault(pair, []).append(_claim(file, environment, one, other))
    for pair in sorted(claims, key=lambda pair: pair.sort_key):
        yield _wish(pair, sorted(claims[pair], key=lambda claim: claim.environment))


def _claim(file: MeshFile, environment: Environment, one: Member, other: Member) -> Claim:
    return Claim(
        environment.name,
        file.metadata,
        environment.adopt,
        {one.vpc: one.peering_tags, other.vpc: other.peering_tags},
        (one.declared_at, other.declared_at),
    )


def _wish(pair: Pair, claims: list[Claim]) -> Desired[PeeringWish]:
    lines = tuple(sorted({line for claim in claims for line in claim.declared_at}))
    names = environment_names(tuple(claim.environment for claim in claims))
    return Desired(peering_address(pair), PeeringWish(pair, tuple(claims)), lines, names)
