"""What cannot be read is a gap: told, never deleted in or towards, and the rest goes on."""

from __future__ import annotations

import pytest

from tests.integration.laptop import EAST, WEST, A, B, C, Laptop, live, member


def test_an_account_that_cannot_be_assumed_is_a_gap(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(6)])
    laptop.aws.settings(unassumable=[C])

    plan = laptop.plan()

    assert not plan["complete"]
    assert [(gap["account"], gap["region"]) for gap in plan["gaps"]] == [(C, WEST), (C, EAST)]
    assert {gap["action"] for gap in plan["gaps"]} == {"sts:AssumeRole"}
    assert all("AccessDenied" in gap["error"] for gap in plan["gaps"])
    assert plan["summary"]["create"] == 6 + 12
    assert C not in "".join(change["address"] for change in plan["changes"])
    told = laptop.ok("plan")
    assert f"{C}/{EAST} could not be read: sts:AssumeRole" in told.out


def test_a_role_that_cannot_be_assumed_is_asked_for_once(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(6)])
    laptop.aws.settings(unassumable=[C])

    laptop.ok("plan")

    assert laptop.counted()["AssumeRole"] == 3


def test_apply_with_a_gap_applies_the_rest_and_exits_with_5(laptop: Laptop) -> None:
    vpcs = laptop.vpcs(3)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    laptop.aws.settings(unassumable=[C])

    ran = laptop.run("apply", "--yes")

    assert ran.code == 5, ran
    assert live(laptop.world()) == {frozenset((vpcs[0].id, vpcs[1].id))}
    laptop.aws.settings(unassumable=[])
    laptop.converge()


def test_apply_with_a_gap_and_nothing_else_to_do_exits_with_5(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(3)])
    laptop.converge()
    laptop.aws.settings(unassumable=[C])

    assert laptop.run("plan", "--detailed-exitcode").code == 0
    assert laptop.run("apply", "--yes").code == 5


def test_nothing_is_deleted_towards_a_gap(laptop: Laptop) -> None:
    one, two, gone = laptop.vpcs(3)
    four = laptop.vpc(A, WEST, "10.4.0.0/16")
    laptop.mesh(production=[member(v) for v in (one, two, four, gone)])
    laptop.converge()
    before = laptop.world()
    laptop.mesh(production=[member(v) for v in (one, two, four)])
    laptop.aws.settings(unassumable=[C])

    plan = laptop.plan()

    assert plan["changes"] == []
    assert "delete-withheld" in {d["code"] for d in plan["diagnostics"]}
    assert laptop.run("apply", "--yes").code == 5
    assert laptop.world().peerings == before.peerings
    assert laptop.world().tables == before.tables
    laptop.aws.settings(unassumable=[])
    laptop.converge()
    assert len(live(laptop.world())) == 3


def test_a_region_that_fails_is_a_gap_of_its_scopes(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(6)])
    laptop.fault({"region": WEST, "service": "ec2", "error": "UnauthorizedOperation"})

    plan = laptop.plan()

    assert [(gap["account"], gap["region"]) for gap in plan["gaps"]] == [
        (A, WEST),
        (B, WEST),
        (C, WEST),
    ]
    assert plan["summary"]["create"] == 3 + 6


def test_one_question_that_is_refused_makes_the_scope_a_gap(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(3)])
    denied = {"account": B, "action": "DescribeRouteTables", "error": "UnauthorizedOperation"}
    laptop.fault(denied)

    (gap,) = laptop.plan()["gaps"]

    assert (gap["account"], gap["action"]) == (B, "ec2:DescribeRouteTables")
    assert "UnauthorizedOperation" in gap["error"]


def test_throttled_and_failing_reads_are_repeated(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(6)])
    whole = laptop.plan()
    laptop.fault(
        {"action": "DescribeVpcs", "every": 2, "error": "RequestLimitExceeded"},
        {"action": "DescribeRouteTables", "times": 2, "error": "InternalError"},
        {"action": "AssumeRole", "times": 1, "error": "Throttling", "status": 400},
    )

    assert laptop.plan() == whole
    assert "RequestLimitExceeded" in {call.error for call in laptop.calls()}


def test_dropped_connections_are_dialled_again(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(6)])
    whole = laptop.plan()
    laptop.fault(
        {"action": "DescribeVpcs", "every": 3, "drop": "before"},
        {"action": "DescribeVpcPeeringConnections", "every": 3, "drop": "after"},
        {"action": "AssumeRole", "nth": 2, "drop": "before"},
    )

    assert laptop.plan() == whole


def test_roles_that_all_refuse_are_told_and_planned_as_gaps(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    laptop.fault({"service": "sts", "error": "AccessDenied"})

    plan = laptop.plan()

    assert not plan["complete"]
    assert len(plan["gaps"]) == 2
    assert plan["changes"] == []


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "SignatureDoesNotMatch"])
def test_credentials_that_nobody_takes_are_no_gap(laptop: Laptop, code: str) -> None:
    """A nightly look for drift must not be green because its credentials are dead."""
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(3)])
    laptop.fault({"action": "AssumeRole", "error": code})

    for command in (("plan",), ("drift", "--detailed-exitcode"), ("apply", "--yes")):
        ran = laptop.run(*command)

        assert ran.code == 1, ran
        assert code in ran.err
        assert "Nothing was read" in ran.err
