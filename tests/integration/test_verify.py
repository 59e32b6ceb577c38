"""``meshbot verify``, and what plan and apply say of who reaches whom, on the emulated AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.emulator.aws.seed import SeededVpc
from bot.model.reachability import SMALL
from tests.integration.laptop import (
    APPLY_ROLE,
    ELIGIBLE,
    PLAN_ROLE,
    Laptop,
    member,
)

ALL = {"Protocol": "-1", "CidrBlock": "0.0.0.0/0", "RuleAction": "allow", "RuleNumber": 100}
OPEN = ({**ALL, "Egress": True}, {**ALL, "Egress": False})
DENIES = {**ALL, "CidrBlock": "10.1.9.0/24", "RuleAction": "deny", "RuleNumber": 90}
DESCRIBES = ("DescribeVpcs", "DescribeVpcPeeringConnections", "DescribeRouteTables")


def built(laptop: Laptop, number: int = 3) -> list[SeededVpc]:
    """A mesh that was applied: each VPC with a subnet of its main table."""
    vpcs = laptop.vpcs(number)
    for n, vpc in enumerate(vpcs):
        laptop.seed.subnet(vpc, f"10.{n}.0.0/24")
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    laptop.ok("apply", "--yes")
    laptop.aws.forget_calls()
    return vpcs


def ec2(laptop: Laptop, vpc: SeededVpc) -> Any:
    return laptop.seed.ec2(vpc.account, vpc.region)


def no_route(laptop: Laptop, vpcs: list[SeededVpc]) -> str:
    ec2(laptop, vpcs[0]).delete_route(
        RouteTableId=vpcs[0].main_table, DestinationCidrBlock="10.1.0.0/16"
    )
    return "has no route to 10.1.0.0/16"


def ineligible(laptop: Laptop, vpcs: list[SeededVpc]) -> str:
    table = laptop.seed.route_table(vpcs[0], {"Name": "not for the mesh"})
    subnet = laptop.seed.subnet(vpcs[0], "10.0.1.0/24", table)
    return f"the route table of {subnet} of"


def none_eligible(laptop: Laptop, vpcs: list[SeededVpc]) -> str:
    ec2(laptop, vpcs[0]).delete_tags(
        Resources=[vpcs[0].main_table], Tags=[{"Key": "peerd_eligible"}]
    )
    no_route(laptop, vpcs)
    return f"no route table of {vpcs[0].account}/{vpcs[0].region}/{vpcs[0].id} is tagged"


def shadowed(laptop: Laptop, vpcs: list[SeededVpc]) -> str:
    gateway = laptop.seed.target(vpcs[0], "tgw")
    laptop.seed.route(vpcs[0], vpcs[0].main_table, "10.1.4.0/24", gateway)
    return f"10.1.4.0/24, more specific than 10.1.0.0/16, goes to {gateway}"


def conflict(laptop: Laptop, vpcs: list[SeededVpc]) -> str:
    gateway = laptop.seed.target(vpcs[0], "tgw")
    no_route(laptop, vpcs)
    laptop.seed.route(vpcs[0], vpcs[0].main_table, "10.1.0.0/16", gateway)
    return f"10.1.0.0/16 goes to {gateway}"


def no_peering(laptop: Laptop, vpcs: list[SeededVpc]) -> str:
    held = ec2(laptop, vpcs[0]).describe_vpc_peering_connections()["VpcPeeringConnections"]
    (id_,) = [
        item["VpcPeeringConnectionId"]
        for item in held
        if {item[f"{side}VpcInfo"]["VpcId"] for side in ("Requester", "Accepter")}
        == {vpcs[0].id, vpcs[1].id}
    ]
    ec2(laptop, vpcs[0]).delete_vpc_peering_connection(VpcPeeringConnectionId=id_)
    return "the peering is deleted"


def blackhole(laptop: Laptop, vpcs: list[SeededVpc]) -> str:
    """A route to a peering that is gone, beside a new one that has no routes."""
    no_peering(laptop, vpcs)
    laptop.seed.peering(vpcs[0], vpcs[1])
    return "10.1.0.0/16 is a blackhole to pcx-"


def acl(laptop: Laptop, vpcs: list[SeededVpc]) -> str:
    (subnet,) = ec2(laptop, vpcs[0]).describe_subnets(
        Filters=[{"Name": "vpc-id", "Values": [vpcs[0].id]}]
    )["Subnets"]
    rules = (*OPEN, {**DENIES, "Egress": True})
    made = laptop.seed.network_acl(vpcs[0], subnet["SubnetId"], rules)
    return f"{made} of {subnet['SubnetId']}"


BROKEN: dict[str, Callable[[Laptop, list[SeededVpc]], str]] = {
    "no-route": no_route,
    "ineligible-table": ineligible,
    "no-eligible-table": none_eligible,
    "shadowed": shadowed,
    "conflict": conflict,
    "no-peering": no_peering,
    "blackhole": blackhole,
    "acl": acl,
}


@pytest.mark.parametrize("reason", BROKEN)
def test_worlds_that_are_broken_in_one_place_are_told_by_the_right_reason(
    laptop: Laptop, reason: str
) -> None:
    vpcs = built(laptop)
    assert laptop.ok("verify").out.endswith("Every wanted pair is reachable: 6 of 6.\n")
    said = BROKEN[reason](laptop, vpcs)

    ran = laptop.run("verify")

    assert ran.code == 1, ran
    text = " ".join(ran.out.split())
    assert f"{reason}: " in text
    assert said in text
    found = laptop.run("verify", "--format", "json").json
    reasons = {p["obstacle"]["reason"] for p in found["reachability"][0]["pairs"] if p["obstacle"]}
    assert (found["reachable"], reasons) == (False, {reason})


def test_verify_reads_with_the_plan_role_and_asks_five_questions_a_scope(laptop: Laptop) -> None:
    built(laptop)

    laptop.ok("verify")

    five = (*DESCRIBES, "DescribeSubnets", "DescribeNetworkAcls")
    assert laptop.counted() == {"AssumeRole": 3} | dict.fromkeys(five, 3)
    assert {call.role for call in laptop.calls() if call.service == "ec2"} == {PLAN_ROLE}


def test_a_plan_says_before_and_after_and_a_plan_of_nothing_asks_and_says_nothing(
    laptop: Laptop,
) -> None:
    vpcs = built(laptop)
    assert "reachab" not in laptop.run("plan").out
    assert laptop.counted() == {"AssumeRole": 3} | dict.fromkeys(DESCRIBES, 3)
    before = laptop.commit()
    new = laptop.vpc(vpcs[0].account, vpcs[0].region, "10.9.0.0/16")
    laptop.mesh(production=[member(vpc) for vpc in (*vpcs, new)])

    assert "production: reachable 6/6 pairs → 12/12" in laptop.ok("plan", "--base", before).out
    (told,) = laptop.plan("--base", before)["reachability"]
    assert told["before"] == {"reachable": 6, "wanted": 6}
    assert told["after"] == {"reachable": 12, "wanted": 12}
    markdown = laptop.ok("plan", "--base", before, "--format", "markdown").out
    matrix = markdown[markdown.index("reachable 6/6") :]
    assert (matrix.count("| **+**"), matrix.count("| ✓")) == (6, 6)


def test_a_pair_that_stays_unreachable_is_named(laptop: Laptop) -> None:
    vpcs = laptop.vpcs(2)
    table = laptop.seed.route_table(vpcs[0], {"Name": "not for the mesh"})
    subnet = laptop.seed.subnet(vpcs[0], "10.0.1.0/24", table)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])

    ran = laptop.ok("apply", "--yes")

    line = "production: reachable 0/2 pairs → 0/2"
    assert line in ran.out
    assert ran.out.count(subnet) == 2  # in the plan, and when it was looked at in the end
    assert ran.out.rstrip().endswith("10.1.0.0/16")
    assert "production: reachable 0/2 pairs\n" in ran.out


def test_apply_ends_with_it_at_one_question_a_scope_of_what_was_applied(
    laptop: Laptop,
) -> None:
    vpcs = laptop.vpcs(6)
    laptop.mesh(one=[member(v) for v in vpcs[:2]], two=[member(v) for v in vpcs[2:]])
    laptop.ok("apply", "--yes", "--environment", "two")
    laptop.aws.forget_calls()

    ran = laptop.ok("apply", "--yes")

    assert "one: reachable 2/2 pairs\n" in ran.out
    assert "two: reachable" not in ran.out
    assert laptop.counted()["DescribeRouteTables"] == 6 + 2
    assert laptop.counted()["DescribeVpcs"] == 6
    assert laptop.counted()["DescribeSubnets"] == laptop.counted()["DescribeNetworkAcls"] == 2
    assert {call.role for call in laptop.calls() if call.service == "ec2"} == {APPLY_ROLE}
    found = laptop.run("apply", "--yes", "--format", "json").json
    assert "reachability_now" not in found  # nothing was applied


def test_that_it_cannot_be_found_out_fails_no_apply(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    laptop.fault({"action": "DescribeRouteTables", "skip": 2, "error": "UnauthorizedOperation"})

    ran = laptop.ok("apply", "--yes")

    assert "Apply complete" in ran.out
    assert "unknown:" in ran.out


def test_verify_of_invalid_files_and_of_an_environment_that_is_nowhere(laptop: Laptop) -> None:
    laptop.paper_mesh()
    assert laptop.run("verify", "--environment", "nowhere").code == 64

    (laptop.folder / "meshes" / "mesh.yaml").write_text("environments: 1\n")
    assert laptop.run("verify").code == 3
    assert laptop.run("verify", "--format", "json").json["valid"] is False
    assert laptop.calls() == ()


def test_markdown_has_a_matrix_of_a_small_mesh_and_exceptions_alone_of_a_large_one(
    laptop: Laptop,
) -> None:
    vpcs = built(laptop, SMALL)
    assert laptop.ok("verify", "--format", "markdown").out.count("| ✓") == SMALL * (SMALL - 1)
    more = laptop.vpc(vpcs[0].account, vpcs[0].region, "10.99.0.0/16")
    laptop.mesh(production=[member(vpc) for vpc in (*vpcs, more)])

    ran = laptop.run("verify", "--format", "markdown")

    assert (ran.code, "✓" in ran.out) == (1, False)
    assert ran.out.count("there is no peering") == SMALL  # both directions in one line


def test_a_role_from_before_that_may_not_read_subnets_is_enough(laptop: Laptop) -> None:
    built(laptop)
    laptop.fault({"action": "DescribeSubnets", "error": "UnauthorizedOperation"})

    ran = laptop.ok("verify")

    assert ran.out.count("reachability is judged without them") == 3
    assert laptop.plan()["complete"]


def test_small_pages_lose_no_subnet_and_no_acl(laptop: Laptop) -> None:
    vpcs = built(laptop, 2)
    table = laptop.seed.route_table(vpcs[0], ELIGIBLE)
    for n in range(1, 9):
        laptop.seed.subnet(vpcs[0], f"10.0.{n}.0/24", table)
    laptop.aws.settings(page_size=5, refuse_unpaginated=True)
    laptop.aws.forget_calls()

    ran = laptop.run("verify")

    assert "no-route" in ran.out
    assert laptop.counted()["DescribeSubnets"] > 2
