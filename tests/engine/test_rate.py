"""Applying the reference mesh on a simulated clock: at the rate limit, and never over it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import pytest

from bot.engine.execute import execute
from bot.model.address import Scope
from bot.model.change import Plan
from bot.model.progress import Progressed
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.dispatcher import SimulatedDispatcher
from tests.fakes.paced import ACCEPT, CREATE, POLL, ROUTE, TAGS, PacedAws
from tests.fakes.world import Clock
from tests.properties.test_scale import reference

SIZE, REFILL = 50, 5


@cache
def planned(vpcs: int) -> Plan:
    """The plan to build the reference mesh: 3 accounts, 2 regions, 2 tables a VPC."""
    world, mesh = reference(vpcs)
    return run.plan(FakeAws(world), mesh)


@dataclass
class Heard:
    """A Progress that remembers."""

    states: list[tuple[float, Progressed]] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)

    def update(self, activity: str, done: int, total: int) -> None:
        """Not looked at."""

    def progressed(self, state: Progressed) -> None:
        """Remembered, with the time."""
        self.states.append((self.clock.now, state))


def applied(
    vpcs: int, aws: PacedAws, latency: float = 0.05, heard: Heard | None = None
) -> PacedAws:
    """The mesh is applied; the clock says how long it took."""
    dispatcher = SimulatedDispatcher(aws.clock, latency=latency)
    report = execute(
        planned(vpcs),
        aws,
        dispatcher,
        applied_at="now",
        stop=threading.Event(),
        progress=heard,
    )
    assert report.succeeded
    assert len(aws.routes) == vpcs * (vpcs - 1) * 2
    return aws


def bound(aws: PacedAws, others: Mapping[tuple[Scope, str], float] | None = None) -> float:
    """The least time for what was made: the fullest of the buckets that are there."""
    size, refill = SIZE * aws.size_share, REFILL * aws.refill_share
    taken = others or {}
    return max(
        (number - size) / (refill - taken.get(lane, 0.0))
        for lane, number in aws.lanes.items()
        if lane[1] in (CREATE, ACCEPT, ROUTE)
    )


@pytest.mark.parametrize(("vpcs", "seconds"), [(12, 4.0), (24, 26.8 * 1.1)])
def test_it_takes_little_more_than_the_bound_and_nothing_is_throttled(
    vpcs: int, seconds: float
) -> None:
    aws = applied(vpcs, PacedAws(Clock()))

    pairs = vpcs * (vpcs - 1) // 2
    assert not aws.throttled
    assert aws.clock.now <= seconds
    assert aws.sent[CREATE] == aws.sent[ACCEPT] == pairs
    assert aws.sent[ROUTE] == 4 * pairs
    assert aws.most_open <= 25


def least(vpcs: int) -> int:
    """The calls of an apply from nothing, with a handful of polls for each of the six scopes."""
    pairs, scopes = vpcs * (vpcs - 1) // 2, 6
    # one for each requester's name in each other scope that it requests from; and the tables'
    tags = 15 * (vpcs // scopes) + scopes
    return 2 * pairs + 4 * pairs + tags + 5 * scopes


@pytest.mark.parametrize(("vpcs", "polls"), [(12, 2), (24, 6)])
def test_it_takes_the_least_calls_within_3_percent(vpcs: int, polls: int) -> None:
    aws = applied(vpcs, PacedAws(Clock()))

    scopes = 6
    assert aws.sent[TAGS] == 15 * (vpcs // scopes) + scopes
    assert aws.sent[POLL] <= polls * scopes
    # besides what a plan of nothing reads, it reads quotas, subnets and ACLs, and tables at the end
    always, more = 3 + 3 * scopes, (2 + 2 + 1) * scopes
    assert aws.calls + always + more <= 1.03 * (least(vpcs) + always)


def test_each_table_is_tagged_once() -> None:
    aws = applied(12, PacedAws(Clock()))

    assert {number for id_, number in aws.tagged.items() if id_.startswith("rtb-")} == {1}


@pytest.mark.parametrize(
    ("initiating", "lag", "provisioning"),
    [(1, 2, 3), (0.5, 0.5, 1), (0.3, 0.3, 0.6), (0, 0, 5), (2, 0, 1)],
)
def test_aws_may_take_seconds_for_its_part(
    initiating: float, lag: float, provisioning: float
) -> None:
    """Polls are no more than the least allows, and cost no more time than without delays."""
    slow = PacedAws(Clock(), initiating=initiating, lag=lag, provisioning=provisioning)

    aws = applied(24, slow)

    assert not aws.throttled
    assert aws.sent[ACCEPT] == 276
    assert aws.sent[POLL] <= 9 * 6
    assert aws.calls <= 1.03 * least(24)
    assert aws.clock.now <= 1.15 * (26.8 + initiating + lag + provisioning)


@pytest.mark.parametrize(
    ("size", "refill"), [(0.5, 0.5), (1.0, 0.5), (0.5, 1.0)], ids=["both", "refill", "size"]
)
def test_buckets_half_as_large_are_learnt_without_a_storm(size: float, refill: float) -> None:
    aws = applied(24, PacedAws(Clock(), size_share=size, refill_share=refill))

    assert 0 < sum(aws.throttled.values()) <= 0.03 * aws.calls
    assert aws.clock.now <= 1.2 * bound(aws)


def test_somebody_else_in_one_account_slows_down_that_account_alone() -> None:
    scope = sorted(planned(24).changes[0].address.scopes)[0]
    others = {(scope, ROUTE): 2.0}

    aws = applied(24, PacedAws(Clock(), drinkers=others))

    assert sum(aws.throttled.values()) <= 10
    assert aws.clock.now <= 1.1 * bound(aws, others)


@pytest.mark.parametrize("latency", [0.005, 0.3])
def test_latency_is_hidden(latency: float) -> None:
    aws = applied(24, PacedAws(Clock()), latency)

    assert not aws.throttled
    assert aws.clock.now <= 26.8 * 1.05 + 12 * latency


def test_the_time_that_is_left_is_told_and_comes_true() -> None:
    aws = PacedAws(Clock())
    heard = Heard(clock=aws.clock)

    applied(24, aws, heard=heard)

    total = aws.clock.now
    told = heard.states[:-1]
    assert all(abs(now + state.seconds_left - total) <= 2 for now, state in told)
    assert all(b - a >= 1 for (a, _), (b, _) in pairwise(told))
    last = heard.states[-1][1]
    assert last.seconds_left == 0
    assert {(k.kind, k.done, k.total) for k in last.kinds} == {
        ("vpc_peering_connection", 276, 276),
        ("route", 1104, 1104),
    }
    assert len(last.scopes) == 6
    assert all(k.done == k.total for scope in last.scopes for k in scope.kinds)
    routes = [next(k.done for k in state.kinds if k.kind == "route") for _, state in heard.states]
    assert routes == sorted(routes)
