"""The comment stays under its limit by telling less, never by cutting."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.address import AccountId, Region, Scope
from bot.model.change import Gap, Outcome, Plan, Report, Result
from bot.model.diagnostic import Diagnostic, Severity
from bot.render import budget, markdown
from bot.render.budget import Block, Text, Variant, fixed
from tests.render import builder, infected
from tests.render.seen import seen_in_markdown

LIMIT = 60_000


def json_bytes(text: str) -> int:
    return len(json.dumps(text).encode())


def test_the_most_important_block_keeps_its_detail() -> None:
    blocks = [
        Block(2, (Variant(lambda: Text("b" * 50)), Variant(lambda: Text("b")))),
        Block(1, (Variant(lambda: Text("a" * 50)), Variant(lambda: Text("a")))),
    ]

    texts = budget.fit(blocks, 70)

    assert [text.markdown for text in texts] == ["b", "a" * 50]


def test_a_variant_that_cannot_fit_is_not_rendered() -> None:
    def never() -> Text:
        raise AssertionError("rendered in vain")

    texts = budget.fit([Block(1, (Variant(never, floor=100), Variant(lambda: Text("x"))))], 50)

    assert texts == [Text("x")]


@given(
    st.lists(st.lists(st.text(max_size=30), min_size=1, max_size=4), max_size=6),
    st.integers(0, 2000),
)
def test_blocks_fit_whenever_their_least_variants_do(texts: list[list[str]], limit: int) -> None:
    blocks = [
        Block(index % 3, tuple(Variant(lambda text=text: Text(text)) for text in variants))  # type: ignore[misc]
        for index, variants in enumerate(texts)
    ]
    least = json_bytes("\n\n".join(variants[-1] for variants in texts)) + 4

    chosen = budget.fit(blocks, max(limit, least))

    assert json_bytes("\n\n".join(text.markdown for text in chosen)) - 2 <= max(limit, least)


def test_fixed_blocks_stay() -> None:
    assert budget.fit([fixed(0, "always")], 0)[0].markdown == "always"


def test_the_largest_mesh_fits_and_takes_seconds() -> None:
    plan = builder.huge()
    start = time.process_time()

    comment = markdown.comment(plan, builder.CONTEXT)

    assert time.process_time() - start < 3
    assert json_bytes(comment) < LIMIT
    assert "Plan: 23,250 to add, 0 to change, 3 to destroy" in comment
    assert "**3 of 23,253 changes shown**" in comment
    assert "(pcx-" in comment  # what is destroyed is told one by one


def many_environments(count: int, text: str) -> Plan:
    """Everything at once, in each of many environments with long names."""
    changes, memberships, diagnostics, gaps = [], [], [], []
    small = infected.plan(text)
    for number in range(count):
        name = f"{number:05d}{text}"
        of = frozenset({name})
        changes += [replace(change, environments=of) for change in small.changes[:6]]
        memberships += [replace(m, environment=name) for m in small.memberships[:2]]
        diagnostics += [
            Diagnostic(severity, f"code-{number}{text}", text * 3, text * 3, None, of)
            for severity in Severity
        ]
        gaps.append(Gap(Scope(AccountId(f"{number:012d}"), Region(text)), text, text))
    return Plan(
        tuple(changes),
        diagnostics=tuple(diagnostics),
        gaps=tuple(gaps),
        environments=tuple(f"{number:05d}{text}" for number in range(count)),
        memberships=tuple(memberships),
        refusals=tuple(diagnostics[:count]),
    )


@pytest.mark.parametrize("text", ["x", "☃" * 300, '"\\' * 200, "`|<@" * 200, "\U0001f600" * 200])
@pytest.mark.parametrize("count", [2, 45, 400])
def test_no_plan_is_too_large(count: int, text: str) -> None:
    plan = many_environments(count, text)

    comment = markdown.comment(plan, builder.CONTEXT)

    assert json_bytes(comment) < LIMIT
    assert not seen_in_markdown(comment).unbalanced
    assert "Destroys" in comment
    assert f"**{count} errors**" in comment
    assert f"**{count} account regions could not be read**" in comment


@pytest.mark.parametrize("count", [45, 400])
def test_no_report_is_too_large(count: int) -> None:
    plan = many_environments(count, "`|<@☃" * 50)
    outcomes = tuple(
        Outcome(change, list(Result)[index % 4], f"error {index} {'x' * 500}", "advice" * 100)
        for index, change in enumerate(plan.changes)
    )

    comment = markdown.outcome_comment(Report(plan, outcomes, ("w" * 500,) * 300), builder.CONTEXT)

    assert json_bytes(comment) < LIMIT
    assert not seen_in_markdown(comment).unbalanced
    failed = len([o for o in outcomes if o.result is Result.FAILED])
    assert f"**{failed} changes failed**" in comment


@pytest.mark.parametrize("count", [1, 30, 5000])
def test_no_list_of_errors_is_too_large(count: int) -> None:
    errors = [
        Diagnostic(Severity.ERROR, f"code-{n % 40}", "summary" * 80, "detail" * 80, builder.line(n))
        for n in range(1, count + 1)
    ]

    comment = markdown.invalid_comment(errors, builder.CONTEXT)

    assert json_bytes(comment) < LIMIT
    assert f"No plan: {count:,} error" in comment


@pytest.mark.parametrize("gone", [5, 700, 7000])
def test_deletes_are_told_at_every_size(gone: int) -> None:
    members = [builder.vpc(n) for n in range(gone + 1)]
    plan = Plan(
        tuple(
            builder.deleted(members[0], other, "production", builder.line(3))
            for other in members[1:]
        ),
        environments=("production",),
    )

    comment = markdown.comment(plan, builder.CONTEXT)

    assert json_bytes(comment) < LIMIT
    assert f"Destroys {gone:,} peerings" in comment
    shown = comment.count("- peering ")
    assert shown in (gone, 0)
    assert (f"**{shown:,} of {gone:,} changes shown**" in comment) == (shown < gone)


@pytest.mark.parametrize("size", [1, 5, 12, 25, 60])
def test_a_summary_tells_at_least_as_much_as_a_comment(size: int) -> None:
    plan = builder.huge(size)

    comment = markdown.comment(plan, builder.CONTEXT)
    summary = markdown.job_summary(plan, builder.CONTEXT)

    assert len(summary) + 100 >= len(comment)
    assert json_bytes(summary) < 1024 * 1024 * 0.9
