"""Verdicts: what of a plan was reviewed, environment by environment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.engine.review import Approved, Direct, Verdict, permitted, verdicts
from bot.model.change import Change, Plan
from bot.model.diagnostic import Diagnostic, Severity
from tests.render.builder import created, line, vpc

A, B, C, D = (vpc(n) for n in range(4))
ONE = created(A, B, "production", line(3))
TWO = created(A, C, "production", line(4))
EDGE = created(B, D, "edge", line(5))
BOTH = replace(created(C, D, "edge", line(6)), environments=frozenset({"edge", "production"}))
PLAN = Plan((ONE, TWO, EDGE), environments=("edge", "production"))


def approved(*changes: Change[Any], **more: Any) -> Approved:
    return Approved([change.canonical for change in changes], **more)


def refusing(*names: str) -> Plan:
    over = Diagnostic(Severity.ERROR, "limit", "over", environments=frozenset(names))
    return replace(PLAN, refusals=(over,))


def allowed(plan: Plan, judged: tuple[Verdict, ...]) -> tuple[Change[Any], ...]:
    return permitted(plan, judged).changes


def test_the_union_of_what_was_reviewed_may_be_applied() -> None:
    judged = verdicts(PLAN, [approved(ONE), approved(TWO, EDGE)])

    assert all(verdict.permitted for verdict in judged)
    assert allowed(PLAN, judged) == PLAN.changes


def test_nothing_reviewed_permits_nothing_but_nothing() -> None:
    judged = verdicts(replace(PLAN, changes=(ONE, TWO)), [])

    assert [(v.environment, v.permitted) for v in judged] == [("edge", True), ("production", False)]
    assert judged[1].beyond == (ONE, TWO)


def test_one_new_change_refuses_its_environment_alone() -> None:
    judged = verdicts(PLAN, [approved(ONE, EDGE)])

    assert [v.beyond for v in judged] == [(), (TWO,)]
    assert allowed(PLAN, judged) == (EDGE,)


def test_a_review_counts_only_for_the_environments_it_was_merged_for() -> None:
    judged = verdicts(PLAN, [approved(ONE, TWO, EDGE, environments=frozenset({"edge"}))])

    assert [v.permitted for v in judged] == [True, False]


def test_a_shared_change_needs_all_its_environments() -> None:
    plan = replace(PLAN, changes=(ONE, EDGE, BOTH))

    judged = verdicts(plan, [approved(EDGE, BOTH)])

    assert [v.permitted for v in judged] == [True, False]
    assert allowed(plan, judged) == (EDGE,)


def test_a_refusal_holds_until_a_review_overrides_it() -> None:
    plan = refusing("production")
    reviewed, over = approved(*PLAN.changes), approved(*PLAN.changes, overridden=True)

    assert [v.refused for v in verdicts(plan, [reviewed])] == [False, True]
    assert [v.refused for v in verdicts(plan, [over])] == [False, False]
    assert [v.refused for v in verdicts(plan, [approved(ONE, overridden=True), reviewed])][1]


def test_a_refusal_that_names_no_environment_is_about_all() -> None:
    plan = refusing()

    judged = verdicts(plan, [approved(*PLAN.changes)])

    assert [v.refused for v in judged] == [True, True]
    assert permitted(plan, judged).refusals == plan.refusals


def test_a_commit_without_pull_request_refuses_or_frees() -> None:
    reviewed = [approved(EDGE)]

    refused = verdicts(PLAN, reviewed, Direct({"production"}, allowed=False))
    freed = verdicts(PLAN, reviewed, Direct({"production"}, allowed=True))
    limited = verdicts(refusing("production"), reviewed, Direct({"production"}, allowed=True))

    assert [v.direct for v in refused] == [False, True]
    assert [v.permitted for v in freed] == [True, True]
    assert [v.refused for v in limited] == [False, True]
