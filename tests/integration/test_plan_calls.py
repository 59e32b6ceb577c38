"""What a plan sends: reads only, few of them, through the right roles."""

from __future__ import annotations

import pytest

from tests.integration.laptop import (
    APPLY_ROLE,
    EAST,
    METADATA,
    PLAN_ROLE,
    WEST,
    A,
    B,
    C,
    Laptop,
    file,
    member,
)

DESCRIBES = ("DescribeVpcs", "DescribeVpcPeeringConnections", "DescribeRouteTables")
SUBNETS = ("DescribeSubnets", "DescribeNetworkAcls")
"""What is asked besides, in the scopes of environments that change."""


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_a_plan_asks_each_scope_three_questions_and_signs_in_once_an_account(
    laptop: Laptop, command: str
) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(9)])

    ran = laptop.ok(command)

    assert "to add" in ran.out
    quotas = {"GetServiceQuota": 2 * 6}  # of peerings and of routes, where some are to be made
    asked = dict.fromkeys((*DESCRIBES, *SUBNETS), 6)
    # drift looks for rules of ours that were left behind
    more = {"DescribeSecurityGroupRules": 6} if command == "drift" else {}
    assert laptop.counted() == {"AssumeRole": 3} | asked | quotas | more
    assert not [call for call in laptop.calls() if call.mutating or call.dry_run or call.error]


def test_a_plan_of_what_is_applied_asks_no_more(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(6)])
    laptop.ok("apply", "--yes")
    laptop.aws.forget_calls()

    laptop.settled()

    assert laptop.counted() == {"AssumeRole": 3} | dict.fromkeys(DESCRIBES, 6)


def test_small_pages_lose_nothing(laptop: Laptop) -> None:
    """A VPC that AWS tells on a later page is no missing VPC, a route no missing route."""
    vpcs = [laptop.vpc(A, EAST, f"10.{n}.0.0/16") for n in range(7)]
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    whole = laptop.plan()
    laptop.aws.settings(page_size=5)
    laptop.aws.forget_calls()

    paged = laptop.plan()

    assert whole == paged
    assert len(paged["changes"]) == 21 + 42
    assert laptop.counted()["DescribeVpcs"] > 1
    assert not [call for call in laptop.calls() if call.mutating]


def test_small_pages_hide_no_peering_from_the_second_plan(laptop: Laptop) -> None:
    vpcs = [laptop.vpc(A, EAST, f"10.{n}.0.0/16") for n in range(5)]
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    laptop.aws.settings(page_size=5)

    laptop.converge()

    assert laptop.counted()["DescribeVpcPeeringConnections"] > 2
    assert laptop.counted()["CreateVpcPeeringConnection"] == 10


def test_lists_are_asked_for_in_pages(laptop: Laptop) -> None:
    """Large accounts are refused lists without MaxResults (reference: AWS, pagination)."""
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(3)])
    laptop.aws.settings(refuse_unpaginated=True)

    laptop.converge()


def test_plan_and_drift_take_the_read_only_role_and_apply_the_other(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(3)])
    laptop.aws.settings(unassumable=[f"arn:aws:iam::{A}:role/{APPLY_ROLE}"])
    assert laptop.plan()["complete"]
    laptop.ok("drift")
    assert {call.role for call in laptop.calls() if call.service == "ec2"} == {PLAN_ROLE}

    laptop.aws.settings(unassumable=[f"arn:aws:iam::{x}:role/{PLAN_ROLE}" for x in (A, B, C)])
    laptop.aws.forget_calls()
    laptop.ok("apply", "--yes")

    assert {call.role for call in laptop.calls() if call.service == "ec2"} == {APPLY_ROLE}
    assert laptop.counted()["AssumeRole"] == 3


def test_without_a_plan_role_plan_takes_the_common_one(laptop: Laptop) -> None:
    plain = {key: value for key, value in METADATA.items() if key != "plan_principal_name"}
    members = [member(vpc) for vpc in laptop.vpcs(2)]
    laptop.write({"meshes/a.yaml": file(plain, production=members)})

    laptop.ok("plan")

    assert {call.role for call in laptop.calls() if call.service == "ec2"} == {APPLY_ROLE}


def test_the_external_id_is_passed(laptop: Laptop) -> None:
    members = [member(vpc) for vpc in laptop.vpcs(2)]
    laptop.aws.settings(external_ids={A: "four-eyes", B: "four-eyes"})
    laptop.write({"meshes/a.yaml": file(production=members)})
    assert not laptop.plan()["complete"]

    laptop.write({"meshes/a.yaml": file({**METADATA, "external_id": "four-eyes"}, e=members)})

    assert laptop.plan()["complete"]


def test_a_far_end_that_no_file_names_is_read_and_cleaned(laptop: Laptop) -> None:
    near, stays, far = laptop.vpcs(3)
    laptop.mesh(production=[member(near), member(stays), member(far)])
    laptop.ok("apply", "--yes")
    laptop.mesh(production=[member(near), member(stays)])
    laptop.aws.forget_calls()

    plan = laptop.plan()

    asked = dict.fromkeys(DESCRIBES, 3) | dict.fromkeys(SUBNETS, 2)
    rules = {"DescribeSecurityGroupRules": 3}  # at the ends of peerings that go, ours go first
    assert laptop.counted() == {"AssumeRole": 3} | asked | rules
    assert plan["summary"] == {"create": 0, "update": 0, "delete": 2 + 4}
    assert [m["vpc_id"] for m in plan["memberships"]] == [far.id]
    laptop.converge()


def test_a_second_region_of_an_account_costs_no_second_sign_in(laptop: Laptop) -> None:
    one, two = laptop.vpc(A, EAST, "10.0.0.0/16"), laptop.vpc(A, WEST, "10.1.0.0/16")
    laptop.mesh(production=[member(one), member(two)])

    laptop.ok("plan")

    quotas = {"GetServiceQuota": 2 * 2}
    asked = dict.fromkeys((*DESCRIBES, *SUBNETS), 2)
    assert laptop.counted() == {"AssumeRole": 1} | asked | quotas
