"""What is wrong, first things first: refusals, errors, warnings, gaps, notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from bot.model.change import Gap, Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.render import escape
from bot.render.budget import Block, Text, Variant, fit, fixed
from bot.render.context import Context, markdown_line
from bot.render.markdown.pieces import (
    COMMENT_BUDGET,
    FOLD_LINES,
    SUMMARY_BUDGET,
    alert,
    bullets,
    capped,
    fold,
    links,
    paragraphs,
)
from bot.render.wording import count

FEW, SOME, CODES = 20, 100, 15
_DETAIL_LIMIT = 1200


def blocks(plan: Plan, context: Context, importance: int) -> list[Block]:
    """Refusals, errors, warnings and gaps, each at falling levels of detail."""
    of = {s: [d for d in plan.diagnostics if d.severity is s] for s in Severity}
    refused = "**Refused: this plan is not applied as it is**"
    errors, warnings = of[Severity.ERROR], of[Severity.WARNING]
    return [
        _refusals(plan.refusals, refused, context, importance),
        _block("CAUTION", _title(errors, "error"), errors, "errors", context, importance),
        gaps(plan.gaps, importance),
        _block("WARNING", _title(warnings, "warning"), warnings, "warnings", context, importance),
    ]


def notices(plan: Plan, context: Context, importance: int) -> Block:
    """What may be read, folded."""
    found = [d for d in plan.diagnostics if d.severity is Severity.NOTICE]
    if not found:
        return fixed(importance, "")
    title = count(len(found), "notice")
    return _levels(
        importance,
        len(found),
        lambda limit: fold(title, bullets(_items(found, context, limit, "notices"))),
        lambda: f"{title}: {_by_code(found)}.",
    )


def _refusals(found: Sequence[Diagnostic], title: str, context: Context, importance: int) -> Block:
    """Several have mostly the same advice: it is given once."""
    advice = {d.detail for d in found} if len(found) > 1 else set()
    short = [replace(d, detail="") for d in found] if len(advice) == 1 else found
    closing = escape.text(advice.pop(), _DETAIL_LIMIT) if len(advice) == 1 else ""
    return _block("CAUTION", title, short, "refusals", context, importance, closing)


def _title(found: Sequence[Diagnostic], noun: str) -> str:
    return f"**{count(len(found), noun)}**"


def _block(
    kind: str,
    title: str,
    found: Sequence[Diagnostic],
    what: str,
    context: Context,
    importance: int,
    closing: str = "",
) -> Block:
    if not found:
        return fixed(importance, "")

    def listed(limit: int) -> str:
        body = bullets(_items(found, context, limit, what))
        summary = f"{_by_code(found)}"
        if len(found) > FOLD_LINES:
            body = paragraphs(f"{summary}.", fold(f"All {what}", body))
        return alert(kind, paragraphs(title, body, closing))

    return _levels(
        importance, len(found), listed, lambda: alert(kind, paragraphs(title, _by_code(found)))
    )


def gaps(found: Sequence[Gap], importance: int, meaning: str = "") -> Block:
    """What could not be read, and what that means: of a plan, that nothing is deleted there."""
    if not found:
        return fixed(importance, "")
    places = count(len({gap.scope for gap in found}), "account region")
    them = "it" if len({gap.scope for gap in found}) == 1 else "them"
    meaning = meaning or f"nothing is deleted in or towards {them}"
    title = f"**{places} could not be read**; {meaning}"

    def listed(limit: int) -> str:
        return alert("WARNING", paragraphs(title, bullets(_gap_items(found, limit))))

    return _levels(importance, len(found), listed, lambda: alert("WARNING", title))


def _gap_items(gaps: Sequence[Gap], limit: int) -> list[str]:
    lines = [
        f"{escape.code(gap.scope)} {escape.code(gap.action)}: {escape.text(gap.error)}"
        for gap in gaps[:limit]
    ]
    missing = len(gaps) - limit
    return [*lines, f"… {limit:,} of {len(gaps):,} gaps shown"] if missing > 0 else lines


def _levels(
    importance: int, total: int, listed: Callable[[int], str], minimal: Callable[[], str]
) -> Block:
    """All, the first hundred, the first twenty, counts."""
    limits = sorted({total, min(total, SOME), min(total, FEW)}, reverse=True)
    variants = [Variant(lambda n=n: Text(listed(n)), floor=n * 30) for n in limits]  # type: ignore[misc]
    return Block(importance, (*variants, Variant(lambda: Text(minimal()))))


def _items(found: Sequence[Diagnostic], context: Context, limit: int, what: str) -> list[str]:
    lines = [item(diagnostic, context) for diagnostic in found[:limit]]
    missing = len(found) - limit
    return [*lines, f"… {limit:,} of {len(found):,} {what} shown"] if missing > 0 else lines


def item(diagnostic: Diagnostic, context: Context) -> str:
    """A diagnostic: its summary and place, on the next line its detail."""
    place = markdown_line(context, diagnostic.location) if diagnostic.location else ""
    summary = escape.text(diagnostic.summary) + (f" ({place})" if place else "")
    detail = escape.text(diagnostic.detail, _DETAIL_LIMIT)
    return f"{summary}\n{detail}" if detail else summary


def _by_code(found: Iterable[Diagnostic]) -> str:
    codes = Counter(diagnostic.code for diagnostic in found)
    each = [f"{number:,} {escape.code(code, 40)}" for code, number in codes.most_common()]
    return ", ".join(capped(each, CODES, "kinds"))


def invalid_comment(diagnostics: Sequence[Diagnostic], context: Context) -> str:
    """The comment when mesh files have errors and there is no plan."""
    return "\n".join(filter(None, [context.marker, _invalid(diagnostics, context, COMMENT_BUDGET)]))


def invalid_summary(diagnostics: Sequence[Diagnostic], context: Context) -> str:
    """The job summary when mesh files have errors and there is no plan."""
    return _invalid(diagnostics, context, SUMMARY_BUDGET)


def _invalid(diagnostics: Sequence[Diagnostic], context: Context, budget: int) -> str:
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    warnings = [d for d in diagnostics if d.severity is Severity.WARNING]
    found = [
        fixed(0, f"### No plan: {count(len(errors), 'error')} in the mesh files"),
        _block("CAUTION", _title(errors, "error"), errors, "errors", context, 0),
        _block("WARNING", _title(warnings, "warning"), warnings, "warnings", context, 1),
        fixed(0, "Nothing was read from AWS and nothing is applied until they are mended."),
        fixed(0, links(context)),
    ]
    return paragraphs(*(text.markdown for text in fit(found, budget - 300))) + "\n"
