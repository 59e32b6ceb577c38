"""After an apply the world is what the product's text says, exactly, and a second plan is empty."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, note

from bot.model.address import AccountId
from bot.model.change import Change, Result
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.ec2 import Delays
from tests.fakes.faults import Rule
from tests.oracle import disagreements, expect
from tests.properties.cases import Case, bounded, build_with_peerd, draw_case, likely, randoms
from tests.properties.mutations import (
    FILE_EDITS,
    WORLD_EVENTS,
    close_account,
    flip_options,
    mutate,
)


def told(case: Case) -> None:
    """Shows a failing case."""
    note(f"told: {case.told}")
    note(f"base: {case.base_files}")
    note(f"head: {case.head_files}")
    note(f"vpcs: {[(str(v.ref), v.blocks, v.ipv6_blocks) for v in case.world.vpcs.values()]}")


def converge(aws: FakeAws, case: Case, *, all_applied: bool = True) -> None:
    """Plans, applies, compares with the oracle, and plans again."""
    before = aws.world.copy()
    plan = run.plan(aws, case.head, case.base)
    for change in plan.changes:
        note(f"{change.action} {change.address} {change.before} -> {change.after}")

    report = run.apply(aws, case.head, case.base, plan)
    aws.world.let_pass(60)

    if all_applied:
        bad = [(str(o.change.address), o.error) for o in report.outcomes if o.result != "applied"]
        assert bad == []
    assert disagreements(expect(case.head, case.base, before), aws.world) == []
    again = run.plan(aws, case.head, case.base)
    assert [change.canonical for change in again.changes] == []


def a_mesh_that_stands(rnd: Random, most: int = 9) -> Case:
    """A case whose base was built by peerd or by meshbot, or not at all."""
    case = draw_case(rnd, most)
    origin = rnd.randint(0, 2)
    if origin == 0:
        build_with_peerd(rnd, case)
    elif origin == 1:
        aws = FakeAws(case.world)
        run.apply(aws, case.base, None, run.plan(aws, case.base))
    case.told.append(("by peerd", "by meshbot", "new")[origin])
    return case


@bounded(40)
@given(randoms)
def test_a_new_mesh_is_built_exactly(rnd: Random) -> None:
    case = draw_case(rnd, 14)
    mutate(rnd, case, WORLD_EVENTS)
    told(case)

    converge(FakeAws(case.world, Delays(1, 3, 1, 2) if likely(rnd, 30) else Delays()), case)


@bounded(60)
@given(randoms)
def test_what_peerd_built_plans_as_no_changes(rnd: Random) -> None:
    case = draw_case(rnd, peerd_only=True)
    if likely(rnd, 20):
        close_account(rnd, case)
    build_with_peerd(rnd, case)
    for _ in range(rnd.randint(0, 2)):
        flip_options(rnd, case)  # peerd knows of none: what is unset is left alone
    told(case)

    plan = run.plan(FakeAws(case.world), case.head, None)

    assert [change.canonical for change in plan.changes] == []


@bounded(80)
@given(randoms)
def test_edits_of_the_files_are_applied_exactly(rnd: Random) -> None:
    case = a_mesh_that_stands(rnd)
    mutate(rnd, case, FILE_EDITS)
    told(case)

    converge(FakeAws(case.world), case)


@bounded(80)
@given(randoms)
def test_what_others_did_is_repaired_or_left_exactly(rnd: Random) -> None:
    case = a_mesh_that_stands(rnd)
    mutate(rnd, case, (*WORLD_EVENTS, *FILE_EDITS), 5)
    told(case)

    converge(FakeAws(case.world), case)


@bounded(50)
@given(randoms)
def test_nothing_is_deleted_in_or_towards_a_gap(rnd: Random) -> None:
    case = a_mesh_that_stands(rnd)
    mutate(rnd, case, (*FILE_EDITS, *WORLD_EVENTS), 3)
    case.told.append(close_account(rnd, case))
    told(case)

    converge(FakeAws(case.world), case)


def _possible(change: Change[Any], failing: str) -> set[Result]:
    """How a route's change may end when one account refuses routes."""
    if change.address.scopes[0].account != failing:
        return {Result.APPLIED}
    return {Result.FAILED, Result.SKIPPED} if change.needs else {Result.FAILED}


@bounded(40)
@given(randoms)
def test_one_account_failing_leaves_the_rest_applied(rnd: Random) -> None:
    case = a_mesh_that_stands(rnd)
    mutate(rnd, case, FILE_EDITS)
    told(case)
    before = case.world.copy()
    aws = FakeAws(case.world)
    plan = run.plan(aws, case.head, case.base)
    account = ("111111111111", "222222222222", "333333333333")[rnd.randint(0, 2)]
    actions = ("ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute")
    aws.rules = [Rule(action, account=AccountId(account)) for action in actions]

    report = run.apply(aws, case.head, case.base, plan)

    assert len(report.outcomes) == len(plan.changes)
    for outcome in report.outcomes:
        if outcome.change.address.kind == "route":
            assert outcome.result in _possible(outcome.change, account), outcome
            assert outcome.result is not Result.FAILED or "UnauthorizedOperation" in outcome.error
        elif outcome.change.after is not None:
            assert outcome.result is Result.APPLIED, outcome
        elif outcome.result is not Result.APPLIED:
            assert outcome.result is Result.SKIPPED
            assert outcome.because_of is not None
            assert account in {scope.account for scope in outcome.because_of.scopes}
    aws.rules = []
    rest = run.plan(aws, case.head, case.base)
    run.apply(aws, case.head, case.base, rest)
    aws.world.let_pass(60)
    assert disagreements(expect(case.head, case.base, before), aws.world) == []
    assert run.plan(aws, case.head, case.base).changes == ()
