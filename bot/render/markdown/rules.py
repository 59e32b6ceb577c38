"""Security group rules as Markdown: a row for each, or a line for each group and peer."""

from __future__ import annotations

from collections.abc import Callable

from bot.kinds.security_group_rule import RuleSpec
from bot.kinds.security_group_rule.words import called, done, lets_peer
from bot.model.change import Action, Change
from bot.render import escape, rules
from bot.render.context import Context, markdown_line
from bot.render.grouping import Changes
from bot.render.markdown.pieces import FOLD_LINES, fold, paragraphs, table
from bot.render.wording import SIGN, some_to_do, things

NAMED = 3
"""Entries that a row names: several may ask for one rule."""


def listed(changes: Changes, cause: Callable[[Change[RuleSpec]], str], context: Context) -> str:
    """A table with a row for each rule, folded when long. ``cause`` gives Markdown."""
    if not changes:
        return ""
    rows = [_row(change, cause(change), context) for change in changes]
    body = table(("", "Security group", "Rule", "Why"), rows)
    return fold(_title(changes), body, when=len(rows) > FOLD_LINES)


def grouped(changes: Changes) -> str:
    """A line for each group and peer, folded when long."""
    if not changes:
        return ""
    lines = [escape.visible(line, 500) for line in rules.by_peer(changes)]
    title, body = f"{_title(changes)} (by group and peer)", escape.fence(lines, "diff")
    return fold(title, body) if len(lines) > FOLD_LINES else paragraphs(f"{title}:", body)


def _title(changes: Changes) -> str:
    return f"{things(changes)}: {some_to_do(changes)}"


def _row(change: Change[RuleSpec], cause: str, context: Context) -> tuple[str, ...]:
    spec, names = rules.spec_of(change), dict(change.names)
    said = spec.description
    if change.before is not None and change.after is not None:
        said = "; ".join(done(change.before, change.after))
    what = escape.text(lets_peer(spec, names), 400)
    sign = {"+": "+", "~": "~", "-": "−"}[SIGN[change.action]]  # noqa: RUF001  a real minus
    return (
        f"**{sign}**",
        f"{escape.text(called(spec.group, names))}<br>{escape.code(spec.vpc)}",
        what + (f"<br>{escape.text(said, 300)}" if said else ""),
        _why(change, cause, context),
    )


def _why(change: Change[RuleSpec], cause: str, context: Context) -> str:
    """The entries that ask for it; of one that goes what took them away."""
    if change.action is Action.DELETE:
        return cause
    places = [markdown_line(context, line) for line in change.declared_at[:NAMED]]
    more = len(change.declared_at) - NAMED
    return ", ".join([*places, f"{more} more"] if more > 0 else places) or cause
