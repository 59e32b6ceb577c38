"""Cases that cut networks when they go wrong: whose a change is, and which part may be made."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from bot.engine.part import closed
from bot.engine.subset import is_subset
from bot.model.address import AccountId
from bot.model.change import Action, Change, Plan, Result
from bot.model.mesh import Mesh
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.faults import Rule
from tests.fakes.meshes import METADATA, mesh_of
from tests.fakes.world import World

PATH = "meshes/net.yaml"
ACCOUNTS, REGION = ("111111111111", "222222222222"), "us-east-1"


def member(number: int, **more: Any) -> dict[str, Any]:
    where = {"account_id": ACCOUNTS[number % 2], "region": REGION}
    return {**where, "vpc_id": f"vpc-{number:08x}", **more}


def mesh(**environments: Any) -> Mesh:
    return mesh_of({PATH: {"environments": environments}})


def built(*meshes: Mesh) -> FakeAws:
    """A world with the VPCs of all meshes, and the peerings that peerd made for the first."""
    world = World()
    for each in meshes:
        for _, environment in each:
            for item in environment.members:
                if item.vpc not in world.vpcs:
                    number = int(item.vpc.vpc_id[4:], 16)
                    world.vpc(item.vpc, f"10.{number}.0.0/16")
                    world.table(f"rtb-{number:08x}", item.vpc)
    peerd.build(meshes[0], world)
    return FakeAws(world)


def codes(plan: Plan) -> set[str]:
    return {refusal.code for refusal in plan.refusals}


def only(name: str, change: Change[Any]) -> bool:
    return change.environments <= {name}


def canonical(plan: Plan) -> list[dict[str, Any]]:
    return [change.canonical for change in plan.changes]


def test_limits_hold_for_an_environment_that_loses_members_another_still_wants() -> None:
    strict = {"max_leaving_members": 0}
    wide = [member(n, cidr_overrides=[f"10.{n}.0.0/17"]) for n in range(1, 6)]
    base = mesh(a={"vpcs": [member(n) for n in range(1, 6)], "limits": strict}, b=wide)
    head = mesh(a={"vpcs": [], "limits": strict}, b=wide)

    plan = run.plan(built(base), head, base)

    assert plan.changes
    assert {"limit-max-leaving-members", "limit-allow-empty-environment"} <= codes(plan)
    assert all("a" in change.environments for change in plan.changes)


def test_a_chosen_environment_brings_the_refusals_of_those_it_shares_with() -> None:
    everybody = [member(n) for n in range(1, 9)]
    strict = {"max_leaving_members": 0}
    base = mesh(lax=everybody, strict={"vpcs": everybody, "limits": strict})
    left = everybody[:7]
    head = mesh(lax=left, strict={"vpcs": left, "limits": strict})

    plan = run.plan(built(base), head, base, "lax")

    assert any("strict" in refusal.environments for refusal in plan.refusals)


def test_a_part_of_a_plan_never_leaves_a_route_behind() -> None:
    given = "10.3.0.0/24"
    base = mesh(a=[member(1), member(2, cidr_overrides=[given])], b=[member(1)])
    head = mesh(a=[member(1)], b=[member(1), member(3, cidr_overrides=[given])])
    aws = built(base, head)
    whole = run.plan(aws, head, base)
    moved = next(c for c in whole.changes if c.action is Action.UPDATE)

    for kept in ("a", "b"):
        part = closed(whole.changes, partial(only, kept))

        assert moved.held.target not in {c.address for c in part if c.action is Action.DELETE}
        assert moved not in part
    report = run.apply(aws, head, base, replace(whole, changes=closed(whole.changes, bool)))
    assert report.succeeded


def test_a_service_name_in_peering_tags_claims_that_members_peerings_alone() -> None:
    others = mesh_of(
        {
            "other.yaml": {
                "metadata": {
                    "resource_owner": "x",
                    "business_unit": "x",
                    "service_name": "otherteam",
                    "support": "x",
                    "common_principal_name": "x",
                    "role_session_name": "x",
                },
                "environments": {"production": [member(n) for n in (5, 6, 7)]},
            }
        }
    )
    tagged = member(1, peering_tags={"service_name": "otherteam"})
    ours = mesh(production=[tagged, member(2), member(5)])

    plan = run.plan(built(others, ours), ours)

    assert not [c for c in plan.changes if c.action is Action.DELETE]
    assert METADATA.service_name != "otherteam"


def test_a_new_member_that_cannot_be_read_while_another_leaves_is_a_suspected_typo() -> None:
    base = mesh(a=[member(n) for n in range(1, 7)])
    wrong = {**member(6), "account_id": "333333333333"}
    head = mesh(a=[*[member(n) for n in range(1, 6)], wrong])
    aws = built(base)
    aws.world.closed = {AccountId("333333333333")}

    plan = run.plan(aws, head, base)

    assert [gap.scope.account for gap in plan.gaps] == ["333333333333"]
    assert "suspected-typo" in codes(plan)


@pytest.mark.parametrize("own", [{"max_leaving_members": 0}, {"max_leaving_members": 5}])
def test_an_unknown_base_has_the_stricter_limits(own: dict[str, int]) -> None:
    base = mesh(a={"vpcs": [member(n) for n in range(1, 12)], "limits": own})
    leave = 1 if own["max_leaving_members"] == 0 else 4
    head = mesh(a={"vpcs": [member(n) for n in range(1, 12 - leave)], "limits": own})

    plan = run.plan(built(base), head, Mesh((), known=False))

    assert "limit-max-leaving-members" in codes(plan)
    assert not [m for m in plan.memberships if m.movement == "joins"]


@pytest.mark.parametrize(
    ("before", "after"), [("10.2.3.0/24", "10.2.0.0/20"), ("10.2.0.0/20", "10.2.3.0/24")]
)
def test_a_route_goes_only_when_what_takes_its_addresses_is_there(before: str, after: str) -> None:
    base = mesh(a=[member(1), member(2, cidr_overrides=[before])])
    head = mesh(a=[member(1), member(2, cidr_overrides=[after])])
    aws = built(base)
    plan = run.plan(aws, head, base)
    aws.rules = [Rule("ec2:CreateRoute", code="RouteLimitExceeded")]

    report = run.apply(aws, head, base, plan)

    results = {o.change.action: o.result for o in report.outcomes}
    assert results == {Action.CREATE: Result.FAILED, Action.DELETE: Result.SKIPPED}


def test_a_repair_stays_what_was_reviewed_when_aws_forgets_the_dead_peering() -> None:
    wanted = mesh(a=[member(1), member(2)])
    aws = built(wanted)
    (peering,) = aws.world.peerings.values()
    peering.status = "deleted"
    shown = run.plan(aws, wanted)
    aws.world.peerings.clear()

    forgotten = run.plan(aws, wanted)

    assert any(c.action is Action.UPDATE for c in shown.changes)
    assert forgotten.fingerprint == shown.fingerprint


def test_a_deletion_that_waited_is_still_the_reviewed_one() -> None:
    base, head = mesh(a=[member(1), member(2), member(3)]), mesh(a=[member(1), member(2)])
    aws = built(base)
    for peering in aws.world.peerings.values():
        peering.status = "provisioning"
    reviewed = run.plan(aws, head, base)
    for peering in aws.world.peerings.values():
        peering.status = "active"

    now = run.plan(aws, head, base)

    assert [c for c in now.changes if c.action is Action.DELETE]
    assert is_subset(canonical(now), canonical(reviewed))
    assert not is_subset(canonical(reviewed), canonical(now))
