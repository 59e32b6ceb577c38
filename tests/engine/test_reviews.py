"""Right before something is taken away it is looked at: is it still what was planned?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.model.address import Scope, VpcRef
from bot.model.change import Action, Change, Outcome, Plan, Report, Result
from bot.model.mesh import Mesh
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.faults import Rule
from tests.fakes.meshes import mesh_of
from tests.fakes.world import FakePeering, FakeRoute, World, scope

EAST, WEST = scope("111111111111", "us-east-1"), scope("222222222222", "eu-west-1")
DELETE, UNROUTE, REROUTE = (
    f"ec2:{name}" for name in ("DeleteVpcPeeringConnection", "DeleteRoute", "ReplaceRoute")
)
PEERINGS, TABLES = "ec2:DescribeVpcPeeringConnections", "ec2:DescribeRouteTables"


def ref(number: int, where: Scope = EAST) -> VpcRef:
    return VpcRef(where, f"vpc-{number:08x}")


A, B, C = ref(1), ref(2, WEST), ref(3)


def mesh(*vpcs: VpcRef, **overrides: list[str]) -> Mesh:
    """A full mesh; ``overrides`` by VPC id."""
    members = [
        {
            "account_id": vpc.scope.account,
            "region": vpc.scope.region,
            "vpc_id": vpc.vpc_id,
            **({"cidr_overrides": overrides[vpc.vpc_id]} if vpc.vpc_id in overrides else {}),
        }
        for vpc in vpcs
    ]
    return mesh_of({"meshes/net.yaml": {"environments": {"prod": members}}})


def built(*vpcs: VpcRef, **overrides: list[str]) -> FakeAws:
    world = World()
    for number, vpc in enumerate(vpcs, 1):
        world.vpc(vpc, f"10.{number}.0.0/16")
        world.table(f"rtb-{number:08x}", vpc)
    peerd.build(mesh(*vpcs, **overrides), world)
    return FakeAws(world)


def the_peering(world: World) -> FakePeering:
    (found,) = world.peerings.values()
    return found


def the_route(world: World, table: str = "rtb-00000001") -> FakeRoute:
    (found,) = (r for r in world.tables[table].routes if r.target != "local")
    return found


def failures(report: Report) -> list[Outcome]:
    return [o for o in report.outcomes if o.result is Result.FAILED]


def removal(aws: FakeAws) -> tuple[Mesh, Mesh, Plan]:
    head, base = mesh(A), mesh(A, B)
    return head, base, run.plan(aws, head, base)


# --- what is no longer as it was planned stays


@pytest.mark.parametrize(
    ("key", "value"),
    [("peerd_environment", "other"), ("service_name", "theirs"), ("peerd_created", None)],
)
def test_a_peering_that_is_not_ours_any_more_is_not_deleted(key: str, value: str | None) -> None:
    aws = built(A, B)
    head, base, made = removal(aws)
    peering = the_peering(aws.world)
    tags = peering.tags[peering.requester.scope]
    del tags[key]
    if value is not None:
        tags[key] = value

    report = run.apply(aws, head, base, made)

    (failed,) = failures(report)
    assert aws.made(DELETE) == []
    assert peering.status == "active"
    assert "ChangedMeanwhile: not sent" in failed.error
    assert f"Tags[{key}]" in failed.error
    assert "plan again" in failed.advice


def test_tags_of_others_and_of_the_clock_do_not_matter() -> None:
    aws = built(A, B)
    head, base, made = removal(aws)
    for tags in the_peering(aws.world).tags.values():
        tags |= {"cost_centre": "42", "peerd_datetime": "now", "Name": "renamed"}

    report = run.apply(aws, head, base, made)

    assert report.succeeded


def test_a_route_that_leads_elsewhere_by_now_is_not_deleted() -> None:
    aws = built(A, B)
    head, base, made = removal(aws)
    route = the_route(aws.world)
    route.target = "tgw-00000001"

    report = run.apply(aws, head, base, made)

    (failed,) = failures(report)
    assert failed.change.address.key == "rtb-00000001/10.2.0.0/16"
    assert "ec2:DeleteRoute: ChangedMeanwhile" in failed.error
    assert the_route(aws.world) is route
    assert route.target == "tgw-00000001"
    # the peering is not deleted under a route that nobody understands: plan again
    skipped = [o for o in report.outcomes if o.result is Result.SKIPPED]
    assert [o.change.address.kind for o in skipped] == ["vpc_peering_connection"]
    again = run.plan(aws, head, base)
    assert run.apply(aws, head, base, again).succeeded
    assert route in aws.world.tables["rtb-00000001"].routes
    assert not the_peering(aws.world).live


def test_a_route_that_leads_elsewhere_by_now_is_not_replaced() -> None:
    """C takes over from B, who leaves; somebody sends the destination to a transit gateway."""
    aws = built(A, B)
    aws.world.vpc(C, "10.3.0.0/16")
    aws.world.table("rtb-00000003", C)
    head, base = mesh(A, C, **{C.vpc_id: ["10.2.0.0/16"]}), mesh(A, B)
    made = run.plan(aws, head, base)
    assert [c.action for c in made.changes if c.address.key.startswith("rtb-00000001")] == [
        Action.UPDATE
    ]
    the_route(aws.world).target = "tgw-00000001"

    report = run.apply(aws, head, base, made)

    (failed,) = failures(report)
    assert "ec2:ReplaceRoute: ChangedMeanwhile" in failed.error
    assert aws.made(REROUTE) == []
    assert the_route(aws.world).target == "tgw-00000001"


# --- what is gone already is done, and nothing is held up for it


def test_what_somebody_deleted_meanwhile_is_done() -> None:
    aws = built(A, B)
    head, base, made = removal(aws)
    aws.world.tables["rtb-00000001"].routes = [
        r for r in aws.world.tables["rtb-00000001"].routes if r.target == "local"
    ]
    the_peering(aws.world).status = "deleted"

    report = run.apply(aws, head, base, made)

    assert report.succeeded


def test_a_propagated_twin_is_not_the_route() -> None:
    aws = built(A, B)
    table = aws.world.tables["rtb-00000001"]
    twin = FakeRoute("10.2.0.0/16", "vgw-00000001", "EnableVgwRoutePropagation")
    table.routes.insert(0, twin)
    head, base, made = removal(aws)

    report = run.apply(aws, head, base, made)

    assert report.succeeded
    assert [r.target for r in table.routes if r.target != "local"] == ["vgw-00000001"]


# --- how often is asked, and when


def test_one_question_sees_to_the_routes_of_a_scope() -> None:
    left = [ref(n) for n in range(1, 20)]
    aws = built(*left, ref(20))
    head, base = mesh(*left), mesh(*left, ref(20))
    made = run.plan(aws, head, base)
    aws.calls.clear()

    report = run.apply(aws, head, base, made)

    assert report.succeeded
    assert len(aws.made(UNROUTE)) == 38
    assert len(aws.made(TABLES)) == 1
    assert len(aws.made(DELETE)) == 19
    assert len(aws.made(PEERINGS)) <= 2


def test_what_waits_long_for_its_turn_is_looked_at_late() -> None:
    """200 deletions take half a minute in one scope; nothing is looked at so long before."""
    aws = built(A, B)
    peering = the_peering(aws.world)
    for number in range(10, 209):
        table = aws.world.table(f"rtb-{number:08x}", A)
        table.routes.append(FakeRoute("10.2.0.0/16", peering.id))
    head, base, made = removal(aws)
    aws.calls.clear()
    ages: list[float] = []
    looked: dict[str, float] = {}
    describe, delete = aws.ec2.reads[TABLES], aws.ec2.writes[UNROUTE]

    def looking(where: Scope, **params: Any) -> list[dict[str, Any]]:
        names = params["Filters"][0]["Values"]
        looked.update(dict.fromkeys(names, aws.world.clock.now))
        return describe(where, **params)

    def deleting(where: Scope, **params: Any) -> dict[str, Any]:
        if where == EAST:
            ages.append(aws.world.clock.now - looked[params["RouteTableId"]])
        return delete(where, **params)

    aws.ec2.reads[TABLES], aws.ec2.writes[UNROUTE] = looking, deleting

    report = run.apply(aws, head, base, made)

    assert report.succeeded
    assert len(ages) == 200
    assert max(ages) <= 16
    assert aws.world.clock.now > 25
    assert len(aws.made(TABLES)) <= 10


def test_a_new_mesh_is_not_looked_at() -> None:
    world = World()
    for number, vpc in enumerate((A, B), 1):
        world.vpc(vpc, f"10.{number}.0.0/16")
        world.table(f"rtb-{number:08x}", vpc)
    aws = FakeAws(world)
    made = run.plan(aws, mesh(A, B))
    aws.calls.clear()

    assert run.apply(aws, mesh(A, B), None, made).succeeded

    assert aws.made(TABLES) == []


# --- when AWS cannot be asked


def test_nothing_is_taken_away_unseen() -> None:
    aws = built(A, B)
    head, base, made = removal(aws)
    aws.rules = [Rule(TABLES, code="UnauthorizedOperation")]

    report = run.apply(aws, head, base, made)

    assert aws.made(UNROUTE) == []
    assert aws.made(DELETE) == []
    assert all("ec2:DescribeRouteTables" in o.error for o in failures(report))
    assert len(failures(report)) == 2


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "ReadTimeoutError", "InternalError"])
def test_a_question_that_fails_for_a_while_is_asked_again(code: str) -> None:
    aws = built(A, B)
    head, base, made = removal(aws)
    aws.rules = [Rule(TABLES, code=code, times=4)]

    assert run.apply(aws, head, base, made).succeeded


def test_a_question_that_fails_for_long_is_given_up() -> None:
    aws = built(A, B)
    head, base, made = removal(aws)
    aws.rules = [Rule(TABLES, code="RequestLimitExceeded", scope=A.scope)]

    report = run.apply(aws, head, base, made)

    (failed,) = failures(report)
    assert "RequestLimitExceeded" in failed.error
    assert [call.scope for call in aws.made(UNROUTE)] == [B.scope]
    assert 60 <= aws.world.clock.now <= 90


def changed(aws: FakeAws, action: str, happens: Callable[[], object]) -> None:
    """Let something happen right after the first answer to a question about some things."""
    real, done = aws.ec2.reads[action], list[int]()

    def read(where: Scope, **params: Any) -> list[dict[str, Any]]:
        answer = real(where, **params)
        if params and not done:
            done.append(1)
            happens()
        return answer

    aws.ec2.reads[action] = read


def test_a_step_that_is_given_up_while_it_is_looked_at_is_not_sent() -> None:
    aws = built(A, B)
    head, base, made = removal(aws)
    changed(aws, TABLES, lambda: aws.world.closed.update({A.scope.account, B.scope.account}))

    report = run.apply(aws, head, base, made)

    assert not report.succeeded
    assert the_peering(aws.world).live


def test_the_plan_itself_does_not_change_by_what_a_route_leads_to() -> None:
    """The id that is looked for is AWS's, and in no fingerprint."""
    one, other = built(A, B), built(A, B)
    peering = the_peering(other.world)
    del other.world.peerings[peering.id]
    for table in other.world.tables.values():
        for route in table.routes:
            route.target = "pcx-0000ffff" if route.target == peering.id else route.target
    peering.id = "pcx-0000ffff"
    other.world.peerings[peering.id] = peering
    plans = [removal(aws)[2] for aws in (one, other)]

    def ids(changes: tuple[Change[Any], ...]) -> set[str]:
        return {change.id for change in changes}

    assert plans[0].fingerprint == plans[1].fingerprint
    assert ids(plans[0].changes) != ids(plans[1].changes)
