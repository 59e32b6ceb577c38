"""Random security groups, entries of mesh files about them, and rules that somebody made."""

from __future__ import annotations

import copy
from ipaddress import ip_network
from random import Random
from typing import Any

from bot.model.address import VpcRef
from tests.fakes.group import FakeGroup, FakeGroupRule
from tests.fakes.world import World, scope
from tests.properties.cases import ACCOUNTS, REGIONS, Case, likely, ref_of, some_live

NAMES = ("web", "db")
PORTS = ((22, 22), (443, 443), (400, 500), (0, 65535), (0, 442), (444, 65535))
TYPES = ((-1, -1), (8, -1), (8, 0), (3, 4))


def some(rnd: Random, *choices: Any) -> Any:
    """One of them."""
    return choices[rnd.randint(0, len(choices) - 1)]


def pair_case(rnd: Random) -> Case:
    """Two VPCs of one region that nothing but groups keeps apart."""
    world, members = World(), []
    for number, account in enumerate(ACCOUNTS[:2]):
        ref = VpcRef(scope(account, REGIONS[0]), f"vpc-{number:08x}")
        world.vpc(ref, f"10.{number}.0.0/16", ipv6=[f"2001:db8:{number + 1:x}:100::/56"])
        world.table(f"rtb-{number:04x}", ref)
        where = {"account_id": account, "region": REGIONS[0]}
        members.append({**where, "vpc_id": ref.vpc_id})
    environment = {"vpcs": members, "ipv6": likely(rnd, 40)}
    files = {"meshes/a.yaml": {"environments": {"env0": environment}}}
    return Case(world, files, copy.deepcopy(files))


def add_groups(rnd: Random, case: Case) -> None:
    """Groups of every VPC, most with AWS's default rule, and entries of every file."""
    for number, ref in enumerate(sorted(case.world.vpcs)):
        for n, name in enumerate(NAMES):
            group = case.world.group(f"sg-{number:04x}{n:04x}", ref, name, tier=name)
            if likely(rnd, 40):
                _add(case, group, True, "-1", (-1, -1), "0.0.0.0/0")
            if likely(rnd, 30):
                _add(case, group, True, "-1", (-1, -1), "::/0")
        if likely(rnd, 5):
            case.world.group(f"sg-{number:04x}ffff", ref, "twin", tier=some(rnd, *NAMES))
    for data in case.head_files.values():
        data["security_group_rules"] = [
            made
            for name, environment in data["environments"].items()
            for _ in range(rnd.randint(0, 3))
            if (made := _entry(rnd, name, environment["vpcs"])) is not None
        ]


def edit_entries(rnd: Random, case: Case) -> None:
    """Somebody takes entries out of the head, and writes others or for one side alone."""
    for data in case.head_files.values():
        kept = [entry for entry in data["security_group_rules"] if likely(rnd, 70)]
        for entry in kept:
            if likely(rnd, 40):
                entry["direction"] = some(rnd, "ingress", "egress")
        for name, environment in data["environments"].items():
            made = _entry(rnd, name, environment["vpcs"]) if likely(rnd, 40) else None
            kept += [made] if made is not None else []
        data["security_group_rules"] = kept


def _entry(rnd: Random, name: str, members: list[dict[str, Any]]) -> dict[str, Any] | None:
    if len(members) < 2:
        return None
    source = rnd.randint(0, len(members) - 1)
    destination = (source + rnd.randint(1, len(members) - 1)) % len(members)
    ends = [members[source], members[destination]]
    near = ref_of(ends[0]).scope.region == ref_of(ends[1]).scope.region
    direction = some(rnd, "both", "both", "ingress", "egress")
    by = "reference" if near and likely(rnd, 70) else "cidr"
    protocol = some(rnd, "tcp", "tcp", "udp", "icmp", "icmpv6", "all", "50")
    entry = {"environment": name, "protocol": protocol, "direction": direction, "by": by}
    if protocol in ("tcp", "udp"):
        first, last = some(rnd, *PORTS)
        entry["ports"] = f"{first}-{last}"
    elif protocol.startswith("icmp"):
        kind, code = some(rnd, *TYPES)
        entry |= {} if kind == -1 else {"icmp_type": kind, "icmp_code": None if code < 0 else code}
    for side, member, free in zip(
        ("source", "destination"), ends, ("ingress", "egress"), strict=True
    ):
        named = {"vpc_id": member["vpc_id"], **_named(rnd)}
        needless = by == "cidr" and direction == free and likely(rnd, 50)
        entry[side] = {"vpc_id": member["vpc_id"]} if needless else named
    return entry


def _named(rnd: Random) -> dict[str, Any]:
    if likely(rnd, 3):
        return {"group": "nowhere"}
    name = some(rnd, *NAMES)
    return {"group_tags": {"tier": name}} if likely(rnd, 30) else {"group": name}


def meddle(rnd: Random, case: Case) -> None:
    """A rule that somebody takes away or makes, or a group that goes."""
    groups = sorted(case.world.groups.values(), key=lambda group: group.id)
    if not groups:
        return
    group = some(rnd, *groups)
    if group.rules and likely(rnd, 15):
        del group.rules[some(rnd, *sorted(group.rules))]
    elif likely(rnd, 3):
        del case.world.groups[group.id]
    else:
        _by_hand(rnd, case)


def _by_hand(rnd: Random, case: Case) -> None:
    """Rules that do what an entry asks for, nearly."""
    entries = [e for data in case.head_files.values() for e in data["security_group_rules"]]
    groups = sorted(case.world.groups.values(), key=lambda group: group.id)
    entry = some(rnd, *entries) if entries else {}
    egress = likely(rnd, {"ingress": 85, "egress": 15}.get(entry.get("direction", ""), 50))
    sides = ("source", "destination")[:: 1 if egress else -1]
    near, far = (_meant(rnd, groups, entry.get(side, {})) for side in sides)
    protocol = some(rnd, "tcp", "udp", "icmp", "icmpv6", "-1", "50")
    if likely(rnd, 85) and entry:
        protocol = "-1" if entry["protocol"] == "all" else entry["protocol"]
    spans = [(-1, -1)]
    if protocol in ("tcp", "udp"):
        spans = some(rnd, [(0, 65535)], [(0, 442), (443, 65535)], [(0, 442), (444, 65535)], PORTS)
    elif protocol.startswith("icmp"):
        spans = [some(rnd, *TYPES)]
    peering = _peering(rnd, case, near.vpc, far.vpc)
    allowed = [far.id] if likely(rnd, 50) and peering else _blocks(rnd, case, far.vpc)
    for span in spans:
        for one in allowed:
            over = peering if one == far.id else ""
            _add(case, near, egress, protocol, span, one, over)


def _meant(rnd: Random, groups: list[FakeGroup], side: dict[str, Any]) -> FakeGroup:
    """The group that an entry's side names, mostly."""
    name = side.get("group") or side.get("group_tags", {}).get("tier")
    found = [g for g in groups if g.vpc.vpc_id == side.get("vpc_id") and g.name == name]
    return found[0] if found and likely(rnd, 85) else some(rnd, *groups)


def _blocks(rnd: Random, case: Case, peer: VpcRef) -> list[str]:
    """What lets the peer in, or a part of it."""
    vpc = case.world.vpcs.get(peer)
    own = [*vpc.v4, *vpc.v6] if vpc else []
    first = own[0] if own else "10.0.0.0/16"
    low, high = (str(part) for part in ip_network(first).subnets())
    choices = (own, [low], [low, high], ["10.0.0.0/8"], ["0.0.0.0/0", "::/0"], ["pl-0a"])
    return choices[rnd.randint(0, len(choices) - 1)]


def _peering(rnd: Random, case: Case, one: VpcRef, other: VpcRef) -> str:
    """A peering of the two, now and then one that there was."""
    if one == other or one.scope.region != other.scope.region:
        return ""
    if likely(rnd, 25):
        return case.world.peering(one, other, "deleted").id
    found = (p.id for p in case.world.peerings.values() if p.ends == {one, other})
    return next(found, "")


def lose_a_peering(rnd: Random, case: Case) -> None:
    """Somebody deletes one: its rules go stale."""
    live = some_live(rnd, case)
    if live is not None:
        live.status = "deleted"


def _add(
    case: Case,
    group: FakeGroup,
    egress: bool,
    protocol: str,
    span: tuple[int, int],
    allowed: str,
    peering: str = "",
) -> None:
    case.world.serial += 1
    id_ = f"sgr-{case.world.serial:017x}"
    rule = FakeGroupRule(id_, egress, protocol, *span, allowed, peering=peering)
    if rule.identity not in {held.identity for held in group.rules.values()}:
        group.add(rule)
