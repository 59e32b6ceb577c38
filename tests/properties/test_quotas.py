"""What fits by the plan's count is never refused by AWS, and what does not fit is refused.

The fake AWS counts by itself, at every single call, as the quotas page says: see ``fakes/ec2``.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import event, given, note

from bot.model.address import VpcRef
from bot.model.change import Plan, Result
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.ec2 import PEERINGS, ROUTES, UP, Delays, Quotas
from tests.fakes.faults import Rule
from tests.fakes.meshes import mesh_of
from tests.fakes.world import World, scope
from tests.properties.cases import bounded, draw_case, likely, randoms
from tests.properties.mutations import FILE_EDITS, WORLD_EVENTS, mutate
from tests.properties.test_apply import a_mesh_that_stands, told
from tests.properties.test_limits import Files, files, member

LIMITS = {"VpcPeeringConnectionsPerVpcLimitExceeded", "RouteLimitExceeded"}
GET_QUOTA = "servicequotas:GetServiceQuota"


def over(plan: Plan) -> list[str]:
    """The refusals because of quotas."""
    return [r.summary for r in plan.refusals if r.code == "quota-exceeded"]


def narrow(rnd: Random, aws: FakeAws) -> None:
    """Quotas about what there is already, in each scope for itself."""
    world, granted = aws.world, aws.quotas.granted
    for where in sorted({ref.scope for ref in world.vpcs}):
        live = [end for p in world.peerings.values() if p.live for end in p.ends]
        tables = [t for t in world.tables.values() if t.vpc.scope == where]
        peerings = max((live.count(ref) for ref in world.vpcs if ref.scope == where), default=0)
        routes = max((sum(r.static for r in t.routes) for t in tables), default=1)
        granted[where, PEERINGS] = max(0, peerings + rnd.randint(-1, 2))
        granted[where, ROUTES] = max(1, routes + rnd.randint(-1, 3))


@bounded(150)
@given(randoms)
def test_aws_refuses_nothing_that_fits_and_something_of_what_does_not(rnd: Random) -> None:
    case = draw_case(rnd, 7) if likely(rnd, 30) else a_mesh_that_stands(rnd, 8)
    mutate(rnd, case, (*FILE_EDITS, *WORLD_EVENTS), 4)
    told(case)
    aws = FakeAws(case.world, Delays(1, 3, 1, 2) if likely(rnd, 30) else Delays())
    narrow(rnd, aws)
    plan = run.plan(aws, case.head, case.base)
    note(f"over: {over(plan)} {aws.quotas}")
    unsure = any(p.live and p.status not in UP for p in case.world.peerings.values())

    report = run.apply(aws, case.head, case.base, plan)

    refused = {call.refused for call in aws.calls} & LIMITS
    if not over(plan):
        event("fits")
        assert refused == set()
        assert {o.result for o in report.outcomes} <= {Result.APPLIED}
    elif not unsure and not any(c.needs for c in plan.changes if c.before is not None):
        event("does not fit")
        assert refused


def full_mesh(count: int, skip: int) -> Files:
    """The members from ``skip`` on, in one environment."""
    return files(*(member(n) for n in range(skip, skip + count)))


def world_of(count: int) -> World:
    """So many VPCs, each with one eligible table."""
    world = World()
    for number in range(count):
        item = member(number)
        ref = VpcRef(scope(item["account_id"], item["region"]), item["vpc_id"])
        world.vpc(ref, f"10.{number}.0.0/16")
        world.table(f"rtb-{number:08x}", ref)
    return world


@pytest.mark.parametrize(("peerings", "routes"), [(4, 5), (5, 5), (4, 6), (50, 500)])
@pytest.mark.parametrize("taking", [1, 2, 3])
def test_members_take_the_places_of_others_where_there_is_no_more_room(
    peerings: int, routes: int, taking: int
) -> None:
    """Five members, each with four peerings, and four routes besides the local one."""
    base, head = mesh_of(full_mesh(5, 0)), mesh_of(full_mesh(5, taking))
    aws = FakeAws(world_of(8), quotas=Quotas(peerings=peerings, routes=routes))
    peerd.build(base, aws.world)

    plan = run.plan(aws, head, base)
    report = run.apply(aws, head, base, plan)

    assert over(plan) == []
    assert report.succeeded, [o.error for o in report.outcomes]
    assert not {call.refused for call in aws.calls} & LIMITS
    assert run.plan(aws, head, base).changes == ()
    reserved = [c for c in plan.changes if c.before is None and c.needs]
    assert bool(reserved) == (min(peerings, routes) < 50)


@pytest.mark.parametrize("refused", ["ec2:DeleteRoute", "ec2:DeleteVpcPeeringConnection"])
def test_where_no_place_becomes_free_nothing_is_tried(refused: str) -> None:
    base, head = mesh_of(full_mesh(5, 0)), mesh_of(full_mesh(5, 2))
    aws = FakeAws(world_of(7), quotas=Quotas(peerings=4, routes=5), rules=[Rule(refused)])
    peerd.build(base, aws.world)

    plan = run.plan(aws, head, base)
    report = run.apply(aws, head, base, plan)

    assert {call.refused for call in aws.calls if call.mutating} == {"", "UnauthorizedOperation"}
    assert Result.SKIPPED in {o.result for o in report.outcomes if o.change.before is None}
    aws.rules.clear()
    left = run.plan(aws, head, base)
    assert over(left) == []
    assert run.apply(aws, head, base, left).succeeded


@pytest.mark.parametrize(("peerings", "routes"), [(3, 5), (4, 4)])
def test_one_place_too_few_is_refused(peerings: int, routes: int) -> None:
    mesh = mesh_of(full_mesh(5, 0))
    aws = FakeAws(world_of(5), quotas=Quotas(peerings=peerings, routes=routes))

    plan = run.plan(aws, mesh)
    report = run.apply(aws, mesh, None, plan)

    assert len(over(plan)) == 4  # one for each scope
    assert {call.refused for call in aws.calls} & LIMITS
    assert {o.result for o in report.outcomes} > {Result.APPLIED}


@bounded(60)
@given(randoms)
def test_a_quota_is_asked_once_and_only_where_something_is_made(rnd: Random) -> None:
    case = a_mesh_that_stands(rnd, 7)
    mutate(rnd, case, (*FILE_EDITS, *WORLD_EVENTS), 3)
    told(case)
    aws = FakeAws(case.world)

    plan = run.plan(aws, case.head, case.base)

    asked = Counter((call.scope, call.params["QuotaCode"]) for call in aws.made(GET_QUOTA))
    kinds = {"vpc_peering_connection": PEERINGS, "route": ROUTES}
    made = {
        (where, kinds[change.address.kind])
        for change in plan.changes
        if change.before is None and change.address.kind in kinds
        for where in change.address.scopes
    }
    assert asked == Counter(made)
