"""Security group rules: what must hold after an apply, by brute force over groups and entries."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.model.address import Scope, VpcRef
from bot.model.mesh import Environment, Mesh
from tests.fakes.group import FakeGroup, FakeGroupRule
from tests.fakes.world import World

Key = tuple[str, bool, str, int, int, str]
"""A group, whether egress, protocol, ports, and the group or block that is let through."""


@dataclass
class WantedRule:
    """A rule that must be there, with one of these sets of tags; ``described`` if it is said."""

    tags: list[dict[str, str]] = field(default_factory=list)
    described: set[str] = field(default_factory=set)
    adopt: bool = False


@dataclass
class RuleExpectation:
    """``wanted`` by key, ``doomed`` ids, and ``lenient`` ids of which nothing is said."""

    wanted: dict[Key, WantedRule] = field(default_factory=dict)
    doomed: set[str] = field(default_factory=set)
    lenient: set[str] = field(default_factory=set)
    services: dict[str, set[str]] = field(default_factory=dict)


def expected_rules(
    head: Mesh,
    base: Mesh | None,
    before: World,
    readable: Collection[Scope],
    peered: Collection[frozenset[VpcRef]],
    parted: Collection[frozenset[VpcRef]],
) -> RuleExpectation:
    """``peered``: pairs with a live peering in the end; ``parted``: those that lose theirs."""
    result = RuleExpectation()
    for mesh in filter(None, (head, base)):
        for file, environment in mesh:
            names = result.services.setdefault(environment.name, set())
            names.add(file.metadata.service_name)
    world = _World(before, readable, peered)
    unclear = {
        ends
        for file, environment in head
        for rule in environment.security_group_rules
        for egress in [d == "egress" for d in rule.directions]
        for ends in _wanted(result, world, file, environment, rule, egress=egress)
    }
    asked = {
        side.vpc.scope
        for mesh in filter(None, (head, base))
        for _, environment in mesh
        for rule in environment.security_group_rules
        for side in (rule.source, rule.destination)
    }
    asked |= {end.scope for pair in parted for end in pair}
    asked |= {
        member.vpc.scope
        for mesh in filter(None, (head, base))
        for _, environment in mesh
        if environment.rules_emptied
        for member in environment.members
    }
    _follow(result, before, asked, readable)
    for group in before.groups.values():
        for held in group.rules.values():
            _leftover(result, group, held, asked.intersection(readable), readable, unclear)
    return result


@dataclass(frozen=True)
class _World:
    """What there was, which of it can be read, and which pairs are peered in the end."""

    before: World
    readable: Collection[Scope]
    peered: Collection[frozenset[VpcRef]]


def _wanted(
    result: RuleExpectation,
    world: _World,
    file: Any,
    environment: Environment,
    rule: Any,
    *,
    egress: bool,
) -> Iterator[tuple[VpcRef, VpcRef]]:
    """Adds the rules that one entry wants on one side; or gives the ends that are unclear."""
    near, far = (rule.source, rule.destination) if egress else (rule.destination, rule.source)
    group = _found(world.before, near, world.readable)
    allowed: list[str] | None
    if rule.by == "cidr":
        allowed = _blocks(environment, far.vpc, world.before, rule.traffic.protocol)
    else:
        other = _found(world.before, far, world.readable)
        allowed = None if other is None else [other.id]
    if group is None or not allowed or far.vpc.scope not in world.readable:
        yield near.vpc, far.vpc
        return
    if frozenset({near.vpc, far.vpc}) not in world.peered:
        return
    for each in allowed:
        ends = (rule.traffic.from_port, rule.traffic.to_port)
        key = (group.id, egress, rule.traffic.protocol, *ends, each)
        wish = result.wanted.setdefault(key, WantedRule())
        wish.tags.append(_tags(file.metadata, environment.name, far.vpc))
        wish.described |= {rule.description} if rule.description else set()
        wish.adopt |= environment.adopt


def _tags(metadata: Any, environment: str, peer: VpcRef) -> dict[str, str]:
    return {
        "meshbot_created": "true",
        "meshbot_environment": environment,
        "meshbot_peer": f"{peer.scope.account}/{peer.scope.region}/{peer.vpc_id}",
        "meshbot_support": metadata.support,
        "service_name": metadata.service_name,
        "resource_owner": metadata.resource_owner,
        "business_unit": metadata.business_unit,
    }


def _found(world: World, side: Any, readable: Collection[Scope]) -> FakeGroup | None:
    if side.vpc.scope not in readable:
        return None
    there = [g for g in world.groups.values() if g.vpc == side.vpc]
    if side.group_id:
        there = [g for g in there if g.id == side.group_id]
    elif side.name:
        there = [g for g in there if g.name == side.name]
    else:
        there = [g for g in there if dict(side.tags).items() <= g.tags.items()]
    return there[0] if len(there) == 1 else None


def _blocks(
    environment: Environment, peer: VpcRef, world: World, protocol: str
) -> list[str] | None:
    if peer not in world.vpcs:
        return None
    (member,) = (m for m in environment.members if m.vpc == peer)
    vpc = world.vpcs[peer]
    blocks = {*vpc.v4, *vpc.v6} if member.cidr_overrides is None else set(member.cidr_overrides)
    if not environment.ipv6 or protocol == "icmp":
        blocks = {block for block in blocks if ":" not in block}
    if protocol == "icmpv6":
        blocks = {block for block in blocks if ":" in block}
    return sorted(blocks)


def _key(group: FakeGroup, rule: FakeGroupRule) -> Key:
    return (group.id, rule.egress, rule.protocol, rule.from_port, rule.to_port, rule.allowed)


def _ours(result: RuleExpectation, rule: FakeGroupRule) -> bool:
    known = result.services.get(rule.tags.get("meshbot_environment", ""), set())
    created = rule.tags.get("meshbot_created") == "true"
    return created and rule.tags.get("service_name") in known


def _follow(
    result: RuleExpectation, before: World, asked: set[Scope], readable: Collection[Scope]
) -> None:
    """Where one of ours is found, the one at its peer is looked for, and so on."""
    while True:
        peers = {
            scope
            for group in before.groups.values()
            for rule in group.rules.values()
            if _ours(result, rule) and group.vpc.scope in asked and group.vpc.scope in readable
            for scope in readable
            if _for(before, rule).startswith(f"{scope}/")
        }
        if peers <= asked:
            return
        asked |= peers


def _for(before: World, rule: FakeGroupRule) -> str:
    """The VPC that a rule is for, as its tag would say it."""
    named = before.groups.get(rule.allowed)
    return str(named.vpc) if named and rule.peering else rule.tags.get("meshbot_peer", "")


def _leftover(
    result: RuleExpectation,
    group: FakeGroup,
    rule: FakeGroupRule,
    asked: Collection[Scope],
    readable: Collection[Scope],
    unclear: set[tuple[VpcRef, VpcRef]],
) -> None:
    if _key(group, rule) in result.wanted or not _ours(result, rule):
        return
    if group.vpc.scope not in asked:
        return
    peer = rule.tags.get("meshbot_peer", "")
    towards_gap = not any(peer.startswith(f"{scope}/") for scope in readable)
    held = any(near == group.vpc and str(far) == peer for near, far in unclear)
    (result.lenient if towards_gap or held else result.doomed).add(rule.id)


def rule_disagreements(expected: RuleExpectation, before: World, after: World) -> Iterator[str]:
    """Every way in which the rules are not as they have to be."""
    earlier = {r.id: r for g in before.groups.values() for r in g.rules.values()}
    there = {_key(g, r): r for g in after.groups.values() for r in g.rules.values()}
    for key in expected.wanted.keys() - there.keys():
        yield f"{key}: wanted, not there"
    for key, rule in there.items():
        was = earlier.get(rule.id)
        wish = expected.wanted.get(key)
        if rule.id in expected.doomed:
            yield f"{rule.id}: nobody wants it, still there"
        elif wish is not None and (was is None or _may_be_taken(expected, was, wish)):
            yield from _as_wished(rule, was, wish)
        elif was is None:
            yield f"{key}: nobody wanted it made"
        elif rule != was:
            yield f"{rule.id}: not ours to change"
    kept = {rule.id for rule in there.values()}
    for lost in earlier.keys() - kept - expected.doomed:
        yield f"{lost}: not ours to delete"


def _may_be_taken(expected: RuleExpectation, was: FakeGroupRule, wish: WantedRule) -> bool:
    """Ours, or nobody's where that is asked for; never another repository's."""
    claims = {"meshbot_environment", "service_name"} <= was.tags.keys()
    nobodys = was.tags.get("meshbot_created") != "true" or not claims
    return _ours(expected, was) or (wish.adopt and nobodys)


def _as_wished(rule: FakeGroupRule, was: FakeGroupRule | None, wish: WantedRule) -> Iterator[str]:
    foreign = dict(was.tags) if was else {}
    if rule.tags not in [foreign | tags for tags in wish.tags]:
        yield f"{rule.id}: tags {rule.tags}, wanted one of {wish.tags}"
    said = wish.described or {was.description if was else ""}
    if rule.description not in said | {was.description if was else ""}:
        yield f"{rule.id}: description {rule.description!r}, wanted one of {said}"
    if wish.described and rule.description not in wish.described and len(wish.tags) == 1:
        yield f"{rule.id}: description {rule.description!r}, wanted {wish.described}"
