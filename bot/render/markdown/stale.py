"""The caution that heads the comment and the check run of a plan that is no longer true."""

from __future__ import annotations

from collections.abc import Sequence

from bot.render import escape
from bot.render.budget import size
from bot.render.context import Context, markdown_link
from bot.render.markdown.pieces import COMMENT_BUDGET, alert, bullets, capped

_TITLE = "> [!CAUTION]\n> **This plan is stale**"
_ROOM = 5_000
"""Bytes beyond the budget of a comment, which leaves more than that below GitHub's limit."""


def stale_comment(body: str, why: str, context: Context) -> str:
    """Our own comment, whose first line is the marker, headed by the caution."""
    marker, _, rest = body.partition("\n")
    return f"{marker}\n{stale_summary(rest, why, context)}"


def lacking(body: str, lost: Sequence[str]) -> str:
    """A text whose first line is the marker, headed by what is missing of the whole."""
    marker, _, rest = body.partition("\n")
    lines = bullets(capped([escape.text(line, 300) for line in lost], 10, "shards"))
    title = "**Not everything is known: shards ended without a result**"
    caution = alert("CAUTION", f"{title}\n{lines}")
    advice = "**What to do:** mend the cause and run the failed jobs of this run again."
    both = f"{marker}\n### Not a whole result: shards are missing\n\n{caution}\n\n{advice}\n\n"
    return (both + rest).lstrip("\n")


def stale_summary(text: str, why: str, context: Context) -> str:
    """A text of our own headed by the caution, once; alone when there is no room for both."""
    if text.startswith(_TITLE):
        return text
    run = f" ({markdown_link('the apply', context.run_url)})" if context.run_url else ""
    caution = alert(
        "CAUTION",
        f"**This plan is stale**: {escape.text(why, 300)}{run}.\n"
        "Merging it may be refused. Push to the branch, or run its plan again, to see what"
        " would be done now.",
    )
    both = f"{caution}\n\n{text}"
    return both if size(both) <= COMMENT_BUDGET + _ROOM else f"{caution}\n"
