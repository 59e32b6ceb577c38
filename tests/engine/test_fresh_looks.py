"""A look is worth something for 15 seconds: whatever makes a call wait, it is looked at anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.engine.execute.lanes import FRESH, Lanes
from bot.engine.execute.rates import Rate
from bot.engine.execute.settings import Settings
from bot.model.address import Scope
from bot.model.mesh import Mesh
from bot.model.step import Check
from tests.engine.steps import call, names
from tests.engine.test_reviews import (
    DELETE,
    EAST,
    PEERINGS,
    REROUTE,
    TABLES,
    UNROUTE,
    A,
    B,
    C,
    built,
    failures,
    mesh,
    removal,
    the_peering,
    the_route,
)
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.faults import Rule
from tests.fakes.world import FakeRoute

LATENCY = 0.1
"""Seconds on the way, to AWS and back."""


@dataclass
class Then(Rule):
    """A rule after whose last failure somebody does something."""

    happens: Callable[[], object] = field(default=lambda: None)

    def hits(self, scope: Scope, action: str) -> bool:
        """Whether this call fails."""
        hit = super().hits(scope, action)
        if hit and self.times == 0:
            self.happens()
        return hit


@contextmanager
def ages_of_looks(aws: FakeAws) -> Iterator[list[float]]:
    """How long before each deletion of a route its table was looked at, in seconds."""
    ages: list[float] = []
    looked: dict[tuple[Scope, str], float] = {}
    describe, delete = aws.ec2.reads[TABLES], aws.ec2.writes[UNROUTE]

    def looking(where: Scope, **params: Any) -> list[dict[str, Any]]:
        for name in params["Filters"][0]["Values"]:
            looked[where, name] = aws.world.clock.now
        return describe(where, **params)

    def deleting(where: Scope, **params: Any) -> dict[str, Any]:
        ages.append(aws.world.clock.now - looked[where, params["RouteTableId"]])
        return delete(where, **params)

    aws.calls.clear()
    aws.ec2.reads[TABLES], aws.ec2.writes[UNROUTE] = looking, deleting
    yield ages
    aws.ec2.reads[TABLES], aws.ec2.writes[UNROUTE] = describe, delete


def with_routes(number: int) -> FakeAws:
    """A and B, where so many routes of A lead to B."""
    aws = built(A, B)
    for place in range(10, 9 + number):
        table = aws.world.table(f"rtb-{place:08x}", A)
        table.routes.append(FakeRoute("10.2.0.0/16", the_peering(aws.world).id))
    return aws


def takeover(aws: FakeAws) -> tuple[Mesh, Mesh]:
    """C has the blocks that B had, so that a route is replaced."""
    aws.world.vpc(C, "10.3.0.0/16")
    aws.world.table("rtb-00000003", C)
    return mesh(A, C, **{C.vpc_id: ["10.2.0.0/16"]}), mesh(A, B)


# --- what changes while a call is refused, or its answer lost


@pytest.mark.parametrize("times", [1, 3, 7])
@pytest.mark.parametrize("code", ["RequestLimitExceeded", "ConnectTimeoutError"])
def test_a_route_that_is_changed_while_its_deletion_is_refused_stays(code: str, times: int) -> None:
    aws = built(A, B)
    head, base, made = removal(aws)
    route = the_route(aws.world)

    def change() -> None:
        route.target = "igw-00000001"

    aws.rules = [Then(UNROUTE, EAST, code, times=times, happens=change)]

    report = run.apply(aws, head, base, made)

    (failed,) = failures(report)
    assert "ec2:DeleteRoute: ChangedMeanwhile" in failed.error
    assert the_route(aws.world) is route
    assert [c.refused for c in aws.made(UNROUTE) if c.scope == EAST] == [code] * times


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(
    "code", ["RequestLimitExceeded", "ConnectTimeoutError", "ReadTimeoutError", "InternalError"]
)
def test_a_peering_that_is_given_away_while_its_deletion_fails_stays(code: str, times: int) -> None:
    aws = built(A, B)
    head, base, made = removal(aws)
    peering = the_peering(aws.world)

    def change() -> None:
        peering.tags[peering.requester.scope]["service_name"] = "theirs"

    aws.rules = [Then(DELETE, code=code, times=times, happens=change)]

    report = run.apply(aws, head, base, made)

    (failed,) = failures(report)
    assert "ec2:DeleteVpcPeeringConnection: ChangedMeanwhile" in failed.error
    assert "'theirs'" in failed.error
    assert peering.status == "active"
    assert [c.refused for c in aws.made(DELETE)] == [code] * times


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "ReadTimeoutError"])
def test_a_route_that_is_changed_while_its_replacement_fails_stays(code: str) -> None:
    aws = built(A, B)
    head, base = takeover(aws)
    made = run.plan(aws, head, base)
    route = the_route(aws.world)

    def change() -> None:
        route.target = "tgw-00000001"

    aws.rules = [Then(REROUTE, code=code, times=1, happens=change)]

    report = run.apply(aws, head, base, made)

    (failed,) = failures(report)
    assert "ec2:ReplaceRoute: ChangedMeanwhile" in failed.error
    assert route.target == "tgw-00000001"


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "ReadTimeoutError"])
def test_what_fails_and_is_not_changed_is_done_in_the_end(code: str) -> None:
    aws = built(A, B)
    head, base, made = removal(aws)
    aws.rules = [Rule(action, code=code, times=2) for action in (UNROUTE, DELETE)]
    aws.calls.clear()

    report = run.apply(aws, head, base, made)

    assert report.succeeded
    assert not the_peering(aws.world).live
    # one for each first sending, one for each failure, and four for a lost answer
    looks = len(aws.made(TABLES)) + len(aws.made(PEERINGS))
    assert looks <= (3 + 6 if code == "RequestLimitExceeded" else 3 + 6 * 5)


# --- calls that wait long for their turn


@pytest.mark.parametrize(
    ("rate", "number", "most_looks"),
    [
        (Rate(5, 0.5), 56, 20),
        (Rate(1, 0.05), 8, 10),
        (Rate(50, 5), 300, 16),
        (Rate(200, 100), 1000, 40),
    ],
)
def test_at_any_rate_all_is_looked_at_right_before(
    rate: Rate, number: int, most_looks: int
) -> None:
    aws = with_routes(number)
    head, base, made = removal(aws)

    with ages_of_looks(aws) as ages:
        report = run.apply(aws, head, base, made, settings=Settings(rates={UNROUTE: rate}))

    assert report.succeeded
    assert len(ages) == number + 1
    assert max(ages) <= FRESH + LATENCY
    assert len(aws.made(TABLES)) <= most_looks
    seen = sum(len(c.params["Filters"][0]["Values"]) for c in aws.made(TABLES))
    assert seen <= 1.1 * len(ages)  # hardly anything is looked at in vain
    # a bucket that holds so little is the only thing that may be waited for
    assert aws.world.clock.now <= 1.15 * (number / rate.refill) + 5


def test_a_bucket_that_somebody_else_drinks_from_makes_looks_old() -> None:
    """Every second call is throttled: what stood in the queue for long is looked at anew."""
    aws = with_routes(120)
    head, base, made = removal(aws)
    aws.rules = [Rule(UNROUTE, EAST, "RequestLimitExceeded", percent=50)]

    with ages_of_looks(aws) as ages:
        report = run.apply(aws, head, base, made)

    refused = [c for c in aws.made(UNROUTE) if c.refused]
    assert report.succeeded
    assert len(refused) > 50
    assert max(ages) <= FRESH + LATENCY
    assert len(aws.made(TABLES)) <= len(refused) + 40


def test_slow_answers_make_looks_old() -> None:
    """With few calls under way at once, it is them that the others wait for."""
    aws = with_routes(60)
    head, base, made = removal(aws)
    aws.rules = [Rule(UNROUTE, EAST, code="", delay=2.0)]

    with ages_of_looks(aws) as ages:
        report = run.apply(aws, head, base, made, settings=Settings(concurrency=1))

    assert report.succeeded
    assert len(ages) == 61
    assert max(ages) <= FRESH + 2 * 2.0 + LATENCY
    assert len(aws.made(TABLES)) <= 40


# --- the lanes


CHECK = Check(TABLES, "route-table-id", "rtb-1", {}, {})


def test_an_outdated_call_is_handed_out_at_no_cost() -> None:
    lanes = Lanes({UNROUTE: Rate(3, 1)})  # one token, and two to spare
    old, fresh, free = (
        call("old", action=UNROUTE, check=CHECK),
        call("fresh", action=UNROUTE, check=CHECK),
        call("free", action=UNROUTE),
    )
    old.looked_at, fresh.looked_at = 100.0 - FRESH - 0.1, 100.0 - FRESH
    for each in (old, fresh, free):
        lanes.add(each)

    assert names(list(lanes.take(100.0, 10))) == ["old", "fresh"]
    assert not lanes.empty
    assert names(list(lanes.take(105.0, 10))) == ["free"]
    assert lanes.empty


def test_a_lane_is_vacant_for_what_its_bucket_allows_soon() -> None:
    lanes = Lanes({UNROUTE: Rate(3, 0.5)})
    lane = (call("one").lane[0], UNROUTE)

    assert lanes.vacant(lane, 0.0, 10.0) == 5  # the one that is saved, and 0.495 a second
    lanes.add(call("one", action=UNROUTE))
    assert lanes.vacant(lane, 0.0, 10.0) == 4
    assert len(list(lanes.take(0.0, 1))) == 1
    assert lanes.vacant(lane, 0.0, 2.0) == 0
    assert lanes.vacant(lane, 0.0, 2.1) == 1
    lanes.throttled(call("one", action=UNROUTE), 0.0)
    assert lanes.vacant(lane, 0.0, 2.1) == 0
