"""A naive packet walker: one address, one port and one hop after another, over the raw world.

It knows the product's text on reachability and AWS's rules, and none of the code under test.
What it says of a pair it says by trying every address that could make a difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from ipaddress import ip_network as parsed
from itertools import product

from bot.model.address import VpcRef
from bot.model.mesh import Environment, Member
from tests.fakes.world import FakeAcl, FakeSubnet, FakeTable, World
from tests.oracle.heard import heard

Address = IPv4Address | IPv6Address

ip_network = lru_cache(maxsize=None)(parsed)


def reachable(world: World, environment: Environment, source: VpcRef, peer: VpcRef) -> bool | None:
    """Whether the peer is reached as a whole; None when the environment does not want it."""
    members = {member.vpc: member for member in environment.present}
    if any(vpc.scope.account in world.closed or vpc not in world.vpcs for vpc in (source, peer)):
        overrides = [members[vpc].cidr_overrides for vpc in (source, peer)]
        return (
            None if any(o is not None and not _family(environment, o) for o in overrides) else False
        )
    ours, theirs = (routed(world, environment, members[vpc]) for vpc in (source, peer))
    families = {_version(b) for b in ours} & {_version(b) for b in theirs}
    if not families:
        return None
    inhabited = families & _inhabited(world, source, ours) & _inhabited(world, peer, theirs)
    return all(
        _connects(
            world,
            (source, _subnets(world, source, ours, version), _of(ours, version)),
            (peer, _subnets(world, peer, theirs, version), _of(theirs, version)),
        )
        and heard(world, environment, source, peer, _of(ours, version), _of(theirs, version))
        for version in sorted(inhabited or families)
    )


Side = tuple[VpcRef, list[FakeSubnet | None], list[str]]
"""A VPC, its subnets that take part, and the blocks that it is routed at."""


def _connects(world: World, near: Side, far: Side) -> bool:
    """Every subnet with every address that may be treated unlike its neighbours."""
    (source, here, mine), (peer, there, yours) = near, far
    edges = _edges(world, source, peer)
    addresses, others = _samples(mine, edges), _samples(yours, edges)
    return (
        all(_arrives(world, source, peer, s, b) for s, b in product(here, others))
        and all(_arrives(world, peer, source, t, a) for t, a in product(there, addresses))
        and all(
            _talks(world, s, a, t, b)
            for s, t in product(here, there)
            if _acl(world, s) or _acl(world, t)
            for a, b in product(addresses, others)
        )
    )


def _of(blocks: Iterable[str], version: int) -> list[str]:
    return sorted(block for block in blocks if _version(block) == version)


def routed(world: World, environment: Environment, member: Member) -> set[str]:
    """The blocks that peers route to a member."""
    vpc = world.vpcs[member.vpc]
    overrides = member.cidr_overrides
    blocks = set(overrides) if overrides is not None else {*vpc.v4, *vpc.v6}
    return _family(environment, blocks)


def _family(environment: Environment, blocks: Iterable[str]) -> set[str]:
    return {block for block in blocks if environment.ipv6 or ":" not in block}


def _version(block: str) -> int:
    return ip_network(block).version


def _subnets(world: World, vpc: VpcRef, blocks: set[str], version: int) -> list[FakeSubnet | None]:
    taking = _taking_part(world, vpc, blocks)
    found = [s for s in taking if any(_version(b) == version for b in s.blocks)]
    return list(found or taking) or [None]


def _taking_part(world: World, vpc: VpcRef, blocks: set[str]) -> list[FakeSubnet]:
    every = [s for s in world.subnets.values() if s.vpc == vpc]
    return [s for s in every if any(_share(x, y) for x in s.blocks for y in blocks)] or every


def _inhabited(world: World, vpc: VpcRef, blocks: set[str]) -> set[int]:
    """The IP versions that somebody in the VPC may have an address of."""
    subnets = _taking_part(world, vpc, blocks)
    return {_version(b) for s in subnets for b in s.blocks} if subnets else {4, 6}


def _share(one: str, other: str) -> bool:
    a, b = ip_network(one), ip_network(other)
    return _version(one) == _version(other) and (a.network_address in b or b.network_address in a)


def _edges(world: World, *vpcs: VpcRef) -> set[Address]:
    """First and last addresses of all that tells addresses apart, and their neighbours."""
    blocks = {r.destination for t in world.tables.values() if t.vpc in vpcs for r in t.routes}
    blocks |= {r.block for acl in world.acls.values() if acl.vpc in vpcs for r in acl.rules}
    found: set[Address] = set()
    for text in blocks:
        if not text.startswith("pl-"):
            block = ip_network(text)
            first, last = int(block.network_address), int(block.broadcast_address)
            kind = type(block.network_address)
            top = 2 ** (32 if block.version == 4 else 128) - 1
            found |= {kind(n) for n in (first - 1, first, last, last + 1) if 0 <= n <= top}
    return found


def _samples(blocks: list[str], edges: set[Address]) -> list[Address]:
    held: set[Address] = set()
    for text in blocks:
        block = ip_network(text)
        held |= {block.network_address, block.broadcast_address}
        held |= {edge for edge in edges if edge.version == block.version and edge in block}
    return sorted(held, key=int)


def _arrives(
    world: World,
    source: VpcRef,
    peer: VpcRef,
    near: FakeSubnet | None,
    to: Address,
) -> bool:
    """Whether a packet from a subnet is routed into an active peering of the two VPCs."""
    table = _table(world, source, near)
    if table is None:
        return False
    best = None
    for route in table.routes:
        if (
            route.destination.startswith("pl-")
            or ip_network(route.destination).version != to.version
        ):
            continue
        if to not in ip_network(route.destination):
            continue
        rank = (ip_network(route.destination).prefixlen, route.static)
        if best is None or rank > best[0]:
            best = rank, route
    if best is None:
        return False
    peering = world.peerings.get(best[1].target)
    return peering is not None and peering.status == "active" and peering.ends == {source, peer}


def _table(world: World, vpc: VpcRef, subnet: FakeSubnet | None) -> FakeTable | None:
    if subnet is not None and subnet.table:
        return world.tables[subnet.table]
    return next((t for t in world.tables_of(vpc) if t.main), None)


def _talks(
    world: World, near: FakeSubnet | None, a: Address, far: FakeSubnet | None, b: Address
) -> bool:
    """Whether some port of b can be asked, and can answer some ephemeral port of a."""
    asked = any(
        _passes(world, near, True, b, port) and _passes(world, far, False, a, port)
        for port in _ports(world, 0, near, far)
    )
    return asked and any(
        _passes(world, far, True, a, port) and _passes(world, near, False, b, port)
        for port in _ports(world, 1024, near, far)
    )


def _ports(world: World, least: int, *subnets: FakeSubnet | None) -> list[int]:
    known = {least, 65535}
    for acl in (_acl(world, subnet) for subnet in subnets):
        for rule in acl.rules if acl else ():
            if rule.ports:
                known |= {rule.ports[0] - 1, rule.ports[0], rule.ports[1], rule.ports[1] + 1}
    return sorted(port for port in known if least <= port <= 65535)


def _acl(world: World, subnet: FakeSubnet | None) -> FakeAcl | None:
    return world.acls.get(subnet.acl) if subnet is not None and subnet.acl else None


def _passes(
    world: World, subnet: FakeSubnet | None, egress: bool, other: Address, port: int
) -> bool:
    """Whether TCP to or from ``other`` passes a subnet's ACL: the first rule that matches."""
    acl = _acl(world, subnet)
    if acl is None:
        return True
    for rule in sorted(acl.rules, key=lambda rule: rule.number):
        if rule.egress is not egress or rule.protocol not in ("-1", "6"):
            continue
        if ip_network(rule.block).version != other.version or other not in ip_network(rule.block):
            continue
        if rule.protocol == "6" and rule.ports and not rule.ports[0] <= port <= rule.ports[1]:
            continue
        return rule.allow
    return False
