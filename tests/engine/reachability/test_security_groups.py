"""Entries of security_group_rules, groups drawn by hand: what gets through, and what is said."""

from __future__ import annotations

from typing import Any

import pytest

from bot.model.address import VpcRef
from bot.model.mesh import Mesh
from bot.model.reachability import Obstacle, Reason, Tally
from bot.usecases.verify import afterwards, verify
from tests.engine.reachability.drawn import (
    A,
    B,
    C,
    built,
    looked,
    member,
    obstacles,
    peering,
    planned,
    reach,
    world,
)
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.group import FakeGroupRule
from tests.fakes.meshes import mesh_of
from tests.fakes.world import FakeRule, World, scope

WEB, DB = "sg-0000000a", "sg-0000000b"
ALL = ("-1", -1, -1)
PORT = ("tcp", 5432, 5432)
GROUP_CALLS = {"ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules"}
ABROAD = VpcRef(scope("222222222222", "eu-west-1"), "vpc-000000ff")


def entry(**more: Any) -> dict[str, Any]:
    """From web of A to db of B."""
    return {
        "environment": "net",
        "source": {"vpc_id": A.vpc_id, "group": "web"},
        "destination": {"vpc_id": B.vpc_id, "group": "db"},
        "protocol": "tcp",
        "ports": 5432,
    } | more


def mesh(*entries: dict[str, Any], abroad: bool = False, **more: Any) -> Mesh:
    """Three members, and a fourth in another region, with these entries."""
    vpcs = [member(0), member(1), member(2)]
    where = {"account_id": ABROAD.scope.account, "region": ABROAD.scope.region}
    vpcs += [where | {"vpc_id": ABROAD.vpc_id}] if abroad else []
    environments = {"net": {"vpcs": vpcs, **more}}
    section = {"security_group_rules": list(entries)} if entries else {}
    return mesh_of({"meshes/net.yaml": {"environments": environments, **section}})


def grouped(made: World | None = None, *, egress: bool = True) -> World:
    """A mesh that was applied, with web in A and db in B, with AWS's default rule or without."""
    made = made or built()
    for id_, vpc, name in ((WEB, A, "web"), (DB, B, "db")):
        made.group(id_, vpc, name)
        if egress:
            allow(made, id_, ALL, "0.0.0.0/0", egress=True)
    return made


def allow(
    made: World,
    group: str,
    traffic: tuple[str, int, int],
    allowed: str,
    *,
    egress: bool = False,
    over: str = "",
) -> FakeGroupRule:
    """A rule that somebody made by hand."""
    made.serial += 1
    if allowed.startswith("sg-") and not over:
        over = peering(made, A, B).id
    rule = FakeGroupRule(f"sgr-{made.serial:017x}", egress, *traffic, allowed, peering=over)
    return made.groups[group].add(rule)


def revoke(made: World, group: str, *, egress: bool = False) -> None:
    """Takes away all rules of a direction."""
    held = made.groups[group].rules
    for id_ in [id_ for id_, rule in held.items() if rule.egress is egress]:
        del held[id_]


def applied(files: Mesh, made: World) -> World:
    """The same world with what the files ask for."""
    aws = FakeAws(made)
    assert run.apply(aws, files, None, run.plan(aws, files)).succeeded
    made.let_pass(60)
    return made


def closed(vpc: VpcRef, group: str, **more: Any) -> Obstacle:
    """A group that is in the way."""
    told: dict[str, Any] = {"traffic": "tcp 5432", "egress": False} | more
    return Obstacle(Reason.SECURITY_GROUP, vpc, security_group=group, **told)


IN = closed(B, DB, target=WEB, destination="10.0.0.0/16")
OUT = closed(A, WEB, target=DB, destination="10.1.0.0/16", egress=True)


def test_references_on_both_sides_let_it_through_and_the_plan_says_so_before() -> None:
    files, made = mesh(entry()), grouped(egress=False)

    (told,) = planned(made, files).reachability
    assert (told.before, told.after) == (Tally(5, 6), Tally(6, 6))
    assert obstacles(made, files) == {(A, B): OUT}

    assert obstacles(applied(files, made), files) == {}


def test_with_the_entry_in_the_pull_request_the_pair_was_not_judged_by_it_before() -> None:
    files, made = mesh(entry()), grouped()

    (told,) = planned(made, files, mesh()).reachability

    assert (told.before, told.after) == (Tally(6, 6), Tally(6, 6))


def test_a_missing_egress_rule_is_told_though_the_entry_asks_for_ingress_alone() -> None:
    files, made = mesh(entry(direction="ingress")), grouped(egress=False)

    (told,) = planned(made, files).reachability
    assert [(p.source, p.peer, p.obstacle) for p in told.exceptions] == [(A, B, OUT)]
    assert obstacles(applied(files, made), files) == {(A, B): OUT}

    allow(made, WEB, ALL, "0.0.0.0/0", egress=True)
    assert obstacles(made, files) == {}


def test_a_missing_ingress_rule_is_told_though_the_entry_asks_for_egress_alone() -> None:
    files = mesh(entry(direction="egress"))
    made = applied(files, grouped(egress=False))

    assert obstacles(made, files) == {(A, B): IN}


def test_the_side_that_names_no_group_is_not_judged() -> None:
    """Which group is at that end is not known."""
    one = entry(source={"vpc_id": A.vpc_id}, direction="ingress", by="cidr")
    files = mesh(one)
    made = applied(files, grouped(egress=False))
    assert obstacles(made, files) == {}

    revoke(made, DB)
    allow(made, DB, PORT, WEB)
    assert obstacles(made, files) == {(A, B): closed(B, DB, destination="10.0.0.0/16")}


def test_a_rule_of_ours_that_somebody_removed() -> None:
    files = mesh(entry())
    made = applied(files, grouped())
    revoke(made, DB)

    assert obstacles(made, files) == {(A, B): IN}
    (told,) = planned(made, files).reachability
    assert (told.before, told.after) == (Tally(5, 6), Tally(6, 6))


def test_an_entry_that_goes_takes_what_another_one_lived_on() -> None:
    wide = entry(ports="5000-6000")
    needy = entry(direction="ingress")
    base, head = mesh(wide, needy), mesh(needy)
    made = applied(base, grouped(egress=False))

    (told,) = planned(made, head, base).reachability

    assert told.before == Tally(6, 6)
    assert [(p.before, p.obstacle) for p in told.exceptions] == [(True, OUT)]


def test_what_another_environment_takes_away_is_told() -> None:
    def files(*entries: dict[str, Any]) -> Mesh:
        two = [member(0), member(1)]
        environments = {"net": {"vpcs": [*two, member(2)]}, "two": {"vpcs": two}}
        listed = [*entries, entry(environment="two", direction="ingress")]
        return mesh_of(
            {"meshes/n.yaml": {"environments": environments, "security_group_rules": listed}}
        )

    base, head = files(entry(ports="5000-6000")), files()
    made = applied(base, grouped(egress=False))

    plan = planned(made, head, base)

    assert {name for change in plan.changes for name in change.environments} == {"net"}
    told = {found.environment: found for found in plan.reachability}
    assert told["net"].after.whole
    assert [pair.obstacle for pair in told["two"].exceptions] == [OUT]


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ([("tcp", 5433, 5433)], {"ports": 5432}),
        ([("udp", 5432, 5432)], {"ports": 5432}),
        ([("tcp", 400, 499), ("tcp", 501, 600)], {"ports": "400-600"}),
        ([("tcp", 0, 65535)], {"protocol": "all", "ports": ""}),
        ([("icmp", 8, -1)], {"protocol": "icmp", "ports": ""}),
        ([("icmp", 3, 4)], {"protocol": "icmp", "icmp_type": 3, "ports": ""}),
        ([("50", -1, -1)], {"protocol": "51", "ports": ""}),
    ],
)
def test_other_traffic_than_the_entry_asks_for(
    rules: list[tuple[str, int, int]], wanted: dict[str, Any]
) -> None:
    files, made = mesh(entry(**wanted)), grouped()
    for traffic in rules:
        allow(made, DB, traffic, WEB)

    found = obstacles(made, files)[A, B]

    assert (found.security_group, found.egress) == (DB, False)


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        ([ALL], {}),
        ([("tcp", 0, 65535)], {}),
        ([("tcp", 400, 500), ("tcp", 501, 600)], {"ports": "400-600"}),
        ([("tcp", 0, 9), ("tcp", 2, 5), ("tcp", 8, 65535)], {"ports": ""}),
        ([("icmp", -1, -1)], {"protocol": "icmp", "icmp_type": 8, "ports": ""}),
        ([("icmp", 3, -1)], {"protocol": "icmp", "icmp_type": 3, "icmp_code": 4, "ports": ""}),
        ([("51", -1, -1)], {"protocol": "51", "ports": ""}),
    ],
)
def test_rules_by_hand_count_as_ours_do(
    rules: list[tuple[str, int, int]], wanted: dict[str, Any]
) -> None:
    files, made = mesh(entry(**wanted)), grouped()
    for traffic in rules:
        allow(made, DB, traffic, WEB)

    assert obstacles(made, files) == {}


def test_a_reference_to_another_group_lets_nothing_of_the_entry_through() -> None:
    files, made = mesh(entry()), grouped()
    made.group("sg-0000000c", A, "other")
    allow(made, DB, ALL, "sg-0000000c")

    assert obstacles(made, files) == {(A, B): IN}


@pytest.mark.parametrize(
    ("blocks", "through"),
    [
        (["10.0.0.0/16"], True),
        (["0.0.0.0/0"], True),
        (["10.0.0.0/17", "10.0.128.0/17"], True),
        (["10.0.0.0/17"], False),
        (["10.0.0.0/24", "10.0.2.0/23"], False),
        (["10.1.0.0/16"], False),
        (["::/0"], False),
    ],
)
def test_blocks_count_when_they_hold_all_of_the_peer(blocks: list[str], through: bool) -> None:
    files, made = mesh(entry()), grouped()
    for block in blocks:
        allow(made, DB, PORT, block)

    assert (obstacles(made, files) == {}) is through


def test_ports_and_blocks_and_references_together() -> None:
    """Half of the ports for the group, the other half for two halves of its VPC."""
    files, made = mesh(entry(ports="100-200")), grouped()
    allow(made, DB, ("tcp", 100, 150), WEB)
    allow(made, DB, ("tcp", 151, 200), "10.0.0.0/17")
    assert obstacles(made, files)[A, B].traffic == "tcp 100-200"

    allow(made, DB, ("tcp", 140, 300), "10.0.128.0/17")
    assert obstacles(made, files) == {}


def test_overrides_say_which_addresses_of_a_peer_count() -> None:
    data = {
        "environments": {"net": {"vpcs": [member(0, cidr_overrides=["10.0.7.0/24"]), member(1)]}},
        "security_group_rules": [entry()],
    }
    files = mesh_of({"meshes/net.yaml": data})
    made = grouped(built(files))
    allow(made, DB, PORT, "10.0.6.0/23")

    assert obstacles(made, files) == {}


def test_across_regions_by_blocks() -> None:
    far = {"vpc_id": ABROAD.vpc_id, "group": "far"}
    files = mesh(entry(destination=far, by="cidr"), abroad=True)
    made = world()
    made.vpc(ABROAD, "10.9.0.0/16", "100.64.0.0/24")
    made.table("rtb-abroad", ABROAD)
    made.group("sg-000000ff", ABROAD, "far")
    made = applied(files, grouped(made, egress=False))
    assert obstacles(made, files) == {}

    (rule,) = (
        r for r in made.groups[WEB].rules.values() if r.egress and r.allowed == "100.64.0.0/24"
    )
    del made.groups[WEB].rules[rule.id]
    lost = closed(A, WEB, target="sg-000000ff", destination="100.64.0.0/24", egress=True)
    assert obstacles(made, files) == {(A, ABROAD): lost}


def test_a_group_that_is_gone_is_told_by_the_words_of_the_entry() -> None:
    by_id = entry(
        source={"vpc_id": A.vpc_id, "group_id": WEB},
        destination={"vpc_id": B.vpc_id, "group_tags": {"tier": "db"}},
    )
    files, made = mesh(by_id), grouped()
    made.groups[DB].tags["tier"] = "db"
    applied(files, made)
    assert obstacles(made, files) == {}

    twin = made.group("sg-0000000c", B, "twin", tier="db")
    assert obstacles(made, files) == {(A, B): closed(B, "group tagged tier=db")}
    del made.groups[twin.id], made.groups[WEB]
    assert obstacles(made, files) == {(A, B): closed(A, WEB, egress=True)}


def test_a_stale_reference_lets_nothing_through_until_it_is_made_anew() -> None:
    files = mesh(entry())
    made = applied(files, grouped(egress=False))
    peering(made, A, B).status = "deleted"
    assert obstacles(made, files)[A, B].reason is Reason.NO_PEERING
    (told,) = planned(made, files).reachability
    assert (told.before, told.after) == (Tally(4, 6), Tally(6, 6))

    applied(mesh(), made)  # the peering comes back; as if nobody cared for the rules
    assert obstacles(made, files) == {(A, B): OUT}
    (told,) = planned(made, files).reachability
    assert (told.before, told.after) == (Tally(5, 6), Tally(6, 6))


def test_what_a_prefix_list_holds_is_not_known_and_that_is_said() -> None:
    files, made = mesh(entry()), grouped()
    allow(made, DB, PORT, "pl-0a")
    allow(made, DB, ("tcp", 1, 2), "pl-0b")

    found = obstacles(made, files)[A, B]

    assert found == closed(B, DB, target=WEB, destination="10.0.0.0/16", route="pl-0a")


def test_both_ip_versions_have_to_get_through_where_both_are_routed() -> None:
    files = mesh(entry(), ipv6=True)
    made = grouped(built(files, world(ipv6=True)))
    allow(made, DB, ALL, WEB)
    assert obstacles(made, files) == {
        (A, B): closed(A, WEB, target=DB, destination="2001:db8:200::/56", egress=True)
    }

    allow(made, WEB, ALL, "::/0", egress=True)
    assert obstacles(made, files) == {}


def test_icmp_is_about_its_own_ip_version() -> None:
    four = entry(protocol="icmp", ports="")
    six = entry(protocol="icmpv6", ports="")
    made = grouped(built(mesh(ipv6=True), world(ipv6=True)))
    allow(made, DB, ("icmp", -1, -1), "10.0.0.0/16")

    assert obstacles(made, mesh(four, ipv6=True)) == {}
    assert obstacles(made, mesh(six)) == {}  # nothing of it is routed
    assert obstacles(made, mesh(six, ipv6=True))[A, B].destination == "2001:db8:200::/56"


def test_the_first_entry_that_is_not_let_through_is_told() -> None:
    made = grouped()
    allow(made, DB, PORT, WEB)
    files = mesh(entry(), entry(ports=80), entry(ports=443))

    assert obstacles(made, files)[A, B].traffic == "tcp 80"


def test_a_group_of_an_account_that_the_vpc_is_shared_with_counts_as_far_as_it_is_shown() -> None:
    """AWS may show the VPC's owner no rule of it: then nothing follows from that."""
    destination = {"vpc_id": B.vpc_id, "group_id": "sg-0000000c"}
    files = mesh(entry(destination=destination, direction="egress"))
    made = grouped()
    group = made.group("sg-0000000c", B, "db")
    group.participant = C.scope.account
    assert obstacles(made, files) == {}

    allow(made, group.id, ("tcp", 22, 22), WEB)
    wanted = closed(B, group.id, target=WEB, destination="10.0.0.0/16")
    assert obstacles(made, files) == {(A, B): wanted}


def test_groups_come_last() -> None:
    files, made = mesh(entry()), grouped()
    made.acl("acl-1", made.subnets["subnet-00"], FakeRule(1, True, False, "0.0.0.0/0"))
    assert obstacles(made, files)[A, B].reason is Reason.ACL


def test_answers_pass_and_pairs_without_entries_are_judged_without_groups() -> None:
    made = grouped(egress=False)
    allow(made, WEB, PORT, DB, egress=True)
    allow(made, DB, PORT, WEB)

    assert reach(made, mesh(entry())).after == Tally(6, 6)
    assert (C, A) not in obstacles(made, mesh(entry()))


def test_only_the_environment_of_the_entry_judges_by_it() -> None:
    two = [member(0), member(1)]
    data = {
        "environments": {"net": {"vpcs": two}, "two": {"vpcs": two}},
        "security_group_rules": [entry()],
    }
    found = looked(grouped(), mesh_of({"meshes/net.yaml": data})).reachability

    assert {r.environment: r.after for r in found} == {"net": Tally(1, 2), "two": Tally(2, 2)}


# --- what is asked


def asked(aws: FakeAws) -> set[tuple[str, VpcRef]]:
    near = {vpc.scope: vpc for vpc in (A, B, C)}
    return {(call.action, near[call.scope]) for call in aws.calls if call.action in GROUP_CALLS}


def test_the_look_after_an_apply_reads_the_rules_that_it_changed() -> None:
    files, made = mesh(entry()), grouped()
    aws = FakeAws(made)
    report = run.apply(aws, files, None, run.plan(aws, files))
    later = FakeAws(made)

    assert afterwards(later, files, report).reachability[0].after == Tally(6, 6)
    assert asked(later) >= {("ec2:DescribeSecurityGroupRules", vpc) for vpc in (A, B)}

    revoke(made, DB)
    (told,) = afterwards(FakeAws(made), files, report).reachability
    assert [pair.obstacle for pair in told.exceptions] == [IN]


def test_without_entries_no_group_is_asked_about() -> None:
    made = grouped()
    aws = FakeAws(made)

    run.plan(aws, mesh())
    verify(aws, mesh())

    assert not asked(aws)
