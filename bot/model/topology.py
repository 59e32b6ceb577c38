"""Which members of an environment peer with which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from bot.model.address import Pair, VpcRef
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


def unconnected(mesh: Mesh, pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Those of the pairs that no environment connects.

    Quick where the mesh is large and the pairs are few: it does not list all that it connects.
    """
    places: dict[VpcRef, dict[str, tuple[Topology, Member]]] = {}
    for _, environment in mesh:
        for member in environment.present:
            place = environment.topology, member
            places.setdefault(member.vpc, {})[environment.name] = place
    for pair in pairs:
        here, there = (places.get(vpc, {}) for vpc in (pair.first, pair.second))
        joined = here.keys() & there.keys()
        if not any(_connects(here[name][0], here[name][1], there[name][1]) for name in joined):
            yield pair


def _connects(topology: Topology, one: Member, other: Member) -> bool:
    match topology:
        case Topology.FULL_MESH:
            return True
        case Topology.HUB_AND_SPOKE:
            return MemberRole.HUB in (one.role, other.role)
