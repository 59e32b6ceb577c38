"""Hostile text in every position, read back by the parser that GitHub uses."""

from __future__ import annotations

import re
import unicodedata
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render import budget, escape, html, markdown, terminal
from bot.render.context import Context, marker_of, web_url
from tests.render import infected
from tests.render.hostile import HOSTILE
from tests.render.seen import LINKED_BY_GITHUB, Seen, seen_in_html, seen_in_markdown, to_html

OURS = "https://github.com/acme/network/"
TAGS = {"p", "h3", "h4", "ul", "li", "strong", "code", "pre", "blockquote", "a", "sub"} | {
    *("table", "thead", "tbody", "tr", "th", "td", "details", "summary", "br"),
}


def assert_harmless(seen: Seen, marker: str) -> None:
    assert set(seen.tags) <= TAGS
    assert seen.attributes <= {"href", "lang", "open", "align"}
    assert all(link.startswith(OURS) and ".." not in link for link in seen.links)
    assert seen.comments == ([marker[4:-3]] if marker else [])
    assert not seen.unbalanced
    prose = " ".join(seen.prose)
    assert not LINKED_BY_GITHUB.search(prose), LINKED_BY_GITHUB.search(prose)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_hostile_text_in_a_plan_becomes_nothing_but_text(text: str) -> None:
    context = infected.context(text)

    comment = markdown.comment(infected.plan(text), context)

    assert comment.startswith(context.marker + "\n")
    assert_harmless(seen_in_markdown(comment), context.marker)
    assert budget.size(comment) < 60_000


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_hostile_text_in_a_report_becomes_nothing_but_text(text: str) -> None:
    context = infected.context(text)
    problems = infected.plan(text).diagnostics

    for rendered in (
        markdown.outcome_comment(infected.report(text), context),
        markdown.invalid_comment(problems, context),
    ):
        assert rendered.startswith(context.marker + "\n")
        assert_harmless(seen_in_markdown(rendered), context.marker)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_hostile_text_in_the_page_is_text_and_attributes_only(text: str) -> None:
    page = html.report(infected.plan(text), infected.context(text), infected.report(text).outcomes)
    plain = html.report(infected.plan("x"), infected.context("x"), infected.report("x").outcomes)

    seen, expected = seen_in_html(page), seen_in_html(plain)

    assert set(seen.tags) - {"code"} <= set(expected.tags)
    assert {tag: seen.tags[tag] for tag in ("script", "style", "meta")} == {
        "script": 1,
        "style": 1,
        "meta": 4,
    }
    assert seen.attributes <= expected.attributes
    assert all(link.startswith(OURS) for link in seen.links)
    assert seen.comments == expected.comments == ["doctype html"]
    assert not seen.unbalanced


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
@pytest.mark.parametrize("colour", [False, True])
def test_hostile_text_cannot_steer_a_terminal(text: str, colour: bool) -> None:
    printed = terminal.text(infected.plan(text), width=80, colour=colour)
    printed += terminal.report_text(infected.report(text), width=80, colour=colour)

    left = re.sub(r"\x1b\[[0-9;]*m", "", printed) if colour else printed

    assert "\x1b]" not in printed
    assert not [
        c for c in left if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    ]


def test_rich_markup_is_printed_as_it_stands() -> None:
    printed = terminal.text(infected.plan("[red]x[/red]"), width=200, colour=True)

    assert "[red]x[/red]" in printed


@pytest.mark.parametrize(
    "place", ["- {} end", "| h | i |\n|---|---|\n| {} | end |", "#### {} end", "{} end", "> {} end"]
)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:40])
def test_prose_and_code_stay_in_their_place(text: str, place: str) -> None:
    for escaped in (escape.text(text), escape.code(text)):
        seen = seen_in_markdown(place.format(escaped))
        expected = seen_in_markdown(place.format("x"))

        assert {tag: n for tag, n in seen.tags.items() if tag != "code"} == expected.tags or (
            not escaped.strip()
        )
        assert "".join(seen.prose).rstrip().endswith("end")
        assert not seen.links
        assert not LINKED_BY_GITHUB.search("".join(seen.prose))


@given(st.text(max_size=60))
def test_any_prose_is_one_cell_of_text(text: str) -> None:
    cells = f"{escape.text(text)} | {escape.code(text)} | end"

    seen = seen_in_markdown(f"| h | i | j |\n|---|---|---|\n| {cells} |")

    assert "".join(seen.prose).rstrip().endswith("end")
    assert set(seen.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    assert seen.tags["td"] == 3
    assert not seen.links
    assert not LINKED_BY_GITHUB.search(" ".join(seen.prose))


@given(st.text(alphabet='`@#|\\[]()<>!*_~$:/.- \nax1"', max_size=40))
def test_prose_of_markdown_s_own_characters_is_text(text: str) -> None:
    seen = seen_in_markdown(f"- {escape.text(text)} **x**")

    assert set(seen.tags) <= {"ul", "li", "code", "strong"}
    assert seen.tags["strong"] == 1
    assert not seen.links


def test_what_is_shown_is_what_was_written() -> None:
    written = "no peering between 111122223333/us-east-1/vpc-a (10.0.0.0/16) & x|y: a `b_c` d*"

    seen = cell_text(escape.text(written))

    assert seen == written.replace("`", "")


def cell_text(markdown_text: str) -> str:
    """The words that a reader sees in a table's cell."""
    rendered = to_html(f"| h |\n|---|\n| {markdown_text} |")
    cell = rendered.split("<td>")[1].split("</td>")[0]
    return unescape(re.sub(r"<[^>]+>", "", cell))


def test_bidirectional_and_invisible_characters_are_shown() -> None:
    assert escape.visible("a\u202eb\u200b") == "a⟨U+202E⟩b⟨U+200B⟩"


def test_ansi_sequences_are_removed_and_controls_are_shown() -> None:
    assert escape.visible("\x1b[31mred\x1b[0m\x07 \x1b]8;;x\x1b\\y") == "red⟨U+0007⟩ y"


def test_long_text_says_how_much_is_missing() -> None:
    assert escape.visible("a" * 30, limit=10) == "aaaaaaaaaa… (20 more characters)"


def test_a_mermaid_label_holds_only_codes_and_plain_characters() -> None:
    label = escape.mermaid('x"]; click n "http://e.vil" %%{init}%% <b> `#', 200)

    assert re.fullmatch(r"(?:[\w ./-]|#\d+;)*", label)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//e.vil", "http://", "https://a b", "x"]
)
def test_only_web_pages_are_linked(url: str) -> None:
    assert web_url(url) == ""


def test_a_url_cannot_end_its_link() -> None:
    assert web_url("https://a.b/c)[x](<y>") == "https://a.b/c%29%5Bx%5D%28%3Cy%3E"


@pytest.mark.parametrize("marker", ["<!-- a --> b", "<!-- a\nb -->", "x", "<!-- a--b -->"])
def test_a_marker_is_one_comment(marker: str) -> None:
    with pytest.raises(ValueError, match="not a marker"):
        Context(marker=marker)


def test_markers_of_different_keys_differ() -> None:
    keys = ["a", "a-b", "a b", "a~2Db", "a--b", "ä", "a/b", "a" * 300, "a" * 301]

    assert len({marker_of(key) for key in keys}) == len(keys)
    assert all(Context(marker=marker_of(key)).marker for key in keys)


def test_a_fence_is_longer_than_any_within() -> None:
    fenced = escape.fence(["```", "`````"], "diff")

    assert fenced == "``````diff\n```\n`````\n``````"


def test_html_can_stand_in_an_attribute() -> None:
    assert escape.html("""<a href="x" b='y'>&""") == (
        "&lt;a href=&quot;x&quot; b=&#x27;y&#x27;&gt;&amp;"
    )


def test_a_long_word_is_code_and_takes_no_time() -> None:
    assert escape.text("a" * 61) == f"`{'a' * 61}`"
