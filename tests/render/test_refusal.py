"""The refusal: what is new, why, and what to type; harmless and small enough, whatever it holds."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from bot.engine.planner import narrowed
from bot.engine.review import Verdict
from bot.model.change import Action, Outcome, Plan, Report, Result
from bot.render import markdown
from bot.render.markdown import Refusal, refusal_comment, refusal_summary
from tests.render import builder, infected
from tests.render.builder import CONTEXT, created, line, vpc
from tests.render.hostile import HOSTILE
from tests.render.seen import LINKED_BY_GITHUB, seen_in_markdown

LIMIT = 60_000
EDGE = created(vpc(7), vpc(8), "edge", line(40))


def json_bytes(text: str) -> int:
    return len(json.dumps(text).encode())


def stale(plan: Plan, name: str = "production", **more: object) -> Refusal:
    """Everything in an environment is new, except the first change."""
    changes = plan.changes_of(name)
    verdict = Verdict(name, changes[1:])
    return Refusal(plan, (verdict,), [changes[0].canonical], **more)  # type: ignore[arg-type]


def mixed() -> Plan:
    plan = builder.small()
    return replace(plan, changes=(*plan.changes, EDGE))


def test_what_is_new_is_shown_and_how_to_approve_exactly_that() -> None:
    plan = mixed()

    text = refusal_comment(stale(plan), CONTEXT)

    assert text.startswith(f"{CONTEXT.marker}\n### Refused: `production` was not applied.\n")
    assert f"{len(plan.changes_of('production')) - 1} changes nobody reviewed" in text
    assert "New since the review" in text
    assert "`environments`: `production`" in text
    assert narrowed(plan, ("production",)).fingerprint in text
    assert str(vpc(8)) not in text


def test_all_environments_are_approved_by_the_whole_plan() -> None:
    plan = builder.small()
    both = tuple(Verdict(name, plan.changes_of(name), direct=True) for name in plan.environments)

    text = refusal_comment(Refusal(plan, both), CONTEXT)

    assert "2 environments were not applied." in text
    assert f"`expect-fingerprint`: `{plan.fingerprint}`" in text
    assert "`environments`:" not in text
    assert "a commit that no pull request brought changed it" in text


def test_names_that_an_input_cannot_hold_are_not_suggested() -> None:
    odd = replace(EDGE, environments=frozenset({"a,b"}))
    plan = replace(mixed(), changes=(odd,), environments=("a,b", "production"))

    text = refusal_comment(Refusal(plan, (Verdict("a,b", (odd,)),)), CONTEXT)

    assert "plan by hand first" in text


def test_limits_say_which_and_deletes_come_before_what_else_is_new() -> None:
    plan = builder.destructive()
    gone = tuple(c for c in plan.changes if c.action is Action.DELETE)

    text = refusal_comment(Refusal(plan, (Verdict("production", gone, refused=True),)), CONTEXT)

    assert "it is over a limit, and no review approved that" in text
    assert plan.refusals[0].summary.split(":")[0] in text
    assert text.index("Destroys ") < text.index("What to do")
    assert all(change.address.key.split("~")[0][-8:] in text for change in gone)


def test_what_was_reviewed_and_would_not_be_done_so_is_told() -> None:
    plan = builder.small()
    first, second, third = plan.changes[:3]
    reviewed = [second.canonical, created(vpc(9), vpc(8), "production", line(3)).canonical]
    refusal = Refusal(plan, (Verdict("production", (first, second, third)),), reviewed)

    text = refusal_comment(refusal, CONTEXT)

    assert "1 reviewed change would now be made in another way." in text
    assert "1 reviewed change need no longer be made." in text


def test_the_applied_rest_is_told_too() -> None:
    plan = mixed()
    report = Report(replace(plan, changes=(EDGE,)), (Outcome(EDGE, Result.APPLIED),))

    text = refusal_comment(stale(plan, report=report), CONTEXT)

    assert "The rest was applied." in text
    assert "#### Applied: 1 added, 0 changed, 0 destroyed" in text
    assert vpc(8).vpc_id in text


def test_records_that_could_not_be_used_say_why() -> None:
    text = refusal_comment(stale(builder.small(), problems={7: "has expired", 9: "gone"}), CONTEXT)

    assert "- #7: has expired" in text
    assert "- #9: gone" in text


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_becomes_a_link_html_or_a_mention(text: str) -> None:
    plan = infected.plan(text)
    verdict = Verdict(text, plan.changes, refused=True, direct=True)
    refusal = Refusal(plan, (verdict,), [c.canonical for c in plan.changes[:2]], {7: text},
                      infected.report(text))  # fmt: skip
    context = replace(infected.context(text), repository_url="", run_url="", links=())

    for written in (refusal_comment(refusal, context), refusal_summary(refusal, context)):
        seen = seen_in_markdown(written)
        prose = " ".join(seen.prose).replace("#7", "")
        assert not LINKED_BY_GITHUB.findall(prose), prose
        assert not [link for link in seen.links if "evil" in link]
        assert not seen.tags.keys() & {"img", "script", "svg", "a", "picture", "h1"}
        assert not seen.unbalanced


@pytest.mark.parametrize("size", [10, 60, 125])
def test_it_stays_below_the_limit_and_says_what_it_left_out(size: int) -> None:
    plan = builder.huge(size)
    half = plan.changes[: len(plan.changes) // 2]
    report = Report(plan, tuple(Outcome(c, Result.FAILED, f"no {n}", "mend") for n, c in
                                enumerate(half)))  # fmt: skip
    refusal = Refusal(plan, (Verdict("production", plan.changes, refused=True),),
                      [c.canonical for c in half], dict.fromkeys(range(300), "x" * 500),
                      report)  # fmt: skip
    start = time.monotonic()

    text = refusal_comment(refusal, CONTEXT)

    assert time.monotonic() - start < 20
    assert json_bytes(text) < LIMIT
    assert "What to do" in text
    assert plan.fingerprint in text
    assert "Destroys " in text
    assert size < 60 or "changes shown" in text
    assert not seen_in_markdown(text).unbalanced


def test_a_stale_comment_is_headed_by_a_caution_once() -> None:
    comment = markdown.comment(builder.small(), CONTEXT)

    once = markdown.stale_comment(comment, "the mesh files have changed", CONTEXT)
    twice = markdown.stale_comment(once, "the mesh files have changed", CONTEXT)

    assert once.startswith(f"{CONTEXT.marker}\n> [!CAUTION]\n> **This plan is stale**")
    assert once.endswith(comment.partition("\n")[2])
    assert twice == once


def test_a_stale_comment_never_grows_beyond_githubs_limit() -> None:
    marker = CONTEXT.marker
    long = f"{marker}\n" + "x" * 64_900

    text = markdown.stale_comment(long, "@octocat <b>", CONTEXT)

    assert json_bytes(text) < 2_000
    assert text.startswith(f"{marker}\n> [!CAUTION]")
    assert "@octocat" not in " ".join(seen_in_markdown(text).prose)
