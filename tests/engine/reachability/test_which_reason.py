"""Of several things in the way, which is told; and which way it is in."""

from __future__ import annotations

import pytest

from bot.model.reachability import Reason
from tests.engine.reachability.drawn import (
    A,
    B,
    built,
    drop,
    member,
    mesh,
    obstacles,
    put,
    reach,
    untagged,
    world,
)
from tests.fakes.meshes import mesh_of
from tests.fakes.world import FakeRule, FakeTable, World

IPV6 = mesh(member(0), member(1), ipv6=True)
ALLOW_IN = FakeRule(100, egress=False, allow=True, block="0.0.0.0/0")
ALLOW_OUT = FakeRule(100, egress=True, allow=True, block="0.0.0.0/0")


def with_tables(*names: str) -> World:
    """A has a shadowed route in the first table, none in the second, which is ineligible."""
    shadowed, ineligible = names
    drawn = world(2)
    drawn.tables["rtb-01"].id = shadowed
    drawn.tables[shadowed] = drawn.tables.pop("rtb-01")
    drawn.subnets["subnet-01"].table = shadowed
    drawn.tables[ineligible] = FakeTable(ineligible, A)
    drawn.subnet("subnet-02", A, "10.0.2.0/24", table=ineligible)
    made = built(mesh(member(0), member(1)), drawn)
    put(made, shadowed, "10.1.4.0/24", "tgw-1")
    return made


@pytest.mark.parametrize("names", [("rtb-aa", "rtb-bb"), ("rtb-bb", "rtb-aa")])
def test_the_first_reason_does_not_depend_on_ids(names: tuple[str, str]) -> None:
    found = obstacles(with_tables(*names), mesh(member(0), member(1)))

    assert {o.reason for o in found.values()} == {Reason.INELIGIBLE_TABLE}
    assert {o.route_table for o in found.values()} == {names[1]}


def test_the_order_of_reasons_holds_over_both_ways() -> None:
    drawn = world(2)
    untagged(drawn, "rtb-11")
    files = mesh(member(0), member(1))
    made = built(files, drawn)
    drop(made, "rtb-01", "10.1.0.0/16")

    found = obstacles(made, files)

    # A's route is missing, and B's table is not eligible: that reason comes first
    assert (found[A, B].reason, found[A, B].vpc, found[A, B].back) == (
        Reason.INELIGIBLE_TABLE,
        B,
        True,
    )
    assert (found[B, A].vpc, found[B, A].back) == (B, False)


def test_of_one_reason_the_way_there_is_told() -> None:
    files = mesh(member(0), member(1))
    made = built(files, world(2))
    drop(made, "rtb-01", "10.1.0.0/16")
    drop(made, "rtb-11", "10.0.0.0/16")

    found = obstacles(made, files)

    assert (found[A, B].vpc, found[A, B].back) == (A, False)
    assert (found[B, A].vpc, found[B, A].back) == (B, False)


def test_an_acl_that_denies_what_comes_in_is_in_the_way_there_or_back() -> None:
    made = built()
    deny = FakeRule(90, egress=False, allow=False, block="10.0.0.0/16")
    made.acl("acl-1", made.subnets["subnet-11"], deny, ALLOW_IN, ALLOW_OUT)

    found = obstacles(made)

    assert (found[A, B].vpc, found[A, B].egress, found[A, B].back) == (B, False, False)
    assert (found[B, A].vpc, found[B, A].egress, found[B, A].back) == (B, False, True)


def test_an_acl_that_lets_no_answer_in_is_in_the_way_back() -> None:
    made = built()
    https = FakeRule(
        100, egress=False, allow=True, block="0.0.0.0/0", protocol="6", ports=(443, 443)
    )
    made.acl("acl-1", made.subnets["subnet-01"], https, ALLOW_OUT)

    found = obstacles(made)

    assert (A, B) in found
    assert (B, A) not in found
    assert (found[A, B].vpc, found[A, B].egress, found[A, B].back) == (A, False, True)


# IPv6 that no subnet has


def without_ipv6(made: World, *numbers: int) -> World:
    """The same VPCs, of which these have IPv4-only subnets."""
    for number in numbers:
        subnet = made.subnets[f"subnet-{number}0"]
        subnet.blocks = [block for block in subnet.blocks if ":" not in block]
    return made


@pytest.mark.parametrize("numbers", [(0, 1), (0,), (1,)])
def test_ipv6_that_no_subnet_of_a_member_has_is_not_judged(numbers: tuple[int, ...]) -> None:
    made = without_ipv6(built(IPV6, world(2, ipv6=True)), *numbers)
    untagged(made, "rtb-00")  # the main tables have no routes
    untagged(made, "rtb-10")
    for number in (0, 1):
        made.subnets[f"subnet-{number}0"].table = f"rtb-{number}1"
        made.tables[f"rtb-{number}0"].routes.clear()
        drop(made, f"rtb-{number}1", f"2001:db8:{2 - number}00::/56")

    assert reach(made, IPV6).after.whole


def test_where_nothing_but_ipv6_is_routed_all_subnets_are_judged() -> None:
    files = mesh(
        member(0, cidr_overrides=["2001:db8:100::/56"]),
        member(1, cidr_overrides=["2001:db8:200::/56"]),
        ipv6=True,
    )
    made = without_ipv6(built(files, world(2, ipv6=True)), 0, 1)
    assert obstacles(made, files) == {}

    drop(made, "rtb-01", "2001:db8:200::/56")

    assert obstacles(made, files)[A, B].subnet == "subnet-01"
    assert obstacles(made, files)[A, B].reason is Reason.NO_ROUTE


def test_a_vpc_without_subnets_is_judged_in_every_version() -> None:
    made = built(IPV6, world(2, ipv6=True))
    for name in ("subnet-00", "subnet-01"):
        del made.subnets[name]
    assert obstacles(made, IPV6) == {}

    drop(made, "rtb-00", "2001:db8:200::/56")

    assert obstacles(made, IPV6)[A, B].reason is Reason.NO_ROUTE


def test_an_entry_is_judged_in_the_versions_that_subnets_have() -> None:
    made = without_ipv6(built(IPV6, world(2, ipv6=True)), 1)
    sides = []
    for number, vpc in enumerate((A, B)):
        made.group(f"sg-0000000{number}", vpc, "web")
        sides.append({"vpc_id": vpc.vpc_id, "group": "web"})
    entry = {"environment": "net", "protocol": "tcp", "ports": 443, "by": "cidr"}
    files = mesh_of(
        {
            "meshes/net.yaml": {
                "environments": {"net": {"vpcs": [member(0), member(1)], "ipv6": True}},
                "security_group_rules": [{**entry, "source": sides[0], "destination": sides[1]}],
            }
        }
    )
    built(files, made)
    six = [(g, id_) for g in made.groups.values() for id_, r in g.rules.items() if ":" in r.allowed]
    for group, id_ in six:
        del group.rules[id_]

    assert len(six) == 2
    assert obstacles(made, files) == {}
