"""The engine carries out steps in order, within limits, and says what became of each."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from bot.engine.execute import Settings, execute
from bot.engine.execute.lanes import Call
from bot.engine.execute.rates import Rate
from bot.errors import AwsError
from bot.kinds.route import RouteSpec
from bot.kinds.vpc_peering import PeeringSpec
from bot.model.address import AccountId, Address, Pair, Region, Scope, VpcRef, peering_address
from bot.model.change import Change, Plan, Report, Result
from bot.model.tags import Tags
from tests.fakes.dispatcher import Stuck

EAST = Scope(AccountId("111111111111"), Region("us-east-1"))
WEST = Scope(AccountId("222222222222"), Region("eu-west-1"))
LATENCY = 0.05


class VirtualTime:
    """A Dispatcher on a simulated clock: every call takes LATENCY and ends in order."""

    def __init__(self) -> None:
        self.clock = 0.0
        self.running: list[tuple[float, int, object, Any, Exception | None]] = []
        self.count = 0
        self.most = 0

    def submit(self, work: Callable[[], Any], token: object) -> None:
        self.count += 1
        result: Any = None
        error: Exception | None = None
        try:
            result = work()
        except AwsError as caught:
            error = caught
        heapq.heappush(self.running, (self.clock + LATENCY, self.count, token, result, error))
        self.most = max(self.most, len(self.running))

    def next(self, timeout: float | None) -> tuple[object, Any, Exception | None] | None:
        ends = self.running[0][0] if self.running else float("inf")
        limit = self.clock + (timeout if timeout is not None else float("inf"))
        if min(ends, limit) == float("inf"):
            raise Stuck("the engine waits for nothing")
        if limit < ends:
            self.clock = limit
            return None
        self.clock, _, token, result, error = heapq.heappop(self.running)
        return token, result, error

    def now(self) -> float:
        return self.clock


class ScriptedAws:
    """A Writer that records calls, answers as EC2 would, and fails where it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[Scope, str, Mapping[str, Any]]] = []
        self.faults: dict[str, list[str]] = {}
        self.refuse: Callable[[Scope, str, Mapping[str, Any]], str] = lambda *_: ""
        self.status: dict[str, str] = {}
        self.outstanding = 0
        self.most_outstanding = 0

    def write(self, scope: Scope, action: str, **params: Any) -> Mapping[str, Any]:
        self.calls.append((scope, action, params))
        code = self.refuse(scope, action, params)
        if not code and self.faults.get(action):
            code = self.faults[action].pop(0)
        if code:
            raise AwsError(scope, action, code, "as scripted", "req-1")
        if action == "ec2:CreateVpcPeeringConnection":
            id_ = f"pcx-{params['VpcId']}-{params['PeerVpcId']}"
            self.status[id_] = "pending-acceptance"
            self.outstanding += 1
            self.most_outstanding = max(self.most_outstanding, self.outstanding)
            return {"VpcPeeringConnection": {"VpcPeeringConnectionId": id_}}
        if action == "ec2:AcceptVpcPeeringConnection":
            self.status[params["VpcPeeringConnectionId"]] = "active"
            self.outstanding -= 1
        return {}

    def poll(self, scope: Scope, action: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        self.calls.append((scope, action, params))
        for id_, status in self.status.items():
            yield {"VpcPeeringConnectionId": id_, "Status": {"Code": status, "Message": "why"}}

    def actions(self) -> list[str]:
        return [action.split(":")[1] for _, action, _ in self.calls if "Describe" not in action]


def vpc(scope: Scope, number: int) -> VpcRef:
    return VpcRef(scope, f"vpc-{number:08x}")


def peering(one: VpcRef, other: VpcRef, **sides: PeeringSpec | None) -> Change[PeeringSpec]:
    tags = Tags.of({"peerd_created": "true"})
    spec = PeeringSpec(one, other, "active", tags, tags)
    wanted = {"before": None, "after": spec, **sides}
    address = peering_address(Pair.of(one, other))
    return Change(address, wanted["before"], wanted["after"], "pcx-old", frozenset({"prod"}))


def route(
    owner: VpcRef, target: Address, before: Address | None = None, gone: bool = False
) -> Change[RouteSpec]:
    address = Address("route", (owner.scope,), f"rtb-{owner.vpc_id}/10.0.0.0/16")
    after = None if gone else RouteSpec(owner, "10.0.0.0/16", target)
    held = RouteSpec(owner, "10.0.0.0/16", before) if before else None
    return Change(address, held, after, "", frozenset({"prod"}), support="team")


def run(
    plan: Plan, aws: ScriptedAws, stop: threading.Event | None = None, **settings: Any
) -> Report:
    return execute(
        plan,
        aws,
        VirtualTime(),
        applied_at="2026-01-01 00:00:00.000000",
        stop=stop or threading.Event(),
        settings=Settings(**settings),
    )


def test_a_peering_is_requested_accepted_tagged_and_then_routed() -> None:
    one, other = vpc(EAST, 1), vpc(WEST, 2)
    new = peering(one, other)
    plan = Plan((new, route(one, new.address), route(other, new.address)))
    aws = ScriptedAws()

    report = run(plan, aws)

    assert report.succeeded
    made = aws.actions()
    assert made[:2] == ["CreateVpcPeeringConnection", "AcceptVpcPeeringConnection"]
    assert sorted(made[2:]) == ["CreateRoute"] * 2 + ["CreateTags"] * 3
    request, accept = aws.calls[0], next(c for c in aws.calls if "Accept" in c[1])
    assert (request[0], accept[0]) == (EAST, WEST)
    sent = {t["Key"]: t["Value"] for t in request[2]["TagSpecifications"][0]["Tags"]}
    assert sent == {
        "peerd_created": "true",
        "peerd_datetime": "2026-01-01 00:00:00.000000",
    }
    targets = {c[2]["VpcPeeringConnectionId"] for c in aws.calls if c[1] == "ec2:CreateRoute"}
    assert targets == {"pcx-vpc-00000001-vpc-00000002"}


def test_routes_go_before_their_peering_is_deleted() -> None:
    one, other, third = vpc(EAST, 1), vpc(WEST, 2), vpc(WEST, 3)
    spec = PeeringSpec(one, other, "active", Tags(), Tags())
    old = peering(one, other, before=spec, after=None)
    new = peering(one, third)
    moved = route(one, new.address, before=old.address)
    removed = route(other, old.address, before=old.address, gone=True)
    aws = ScriptedAws()

    report = run(Plan((new, moved, removed, old)), aws)

    assert report.succeeded
    made = aws.actions()
    last = made.index("DeleteVpcPeeringConnection")
    assert last > max(made.index("ReplaceRoute"), made.index("DeleteRoute"))


def test_equal_tags_share_one_call_in_a_scope() -> None:
    hub = vpc(EAST, 1)
    changes = tuple(peering(hub, vpc(WEST, n)) for n in range(2, 12))
    aws = ScriptedAws()

    assert run(Plan(changes), aws).succeeded

    tagged = [c for c in aws.calls if c[1] == "ec2:CreateTags"]
    assert len(tagged) == 1
    assert len(tagged[0][2]["Resources"]) == 10


def test_a_failed_request_skips_its_routes_and_nothing_else() -> None:
    one, other, third = vpc(EAST, 1), vpc(WEST, 2), vpc(WEST, 3)
    bad, good = peering(one, other), peering(one, third)
    plan = Plan((bad, good, route(other, bad.address), route(third, good.address)))
    aws = ScriptedAws()
    aws.refuse = lambda _scope, action, params: (
        "UnauthorizedOperation"
        if action == "ec2:CreateVpcPeeringConnection" and params["PeerVpcId"] == other.vpc_id
        else ""
    )

    report = run(plan, aws)

    results = [outcome.result for outcome in report.outcomes]
    assert results == [Result.FAILED, Result.APPLIED, Result.SKIPPED, Result.APPLIED]
    assert report.outcomes[2].because_of == bad.address
    error = report.outcomes[0].error
    assert "111111111111/us-east-1" in error
    assert "ec2:CreateVpcPeeringConnection" in error
    assert "UnauthorizedOperation" in error
    assert "req-1" in error
    assert "111111111111" in report.outcomes[0].advice


def test_a_peering_stays_when_a_route_to_it_could_not_be_removed() -> None:
    one, other = vpc(EAST, 1), vpc(WEST, 2)
    spec = PeeringSpec(one, other, "active", Tags(), Tags())
    old = peering(one, other, before=spec, after=None)
    plan = Plan((route(one, old.address, before=old.address, gone=True), old))
    aws = ScriptedAws()
    aws.refuse = lambda _s, action, _p: "UnauthorizedOperation" if "DeleteRoute" in action else ""

    report = run(plan, aws)

    assert [o.result for o in report.outcomes] == [Result.FAILED, Result.SKIPPED]
    assert "DeleteVpcPeeringConnection" not in aws.actions()


def test_a_throttled_call_is_sent_again_until_it_passes() -> None:
    new = peering(vpc(EAST, 1), vpc(WEST, 2))
    aws = ScriptedAws()
    aws.faults["ec2:CreateVpcPeeringConnection"] = ["RequestLimitExceeded"] * 3

    assert run(Plan((new,)), aws).succeeded

    assert aws.actions().count("CreateVpcPeeringConnection") == 4


def test_a_peering_that_fails_after_the_request_is_reported_with_awss_words() -> None:
    new = peering(vpc(EAST, 1), vpc(WEST, 2))
    aws = ScriptedAws()
    poll = aws.poll

    def failing(scope: Scope, action: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        aws.status = dict.fromkeys(aws.status, "failed")
        return poll(scope, action, **params)

    aws.poll = failing  # type: ignore[method-assign]
    report = run(Plan((new,)), aws)

    assert report.outcomes[0].result is Result.FAILED
    assert "failed: why" in report.outcomes[0].error
    assert "AcceptVpcPeeringConnection" not in aws.actions()


def test_waiting_has_a_limit() -> None:
    new = peering(vpc(EAST, 1), vpc(WEST, 2))
    aws = ScriptedAws()
    poll = aws.poll

    def stuck(scope: Scope, action: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        aws.status = dict.fromkeys(aws.status, "initiating-request")
        return poll(scope, action, **params)

    aws.poll = stuck  # type: ignore[method-assign]
    report = run(Plan((new,)), aws, patience=60.0)

    assert report.outcomes[0].result is Result.FAILED
    assert "after 60 s" in report.outcomes[0].error


def test_at_most_25_requests_of_a_scope_are_unaccepted() -> None:
    hub = vpc(EAST, 1)
    aws = ScriptedAws()

    changes = tuple(peering(hub, vpc(WEST, n)) for n in range(2, 82))
    fast = {"ec2:CreateVpcPeeringConnection": Rate(500, 100)}

    assert run(Plan(changes), aws, rates=fast).succeeded

    assert aws.most_outstanding == 25


def test_a_stop_starts_nothing_new_and_names_what_is_left() -> None:
    hub, stop, aws = vpc(EAST, 1), threading.Event(), ScriptedAws()
    changes = tuple(peering(hub, vpc(WEST, n)) for n in range(2, 12))

    def stopping(_scope: Scope, action: str, _params: Mapping[str, Any]) -> str:
        if action == "ec2:AcceptVpcPeeringConnection":
            stop.set()
        return ""

    aws.refuse = stopping
    report = run(Plan(changes), aws, stop, concurrency=1)

    assert aws.actions().count("AcceptVpcPeeringConnection") == 1
    assert {o.result for o in report.outcomes} == {Result.INTERRUPTED}


def test_calls_stay_below_the_bucket() -> None:
    owner = vpc(EAST, 1)
    target = peering_address(Pair.of(owner, vpc(WEST, 2)))
    changes = []
    for n in range(40):
        address = Address("route", (EAST,), f"rtb-1/10.{n}.0.0/16")
        changes.append(Change(address, None, RouteSpec(owner, f"10.{n}.0.0/16", target)))
    aws, clock = ScriptedAws(), VirtualTime()
    times: list[float] = []

    def timed(_scope: Scope, action: str, _params: Mapping[str, Any]) -> str:
        if action == "ec2:CreateRoute":
            times.append(clock.now())
        return ""

    aws.refuse = timed
    rates = {"ec2:CreateRoute": Rate(10, 5)}
    report = execute(
        Plan(tuple(changes), ids={target: "pcx-1"}),
        aws,
        clock,
        applied_at="now",
        stop=threading.Event(),
        settings=Settings(rates=rates),
    )

    assert report.succeeded
    for start in times:
        assert sum(start <= t < start + 1 for t in times) <= 10 + 5
    assert times[-1] >= (40 - 10) / 5


@pytest.mark.parametrize("code", ["InvalidRoute.NotFound"])
def test_what_is_already_gone_counts_as_deleted(code: str) -> None:
    one, other = vpc(EAST, 1), vpc(WEST, 2)
    spec = PeeringSpec(one, other, "active", Tags(), Tags())
    old = peering(one, other, before=spec, after=None)
    plan = Plan((route(one, old.address, before=old.address, gone=True), old))
    aws = ScriptedAws()
    aws.faults["ec2:DeleteRoute"] = [code]

    assert run(plan, aws).succeeded


def test_a_route_table_that_cannot_be_tagged_is_a_warning() -> None:
    owner = vpc(EAST, 1)
    target = peering_address(Pair.of(owner, vpc(WEST, 2)))
    aws = ScriptedAws()
    aws.refuse = lambda _s, action, _p: "UnauthorizedOperation" if "Tags" in action else ""

    report = run(Plan((route(owner, target),), ids={target: "pcx-1"}), aws)

    assert report.succeeded
    assert len(report.warnings) == 1
    assert "ec2:CreateTags" in report.warnings[0]


class Broken:
    """A Progress whose terminal is gone."""

    def __init__(self) -> None:
        self.told = 0

    def update(self, *_: object) -> None:
        self.told += 1
        raise OSError(5, "Input/output error")

    progressed = update


def test_an_apply_goes_on_when_nobody_can_be_told(caplog: pytest.LogCaptureFixture) -> None:
    new = peering(vpc(EAST, 1), vpc(WEST, 2))
    progress = Broken()

    report = execute(
        Plan((new, route(vpc(EAST, 1), new.address))),
        ScriptedAws(),
        VirtualTime(),
        applied_at="now",
        stop=threading.Event(),
        progress=progress,
    )

    assert report.succeeded
    assert progress.told == 1
    assert "can no longer be told" in caplog.text


def test_a_bug_in_the_loop_loses_nothing_that_is_known(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = peering(vpc(EAST, 1), vpc(WEST, 2))
    done, new = route(vpc(EAST, 1), known.address), peering(vpc(EAST, 3), vpc(WEST, 4))

    def surprised(*_: object) -> None:
        raise KeyError("Status")

    monkeypatch.setattr("bot.engine.execute.scheduler.judged", surprised)

    report = run(Plan((done, new), ids={known.address: "pcx-1"}), ScriptedAws())

    assert [o.result for o in report.outcomes] == [Result.APPLIED, Result.INTERRUPTED]
    assert not report.succeeded
    assert "Stopped by a bug of meshbot" in report.warnings[-1]
    assert "the apply was stopped" in caplog.text


class OneHangs(VirtualTime):
    """Signing in to the account of WEST takes five minutes: all of its calls do, until then."""

    def __init__(self) -> None:
        super().__init__()
        self.hanging = 0

    def submit(self, work: Callable[[], Any], token: object) -> None:
        super().submit(work, token)
        end = self.running.pop(next(i for i, r in enumerate(self.running) if r[1] == self.count))
        heapq.heapify(self.running)
        west = isinstance(token, Call) and token.lane[0] == WEST
        until = max(end[0], 300.0) if west else end[0]
        self.hanging += west and self.clock < 299
        heapq.heappush(self.running, (until, *end[1:]))


def test_an_account_that_takes_long_to_sign_in_to_leaves_room_for_the_others() -> None:
    target = peering_address(Pair.of(vpc(EAST, 1), vpc(WEST, 2)))
    changes = [
        Change(
            Address("route", (scope,), f"rtb-{scope.account}/10.{n}.0.0/16"),
            None,
            RouteSpec(vpc(scope, 1), f"10.{n}.0.0/16", target),
        )
        for scope in (WEST, EAST)
        for n in range(100)
    ]
    clock, aws = OneHangs(), ScriptedAws()
    times: list[float] = []

    def timed(scope: Scope, _action: str, _params: Mapping[str, Any]) -> str:
        times.extend([clock.now()] if scope == EAST else [])
        return ""

    aws.refuse = timed

    report = execute(
        Plan(tuple(changes), ids={target: "pcx-1"}),
        aws,
        clock,
        applied_at="now",
        stop=threading.Event(),
        settings=Settings(concurrency=8),
    )

    assert report.succeeded
    assert clock.hanging == 2
    assert max(times) < 60
