"""Few requests may be unaccepted at once: nobody can use up the places of the others."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from bot.engine.execute.advice import NO_PLACE, advice
from bot.engine.execute.graph import Graph
from bot.engine.execute.places import RETRY, TRIAL, Slots
from bot.engine.execute.scheduler import Run
from bot.engine.execute.settings import Settings
from bot.errors import AwsError
from bot.kinds.vpc_peering.spec import requester_of
from bot.model.address import Pair, Scope, VpcRef
from bot.model.change import Change, Report, Result
from bot.model.mesh import Mesh
from bot.model.progress import Progressed
from bot.model.step import Occupied, Slot, Step, StepRef
from bot.ports import Progress, Quiet
from tests.engine.steps import EAST, WEST, address
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.dispatcher import Killed, SimulatedDispatcher
from tests.fakes.ec2 import Delays
from tests.fakes.faults import Rule
from tests.fakes.meshes import mesh_of
from tests.fakes.world import LIVE, Clock, World
from tests.fakes.world import scope as scope_of


def scope(account: str) -> Scope:
    """An account's scope, all in one region."""
    return scope_of(account, "us-east-1")


REQUEST, ACCEPT = "ec2:CreateVpcPeeringConnection", "ec2:AcceptVpcPeeringConnection"
FULL = "OutstandingVpcPeeringConnectionLimitExceeded"
SLOW = Delays(initiating=1, provisioning=2, lag=1)
HUB = VpcRef(scope("111111111111"), "vpc-0000a")


def accepters() -> tuple[Scope, Scope]:
    """Two scopes from which the hub's accepts nothing: it requests itself."""
    scopes = (scope(f"{222222222222 + n}") for n in range(50))
    first, second, *_ = (
        s for s in scopes if requester_of(Pair.of(HUB, VpcRef(s, "vpc-0000b"))) == HUB
    )
    return first, second


BAD, GOOD = accepters()


@dataclass
class Hub:
    """A hub with peers in two other accounts."""

    world: World
    aws: FakeAws
    mesh: Mesh

    @classmethod
    def with_peers(cls, bad: int, good: int) -> Hub:
        world = World()
        members = [{**_place(HUB), "role": "hub"}]
        world.vpc(HUB, "10.0.0.0/16")
        for where, number, first in ((BAD, bad, 1), (GOOD, good, 101)):
            for n in range(number):
                vpc = VpcRef(where, f"vpc-{first + n:05x}")
                world.vpc(vpc, f"10.{first + n}.0.0/16")
                members.append(_place(vpc))
        environment = {"topology": "hub-and-spoke", "vpcs": members}
        mesh = mesh_of({"meshes/a.yaml": {"environments": {"prod": environment}}})
        return cls(world, FakeAws(world, SLOW), mesh)

    def apply(self, *rules: Rule) -> Report:
        made = run.plan(self.aws, self.mesh)
        self.aws.calls.clear()
        self.aws.rules = list(rules)
        return run.apply(self.aws, self.mesh, None, made)

    def requests(self) -> Counter[str]:
        return Counter(call.refused for call in self.aws.made(REQUEST))


def _place(vpc: VpcRef) -> dict[str, str]:
    return {
        "account_id": vpc.scope.account,
        "region": vpc.scope.region,
        "vpc_id": vpc.vpc_id,
    }


def towards(where: Scope, report: Report) -> Counter[Result]:
    return Counter(o.result for o in report.outcomes if where in o.change.address.scopes)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(ACCEPT, scope=BAD),
        Rule("*", scope=BAD, code="EndpointConnectionError"),
        Rule("ec2:DescribeVpcPeeringConnections", scope=BAD),
    ],
    ids=["refused", "silent", "blind"],
)
def test_an_account_that_accepts_nothing_takes_few_places(rule: Rule) -> None:
    hub = Hub.with_peers(bad=40, good=10)

    report = hub.apply(rule)

    assert towards(GOOD, report) == {Result.APPLIED: 10}
    assert towards(BAD, report) == {Result.FAILED: 40}
    assert hub.requests() == {"": TRIAL + 10}
    told = [o.error for o in report.outcomes if NO_PLACE in o.error]
    assert len(told) == 40 - TRIAL
    assert f"not sent, for {TRIAL} unaccepted requests to {BAD} stay so (the last: " in told[0]


def test_once_it_accepts_again_all_is_made() -> None:
    hub = Hub.with_peers(bad=40, good=10)
    hub.apply(Rule(ACCEPT, scope=BAD))

    report = hub.apply()

    assert report.succeeded
    assert hub.requests() == {"": 35}


def test_an_account_that_stops_accepting_half_way_leaves_places_for_others() -> None:
    hub = Hub.with_peers(bad=60, good=60)

    report = hub.apply(Rule(ACCEPT, scope=BAD, skip=3))

    assert towards(GOOD, report) == {Result.APPLIED: 60}
    assert towards(BAD, report)[Result.APPLIED] == 3
    assert hub.requests()[FULL] == 0


def test_requests_that_a_killed_run_left_keep_their_places() -> None:
    hub = Hub.with_peers(bad=30, good=20)
    made = run.plan(hub.aws, hub.mesh)

    def many() -> bool:
        return sum(p.status == "pending-acceptance" for p in hub.world.peerings.values()) >= 20

    with pytest.raises(Killed):
        run.apply(hub.aws, hub.mesh, None, made, kill=many)

    report = hub.apply()

    assert report.succeeded
    assert hub.requests()[FULL] == 0


def test_places_that_others_hold_are_found_out_by_one_request() -> None:
    hub = Hub.with_peers(bad=40, good=40)
    start = hub.world.clock.now

    report = hub.apply(Rule(REQUEST, code=FULL))

    assert report.count(Result.FAILED) == 80
    assert 12 <= hub.requests()[FULL] <= 12 + 2 * TRIAL  # one's attempts, and who went with it
    assert hub.requests()[""] == 0
    assert all(o.advice for o in report.outcomes)
    assert hub.world.clock.now - start < 150


def test_a_place_that_others_give_back_is_used() -> None:
    hub = Hub.with_peers(bad=20, good=20)

    report = hub.apply(Rule(REQUEST, code=FULL, times=10))

    assert report.succeeded


def test_a_request_that_comes_to_nothing_gives_its_place_back() -> None:
    hub = Hub.with_peers(bad=40, good=10)

    report = hub.apply(Rule(REQUEST, code="UnauthorizedOperation", times=40))

    assert report.count(Result.FAILED) == 40
    assert report.count(Result.APPLIED) == 10
    assert hub.requests() == {"UnauthorizedOperation": 40, "": 10}


def test_a_request_that_aws_gives_up_later_frees_its_place() -> None:
    hub = Hub.with_peers(bad=40, good=10)
    made = run.plan(hub.aws, hub.mesh)
    rejected: set[str] = set()

    def reject() -> bool:
        """Nobody is killed: somebody rejects the first requests that are there to accept."""
        for peering in hub.world.peerings.values():
            pending = peering.status == "pending-acceptance"
            if pending and peering.accepter.scope == BAD and len(rejected) < 2 * TRIAL:
                peering.status = "rejected"
                rejected.add(peering.id)
        return False

    report = run.apply(hub.aws, hub.mesh, None, made, kill=reject)

    assert len(rejected) == 2 * TRIAL
    assert towards(BAD, report) == {Result.FAILED: 2 * TRIAL, Result.APPLIED: 30}
    assert towards(GOOD, report) == {Result.APPLIED: 10}


ELSEWHERE = scope("999999999999")


def requested_by_others(hub: Hub, number: int) -> list[str]:
    """Requests that the hub's VPC made to an account that is not in the mesh; their ids."""
    return [
        hub.world.peering(HUB, VpcRef(ELSEWHERE, f"vpc-{n:05x}"), "pending-acceptance").id
        for n in range(number)
    ]


def apply_beside(
    hub: Hub, *, kill: Callable[[], bool] = run.never, progress: Progress | None = None
) -> Report:
    """Plans as an apply does, which keeps the requests that it saw."""
    made = run.plan(hub.aws, hub.mesh, applying=True)
    hub.aws.calls.clear()
    return run.apply(hub.aws, hub.mesh, None, made, kill=kill, progress=progress)


def test_places_of_others_that_the_plan_saw_are_left_to_them() -> None:
    hub = Hub.with_peers(bad=40, good=40)
    requested_by_others(hub, 20)

    report = apply_beside(hub)

    assert report.succeeded
    assert hub.requests()[""] == 80
    assert hub.requests()[FULL] <= 80 / RETRY  # it tries now and then if one came free


class Told(Quiet):
    """Keeps what was said to be waited for."""

    def __init__(self) -> None:
        self.waiting: list[str] = []

    def progressed(self, state: Progressed) -> None:
        self.waiting.append(state.waiting)


def test_who_holds_all_places_is_told_while_it_waits_and_when_it_gives_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hub = Hub.with_peers(bad=10, good=10)
    ids = requested_by_others(hub, 25)
    told = Told()

    report = apply_beside(hub, progress=told)

    words = (
        f"25 unaccepted requests of {HUB.scope} are not of this run and take places"
        f" ({', '.join(ids[:3])} and 22 more): {ELSEWHERE} can accept or reject them,"
        f" {HUB.scope} can delete them"
    )
    assert words in told.waiting
    assert [r.getMessage() for r in caplog.records] == [f"the apply waits: {words}"]
    assert report.count(Result.FAILED) == 20
    assert all(outcome.advice.endswith(f" {words}.") for outcome in report.outcomes)


def test_places_that_others_give_back_are_used_as_many_as_there_are() -> None:
    hub = Hub.with_peers(bad=40, good=40)
    ids = requested_by_others(hub, 25)
    most = 0

    def rejected() -> bool:
        """Nobody is killed: after a while all these requests are rejected."""
        nonlocal most
        if hub.world.clock.now > 10:
            for each in ids:
                hub.world.peerings[each].status = "rejected"
            pending = sum(p.status in LIVE[:2] for p in hub.world.peerings.values())
            most = max(most, pending)
        return False

    report = apply_beside(hub, kill=rejected)

    assert report.succeeded
    assert most > TRIAL
    assert hub.world.clock.now < 120


def test_requests_that_the_plan_goes_on_with_are_not_of_others() -> None:
    hub = Hub.with_peers(bad=30, good=20)
    made = run.plan(hub.aws, hub.mesh)

    def many() -> bool:
        return sum(p.status == "pending-acceptance" for p in hub.world.peerings.values()) >= 20

    with pytest.raises(Killed):
        run.apply(hub.aws, hub.mesh, None, made, kill=many)
    told = Told()

    report = apply_beside(hub, progress=told)

    assert report.succeeded
    assert hub.requests()[FULL] == 0
    assert not any(told.waiting)


def occupied(number: int) -> list[Occupied]:
    return [Occupied("unaccepted requests", EAST, f"pcx-{n:02}", WEST) for n in range(number)]


def held(slots: Slots) -> int:
    """Places that are taken when as many are asked for as there may be."""
    names = (f"held {n}" for n in range(25))
    return sum(sent(slots, name, scope(f"{300000000000 + n}")) for n, name in enumerate(names))


def test_a_withdrawn_request_gives_its_place_to_us() -> None:
    slots = Slots()
    slots.occupy(occupied(20))
    assert held(slots) == 5

    slots.vacated("pcx-07")
    slots.vacated("pcx-07")
    slots.vacated("pcx-99")

    assert [sent(slots, name, None) for name in ("one more", "and another")] == [True, False]


@pytest.mark.parametrize("number", [24, 25, 60])
def test_one_place_is_always_tried(number: int) -> None:
    slots = Slots()
    slots.occupy(occupied(number))

    assert held(slots) == 1


def test_one_that_stays_taken_does_not_end_the_tries_before_aws_refuses() -> None:
    slots = Slots()
    slots.occupy(occupied(25))
    assert sent(slots, "a", None)
    slots.lose(slot("a").until, failure())

    assert sent(slots, "b", None)
    assert not sent(slots, "c", None)


def slot(name: str, party: Scope | None = WEST, size: int = 25) -> Slot:
    return Slot("unaccepted requests", EAST, size, StepRef(address(name), "accept"), party)


def failure() -> AwsError:
    return AwsError(WEST, ACCEPT, "UnauthorizedOperation", "no")


def sent(slots: Slots, name: str, party: Scope | None = WEST) -> bool:
    if not slots.take(slot(name, party)):
        return False
    slots.sent(slot(name, party))
    slots.made(slot(name, party))
    return True


def test_a_party_is_on_trial_until_it_has_done_its_part_once() -> None:
    slots = Slots()
    assert [sent(slots, str(n)) for n in range(TRIAL + 1)] == [True] * TRIAL + [False]

    slots.release(slot("0").until, done=True)

    assert sum(sent(slots, f"more {n}") for n in range(99)) == 25 - TRIAL + 1


def test_a_place_that_was_never_used_is_not_lost() -> None:
    slots = Slots()
    slots.take(slot("a", size=1))

    slots.lose(slot("a").until, failure())

    assert slots.take(slot("b", size=1))


def test_no_place_is_left_when_every_party_has_lost_some() -> None:
    slots = Slots()
    for n in range(25):
        party = scope(f"{300000000000 + n // TRIAL}")
        assert sent(slots, str(n), party)
        slots.lose(slot(str(n)).until, failure())

    assert not sent(slots, "next", scope("400000000000"))
    why = slots.hopeless(slot("next", None))
    assert why == (
        f"all places for unaccepted requests of {EAST} stay taken (the last: {ACCEPT}:"
        " UnauthorizedOperation)"
    )
    assert "accept" in advice(AwsError(EAST, REQUEST, NO_PLACE, why))


def test_what_waits_for_a_place_that_nothing_frees_does_not_wait_for_ever() -> None:
    steps = {
        name: Step("do", EAST, REQUEST, slot=slot(name, None, size=1)) for name in ("a", "b", "c")
    }
    graph = Graph.of(
        [Change(address(name), None, "spec") for name in steps],
        lambda change: (steps[change.address.key],),
    )

    class Writer:
        def write(self, *_: object, **__: object) -> dict[str, str]:
            return {}

        def poll(self, *_: object, **__: object) -> None:
            raise AssertionError

    dispatcher = SimulatedDispatcher(Clock())
    settings = Settings()
    Run(graph, Writer(), dispatcher, "now", threading.Event(), Quiet(), settings, {}).run()  # type: ignore[arg-type]

    assert [o.result for o in graph.outcomes()] == [Result.APPLIED] + [Result.FAILED] * 2
