"""What the comment tells, and what it leaves out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model.change import Membership, Movement, Origin, Outcome, Plan, Report, Result
from bot.model.diagnostic import Severity
from bot.render import markdown
from bot.render.context import Context
from tests.render import builder
from tests.render.builder import CONTEXT


def test_nothing_to_do_is_one_friendly_line() -> None:
    comment = markdown.comment(Plan(environments=("production",)), CONTEXT)

    assert "No changes. The mesh in AWS is as its files ask for." in comment
    assert "Destroys" not in comment
    assert "On merge" not in comment


def test_what_is_destroyed_and_wrong_stands_before_everything_else() -> None:
    comment = markdown.comment(builder.destructive(), CONTEXT)

    order = ["Plan:", "**Destroys", "**Refused", "could not be read", "**1 warning", "#### "]
    assert [comment.index(part) for part in order] == sorted(map(comment.index, order))


def test_a_joining_member_links_its_line_at_the_head_and_a_leaving_one_at_the_base() -> None:
    joins = markdown.comment(builder.small(), CONTEXT)
    leaves = markdown.comment(builder.destructive(), CONTEXT)

    head = f"https://github.com/acme/network/blob/{builder.HEAD}/meshes/prod.yaml#L31"
    base = f"https://github.com/acme/network/blob/{builder.BASE}/meshes/prod.yaml#L27"
    assert f"joins because of [`meshes/prod.yaml:31`]({head})" in joins
    assert f"leaves: [`meshes/prod.yaml:27`]({base}) was removed" in leaves


def test_a_file_name_that_climbs_is_not_linked() -> None:
    line = replace(builder.line(3), file="meshes/../../../evil/x.yaml")

    assert CONTEXT.line_url(line) == ""
    assert CONTEXT.line_url(replace(line, file="/x.yaml")) == ""
    assert CONTEXT.line_url(replace(line, file="meshes/a b(c).yaml")).endswith(
        "/meshes/a%20b%28c%29.yaml#L3"
    )


def test_drift_is_told_apart_from_this_change() -> None:
    comment = markdown.comment(builder.small(), CONTEXT)

    mine, _, drift = comment.partition("Drift that was there before: 1 peering, 1 to change")
    assert "network-team@acme.org" in drift
    assert "network-team@acme.org" not in mine
    assert "**From this change:**" in mine


def test_a_shared_change_is_listed_once_and_pointed_at_from_the_other() -> None:
    plan = builder.small()
    shared = tuple(
        replace(change, environments=frozenset({"edge", "production"})) for change in plan.changes
    )

    comment = markdown.comment(replace(plan, changes=shared), CONTEXT)

    assert comment.count("`111122223333/us-east-1`<br>`vpc-00000000000000003`") == 3
    edge, _, production = comment.partition("#### `production`")
    assert "#### `edge`: 4 peerings, 6 routes" in edge
    assert "listed there: 10 changes under `edge`" in production


def test_merging_says_what_will_happen() -> None:
    plan = builder.small()

    assert "applies exactly this plan" in markdown.comment(plan, CONTEXT)
    assert "nothing is applied by itself" in markdown.comment(
        plan, replace(CONTEXT, applies_on_merge=False)
    )
    assert "this is refused" in markdown.comment(builder.destructive(), CONTEXT)
    assert "On merge" not in markdown.document(plan)


def test_a_plan_over_its_limits_says_once_how_to_approve_it() -> None:
    plan = builder.destructive()
    (refusal,) = plan.refusals
    three = tuple(replace(refusal, summary=f"reason {n}", detail="Split it.") for n in range(3))

    body = markdown.comment(replace(plan, refusals=three), CONTEXT)

    assert [f"reason {n}" in body for n in range(3)] == [True] * 3
    assert body.count("Split it.") == 1
    assert body.count("`expect-fingerprint`") == 1
    assert f"`meshbot approve {plan.fingerprint[:12]}`" in body


def test_an_error_that_no_approval_settles_comes_first() -> None:
    plan = builder.destructive()
    fault = replace(plan.diagnostics[0], severity=Severity.ERROR)

    body = markdown.comment(replace(plan, diagnostics=(fault,)), CONTEXT)

    assert "nothing is applied until the above is settled" in body
    assert "meshbot approve" not in body


def test_gaps_are_told_in_the_right_number() -> None:
    plan = builder.destructive()
    (gap,) = plan.gaps
    more = tuple(replace(gap, scope=builder.vpc(n).scope) for n in range(6))

    one = markdown.comment(plan, CONTEXT)
    six = markdown.comment(replace(plan, gaps=more), CONTEXT)

    assert "**1 account region could not be read**; nothing is deleted in or towards it\n" in one
    assert "**6 account regions could not be read**; nothing is deleted in or towards them" in six


def test_the_document_has_no_links_and_no_marker() -> None:
    document = markdown.document(builder.destructive())

    assert "](" not in document
    assert "<!--" not in document


def test_output_does_not_depend_on_the_order_of_sets() -> None:
    names = [f"environment-{n}" for n in range(9)]
    plan = replace(builder.small(), environments=tuple(names))
    one, other = (
        replace(plan, changes=tuple(replace(c, environments=frozenset(n)) for c in plan.changes))
        for n in (names, names[::-1])
    )

    assert markdown.comment(one, CONTEXT) == markdown.comment(other, CONTEXT)


def test_failures_come_with_their_cause_and_advice() -> None:
    comment = markdown.outcome_comment(builder.failed(), CONTEXT)

    assert comment.splitlines()[1] == "### Partly applied: 7 applied, 1 failed, 2 skipped"
    assert comment.index("UnauthorizedOperation") < comment.index("What was applied")
    assert "to the role `peerd-bot` of account `111122223333`" in comment
    assert "mend the cause and run the apply again" in comment
    assert comment.count("needs `peering 111122223333/eu-west-1/") == 2


def test_success_is_short() -> None:
    plan = builder.small()
    report = Report(plan, tuple(Outcome(change, Result.APPLIED) for change in plan.changes))

    comment = markdown.outcome_comment(report, CONTEXT)

    assert "### Applied: 9 added, 1 changed, 0 destroyed" in comment
    assert "What to do" not in comment


@pytest.mark.parametrize("render", [markdown.outcome_comment, markdown.outcome_summary])
def test_nothing_applied_is_said(render: object) -> None:
    assert callable(render)
    assert "Nothing to apply" in render(Report(Plan()), Context())


def test_failures_with_one_cause_are_told_once() -> None:
    plan = builder.huge(12)
    report = Report(plan, tuple(Outcome(c, Result.FAILED, "AccessDenied") for c in plan.changes))

    comment = markdown.outcome_comment(report, CONTEXT)

    assert comment.count("AccessDenied") == 1
    assert "### Not applied: 201 failed" in comment


def test_a_member_that_moves_without_changes_still_has_its_environment() -> None:
    moving = Membership("production", builder.vpc(1), Movement.JOINS, builder.line(4))

    comment = markdown.comment(Plan(memberships=(moving,)), CONTEXT)

    assert "#### `production`: nothing of its own" in comment
    assert "joins because of" in comment


def test_more_drift_than_change_is_all_folded() -> None:
    plan = builder.huge(6)
    drift = replace(plan, changes=tuple(replace(c, origin=Origin.DRIFT) for c in plan.changes))

    comment = markdown.comment(drift, CONTEXT)

    assert "<details><summary>Drift that was there before: 16 peerings, 32 routes" in comment
    assert "From this change" not in comment
