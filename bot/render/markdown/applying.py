"""The note that heads the comment of a merged pull request while it is applied."""

from __future__ import annotations

from bot.model.progress import Progressed
from bot.render import escape
from bot.render.budget import size
from bot.render.context import Context, markdown_link
from bot.render.markdown.pieces import COMMENT_BUDGET, alert, bullets
from bot.render.progress import busiest, counts, in_words, more

_SCOPES = 6
_TITLE = "**Applying …**"
_START = f"> [!NOTE]\n> {_TITLE}"
_ROOM = 4_000
"""Bytes beyond the budget of a comment, which leaves more than that below GitHub's limit."""
_ADVICE = (
    "These numbers are put right now and then, and the outcome takes their place. If the run"
    " has ended and they are still here, it was killed: run it again, it does what is left."
)


def applying_comment(body: str, state: Progressed, context: Context) -> str:
    """Our own comment, whose first line is the marker, headed by how far the apply is.

    A heading of this kind that it has is replaced; alone when there is no room for both.
    """
    marker, _, rest = body.partition("\n")
    heading = _heading(state, context)
    both = f"{marker}\n{heading}\n\n{_without(rest)}"
    return both if size(both) <= COMMENT_BUDGET + _ROOM else f"{marker}\n{heading}\n"


def _heading(state: Progressed, context: Context) -> str:
    run = f" ({markdown_link('the run', context.run_url)})" if context.run_url else ""
    shown, rest = busiest(state, _SCOPES)
    scopes = [f"{escape.code(s.scope)}: {counts(s.kinds)}" for s in shown]
    listed = bullets([*scopes, *([more(rest)] if rest else [])])
    parts = (f"{_TITLE} {escape.text(in_words(state))}{run}", listed, _ADVICE)
    return alert("NOTE", "\n\n".join(part for part in parts if part))


def _without(rest: str) -> str:
    """What follows the heading of an apply before, of which nobody told the outcome."""
    if not rest.startswith(_START):
        return rest
    lines = rest.split("\n")
    end = next((n for n, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[end:]).lstrip("\n")
