"""Which members of an environment peer with which."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from bot.model.address import Pair
from bot.model.mesh import Environment, Member, MemberRole, Mesh, Topology


def connected_members(environment: Environment) -> Iterator[tuple[Member, Member]]:
    """Every two present members that the environment connects, each couple once.

    In hub-and-spoke, hubs peer with everybody (each other too), spokes with hubs only.
    """
    for one, other in combinations(environment.present, 2):
        if one.vpc != other.vpc and _connects(environment.topology, one, other):
            yield one, other


def wanted_pairs(mesh: Mesh) -> dict[Pair, frozenset[str]]:
    """The pairs that any environment connects, with the names of those that do."""
    wanted: dict[Pair, set[str]] = {}
    for _, environment in mesh:
        for one, other in connected_members(environment):
            wanted.setdefault(Pair.of(one.vpc, other.vpc), set()).add(environment.name)
    return {pair: frozenset(names) for pair, names in wanted.items()}


def _connects(topology: Topology, one: Member, other: Member) -> bool:
    match topology:
        case Topology.FULL_MESH:
            return True
        case Topology.HUB_AND_SPOKE:
            return MemberRole.HUB in (one.role, other.role)
