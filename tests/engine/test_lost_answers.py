"""A call whose answer was lost is looked for; refusals meanwhile are judged by what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import pytest

from bot.engine.execute.doubts import Doubts, Finding
from bot.errors import AwsError
from bot.kinds.vpc_peering.spec import requester_of
from bot.model import address as model
from bot.model.address import Scope, VpcRef
from bot.model.change import Outcome, Report, Result
from bot.model.mesh import Mesh
from bot.model.step import Look
from bot.render.markdown import outcome_document
from bot.render.terminal import report_text
from tests.engine.steps import call
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.ec2 import Delays
from tests.fakes.faults import Rule
from tests.fakes.meshes import mesh_of
from tests.fakes.world import FakePeering, FakeRoute, World, scope

EAST, WEST = scope("111111111111", "us-east-1"), scope("222222222222", "eu-west-1")
ONE, TWO = VpcRef(EAST, "vpc-00000001"), VpcRef(WEST, "vpc-00000002")
METADATA = {
    "resource_owner": "netops",
    "business_unit": "PaaS",
    "service_name": "peerd",
    "support": "net@example.org",
    "common_principal_name": "peerd-bot",
    "role_session_name": "peerd",
}
LOST = ("ReadTimeoutError", "ConnectionClosedError", "InternalError", "Unavailable", "502")


class Pair:
    """Two VPCs in two accounts, one route table each, and the mesh that connects them."""

    def __init__(self, **delays: float) -> None:
        self.world = World()
        for number, ref in enumerate((ONE, TWO), 1):
            self.world.vpc(ref, f"10.{number}.0.0/16")
            self.world.table(f"rtb-0000000{number}", ref)
        self.aws = FakeAws(self.world, Delays(**delays))

    @staticmethod
    def mesh(*members: VpcRef) -> Mesh:
        """The mesh file with these members."""
        vpcs = [
            {"account_id": m.scope.account, "region": m.scope.region, "vpc_id": m.vpc_id}
            for m in members
        ]
        environments = {"production": {"vpcs": vpcs}}
        return mesh_of({"meshes/a.yaml": {"metadata": METADATA, "environments": environments}})

    def apply(self, *rules: Rule, members: tuple[VpcRef, ...] = (ONE, TWO)) -> Report:
        """Plan undisturbed, then apply with these rules."""
        head, base = self.mesh(*members), self.mesh(ONE, TWO)
        self.aws.rules = []
        made = run.plan(self.aws, head, base)
        self.aws.calls.clear()
        self.aws.rules = list(rules)
        report = run.apply(self.aws, head, base, made)
        self.aws.rules = []
        return report

    def built(self) -> Pair:
        """With the mesh applied."""
        assert self.apply().succeeded
        return self

    def sent(self, action: str) -> list[str]:
        """The refusals of an action's calls, empty for those that took effect."""
        return [call.refused for call in self.aws.made(f"ec2:{action}")]

    @property
    def peering(self) -> FakePeering:
        """The one live peering."""
        (live,) = (p for p in self.world.peerings.values() if p.live)
        return live


def failed(report: Report) -> list[Outcome]:
    """The outcomes of changes that failed."""
    return [outcome for outcome in report.outcomes if outcome.result is Result.FAILED]


def before_sending(
    pair: Pair, action: str, happens: Callable[[], object], at: tuple[Scope, ...] = (EAST, WEST)
) -> None:
    """Let something happen right before the first call of an action, by somebody else."""
    real, done = pair.aws.ec2.writes[f"ec2:{action}"], list[int]()

    def write(where: Scope, **params: Any) -> dict[str, Any]:
        if where in at and not done:
            done.append(1)
            happens()
        return real(where, **params)

    pair.aws.ec2.writes[f"ec2:{action}"] = write


@pytest.mark.parametrize("code", LOST)
@pytest.mark.parametrize(
    "action", ["CreateVpcPeeringConnection", "AcceptVpcPeeringConnection", "CreateRoute"]
)
def test_what_took_effect_is_found_and_not_sent_again(action: str, code: str) -> None:
    pair = Pair(initiating=1, provisioning=2, lag=8)

    report = pair.apply(Rule(f"ec2:{action}", code=code, times=1, lands=True))

    assert report.succeeded
    assert pair.sent(action) == ([""] * 2 if action == "CreateRoute" else [""])
    assert pair.peering.status == "active"


@pytest.mark.parametrize("code", LOST)
@pytest.mark.parametrize("action", ["DeleteVpcPeeringConnection", "DeleteRoute"])
def test_what_was_deleted_is_found_gone(action: str, code: str) -> None:
    pair = Pair(deleting=3).built()

    report = pair.apply(Rule(f"ec2:{action}", code=code, times=1, lands=True), members=(ONE,))

    assert report.succeeded
    assert set(pair.sent(action)) == {""}
    assert len(pair.sent(action)) == (2 if action == "DeleteRoute" else 1)


def test_a_request_that_is_not_there_is_asked_for_several_times_before_it_is_sent_again() -> None:
    pair = Pair()

    report = pair.apply(
        Rule("ec2:CreateVpcPeeringConnection", code="ConnectionClosedError", times=1)
    )

    assert report.succeeded
    assert pair.sent("CreateVpcPeeringConnection") == ["ConnectionClosedError", ""]
    names = [
        c.action.split(":")[1] for c in pair.aws.calls if "Create" in c.action or "Desc" in c.action
    ]
    first, second = (n for n, name in enumerate(names) if name == "CreateVpcPeeringConnection")
    looks = names[first + 1 : second]
    assert 4 <= len(looks) <= 8
    assert set(looks) == {"DescribeVpcPeeringConnections"}
    assert pair.world.clock.now > 30


def test_looks_of_one_scope_share_a_question() -> None:
    world, members = World(), []
    for number in range(1, 12):
        ref = VpcRef(EAST, f"vpc-{number:08x}")
        world.vpc(ref, f"10.{number}.0.0/16")
        members.append(ref)
    pair = Pair()
    pair.world, pair.aws = world, FakeAws(world)
    lost = Rule("ec2:CreateVpcPeeringConnection", code="ReadTimeoutError", times=30, lands=True)

    report = pair.apply(lost, members=tuple(members))

    assert report.succeeded
    assert len(pair.sent("CreateVpcPeeringConnection")) == 55
    looks = [
        call
        for call in pair.aws.made("ec2:DescribeVpcPeeringConnections")
        if call.params["Filters"][0]["Name"] == "requester-vpc-info.vpc-id"
    ]
    assert 0 < len(looks) < 10


def test_a_call_whose_answers_are_all_lost_is_given_up_with_what_was_tried() -> None:
    pair = Pair()

    report = pair.apply(Rule("ec2:CreateVpcPeeringConnection", code="ReadTimeoutError"))

    (outcome,) = failed(report)
    assert len(pair.sent("CreateVpcPeeringConnection")) == 3
    assert "sent 3 times, no answer came; AWS does not show that it was done" in outcome.error
    assert "run again: it looks what is there" in outcome.advice
    assert report.count(Result.SKIPPED) == 2


def test_what_was_never_sent_is_sent_again_without_a_look() -> None:
    pair = Pair()

    report = pair.apply(Rule("ec2:CreateRoute", code="ConnectTimeoutError", times=2))

    assert report.succeeded
    assert pair.aws.made("ec2:DescribeRouteTables") == []


def test_tags_are_sent_again_without_a_look() -> None:
    pair = Pair()

    report = pair.apply(Rule("ec2:CreateTags", code="ReadTimeoutError", times=2, lands=True))

    assert report.succeeded
    assert report.warnings == ()
    assert pair.aws.made("ec2:DescribeRouteTables") == []


def test_somebody_elses_request_for_the_pair_is_neither_taken_for_ours_nor_accepted() -> None:
    pair = Pair()
    before_sending(
        pair,
        "CreateVpcPeeringConnection",
        lambda: pair.world.peering(ONE, TWO, "pending-acceptance"),
    )

    report = pair.apply(
        Rule("ec2:CreateVpcPeeringConnection", code="ConnectionClosedError", times=1)
    )

    (outcome,) = failed(report)
    assert "VpcPeeringConnectionAlreadyExists" in outcome.error
    assert "adopt: true" in outcome.advice
    assert pair.peering.status == "pending-acceptance"
    assert pair.peering.tags == {EAST: {}, WEST: {}}


def test_a_route_that_somebody_made_to_the_same_peering_is_there() -> None:
    pair = Pair().built()
    table = pair.world.tables["rtb-00000001"]
    (route,) = (r for r in table.routes if r.target != "local")
    table.routes.remove(route)
    before_sending(pair, "CreateRoute", lambda: table.routes.append(route), (EAST,))

    report = pair.apply()

    assert report.succeeded
    assert pair.sent("CreateRoute") == ["RouteAlreadyExists"]


def test_a_route_that_somebody_made_to_something_else_is_a_failure_and_stays() -> None:
    pair = Pair()
    table = pair.world.tables["rtb-00000001"]
    theirs = FakeRoute("10.2.0.0/16", "tgw-00000001")
    before_sending(pair, "CreateRoute", lambda: table.routes.append(theirs), (EAST,))

    report = pair.apply()

    (outcome,) = failed(report)
    assert "RouteAlreadyExists" in outcome.error
    assert "it leads elsewhere" in outcome.advice
    assert "no answer came" not in outcome.error
    assert table.static("10.2.0.0/16") is theirs


def test_a_route_that_somebody_moved_after_a_lost_delete_is_left_to_them() -> None:
    pair = Pair().built()
    table = pair.world.tables["rtb-00000001"]
    real = pair.aws.ec2.reads["ec2:DescribeRouteTables"]

    def moved(where: Scope, **params: Any) -> list[dict[str, Any]]:
        if any(call.scope == EAST for call in pair.aws.made("ec2:DeleteRoute")):
            (route,) = (r for r in table.routes if r.target != "local")
            route.target = "tgw-00000001"
        return real(where, **params)

    pair.aws.ec2.reads["ec2:DescribeRouteTables"] = moved

    report = pair.apply(
        Rule("ec2:DeleteRoute", code="ReadTimeoutError", scope=EAST, times=1), members=(TWO,)
    )

    assert report.succeeded
    assert [call.refused for call in pair.aws.made("ec2:DeleteRoute") if call.scope == EAST] == [
        "ReadTimeoutError"
    ]
    assert [r.target for r in table.routes] == ["local", "tgw-00000001"]


def test_a_deletion_is_not_done_because_aws_says_once_that_it_does_not_know_the_peering() -> None:
    pair = Pair().built()
    rule = Rule("ec2:DeleteVpcPeeringConnection", code="InvalidVpcPeeringConnectionID.NotFound")

    report = pair.apply(rule, members=(ONE,))

    (outcome,) = failed(report)
    assert "InvalidVpcPeeringConnectionID.NotFound" in outcome.error
    assert pair.peering.status == "active"
    assert pair.apply(members=(ONE,)).succeeded


def test_a_deletion_of_what_aws_has_forgotten_meanwhile_is_done() -> None:
    pair = Pair().built()
    before_sending(pair, "DeleteVpcPeeringConnection", pair.world.peerings.clear)

    report = pair.apply(members=(ONE,))

    assert report.succeeded
    assert pair.sent("DeleteVpcPeeringConnection") == ["InvalidVpcPeeringConnectionID.NotFound"]


def test_a_peering_that_somebody_deletes_at_the_same_time_is_gone() -> None:
    pair = Pair(deleting=5).built()

    before_sending(
        pair, "DeleteVpcPeeringConnection", lambda: setattr(pair.peering, "status", "deleting")
    )

    report = pair.apply(members=(ONE,))

    assert report.succeeded
    assert pair.sent("DeleteVpcPeeringConnection") == ["InvalidStateTransition"]


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("failed", "overlaps"),
        ("rejected", "Somebody deleted or rejected"),
        ("deleted", "Somebody deleted or rejected"),
        ("expired", "7 days"),
    ],
)
def test_a_peering_that_ends_after_its_creation_says_how_and_what_to_do(
    status: str, advice: str
) -> None:
    pair = Pair(initiating=1)
    hostile = "Failed due to ]( <script> \x1b[31m @everyone\n::error::"

    def end(_: Mapping[str, Any]) -> None:
        for peering in pair.world.peerings.values():
            peering.due = [(0.0, status, hostile)]

    real = pair.aws.ec2.writes["ec2:CreateVpcPeeringConnection"]

    def create(where: Scope, **params: Any) -> dict[str, Any]:
        answer = real(where, **params)
        end(params)
        return answer

    pair.aws.ec2.writes["ec2:CreateVpcPeeringConnection"] = create
    report = pair.apply()

    (outcome,) = failed(report)
    assert f"is {status}: {hostile}" in outcome.error
    assert advice in outcome.advice
    shown, page = report_text(report, width=100, colour=False), outcome_document(report)
    assert "\x1b[31m" not in shown + page
    assert page.count("<script>") == page.count("`<script>`")
    assert "\n::error::" not in shown + page
    for text in (shown, page):
        assert status in text
    assert pair.sent("AcceptVpcPeeringConnection") == []


def test_an_account_that_can_no_longer_be_signed_in_to_is_given_up_at_once() -> None:
    pair = Pair()
    other = VpcRef(scope("333333333333", "us-east-1"), "vpc-00000003")
    pair.world.vpc(other, "10.3.0.0/16")
    pair.world.table("rtb-00000003", other)
    head = pair.mesh(ONE, TWO, other)
    made = run.plan(pair.aws, head, None)
    real = pair.aws.call

    def call(where: Scope, action: str, params: Mapping[str, Any]) -> Any:
        if where == WEST:
            raise AwsError(where, "sts:AssumeRole", "AccessDenied", "not authorized", "req-7")
        return real(where, action, params)

    pair.aws.call = call  # type: ignore[method-assign, assignment]
    began = pair.world.clock.now

    report = run.apply(pair.aws, head, None, made)

    assert pair.world.clock.now - began < 10
    assert {o.result for o in report.outcomes if TWO.scope not in o.change.address.scopes} <= {
        Result.APPLIED,
        Result.SKIPPED,
    }
    for outcome in failed(report):
        assert "sts:AssumeRole: AccessDenied: not authorized" in outcome.error
        assert "req-7" in outcome.error
        assert "Check that the member role exists in account 222222222222" in outcome.advice
    assert failed(report)


def test_requests_towards_a_lost_account_do_not_use_up_the_places_of_others() -> None:
    world, hub = World(), VpcRef(EAST, "vpc-0000000a")
    numbers = (scope(f"{number:012d}", "us-east-1") for number in range(222222222222, 222222222299))
    lost, fine = islice(
        (s for s in numbers if requester_of(model.Pair.of(hub, VpcRef(s, "vpc-1"))) == hub), 2
    )
    far = [VpcRef(lost, f"vpc-b{n:07x}") for n in range(40)]
    far += [VpcRef(fine, f"vpc-c{n:07x}") for n in range(5)]
    for number, ref in enumerate((hub, *far)):
        world.vpc(ref, f"10.{number}.0.0/16")
    members = [
        {
            "account_id": ref.scope.account,
            "region": ref.scope.region,
            "vpc_id": ref.vpc_id,
            "role": "hub" if ref == hub else "spoke",
        }
        for ref in (hub, *far)
    ]
    environments = {"production": {"topology": "hub-and-spoke", "vpcs": members}}
    head = mesh_of({"meshes/a.yaml": {"metadata": METADATA, "environments": environments}})
    aws = FakeAws(world, Delays(initiating=1, lag=1))
    made = run.plan(aws, head)
    world.closed.add(lost.account)

    report = run.apply(aws, head, None, made)

    applied = {o.change.address.scopes for o in report.outcomes if o.result is Result.APPLIED}
    assert [o.result for o in report.outcomes if fine in o.change.address.scopes] == (
        [Result.APPLIED] * 5
    )
    assert all(lost not in scopes for scopes in applied)
    assert len(aws.made("ec2:CreateVpcPeeringConnection")) < 25
    assert "sts:AssumeRole: AccessDenied" in failed(report)[-1].error


def _cleaning() -> Mesh:
    """The mesh of both VPCs, with orphan routes deleted."""
    vpcs = [
        {"account_id": m.scope.account, "region": m.scope.region, "vpc_id": m.vpc_id}
        for m in (ONE, TWO)
    ]
    environments = {"production": {"vpcs": vpcs, "orphan_routes": "delete"}}
    return mesh_of({"meshes/a.yaml": {"metadata": METADATA, "environments": environments}})


def test_an_orphan_route_whose_lost_deletion_was_not_done_is_deleted_again() -> None:
    pair = Pair().built()
    table = pair.world.tables["rtb-00000001"]
    table.routes.append(FakeRoute("10.77.0.0/16", "pcx-0dead"))
    head = _cleaning()
    made = run.plan(pair.aws, head)
    pair.aws.rules = [Rule("ec2:DeleteRoute", code="ReadTimeoutError", times=1)]

    report = run.apply(pair.aws, head, None, made)

    assert report.succeeded
    assert pair.sent("DeleteRoute") == ["ReadTimeoutError", ""]
    assert table.static("10.77.0.0/16") is None


def test_an_orphan_route_that_somebody_replaced_after_a_lost_delete_is_left_to_them() -> None:
    pair = Pair().built()
    table = pair.world.tables["rtb-00000001"]
    orphan = FakeRoute("10.77.0.0/16", "pcx-0dead")
    table.routes.append(orphan)
    head = _cleaning()
    made = run.plan(pair.aws, head)
    real = pair.aws.ec2.reads["ec2:DescribeRouteTables"]

    def replaced(where: Scope, **params: Any) -> list[dict[str, Any]]:
        if pair.sent("DeleteRoute"):
            orphan.target = "tgw-00000001"
        return real(where, **params)

    pair.aws.ec2.reads["ec2:DescribeRouteTables"] = replaced
    pair.aws.rules = [Rule("ec2:DeleteRoute", code="ReadTimeoutError", times=1)]

    report = run.apply(pair.aws, head, None, made)

    assert report.succeeded
    assert pair.sent("DeleteRoute") == ["ReadTimeoutError"]
    assert table.static("10.77.0.0/16") is orphan


@pytest.mark.parametrize(
    ("shown", "finding"),
    [("2001:DB8:0:0::/32", Finding.NOT_DONE), ("2001:db9::/32", Finding.DONE)],
)
def test_a_block_is_found_however_aws_writes_it(shown: str, finding: Finding) -> None:
    match = {"DestinationIpv6CidrBlock": "2001:db8::/32"}
    look = Look("ec2:DescribeRouteTables", "route-table-id", "rtb-1", match, "Routes", gone=True)
    error = AwsError(EAST, "ec2:DeleteRoute", "ReadTimeoutError", "no answer")
    doubts = Doubts()
    doubts.add(call("a", EAST, "ec2:DeleteRoute", look=look), error, 0.0, lambda value: value)
    (inquiry,) = doubts.waiting()
    inquiry.question()

    table = {"RouteTableId": "rtb-1", "Routes": [{"DestinationIpv6CidrBlock": shown}]}
    (found,) = inquiry.answered([table], None, 60.0)

    assert found.finding is finding
