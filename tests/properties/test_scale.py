"""The reference mesh of the product's section on scale, in virtual time with EC2's buckets."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from bot.model.address import VpcRef
from bot.model.mesh import Mesh
from bot.model.reachability import Tally
from bot.usecases.apply import apply_plan
from bot.usecases.verify import afterwards
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.dispatcher import Killed, SimulatedDispatcher
from tests.fakes.ec2 import Delays
from tests.fakes.meshes import mesh_of
from tests.fakes.world import World, scope
from tests.oracle import disagreements, expect

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
REGIONS = ("us-east-1", "eu-west-1")
SLOW = Delays(initiating=1, provisioning=3, lag=2)


def reference(count: int, tables: int = 2, spread: int = 6) -> tuple[World, Mesh]:
    """``count`` VPCs over ``spread`` scopes, one environment."""
    world, members = World(), []
    for n in range(count):
        where = scope(ACCOUNTS[n % spread % 3], REGIONS[n % spread // 3])
        ref = VpcRef(where, f"vpc-{n:08x}")
        world.vpc(ref, f"10.{n}.0.0/16")
        for t in range(tables):
            world.table(f"rtb-{n:04x}{t:04x}", ref)
        place = {"account_id": where.account, "region": where.region}
        members.append({**place, "vpc_id": ref.vpc_id})
    return world, mesh_of({"meshes/a.yaml": {"environments": {"prod": members}}})


@pytest.mark.parametrize(("vpcs", "seconds"), [(12, 5.0), (24, 26.8 * 1.15)])
def test_the_reference_mesh_takes_the_least_calls_and_time(vpcs: int, seconds: float) -> None:
    world, mesh = reference(vpcs)
    aws = FakeAws(world, throttle=True)
    before, pairs = world.copy(), vpcs * (vpcs - 1) // 2

    plan = run.plan(aws, mesh, applying=True)
    planning = Counter(call.action for call in aws.calls)
    report = run.apply(aws, mesh, None, plan)
    took = world.clock.now
    world.let_pass(60)
    made = Counter(call.action for call in aws.calls) - planning
    told = afterwards(aws, mesh, report)

    # as something is made: what would not fit, and who would reach whom
    assert planning.pop("servicequotas:GetServiceQuota") == 2 * 6
    assert planning.pop("ec2:DescribeSubnets") == planning.pop("ec2:DescribeNetworkAcls") == 6
    assert planning.total() == 3 + 3 * 6
    assert report.succeeded
    assert not [call for call in aws.calls if call.refused]
    assert made["ec2:CreateVpcPeeringConnection"] == pairs
    assert made["ec2:AcceptVpcPeeringConnection"] == pairs
    assert made["ec2:CreateRoute"] == 4 * pairs
    # all of it, against what the product allows: reading once, making, and 5 polls a scope
    tags = 15 * (vpcs // 6) + 6
    assert made["ec2:CreateTags"] == tags
    assert len(aws.calls) <= 1.03 * (3 + 3 * 6 + 6 * pairs + tags + 5 * 6), made
    assert took <= seconds
    assert told.reachability[0].after == Tally(2 * pairs, 2 * pairs)
    assert disagreements(expect(mesh, None, before), world) == []
    again = FakeAws(world)  # another run, which signs in anew
    assert run.plan(again, mesh).changes == ()
    assert len(again.calls) == 3 + 3 * 6


@pytest.mark.parametrize("spread", [1, 2])
def test_outstanding_requests_stay_within_awss_limit(spread: int) -> None:
    world, mesh = reference(40, tables=1, spread=spread)
    aws = FakeAws(world, SLOW, throttle=True)

    report = run.apply(aws, mesh, None, run.plan(aws, mesh))

    assert report.succeeded
    refused = Counter(call.refused for call in aws.calls if call.refused)
    assert refused["OutstandingVpcPeeringConnectionLimitExceeded"] == 0
    assert refused["RequestLimitExceeded"] == 0


def test_requests_left_by_a_killed_apply_count_as_outstanding() -> None:
    world, mesh = reference(40, tables=1, spread=2)
    aws = FakeAws(world, SLOW)
    plan = run.plan(aws, mesh)

    def many() -> bool:
        return sum(p.status == "pending-acceptance" for p in world.peerings.values()) >= 20

    dispatcher = SimulatedDispatcher(world.clock, kill=many)
    with pytest.raises(Killed):
        apply_plan(aws, mesh, plan, base=None, dispatcher=dispatcher, stop=threading.Event())
    world.let_pass(30)
    before = world.copy()
    assert sum(p.status == "pending-acceptance" for p in before.peerings.values()) >= 20

    aws.calls.clear()
    report = run.apply(aws, mesh, None, run.plan(aws, mesh))

    assert report.succeeded, [o.error for o in report.outcomes if o.error][:3]
    assert not [c for c in aws.made("ec2:CreateVpcPeeringConnection") if c.refused]
    assert disagreements(expect(mesh, None, before), world) == []
