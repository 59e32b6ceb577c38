"""Partial failure: what fails is reported with all that is needed, the rest is applied."""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module

import pytest

from tests.integration.laptop import EAST, A, B, C, Laptop, destinations, live, member


def test_one_accounts_refusal_stops_only_what_depends_on_it(laptop: Laptop) -> None:
    vpcs = laptop.vpcs(3)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    laptop.fault(
        {
            "account": B,
            "action": "CreateRoute",
            "error": "UnauthorizedOperation",
            "message": "You are not authorized to perform this operation.",
        }
    )

    ran = laptop.run("apply", "--yes")

    assert ran.code == 5, ran
    world = laptop.world()
    assert len(live(world)) == 3
    assert len(destinations(world, vpcs[0].main_table)) == 2
    assert len(destinations(world, vpcs[2].main_table)) == 2
    assert destinations(world, vpcs[1].main_table) == {}
    told = " ".join(ran.out.split())
    assert f"{B}/{EAST}: ec2:CreateRoute: UnauthorizedOperation: You are not authorized" in told
    assert f"failed: + route {B}/{EAST}/{vpcs[1].id} {vpcs[1].main_table}: 10.0.0.0/16" in told
    assert re.search(r"\(request [0-9a-f-]{36}\)", told)
    assert f"Allow ec2:CreateRoute in the member role of account {B}." in told
    assert "Apply incomplete: 7 added, 0 changed, 0 destroyed, 2 failed." in told
    laptop.fault()
    laptop.converge()


def test_routes_of_a_peering_that_cannot_be_made_are_skipped(laptop: Laptop) -> None:
    vpcs = laptop.vpcs(3)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    laptop.fault(
        {"account": C, "action": "AcceptVpcPeeringConnection", "error": "UnauthorizedOperation"},
        {"account": C, "action": "CreateVpcPeeringConnection", "error": "UnauthorizedOperation"},
    )

    ran = laptop.run("apply", "--yes", "--format", "json")

    assert ran.code == 5, ran
    results = Counter(outcome["result"] for outcome in ran.json["outcomes"])
    assert results == {"applied": 3, "failed": 2, "skipped": 4}
    skipped = [o for o in ran.json["outcomes"] if o["result"] == "skipped"]
    failed = {o["address"] for o in ran.json["outcomes"] if o["result"] == "failed"}
    assert {o["because_of"] for o in skipped} == failed
    laptop.fault()
    laptop.converge()


def test_a_dead_end_in_aws_is_told_in_its_words(laptop: Laptop) -> None:
    """A quota that AWS enforces is named, the rest is done."""
    vpcs = laptop.vpcs(3)
    laptop.aws.settings(active_peerings_per_vpc=1)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])

    fingerprint = laptop.run("plan", "--format", "json").json["fingerprint"]

    refused = laptop.run("apply", "--yes")
    ran = laptop.run("apply", "--yes", "--expect-fingerprint", fingerprint)

    assert refused.code == 4, refused
    assert "L-7E9ECCDB" in refused.err
    assert ran.code == 5, ran
    assert "VpcPeeringConnectionsPerVpcLimitExceeded" in ran.out
    assert len(live(laptop.world())) >= 1
    laptop.aws.settings(active_peerings_per_vpc=50)
    laptop.converge()


def test_a_peering_is_kept_when_a_route_to_it_cannot_be_removed(laptop: Laptop) -> None:
    *stay, gone = laptop.vpcs(4)
    laptop.mesh(production=[member(v) for v in (*stay, gone)])
    laptop.converge()
    laptop.mesh(production=[member(v) for v in stay])
    laptop.fault({"account": B, "action": "DeleteRoute", "error": "UnauthorizedOperation"})

    ran = laptop.run("apply", "--yes")

    assert ran.code == 5, ran
    pairs = live(laptop.world())
    assert frozenset((stay[1].id, gone.id)) in pairs
    assert len(pairs) == 3 + 1
    laptop.fault()
    laptop.converge()


def test_throttling_by_somebody_else_is_waited_out(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(4)])
    laptop.fault(
        {"action": "CreateVpcPeeringConnection", "every": 3, "error": "RequestLimitExceeded"},
        {"action": "CreateRoute", "every": 5, "error": "RequestLimitExceeded"},
        {"action": "CreateTags", "times": 1, "error": "RequestLimitExceeded"},
        {"action": "DescribeVpcPeeringConnections", "every": 4, "error": "RequestLimitExceeded"},
    )

    laptop.converge()

    assert "RequestLimitExceeded" in {call.error for call in laptop.calls() if call.mutating}


def test_with_awss_buckets_nothing_is_throttled(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(6)])
    laptop.aws.settings(throttle=True)

    laptop.converge()

    assert {call.error for call in laptop.calls()} == {""}


@pytest.mark.parametrize(
    "action",
    [
        "CreateVpcPeeringConnection",
        "AcceptVpcPeeringConnection",
        "CreateTags",
        "CreateRoute",
        "DescribeVpcPeeringConnections",
    ],
)
@pytest.mark.parametrize("drop", ["before", "after"])
def test_lost_calls_and_lost_answers_fail_nothing_and_are_not_sent_twice(
    laptop: Laptop, monkeypatch: pytest.MonkeyPatch, action: str, drop: str
) -> None:
    monkeypatch.setattr(import_module("bot.kinds.vpc_peering.steps"), "SHOWN_WITHIN", 1.0)
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(3)])
    laptop.fault({"action": action, "nth": 5 if action.startswith("D") else 1, "drop": drop})

    laptop.converge()

    assert len(laptop.world().peerings) == 3
    assert not [call for call in laptop.calls() if "AlreadyExists" in call.error]
    expected = {"CreateVpcPeeringConnection": 3, "CreateRoute": 6}
    if action in expected and drop == "before":
        expected[action] += 1
    assert {name: laptop.counted()[name] for name in expected} == expected


def test_a_peering_that_aws_fails_is_reported_and_made_anew_by_the_next_run(
    laptop: Laptop,
) -> None:
    one, two = laptop.vpcs(2)
    laptop.mesh(production=[member(one), member(two)])
    laptop.fault({"action": "AcceptVpcPeeringConnection", "error": "UnauthorizedOperation"})
    assert laptop.run("apply", "--yes").code == 5
    (pending,) = laptop.world().peerings
    laptop.aws.force_peering(pending, "failed")
    laptop.fault()

    laptop.converge()

    assert {p.status for p in laptop.world().peerings.values()} == {"failed", "active"}


def test_a_table_that_cannot_be_tagged_is_a_warning(laptop: Laptop) -> None:
    """peerd's tags on a touched table are a courtesy: the route is there."""
    one, two = laptop.vpcs(2)
    laptop.mesh(production=[member(one), member(two)])
    laptop.converge()
    (made,) = laptop.world().peerings
    laptop.seed.ec2(A, EAST).delete_route(
        RouteTableId=one.main_table, DestinationCidrBlock="10.1.0.0/16"
    )
    laptop.fault({"action": "CreateTags", "error": "UnauthorizedOperation"})

    ran = laptop.run("apply", "--yes")

    assert ran.code == 0, ran
    assert "warning" in ran.out
    assert "UnauthorizedOperation" in ran.out
    assert destinations(laptop.world(), one.main_table) == {"10.1.0.0/16": made}


def test_the_markdown_report_names_cause_and_call(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    laptop.fault({"account": A, "action": "CreateRoute", "error": "UnauthorizedOperation"})

    ran = laptop.run("apply", "--yes", "--format", "markdown")

    assert ran.code == 5
    for word in (A, EAST, "ec2:CreateRoute", "UnauthorizedOperation"):
        assert word in ran.out
