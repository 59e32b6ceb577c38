"""What the mesh files wish for, by brute force over every two members."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_network
from itertools import combinations

from bot.model.address import Scope, VpcRef
from bot.model.mesh import Environment, Member, MemberRole, Mesh, MeshFile, Topology
from tests.fakes.world import FakePeering, World

Ends = frozenset[VpcRef]


@dataclass
class Wish:
    """One pair that one environment wants connected."""

    environment: Environment
    file: MeshFile
    ends: Ends
    members: dict[VpcRef, Member]

    def destinations(self, peer: VpcRef, world: World) -> set[str]:
        """The routes to ``peer``: its overrides, else all its associated blocks."""
        overrides = self.members[peer].cidr_overrides
        vpc = world.vpcs.get(peer)
        own = {*vpc.v4, *vpc.v6} if vpc else set()
        blocks = set(overrides) if overrides is not None else own
        if not self.environment.ipv6:
            blocks = {block for block in blocks if ":" not in block}
        return blocks

    def resolution(self, vpc: VpcRef) -> bool | None:
        """What the environment wants of the option on a VPC's side; None: nothing."""
        own = self.members[vpc].dns_resolution
        return self.environment.dns_resolution if own is None else own

    def tags(self, requester: VpcRef, accepter: VpcRef) -> dict[Scope, dict[str, str]]:
        """peerd's tags of both sides (reference: peerd, "What it leaves in AWS")."""
        metadata = self.file.metadata
        near = {
            "Name": f"peerd peering to {accepter.scope.account} {accepter.vpc_id}"
            f" {accepter.scope.region}",
            "resource_owner": metadata.resource_owner,
            "business_unit": metadata.business_unit,
            "service_name": metadata.service_name,
            "peerd_created": "true",
            "peerd_support": metadata.support,
            "peerd_role": "requester",
            "peerd_environment": self.environment.name,
        }
        near |= dict(self.members[requester].peering_tags)
        near |= dict(self.members[accepter].peering_tags)
        far = dict(near)
        far["Name"] = (
            f"peerd peering to {requester.scope.account} {requester.vpc_id}"
            f" {requester.scope.region}"
        )
        far["peerd_role"] = "accepter"
        # in one scope the accepter's write comes last and wins
        return {requester.scope: near} | {accepter.scope: far}


def merged(blocks: set[str]) -> set[str]:
    """Halves put together, and parts of others left out, until nothing more can be."""
    known = {ip_network(block) for block in blocks}
    while True:
        whole = {
            one.supernet()
            for one in known
            if one.prefixlen and {*one.supernet().subnets()} <= known
        }
        parts = {
            one
            for one in known | whole
            if any(
                one.supernet(new_prefix=length) in known | whole for length in range(one.prefixlen)
            )
        }
        after = (known | whole) - parts
        if after == known:
            return {str(one) for one in known}
        known = after


def united(wish: Wish, vpc: VpcRef, wishes: list[Wish], world: World) -> set[str]:
    """The routes of ``vpc`` for a wish: unions, where nobody else of its peers claims in them."""
    (peer,) = wish.ends - {vpc}
    blocks = wish.destinations(peer, world)
    if not wish.environment.aggregate_routes:
        return blocks
    routes: set[str] = set()
    for union in merged(blocks):
        inside = {block for block in blocks if _inside(block, union)}
        others = {
            block
            for other in wishes
            if vpc in other.ends and other.ends != wish.ends
            for far in other.ends - {vpc}
            for block in other.destinations(far, world)
        }
        routes |= inside if any(_inside(block, union) for block in others) else {union}
    return routes


def _inside(block: str, union: str) -> bool:
    inner, outer = ip_network(block), ip_network(union)
    return (
        inner.version == outer.version
        and inner.prefixlen >= outer.prefixlen
        and inner.supernet(new_prefix=outer.prefixlen) == outer
    )


@dataclass
class Wishes:
    """Every wish of the head, and the names by which peerings are known to be ours."""

    wishes: list[Wish] = field(default_factory=list)
    services: dict[str, set[str]] = field(default_factory=dict)
    scopes: set[Scope] = field(default_factory=set)
    abandoned: set[str] = field(default_factory=set)

    def of(self, ends: Ends) -> list[Wish]:
        """The environments that want a pair, by name."""
        return sorted(
            (wish for wish in self.wishes if wish.ends == ends), key=lambda w: w.environment.name
        )

    def pairs(self) -> set[Ends]:
        """Every pair that is wanted."""
        return {wish.ends for wish in self.wishes}

    def owner(self, peering: FakePeering, readable: set[Scope]) -> str | None:
        """The environment of ours that a peering's tags name, on a side that can be read."""
        for end in (peering.requester, peering.accepter):
            tags = peering.tags.get(end.scope, {})
            name = tags.get("peerd_environment", "")
            if (
                end.scope in readable
                and tags.get("peerd_created") == "true"
                and tags.get("service_name") in self.services.get(name, ())
            ):
                return name
        return None


def wishes_of(head: Mesh, base: Mesh | None) -> Wishes:
    """Reads both revisions."""
    result = Wishes()
    for mesh in filter(None, (head, base)):
        for file, environment in mesh:
            names = result.services.setdefault(environment.name, set())
            names.add(file.metadata.service_name)
            for member in environment.members:
                names |= {v for k, v in member.peering_tags if k == "service_name"}
                result.scopes.add(member.vpc.scope)
                if member.state == "abandoned":
                    result.abandoned.add(member.vpc.scope.account)
    for file, environment in head:
        present = [m for m in environment.members if m.state == "present"]
        for one, other in combinations(present, 2):
            hubs = MemberRole.HUB in (one.role, other.role)
            if environment.topology is Topology.FULL_MESH or hubs:
                ends = frozenset((one.vpc, other.vpc))
                wish = Wish(environment, file, ends, {one.vpc: one, other.vpc: other})
                result.wishes.append(wish)
    return result
