"""Worlds drawn by hand, each broken in one place: the reason is the right one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model.reachability import Obstacle, Reason, Tally
from bot.usecases.verify import verify
from tests.engine.reachability.drawn import (
    A,
    B,
    C,
    built,
    drop,
    looked,
    member,
    mesh,
    obstacles,
    peering,
    planned,
    put,
    reach,
    ref,
    route,
    untagged,
    world,
)
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.faults import Rule
from tests.fakes.world import FakeRule, World

BOTH = {(A, B), (B, A)}
ALLOW_IN = FakeRule(100, egress=False, allow=True, block="0.0.0.0/0")
ALLOW_OUT = FakeRule(100, egress=True, allow=True, block="0.0.0.0/0")


def test_a_mesh_as_it_should_be_is_reachable() -> None:
    found = looked(built())

    assert found.whole
    assert found.reachability[0].after == Tally(6, 6)
    assert found.reachability[0].before is None
    assert len(found.reachability[0].pairs) == 6
    assert (found.gaps, found.diagnostics) == ((), ())


def test_a_route_that_is_missing() -> None:
    made = built()
    drop(made, "rtb-01", "10.1.0.0/16")

    found = obstacles(made)

    assert found.keys() == BOTH
    wanted = Obstacle(Reason.NO_ROUTE, A, "subnet-01", "rtb-01", "10.1.0.0/16")
    assert found == {(A, B): wanted, (B, A): replace(wanted, back=True)}


def test_a_broader_route_elsewhere_is_told_and_one_into_the_peering_serves() -> None:
    made = built()
    drop(made, "rtb-01", "10.1.0.0/16")
    put(made, "rtb-01", "10.0.0.0/8", "tgw-1")

    told = obstacles(made)[A, B]
    assert (told.reason, told.route, told.target) == (Reason.NO_ROUTE, "10.0.0.0/8", "tgw-1")

    route(made, "rtb-01", "10.0.0.0/8").target = peering(made, A, B).id
    assert obstacles(made) == {}


def test_the_main_table_speaks_for_subnets_that_no_table_names() -> None:
    made = built()
    drop(made, "rtb-00", "10.1.0.0/16")

    assert obstacles(made)[A, B].subnet == "subnet-00"
    assert obstacles(made)[A, B].route_table == "rtb-00"


def test_a_main_table_that_no_subnet_uses_is_not_looked_at() -> None:
    made = built()
    made.subnets["subnet-00"].table = "rtb-01"
    drop(made, "rtb-00", "10.1.0.0/16")

    assert obstacles(made) == {}


def test_a_vpc_without_subnets_is_judged_by_its_main_table() -> None:
    made = built()
    for name in ("subnet-00", "subnet-01"):
        del made.subnets[name]
    drop(made, "rtb-01", "10.1.0.0/16")
    assert obstacles(made) == {}

    drop(made, "rtb-00", "10.1.0.0/16")
    assert obstacles(made)[A, B] == Obstacle(Reason.NO_ROUTE, A, "", "rtb-00", "10.1.0.0/16")


def test_a_subnet_associated_with_an_ineligible_table() -> None:
    drawn = world()
    untagged(drawn, "rtb-01")
    made = built(drawn=drawn)

    found = obstacles(made)

    assert found.keys() == BOTH | {(A, C), (C, A)}
    assert found[A, B].reason is Reason.INELIGIBLE_TABLE
    assert (found[A, B].subnet, found[A, B].route_table) == ("subnet-01", "rtb-01")


def test_an_ineligible_table_with_the_routes_made_by_hand_serves() -> None:
    made = built()
    untagged(made, "rtb-01")

    assert obstacles(made) == {}


def test_no_eligible_table() -> None:
    drawn = world()
    untagged(drawn, "rtb-00")
    untagged(drawn, "rtb-01")
    made = built(drawn=drawn)

    assert {o.reason for o in obstacles(made).values()} == {Reason.NO_ELIGIBLE_TABLE}
    assert obstacles(made).keys() == BOTH | {(A, C), (C, A)}


def test_a_more_specific_route_elsewhere() -> None:
    made = built()
    put(made, "rtb-01", "10.1.128.0/17", "tgw-1")

    found = obstacles(made)[A, B]

    assert found == Obstacle(
        Reason.SHADOWED, A, "subnet-01", "rtb-01", "10.1.0.0/16", "10.1.128.0/17", "tgw-1"
    )


def test_more_specific_routes_that_hide_one_another() -> None:
    made = built()
    id_ = peering(made, A, B).id
    put(made, "rtb-01", "10.1.128.0/17", "tgw-1")
    put(made, "rtb-01", "10.1.128.0/18", id_)
    put(made, "rtb-01", "10.1.192.0/18", id_)

    assert obstacles(made) == {}


def test_the_two_halves_serve_as_well_as_the_whole() -> None:
    made = built()
    drop(made, "rtb-01", "10.1.0.0/16")
    for half in ("10.1.0.0/17", "10.1.128.0/17"):
        put(made, "rtb-01", half, peering(made, A, B).id)

    assert obstacles(made) == {}


def test_a_destination_that_goes_elsewhere() -> None:
    made = built()
    route(made, "rtb-01", "10.1.0.0/16").target = "tgw-1"

    found = obstacles(made)[B, A]

    assert (found.reason, found.vpc, found.target) == (Reason.CONFLICT, A, "tgw-1")


@pytest.mark.parametrize("target", ["pcx-0forgotten", "tgw-1"])
def test_a_blackhole(target: str) -> None:
    made = built()
    there = route(made, "rtb-01", "10.1.0.0/16")
    there.target, there.broken = target, True

    found = obstacles(made)[A, B]

    assert (found.reason, found.route, found.target) == (Reason.BLACKHOLE, "10.1.0.0/16", target)


def test_a_static_route_wins_over_its_propagated_twin() -> None:
    made = built()
    propagated = "EnableVgwRoutePropagation"
    put(made, "rtb-01", "10.1.0.0/16", "vgw-1", origin=propagated)
    assert obstacles(made) == {}

    put(made, "rtb-01", "10.1.9.0/24", "vgw-1", origin=propagated)
    assert obstacles(made)[A, B].reason is Reason.SHADOWED


@pytest.mark.parametrize("status", ["pending-acceptance", "provisioning", "failed", "deleted"])
def test_a_peering_that_is_not_active(status: str) -> None:
    made = built()
    peering(made, A, B).status = status

    found = obstacles(made)

    assert found.keys() == BOTH
    assert set(found.values()) == {
        Obstacle(Reason.NO_PEERING, A, target=status),
        Obstacle(Reason.NO_PEERING, B, target=status),
    }


def test_no_peering() -> None:
    assert obstacles(world())[A, B] == Obstacle(Reason.NO_PEERING, A)


def test_somebody_elses_peering_serves_as_ours_does() -> None:
    made = built()
    for tags in peering(made, A, B).tags.values():
        tags.clear()

    assert obstacles(made) == {}


def test_an_active_peering_counts_where_a_dead_one_is_remembered() -> None:
    made = built()
    made.peering(A, B, "deleted")

    assert obstacles(made) == {}


def test_overlapping_blocks() -> None:
    drawn = world()
    drawn.vpcs[B].blocks["10.0.128.0/17"] = "associated"
    made = built(drawn=drawn)

    found = obstacles(made)

    assert found[A, B] == Obstacle(Reason.OVERLAP, A, route="10.0.0.0/16", target="10.0.128.0/17")
    assert found.keys() == BOTH | {(A, C), (C, A)}
    # C sends what is for half of A to B
    assert (found[C, A].reason, found[C, A].route) == (Reason.SHADOWED, "10.0.128.0/17")


def test_an_override_in_the_receivers_own_blocks() -> None:
    made = built()
    files = mesh(member(0), member(1, cidr_overrides=["10.0.7.0/24"]), member(2))

    assert obstacles(made, files)[A, B].reason is Reason.OVERLAP


def test_a_member_whose_vpc_is_not_there() -> None:
    made = built()
    del made.vpcs[B]

    found = obstacles(made)

    assert found.keys() == BOTH | {(B, C), (C, B)}
    assert {o.reason for o in found.values()} == {Reason.MISSING_VPC}
    assert {o.vpc for o in found.values()} == {B}


def test_what_could_not_be_read_is_not_known_to_be_reachable() -> None:
    made = built()
    made.closed.add(B.scope.account)

    found = looked(made)

    assert not found.whole
    assert [gap.scope for gap in found.gaps] == [B.scope]
    reasons = {p.obstacle.reason for p in found.reachability[0].exceptions if p.obstacle}
    assert reasons == {Reason.UNKNOWN}
    assert found.reachability[0].after == Tally(2, 6)


# Network ACLs: stateless, in order, by address and port


def acl_on(made: World, *rules: FakeRule) -> World:
    made.acl("acl-1", made.subnets["subnet-01"], *rules)
    return made


def test_an_acl_that_lets_everything_through() -> None:
    assert obstacles(acl_on(built(), ALLOW_IN, ALLOW_OUT)) == {}


def test_an_acl_that_lets_nothing_out() -> None:
    found = obstacles(acl_on(built(), ALLOW_IN))

    assert found.keys() == BOTH | {(A, C), (C, A)}
    denied = Obstacle(Reason.ACL, A, "subnet-01", network_acl="acl-1", rule=32767, egress=True)
    assert found[A, B] == denied
    assert found[B, A] == replace(denied, back=True)


def test_a_rule_that_denies_a_part_of_the_peer() -> None:
    deny = FakeRule(90, egress=False, allow=False, block="10.1.77.0/24")

    found = obstacles(acl_on(built(), deny, ALLOW_IN, ALLOW_OUT))

    assert found.keys() == BOTH
    assert (found[A, B].rule, found[A, B].egress) == (90, False)


def test_the_first_rule_that_matches_decides() -> None:
    allow = FakeRule(80, egress=False, allow=True, block="10.1.77.0/24")
    deny = FakeRule(90, egress=False, allow=False, block="10.1.77.0/24")

    assert obstacles(acl_on(built(), allow, deny, ALLOW_IN, ALLOW_OUT)) == {}


def test_one_open_port_is_enough_and_answers_need_an_ephemeral_one() -> None:
    https = FakeRule(
        100, egress=False, allow=True, block="0.0.0.0/0", protocol="6", ports=(443, 443)
    )
    found = obstacles(acl_on(built(), https, ALLOW_OUT))

    # A can be asked at 443, and does not hear what it asks for
    assert found.keys() == {(A, B), (A, C)}
    assert (found[A, B].reason, found[A, B].egress) == (Reason.ACL, False)


def test_two_acls_that_have_no_port_in_common() -> None:
    made = built()
    near = FakeRule(100, egress=True, allow=True, block="0.0.0.0/0", protocol="6", ports=(70, 1000))
    far = FakeRule(
        100, egress=False, allow=True, block="0.0.0.0/0", protocol="6", ports=(1001, 65535)
    )
    acl_on(made, near, ALLOW_IN)
    made.acl("acl-2", made.subnets["subnet-11"], far, ALLOW_OUT)

    found = obstacles(made)

    assert (found[A, B].network_acl, found[A, B].vpc) == ("acl-2", B)


@pytest.mark.parametrize("protocol", ["17", "1", "58"])
def test_other_protocols_are_not_tcp(protocol: str) -> None:
    deny = FakeRule(10, egress=True, allow=False, block="0.0.0.0/0", protocol=protocol)
    assert obstacles(acl_on(built(), deny, ALLOW_IN, ALLOW_OUT)) == {}

    allow = FakeRule(10, egress=True, allow=True, block="0.0.0.0/0", protocol=protocol)
    assert obstacles(acl_on(built(), allow, ALLOW_IN))[A, B].egress


# What is wanted


def test_no_overrides_at_all_mean_that_the_pair_is_not_wanted() -> None:
    files = mesh(member(0), member(1, cidr_overrides=[]), member(2))
    made = built(files)

    found = reach(made, files)

    assert found.after == Tally(2, 2)
    assert found.unrouted == 4
    assert {(p.source, p.peer) for p in found.pairs} == {(A, C), (C, A)}


def test_overrides_are_all_that_is_looked_up_and_their_subnets_alone_take_part() -> None:
    files = mesh(member(0, cidr_overrides=["10.0.0.0/24"]), member(1), member(2))
    made = built(files)
    made.tables["rtb-01"].routes.clear()

    assert obstacles(made, files) == {}

    drop(made, "rtb-10", "10.0.0.0/24")
    assert obstacles(made, files)[A, B].destination == "10.0.0.0/24"


def test_spokes_are_not_wanted_to_reach_each_other() -> None:
    files = mesh(member(0, role="hub"), member(1), member(2), topology="hub-and-spoke")

    assert reach(built(files), files).after == Tally(4, 4)


def test_ipv6_is_judged_where_it_is_routed() -> None:
    files = mesh(member(0), member(1), member(2), ipv6=True)
    made = built(files, world(ipv6=True))
    assert obstacles(made, files) == {}

    drop(made, "rtb-00", "2001:db8:200::/56")

    found = obstacles(made, files)[A, B]
    assert (found.reason, found.subnet) == (Reason.NO_ROUTE, "subnet-00")
    assert obstacles(made) == {}


def test_an_acl_without_rules_for_ipv6_denies_it() -> None:
    files = mesh(member(0), member(1), member(2), ipv6=True)
    made = built(files, world(ipv6=True))
    made.acl("acl-1", made.subnets["subnet-00"], ALLOW_IN, ALLOW_OUT)

    assert obstacles(made, files)[A, B].reason is Reason.ACL
    assert obstacles(made) == {}


def test_a_large_mesh_tells_its_exceptions_only() -> None:
    members = [member(n) for n in range(10)]
    files = mesh(*members)
    made = built(files, world(10))
    drop(made, "rtb-30", "10.7.0.0/16")

    found = reach(made, files)

    assert found.after == Tally(88, 90)
    assert {(p.source, p.peer) for p in found.pairs} == {(ref(3), ref(7)), (ref(7), ref(3))}


# What an older role may not read


@pytest.mark.parametrize("action", ["ec2:DescribeSubnets", "ec2:DescribeNetworkAcls"])
def test_without_permission_it_is_judged_without_and_said(action: str) -> None:
    made = acl_on(built(), ALLOW_IN)
    aws = FakeAws(made, rules=[Rule(action)])

    found = verify(aws, mesh(member(0), member(1), member(2)))

    assert {d.code for d in found.diagnostics} == {"subnets-unread"}
    assert len(found.diagnostics) == 3
    assert found.gaps == ()
    assert found.whole


def test_without_subnets_the_tables_that_are_associated_are_judged() -> None:
    made = built()
    drop(made, "rtb-00", "10.1.0.0/16")
    rules = [Rule("ec2:DescribeSubnets")]
    assert verify(FakeAws(made, rules=rules), mesh(member(0), member(1), member(2))).whole

    drop(made, "rtb-01", "10.1.0.0/16")
    rules = [Rule("ec2:DescribeSubnets")]
    found = verify(FakeAws(made, rules=rules), mesh(member(0), member(1), member(2)))
    (pair, _) = found.reachability[0].exceptions
    assert pair.obstacle
    assert (pair.obstacle.reason, pair.obstacle.subnet) == (Reason.NO_ROUTE, "subnet-01")


def test_a_plan_is_complete_without_them() -> None:
    made = world()
    rules = [Rule("ec2:DescribeSubnets")]

    plan = run.plan(FakeAws(made, rules=rules), mesh(member(0), member(1), member(2)))

    assert plan.complete
    assert [d.code for d in plan.diagnostics] == ["subnets-unread"] * 3
    assert plan.reachability[0].after == Tally(6, 6)
    assert planned(made).fingerprint == plan.fingerprint
