"""How far an apply is, in words: short, true, harmless, and bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model.address import AccountId, Region, Scope
from bot.model.progress import KindProgress, Progressed, ScopeProgress
from bot.render.budget import size
from bot.render.context import Context
from bot.render.markdown import applying_comment
from bot.render.progress import ended, in_words, lines, reading, share, time_left
from tests.render.hostile import HOSTILE
from tests.render.seen import LINKED_BY_GITHUB, seen_in_markdown

PEERING, ROUTE = "vpc_peering_connection", "route"
MARKER = "<!-- meshbot:v1 key=meshes -->"
CONTEXT = Context(marker=MARKER, run_url="https://github.example/acme/net/actions/runs/77")


def scope(number: int) -> Scope:
    return Scope(AccountId(f"{number:012d}"), Region("us-east-1"))


def kinds(*counts: tuple[str, int, int]) -> tuple[KindProgress, ...]:
    return tuple(KindProgress(*count) for count in counts)


def state(
    scopes: int = 2, seconds_left: float = 133.0, peerings: int = 120, routes: int = 412
) -> Progressed:
    """276 peerings and 1,104 routes; the scope with the highest number has most left."""
    each = (
        ScopeProgress(scope(n), kinds((PEERING, 20, 46), (ROUTE, 100, 1100 + n)))
        for n in range(scopes)
    )
    return Progressed(
        tuple(each), kinds((PEERING, peerings, 276), (ROUTE, routes, 1104)), seconds_left
    )


def test_kinds_and_the_estimate_are_in_one_line() -> None:
    assert in_words(state()) == "peerings 120/276, routes 412/1,104, about 2 min left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "about 5 s left"),
        (7.4, "about 5 s left"),
        (7.5, "about 10 s left"),
        (14.9, "about 10 s left"),
        (26, "about 30 s left"),
        (54.9, "about 50 s left"),
        (55, "about 1 min left"),
        (59.9, "about 1 min left"),
        (60, "about 1 min left"),
        (89, "about 1 min left"),
        (90, "about 2 min left"),
        (150, "about 3 min left"),
        (59.6 * 60, "about 1 h left"),
        (70 * 60, "about 1 h 10 min left"),
        (26 * 3600, "about 26 h left"),
        (float("inf"), ""),
        (float("nan"), ""),
        (-1, ""),
    ],
)
def test_time_is_told_as_exactly_as_it_is_known(seconds: float, words: str) -> None:
    assert time_left(seconds) == words


def test_what_is_up_to_others_is_told_instead_of_a_time() -> None:
    told = replace(state(), waiting="2 requests of others\x1b[31m")

    assert in_words(told).startswith("peerings 120/276, routes 412/1,104, waiting: 2 requests of")
    assert "left" not in in_words(told)
    assert "\x1b" not in in_words(told)


def test_what_is_done_needs_no_time() -> None:
    assert in_words(state(0, 0.0, 276, 1104)) == "peerings 276/276, routes 1,104/1,104"


def test_an_unknown_time_is_left_out() -> None:
    assert in_words(state(seconds_left=float("inf"))) == "peerings 120/276, routes 412/1,104"


def test_a_kind_that_has_no_noun_is_told_by_its_name() -> None:
    told = Progressed((), kinds(("security_group_rule", 1, 2), ("peering_options", 0, 2)), 0.0)

    assert in_words(told).startswith("security group rules 1/2, peering options 0/2")


def test_the_share_is_of_all_changes() -> None:
    assert share(state(0, 0.0, 138, 552)) == 0.5
    assert share(Progressed((), (), 0.0)) == 1.0


def test_scopes_with_most_left_are_shown_and_the_others_counted() -> None:
    assert lines(state(400), 2) == (
        "peerings 120/276, routes 412/1,104, about 2 min left",
        "  000000000399/us-east-1: peerings 20/46, routes 100/1,499",
        "  000000000398/us-east-1: peerings 20/46, routes 100/1,498",
        "  and 398 more",
    )


def test_scopes_without_anything_left_are_not_shown() -> None:
    done = ScopeProgress(scope(1), kinds((ROUTE, 5, 5)))
    told = Progressed((done, *state(1).scopes), state().kinds, 1.0)

    assert lines(told, 5)[1:] == ("  000000000000/us-east-1: peerings 20/46, routes 100/1,100",)


def test_without_room_there_is_one_line() -> None:
    assert lines(state(400), 0) == ("peerings 120/276, routes 412/1,104, about 2 min left",)


def test_other_lines() -> None:
    assert ended(state(), 1133.4) == "Ended after 1,133 s: peerings 120/276, routes 412/1,104"
    assert reading("reading scopes", 12, 1400) == "reading scopes 12/1,400"


# The comment


def test_the_comment_is_headed_by_how_far_it_is() -> None:
    assert (
        applying_comment(f"{MARKER}\n### Plan: 9 to add\n", state(8), CONTEXT)
        == f"""\
{MARKER}
> [!NOTE]
> **Applying …** peerings 120/276, routes 412/1,104, about 2 min left \
([the run](https://github.example/acme/net/actions/runs/77))
>
> - `000000000007/us-east-1`: peerings 20/46, routes 100/1,107
> - `000000000006/us-east-1`: peerings 20/46, routes 100/1,106
> - `000000000005/us-east-1`: peerings 20/46, routes 100/1,105
> - `000000000004/us-east-1`: peerings 20/46, routes 100/1,104
> - `000000000003/us-east-1`: peerings 20/46, routes 100/1,103
> - `000000000002/us-east-1`: peerings 20/46, routes 100/1,102
> - and 2 more
>
> These numbers are put right now and then, and the outcome takes their place. If the run has \
ended and they are still here, it was killed: run it again, it does what is left.

### Plan: 9 to add
"""
    )


def test_a_heading_that_is_there_already_is_replaced() -> None:
    plan = f"{MARKER}\n> [!CAUTION]\n> an alert of the plan\n\n### Plan\n\n> a quote\n"
    once = applying_comment(plan, state(3), CONTEXT)

    assert applying_comment(once, state(2, 5.0, 200), CONTEXT) == applying_comment(
        plan, state(2, 5.0, 200), CONTEXT
    )


def test_a_comment_without_room_for_both_is_the_heading_alone() -> None:
    told = applying_comment(f"{MARKER}\n{'x' * 64_000}", state(400), CONTEXT)

    assert told.startswith(f"{MARKER}\n> [!NOTE]\n> **Applying …**")
    assert "xxx" not in told
    assert size(applying_comment(f"{MARKER}\n{'x' * 62_000}", state(400), CONTEXT)) < 65_536


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_harmless_wherever_they_come_from(text: str) -> None:
    """Accounts and regions were validated, and kinds are ours; still."""
    odd = Scope(AccountId(text), Region(text))
    told = Progressed((ScopeProgress(odd, kinds((ROUTE, 0, 1))),), kinds((ROUTE, 0, 1)), 1.0)
    shown = lines(told, 5)

    assert len(shown) == 2
    assert all(character.isprintable() for line in shown for character in line)
    comment = applying_comment(f"{MARKER}\n", told, CONTEXT)
    assert all(line.startswith(">") for line in comment.rstrip("\n").split("\n")[1:])
    seen = seen_in_markdown(comment)
    assert seen.links == [CONTEXT.run_url]
    assert set(seen.tags) <= {"blockquote", "p", "strong", "a", "ul", "li", "code", "br"}
    assert not LINKED_BY_GITHUB.search(" ".join(seen.prose))
