"""Fault plans on an AWS in virtual time: what passes is borne, what lasts is finished later.

This AWS is worse than the real one: it does not refuse a second request for a pair, so that
a request sent twice unseen would leave two peerings.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import currently_in_test_context, given, note

from bot.model.change import Plan, Report, Result
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.dispatcher import Killed
from tests.fakes.faultplan import (
    ACCOUNTS,
    ACTIONS,
    Disturbance,
    FaultPlan,
    Trouble,
    plans,
    transient_plans,
)
from tests.fakes.world import World
from tests.oracle import disagreements, expect
from tests.oracle.once import doubles, twins
from tests.properties.cases import Case, bounded, draw_case, randoms, ref_of
from tests.properties.test_apply import told
from tests.properties.test_interrupted import a_case

OVER = 700
"""Virtual seconds after which everything that AWS had in hand is done."""


def disturbed(case: Case, plan: FaultPlan) -> tuple[FakeAws, Plan]:
    """An AWS that the fault plan strikes from now on, and the mesh's plan, made before."""
    aws = FakeAws(case.world, plan.delays)
    aws.ec2.twins = True
    made = run.plan(aws, case.head, case.base)
    aws.calls.clear()
    aws.rules = plan.rules()
    if currently_in_test_context():
        note(f"{plan}")
    return aws, made


def applied(aws: FakeAws, case: Case, made: Plan, plan: FaultPlan) -> Report | None:
    """The report of an apply, or None when it was killed."""
    last = plan.kill_after
    try:
        return run.apply(
            aws,
            case.head,
            case.base,
            made,
            kill=lambda: last is not None and aws.mutations >= last,
            landing=plan.landing,
        )
    except Killed:
        return None


def finish(aws: FakeAws, case: Case, before: World) -> None:
    """One more run, undisturbed, and nothing is left to do; nothing is there twice."""
    aws.rules = []
    aws.world.let_pass(OVER)
    aws.calls.clear()
    run.apply(aws, case.head, case.base, run.plan(aws, case.head, case.base))
    aws.world.let_pass(OVER)
    assert doubles(aws.calls, aws.world) == []
    expected = expect(case.head, case.base, before)
    assert disagreements(expected, aws.world, cut_short=True) == []
    assert run.plan(aws, case.head, case.base).changes == ()


@bounded(60)
@given(randoms, transient_plans)
def test_troubles_that_pass_fail_nothing_and_double_nothing(rnd: Random, plan: FaultPlan) -> None:
    case = a_case(rnd)
    told(case)
    before = case.world.copy()
    aws, made = disturbed(case, plan)

    report = applied(aws, case, made, plan)

    assert report is not None
    bad = [(str(o.change.address), o.error) for o in report.outcomes if o.result != "applied"]
    assert bad == []
    aws.rules = []
    aws.world.let_pass(OVER)
    assert doubles(aws.calls, aws.world) == []
    expected = expect(case.head, case.base, before)
    assert disagreements(expected, aws.world, cut_short=bool(report.warnings)) == []
    assert run.plan(aws, case.head, case.base).changes == ()


@bounded(80)
@given(randoms, plans)
def test_after_any_troubles_one_more_run_finishes_and_nothing_is_doubled(
    rnd: Random, plan: FaultPlan
) -> None:
    case = a_case(rnd)
    told(case)
    before = case.world.copy()
    aws, made = disturbed(case, plan)

    report = applied(aws, case, made, plan)

    if report is not None:
        assert [outcome.change for outcome in report.outcomes] == list(made.changes)
        for outcome in report.outcomes:
            assert outcome.result is not Result.FAILED or (outcome.error and outcome.advice)
            assert outcome.result is not Result.INTERRUPTED
    assert doubles(aws.calls, aws.world) == []
    finish(aws, case, before)


def a_mesh(number: int) -> Case:
    """A new full mesh of so many VPCs, spread over the accounts and two regions."""
    case = Case(World(), {}, {})
    members = []
    for n in range(number):
        member = {
            "account_id": ACCOUNTS[n % 3],
            "region": ("us-east-1", "eu-west-1")[n // 3 % 2],
            "vpc_id": f"vpc-{n:08x}",
        }
        case.world.vpc(ref_of(member), f"10.{n}.0.0/16")
        case.world.table(f"rtb-{n:08x}", ref_of(member))
        members.append(member)
    metadata = draw_case(Random(0)).head_files  # noqa: S311  (any metadata will do)
    first = next(iter(metadata.values()))["metadata"]
    files = {"meshes/a.yaml": {"metadata": first, "environments": {"p": {"vpcs": members}}}}
    case.head_files = files
    case.base_files = {"meshes/a.yaml": {"metadata": first, "environments": {}}}
    return case


@pytest.mark.parametrize("landing", [False, True], ids=["before", "after"])
def test_a_kill_at_every_mutating_call_is_repaired_by_the_next_run(landing: bool) -> None:
    whole, made = disturbed(case := a_mesh(4), FaultPlan())
    applied(whole, case, made, FaultPlan())
    calls = whole.mutations
    assert calls > 30

    for k in range(calls):
        case = a_mesh(4)
        before = case.world.copy()
        aws, made = disturbed(case, FaultPlan())
        killed = FaultPlan(kill_after=k, landing=landing)
        assert applied(aws, case, made, killed) is None, k
        assert aws.mutations >= k
        finish(aws, case, before)


@pytest.mark.parametrize("action", ACTIONS[:2] + ACTIONS[3:5])
@pytest.mark.parametrize("percent", [5, 20])
def test_throttling_of_a_fifth_of_all_calls_fails_nothing(action: str, percent: int) -> None:
    del action  # each makes another row of throws
    case = a_mesh(6)
    before = case.world.copy()
    throttled = Disturbance(Trouble.THROTTLE, "*", percent=percent)
    aws, made = disturbed(case, FaultPlan((throttled,), seed=percent))

    report = applied(aws, case, made, FaultPlan())

    assert report is not None
    assert report.succeeded
    assert report.warnings == ()
    refused = Counter(call.refused for call in aws.calls)
    assert refused["RequestLimitExceeded"] > len(aws.calls) * percent / 400
    assert disagreements(expect(case.head, case.base, before), aws.world) == []


@pytest.mark.parametrize("trouble", [Trouble.LOSE, Trouble.REFUSE, Trouble.DROP_BEFORE])
def test_an_account_that_is_lost_costs_its_own_changes_and_little_time(trouble: Trouble) -> None:
    lost = ACCOUNTS[1]
    case = a_mesh(12)
    before = case.world.copy()
    aws, made = disturbed(case, FaultPlan((Disturbance(trouble, "*", lost, skip=25),)))
    began = aws.world.clock.now

    report = applied(aws, case, made, FaultPlan())

    assert report is not None
    assert aws.world.clock.now - began < 300
    for outcome in report.outcomes:
        if lost not in {place.account for place in outcome.change.address.scopes}:
            assert outcome.result is Result.APPLIED or outcome.because_of is not None, outcome
    assert report.count(Result.FAILED) > 0
    assert report.count(Result.APPLIED) > 20
    finish(aws, case, before)


def test_a_lost_account_is_tried_once_a_second_for_a_minute_whatever_is_left_to_do() -> None:
    lost = Disturbance(Trouble.LOSE, "*", ACCOUNTS[1])

    def tried(vpcs: int) -> int:
        case = a_mesh(vpcs)
        aws, made = disturbed(case, FaultPlan((lost,)))
        applied(aws, case, made, FaultPlan())
        return sum(call.scope.account == ACCOUNTS[1] for call in aws.calls)

    regions, started_at_once = 2, 2 * 32 + 20
    assert 3 <= tried(6) <= tried(15) < regions * 65 + started_at_once


def test_the_check_for_doubles_sees_a_double() -> None:
    world = World()
    one, other = (
        ref_of({"account_id": a, "region": "us-east-1", "vpc_id": f"vpc-{a}"}) for a in "12"
    )
    for end in (one, other):
        world.vpc(end, "10.0.0.0/16")
    world.peering(one, other)
    world.peering(other, one)

    assert len(twins(world)) == 1
