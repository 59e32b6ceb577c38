"""The drift issue and the offline difference: bounded, and harmless whatever they quote."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine.graph_difference import EnvironmentDifference, GraphDifference, Remark
from bot.model.address import Pair
from bot.model.change import Existence
from bot.model.diagnostic import Diagnostic, Severity
from bot.render import budget, markdown
from bot.render.context import Context, drift_marker, drift_start, marker_of
from tests.render import builder, infected
from tests.render.hostile import HOSTILE
from tests.render.seen import seen_in_markdown
from tests.render.test_escape import assert_harmless

MARKER = drift_marker("meshes", "production")
CONTEXT = replace(builder.CONTEXT, marker=MARKER, applies_on_merge=None)


def test_the_issue_has_the_plan_and_what_to_do() -> None:
    body = markdown.drift_issue(builder.small(), CONTEXT, "production")

    assert body.startswith(f"{MARKER}\n### Drift in `production`: 9 to add, 1 to change, 0 to")
    assert "**What to do**" in body
    assert builder.small().fingerprint[:12] in body
    assert "On merge" not in body


def test_the_issue_of_the_largest_drift_fits() -> None:
    body = markdown.drift_issue(builder.huge(60), CONTEXT, "production")

    assert budget.size(body) < 60_000
    assert "changes shown" in body
    assert not seen_in_markdown(body).unbalanced


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_hostile_text_in_an_issue_becomes_nothing_but_text(text: str) -> None:
    context = replace(infected.context(text), marker=drift_marker(text, text))
    plan = infected.plan(text)

    for body in (
        markdown.drift_issue(plan, context, text),
        markdown.drift_issue(replace(plan, changes=()), context, text),
        markdown.no_drift(context, text, replace(plan, changes=())),
        markdown.no_drift(context, text, None),
    ):
        assert body.startswith(f"{context.marker}\n")
        assert_harmless(seen_in_markdown(body), context.marker)
    title = markdown.drift_title(text)
    assert "\n" not in title
    assert len(title) < 200


def test_markers_that_differ_in_anything_differ() -> None:
    made = {drift_marker(key, name) for key in ("a", "b", "a b", "x" * 500) for name in ("a", "B")}
    made |= {drift_marker("a", name) for name in ("y" * 300, "y" * 301, "a environment=b", "-->")}

    assert len(made) == 12
    assert all(Context(marker=marker) for marker in made)
    assert all(marker != marker_of("a") for marker in made)
    assert [m for m in made if m.startswith(drift_start("b"))] == [m for m in made if "key=b " in m]


def difference(text: str, number: int = 1) -> GraphDifference:
    plan = infected.plan(text)
    pairs = tuple(Pair.of(c.first, c.second) for c in plan.mesh.connections) * number
    places = [d.location for d in plan.diagnostics]
    remarks = (Remark(text, places[0]), Remark(f"{text}: a → {text}")) * number
    found = EnvironmentDifference(
        text, Existence.KEPT, plan.memberships * number, pairs, pairs, remarks
    )
    refusal = Diagnostic(Severity.ERROR, text, text, text)
    return GraphDifference((found,) * number, pairs, pairs, remarks, (refusal,), plan.mesh)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_hostile_text_in_a_difference_becomes_nothing_but_text(text: str) -> None:
    context = replace(infected.context(text), marker="")
    told = infected.plan(text).diagnostics

    summary = markdown.difference_summary(difference(text), told, context)

    assert_harmless(seen_in_markdown(summary), "")


def test_the_largest_difference_fits_a_job_summary() -> None:
    text = "vpc-0123456789abcdef0 " * 10
    large = difference(text, 210)

    summary = markdown.difference_summary(large, (), replace(infected.context("x"), marker=""))

    assert len(summary.encode()) < 1 << 20
    assert "of 210 environments shown" in summary
    assert not seen_in_markdown(summary).unbalanced
