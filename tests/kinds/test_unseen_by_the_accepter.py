"""A peering that its accepter's account does not show yet: AWS lags, and runs are killed.

https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.subset import is_subset
from bot.model.address import VpcRef
from bot.model.change import Plan
from bot.model.mesh import Mesh
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.dispatcher import Killed
from tests.fakes.ec2 import Delays
from tests.fakes.meshes import mesh_of
from tests.fakes.world import FakePeering, World, scope
from tests.oracle import disagreements, expect

ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"
VPCS = (
    VpcRef(scope(ONE, "us-east-1"), "vpc-0000000a"),
    VpcRef(scope(TWO, "us-east-1"), "vpc-0000000b"),
    VpcRef(scope(THREE, "eu-west-1"), "vpc-0000000c"),
)
A, B, _ = VPCS


def mesh(*vpcs: VpcRef, dns: bool | None = None) -> Mesh:
    members: list[dict[str, Any]] = [
        {"account_id": v.scope.account, "region": v.scope.region, "vpc_id": v.vpc_id} for v in vpcs
    ]
    said = {} if dns is None else {"dns_resolution": dns}
    return mesh_of({"meshes/net.yaml": {"environments": {"prod": {"vpcs": members, **said}}}})


def world() -> World:
    made = World()
    for number, vpc in enumerate(VPCS, 1):
        made.vpc(vpc, f"10.{number}.0.0/16")
        made.table(f"rtb-{number:08x}", vpc)
    return made


def standing(status: str) -> tuple[World, FakePeering]:
    """A and B after a run, but that the accepter does not see it for 12 s, nor has tags."""
    made = world()
    aws = FakeAws(made)
    run.apply(aws, mesh(A, B), None, run.plan(aws, mesh(A, B)))
    (peering,) = made.peerings.values()
    peering.status, peering.visible = status, {peering.accepter.scope: made.clock.now + 12}
    peering.tags[peering.accepter.scope] = {}
    return made, peering


def canonical(plan: Plan) -> list[Any]:
    return [change.canonical for change in plan.changes]


def peerings(plan: Plan) -> list[Any]:
    return [c for c in canonical(plan) if c["kind"] == "vpc_peering_connection"]


@pytest.mark.parametrize("status", ["pending-acceptance", "provisioning", "active"])
def test_its_tags_are_planned_there_and_written_once_it_is_seen(status: str) -> None:
    made, peering = standing(status)
    if status == "provisioning":
        peering.due.append((made.clock.now + 5, "active", ""))
    aws = FakeAws(made)
    plan = run.plan(aws, mesh(A, B))

    (change,) = peerings(plan)
    report = run.apply(aws, mesh(A, B), None, plan)

    assert change["before"]["accepter_tags"] == {}
    assert change["after"]["accepter_tags"]["peerd_role"] == "accepter"
    assert change["after"]["status"] == "active"
    assert {str(o.result) for o in report.outcomes} == {"applied"}
    assert peering.tags[peering.accepter.scope]["peerd_role"] == "accepter"
    written = [c for c in aws.made("ec2:CreateTags") if c.scope == peering.accepter.scope]
    assert len(written) == 1, "not a try before it was seen"
    assert run.plan(aws, mesh(A, B)).changes == ()


def test_what_is_left_is_part_of_what_was_reviewed() -> None:
    fresh = canonical(run.plan(FakeAws(world()), mesh(A, B)))
    for status in ("pending-acceptance", "provisioning", "active"):
        made, _ = standing(status)

        left = canonical(run.plan(FakeAws(made), mesh(A, B)))

        assert left
        assert is_subset(left, fresh), status


def test_a_side_in_a_gap_is_not_taken_for_one_that_does_not_see_it() -> None:
    made, peering = standing("active")
    made.closed.add(peering.accepter.scope.account)

    plan = run.plan(FakeAws(made), mesh(A, B))

    assert [gap.scope for gap in plan.gaps] == [peering.accepter.scope]
    assert peerings(plan) == []


def test_what_both_sides_show_is_no_change() -> None:
    made = world()
    peerd.build(mesh(A, B), made)

    assert run.plan(FakeAws(made), mesh(A, B)).changes == ()


def test_somebody_elses_is_left_alone_though_one_side_alone_shows_it() -> None:
    made, peering = standing("active")
    peering.tags[peering.requester.scope] = {}

    plan = run.plan(FakeAws(made), mesh(A, B))

    assert peerings(plan) == []


@pytest.mark.parametrize("lag", [6.0, 15.0])
def test_after_a_kill_at_any_call_one_more_run_is_enough(lag: float) -> None:
    wanted, finished = mesh(*VPCS, dns=True), False
    for last in range(1, 60):
        made = world()
        before, aws = made.copy(), FakeAws(made, Delays(provisioning=2))
        first = run.plan(aws, wanted)
        killed = kill_after(aws, wanted, first, last)
        for peering in made.peerings.values():  # the accepter sees nothing of it for a while
            peering.visible = {peering.accepter.scope: made.clock.now + lag}

        second = run.plan(aws, wanted)
        assert is_subset(canonical(second), canonical(first))
        run.apply(aws, wanted, None, second)

        assert disagreements(expect(wanted, None, before), made, cut_short=True) == []
        assert run.plan(aws, wanted).changes == (), last
        finished = not killed
        if finished:
            break
    assert finished, "every call was the last one once"


def kill_after(aws: FakeAws, wanted: Mesh, plan: Plan, calls: int) -> bool:
    """Applies a plan; whether it was killed after so many mutating calls."""
    try:
        run.apply(aws, wanted, None, plan, kill=lambda: aws.mutations >= calls, landing=True)
    except Killed:
        return True
    return False
