"""Which environments may be planned and applied apart from which others.

Two environments belong together when they name a common VPC, in the files of the head or of
the base, tombstones too. Everything that ties environments to one another goes through a VPC
that both name: a peering that both want has its two ends in both; two claims to one
destination meet in a table of one VPC; what a route gives way to is in the same table; AWS's
quotas count per VPC and per table. The one tie that the files cannot show is a tag that names
an environment which does not hold the VPCs: ``bot.engine.shard_part`` refuses it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from bot.errors import FailureReason, Refused, UsageError
from bot.model.address import Scope, VpcRef
from bot.model.mesh import Environment, Member, MemberRole, Mesh, Topology
from bot.model.shard import MOST_SHARDS, Shard, numbered

Groups = tuple[tuple[str, ...], ...]


def divided(head: Mesh, base: Mesh | None, most: int) -> tuple[Shard, ...]:
    """The environments of both revisions in at most ``most`` shards; none when there are none.

    Larger groups are placed first, each where there is least to do; then the shards are
    numbered by their first environment. The same meshes give the same shards, and dividing
    again into as many as there are gives them once more. Raises UsageError.
    """
    if not 1 <= most <= MOST_SHARDS:
        raise UsageError(f"The number of shards is 1 to {MOST_SHARDS}, not {most}.")
    loads = _loads(head, base)
    weighed = [
        (sum((loads[n] for n in names), Counter[str]()), names) for names in groups(head, base)
    ]
    bins: list[tuple[Counter[str], list[str]]] = [
        (Counter(), []) for _ in range(min(most, len(weighed)))
    ]
    for load, names in sorted(weighed, key=lambda item: (-item[0].total(), item[1])):
        emptiest = min(bins, key=lambda item: (bool(item[1]), item[0].total()))
        emptiest[0].update(load)
        emptiest[1].extend(names)
    ordered = sorted((sorted(names), load) for load, names in bins)
    return tuple(
        Shard(number, len(bins), tuple(names), load["peerings"], load["routes"])
        for number, (names, load) in enumerate(ordered, 1)
    )


def groups(head: Mesh, base: Mesh | None) -> Groups:
    """The smallest sets of environments that share no VPC, each sorted, sorted."""
    leader: dict[str, str] = {}
    first: dict[VpcRef, str] = {}
    for name, member in _members(head, base):
        leader.setdefault(name, name)
        if member is not None:
            one, other = _find(leader, name), _find(leader, first.setdefault(member.vpc, name))
            leader[max(one, other)] = min(one, other)
    found: dict[str, list[str]] = {}
    for name in sorted(leader):
        found.setdefault(_find(leader, name), []).append(name)
    return tuple(sorted(tuple(names) for names in found.values()))


def _find(leader: dict[str, str], name: str) -> str:
    while leader[name] != name:
        leader[name] = leader[leader[name]]
        name = leader[name]
    return name


def _members(*meshes: Mesh | None) -> Iterator[tuple[str, Member | None]]:
    """Every member with its environment's name, and each name once by itself."""
    for mesh in meshes:
        for _, environment in mesh or ():
            yield environment.name, None
            for member in environment.members:
                yield environment.name, member


def chosen(label: str, names: Collection[str], head: Mesh, base: Mesh | None) -> Shard:
    """The shard that a run was told to be: a label, and the names that it is made of.

    The mesh may have moved on since it was divided, so names that no file knows any more are
    settled and left out, and those that are left must share no VPC with any other. Without
    names the mesh is divided anew. Raises UsageError and Refused.
    """
    shard = numbered(label)
    if shard is None:
        raise UsageError(f"A shard is called like 1-of-3, not {label[:40]!r}.")
    if not names:
        parts = divided(head, base, shard.of)
        if len(parts) != shard.of:
            raise UsageError(
                f"There is no shard {label}: the environments can be divided into"
                f" {len(parts)} at most, as they share VPCs. See: meshbot shards"
            )
        return parts[shard.number - 1]
    known = {name for name, _ in _members(head, base)}
    shard = replace(shard, environments=tuple(sorted(known.intersection(names))))
    check_apart(shard.environments, head, base)
    return shard


def check_apart(names: Collection[str], head: Mesh, base: Mesh | None) -> None:
    """Raises Refused when one of these environments shares a VPC with one that is not here."""
    for group in groups(head, base):
        inside = [name for name in group if name in names]
        if inside and len(inside) < len(group):
            outside = next(name for name in group if name not in names)
            raise Refused(
                f"The environments {inside[0]!r} and {outside!r} belong together, as they share"
                " VPCs, but only one of them is in this shard: the mesh files have changed since"
                " they were divided. Nothing was read or changed. Run the workflow again.",
                FailureReason.STALE_PLAN,
            )


def home_scopes(names: Collection[str], *meshes: Mesh | None) -> frozenset[Scope]:
    """Where members and tombstones of these environments live, as ``Mesh.scopes`` says."""
    found: set[Scope] = set()
    for mesh in filter(None, meshes):
        near = {m.vpc.scope for name, m in _members(mesh) if m is not None and name in names}
        found |= near & mesh.scopes
    return frozenset(found)


def _loads(head: Mesh, base: Mesh | None) -> Mapping[str, Counter[str]]:
    """How much there is in each environment, now or before, whichever is more."""
    loads: dict[str, Counter[str]] = {}
    for mesh in (head, base):
        for _, environment in mesh or ():
            here = _load(environment)
            loads[environment.name] = loads.get(environment.name, Counter()) | here
    return loads


def _load(environment: Environment) -> Counter[str]:
    """Peerings, and routes if each VPC had one block and one table."""
    hubs: list[Member] = []
    spokes: list[Member] = []
    for member in environment.present:
        full = environment.topology is Topology.FULL_MESH
        (hubs if full or member.role is MemberRole.HUB else spokes).append(member)
    everybody = len(hubs) + len(spokes)
    pairs = everybody * (everybody - 1) // 2 - len(spokes) * (len(spokes) - 1) // 2
    routes = sum(map(_destinations, hubs)) * (everybody - 1)
    routes += sum(map(_destinations, spokes)) * len(hubs)
    return Counter(peerings=max(pairs, 0), routes=max(routes, 0), members=len(environment.members))


def _destinations(member: Member) -> int:
    return 1 if member.cidr_overrides is None else len(member.cidr_overrides)
