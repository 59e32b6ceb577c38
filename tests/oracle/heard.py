"""What security groups let through, packet by packet, over the raw world.

Like the walker it knows the product's text and AWS's rules, and none of the code under test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import product

from bot.model.address import VpcRef
from bot.model.mesh import Environment
from bot.model.security_group import RuleSide, Traffic, WantedRule
from tests.fakes.group import FakeGroup, FakeGroupRule
from tests.fakes.world import World

Address = IPv4Address | IPv6Address
OTHER = "99"
"""A protocol that no rule names: only those for all traffic let it through."""


def heard(
    world: World,
    environment: Environment,
    source: VpcRef,
    peer: VpcRef,
    mine: Iterable[str],
    theirs: Iterable[str],
) -> bool:
    """Whether everything that the environment's entries ask for from source to peer arrives.

    ``mine`` and ``theirs`` are the blocks of the IP versions that are routed.
    """
    return all(
        _entry(world, entry, list(mine), list(theirs))
        for entry in environment.security_group_rules
        if (entry.source.vpc, entry.destination.vpc) == (source, peer)
    )


def _entry(world: World, entry: WantedRule, mine: list[str], theirs: list[str]) -> bool:
    near, far = (_groups(world, side) for side in (entry.source, entry.destination))
    for side, groups in ((entry.source, near), (entry.destination, far)):
        if side.names_group and len(groups) != 1:
            return False
    source = near[0] if entry.source.names_group else None
    destination = far[0] if entry.destination.names_group else None
    return _lets(world, source, True, destination, entry, theirs) and _lets(
        world, destination, False, source, entry, mine
    )


def _groups(world: World, side: RuleSide) -> list[FakeGroup]:
    found = [group for group in world.groups.values() if group.vpc == side.vpc]
    if side.group_id:
        return [group for group in found if group.id == side.group_id]
    if side.name:
        return [group for group in found if group.name == side.name]
    return [group for group in found if set(side.tags) <= set(group.tags.items())]


def _lets(
    world: World,
    group: FakeGroup | None,
    egress: bool,
    other: FakeGroup | None,
    entry: WantedRule,
    blocks: list[str],
) -> bool:
    """Whether a group lets every packet out to, or in from, every address of these blocks."""
    if group is None:
        return True  # it is not known which group it is
    rules = [rule for rule in group.rules.values() if rule.egress is egress]
    peer = other.id if other is not None else ""
    return all(
        any(_admits(world, rule, protocol, one, two, address, peer) for rule in rules)
        for address in _addresses(blocks, rules)
        for protocol, one, two in _contents(entry, rules, address)
    )


def _addresses(blocks: Iterable[str], rules: list[FakeGroupRule]) -> Iterator[Address]:
    """First and last ones of the blocks, and all on either side of what rules name in them."""
    named = [ip_network(r.allowed) for r in rules if not r.allowed.startswith(("sg-", "pl-"))]
    for text in blocks:
        block = ip_network(text)
        found = {int(block[0]), int(block[-1])}
        for net in named:
            if net.version == block.version:
                first, last = int(net.network_address), int(net.broadcast_address)
                found |= {first - 1, first, last, last + 1}
        kind = type(block.network_address)
        yield from (kind(n) for n in sorted(found) if int(block[0]) <= n <= int(block[-1]))


def _contents(
    entry: WantedRule, rules: list[FakeGroupRule], address: Address
) -> Iterator[tuple[str, int, int]]:
    """The kinds of packets of an entry that rules may tell apart."""
    wanted = entry.traffic
    if (wanted.protocol, address.version) in (("icmp", 6), ("icmpv6", 4)):
        return
    if wanted.protocol in ("tcp", "udp"):
        yield from ((wanted.protocol, port, 0) for port in _ports(wanted, rules))
    elif wanted.protocol in ("icmp", "icmpv6"):
        types = {0, 8, 255, *(r.from_port for r in rules)} - {-1}
        codes = {0, 3, 255, *(r.to_port for r in rules)} - {-1}
        ones = types if wanted.from_port == -1 else {wanted.from_port}
        twos = codes if wanted.to_port == -1 else {wanted.to_port}
        yield from ((wanted.protocol, *found) for found in product(ones, twos))
    else:
        yield (OTHER if wanted.protocol == "-1" else wanted.protocol), 0, 0


def _ports(wanted: Traffic, rules: list[FakeGroupRule]) -> list[int]:
    edges = {wanted.from_port, wanted.to_port}
    for rule in rules:
        edges |= {rule.from_port - 1, rule.from_port, rule.to_port, rule.to_port + 1}
    return sorted(port for port in edges if wanted.from_port <= port <= wanted.to_port)


def _admits(
    world: World,
    rule: FakeGroupRule,
    protocol: str,
    one: int,
    two: int,
    address: Address,
    peer: str,
) -> bool:
    if rule.protocol not in ("-1", protocol):
        return False
    if rule.protocol in ("tcp", "udp") and not rule.from_port <= one <= rule.to_port:
        return False
    if rule.protocol in ("icmp", "icmpv6") and not (
        rule.from_port in (-1, one) and rule.to_port in (-1, two)
    ):
        return False
    if rule.allowed.startswith("pl-"):
        return False
    if rule.allowed.startswith("sg-"):
        peering = world.peerings.get(rule.peering)
        return rule.allowed == peer and peering is not None and peering.status == "active"
    return address in ip_network(rule.allowed)
