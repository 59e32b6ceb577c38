"""Applies that are cut short, answered badly or narrowed: the next one finishes the work."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random

from hypothesis import given, note

from bot.engine.subset import is_subset
from bot.model.change import Plan, Result
from bot.usecases.apply import apply_plan
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.dispatcher import Killed, SimulatedDispatcher
from tests.fakes.ec2 import Delays
from tests.fakes.faults import Rule
from tests.fakes.world import World
from tests.oracle import disagreements, expect
from tests.properties.cases import Case, bounded, draw_case, likely, randoms
from tests.properties.mutations import FILE_EDITS, WORLD_EVENTS, mutate
from tests.properties.test_apply import a_mesh_that_stands, told

SLOW = Delays(initiating=1, provisioning=3, deleting=1, lag=2)


def a_case(rnd: Random) -> Case:
    """A new mesh, or one that stands and changes."""
    if likely(rnd, 30):
        return draw_case(rnd)
    case = a_mesh_that_stands(rnd, 7)
    mutate(rnd, case, (*FILE_EDITS, *WORLD_EVENTS), 4)
    return case


def rest_of(aws: FakeAws, case: Case, first: Plan, runs: int = 3) -> None:
    """Re-runs until nothing is left; each plan must be a subset of the first."""
    for _ in range(runs):
        plan = run.plan(aws, case.head, case.base)
        left = [change.canonical for change in plan.changes]
        note(f"left: {left}")
        assert is_subset(left, [change.canonical for change in first.changes])
        if not plan.changes:
            return
        run.apply(aws, case.head, case.base, plan)
        aws.world.let_pass(30)
    assert run.plan(aws, case.head, case.base).changes == ()


def told_after(case: Case, before: World) -> list[str]:
    """What the oracle says after an apply that was cut short."""
    return disagreements(expect(case.head, case.base, before), case.world, cut_short=True)


@bounded(80)
@given(randoms)
def test_a_kill_leaves_a_subset_and_the_next_apply_finishes(rnd: Random) -> None:
    case = a_case(rnd)
    told(case)
    before = case.world.copy()
    aws = FakeAws(case.world, SLOW if likely(rnd, 50) else Delays())
    first = run.plan(aws, case.head, case.base)
    last = rnd.randint(0, 3 * len(first.changes) + 1)
    landing = likely(rnd, 50)
    done = aws.mutations
    note(f"killed after {last} calls, the ones in flight landing: {landing}")

    try:
        kill: Callable[[], bool] = lambda: aws.mutations - done >= last  # noqa: E731
        run.apply(aws, case.head, case.base, first, kill=kill, landing=landing)
    except Killed:
        aws.world.let_pass(rnd.randint(0, 1) * 30)

    rest_of(aws, case, first)
    aws.world.let_pass(30)
    assert told_after(case, before) == []


class StopAfter:
    """A stop signal that comes after some calls."""

    def __init__(self, aws: FakeAws, calls: int) -> None:
        self.aws, self.last = aws, aws.mutations + calls

    def is_set(self) -> bool:
        """True from then on."""
        return self.aws.mutations >= self.last


@bounded(30)
@given(randoms)
def test_a_stop_starts_nothing_new_and_the_next_apply_finishes(rnd: Random) -> None:
    case = a_case(rnd)
    told(case)
    before = case.world.copy()
    aws = FakeAws(case.world, SLOW if likely(rnd, 50) else Delays())
    first = run.plan(aws, case.head, case.base)
    stop = StopAfter(aws, rnd.randint(0, 2 * len(first.changes)))
    dispatcher = SimulatedDispatcher(aws.world.clock)

    report = apply_plan(aws, case.head, first, base=case.base, dispatcher=dispatcher, stop=stop)

    assert [o.change for o in report.outcomes] == list(first.changes)
    assert not dispatcher.flying or aws.mutations <= stop.last + 32
    if not report.succeeded:
        assert report.count(Result.INTERRUPTED) > 0
        assert report.count(Result.FAILED) == 0
    rest_of(aws, case, first)
    aws.world.let_pass(30)
    assert told_after(case, before) == []


@bounded(50)
@given(randoms)
def test_lost_answers_and_refusals_are_made_good_by_the_next_apply(rnd: Random) -> None:
    case = a_case(rnd)
    told(case)
    before = case.world.copy()
    aws = FakeAws(case.world)
    first = run.plan(aws, case.head, case.base)
    actions = sorted(aws.ec2.writes)
    codes = ("RequestLimitExceeded", "InternalError", "ConnectionClosedError", "Unavailable")
    aws.rules = [
        Rule(
            actions[rnd.randint(0, len(actions) - 1)],
            code=codes[rnd.randint(0, len(codes) - 1)],
            skip=rnd.randint(0, 4),
            times=rnd.randint(1, 3),
            lands=likely(rnd, 50),
        )
        for _ in range(rnd.randint(1, 3))
    ]
    note(f"{aws.rules}")
    run.apply(aws, case.head, case.base, first)
    aws.rules = []
    aws.world.let_pass(30)

    rest_of(aws, case, first)
    assert told_after(case, before) == []


@bounded(50)
@given(randoms)
def test_environments_applied_one_by_one_come_to_the_same(rnd: Random) -> None:
    case = a_case(rnd)
    told(case)
    before = case.world.copy()
    aws = FakeAws(case.world)
    names = sorted({*case.head.environments, *case.base.environments})
    rnd.shuffle(names)
    note(f"{names}")

    for name in names * 2:  # a shared thing may have to wait for the other environment
        plan = run.plan(aws, case.head, case.base, name)
        report = run.apply(aws, case.head, case.base, plan)
        for outcome in report.outcomes:
            assert outcome.result is Result.APPLIED, f"{name}: {outcome}"

    aws.world.let_pass(30)
    assert told_after(case, before) == []
    assert run.plan(aws, case.head, case.base).changes == ()


@bounded(20)
@given(randoms)
def test_an_apply_does_not_change_its_inputs(rnd: Random) -> None:
    case = a_case(rnd)
    head, base = copy.deepcopy(case.head), copy.deepcopy(case.base)
    aws = FakeAws(case.world)
    plan = run.plan(aws, case.head, case.base)
    fingerprint = plan.fingerprint

    run.apply(aws, head, base, plan)

    assert (head, base, plan.fingerprint) == (case.head, case.base, fingerprint)
