"""What an apply did, as Markdown: failures with cause and advice first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from bot.model.address import Address
from bot.model.change import Outcome, Report, Result, summarise
from bot.render import escape
from bot.render.budget import Block, Text, Variant, fit, fixed, size
from bot.render.context import Context
from bot.render.grouping import sort
from bot.render.markdown import reach
from bot.render.markdown.changes import Causes, variants
from bot.render.markdown.pieces import (
    COMMENT_BUDGET,
    FOLD_LINES,
    SUMMARY_BUDGET,
    UNLIMITED,
    alert,
    bullets,
    capped,
    fold,
    footer,
    paragraphs,
    shown_of,
)
from bot.render.wording import SIGN, brief, count, done, named, things

_RESERVE = 400
_CAUSES = 20
Outcomes = Sequence[Outcome]


def outcome_comment(report: Report, context: Context) -> str:
    """The merged pull request's comment: under 60,000 bytes as a JSON string."""
    head = f"{context.marker}\n" if context.marker else ""
    return head + _compose(report, context, COMMENT_BUDGET - size(head))


def outcome_summary(report: Report, context: Context) -> str:
    """The job summary of an apply."""
    return _compose(report, context, SUMMARY_BUDGET)


def outcome_document(report: Report) -> str:
    """``--format markdown`` of an apply: everything, of any size, with no links."""
    return _compose(report, Context(), UNLIMITED)


def blocks(report: Report, context: Context) -> list[Block]:
    """What became of each change, without a headline."""
    of = {r: [o for o in report.outcomes if o.result is r] for r in Result}
    why = "the lease was lost" if report.lease_lost else "the run was stopped"
    return [
        _failed(of[Result.FAILED], 1),
        _unmade("skipped, as something they need failed", of[Result.SKIPPED], 2),
        _unmade(f"not begun or not finished: {why}", of[Result.INTERRUPTED], 2),
        fixed(0, _advice(report)),
        _warnings(report.warnings, 3),
        reach.block(report.reachability, 3),
        _applied(of[Result.APPLIED], 4, context),
    ]


def _compose(report: Report, context: Context, budget: int) -> str:
    parts = [
        fixed(0, f"### {headline(report)}"),
        *blocks(report, context),
        fixed(0, f"<sub>{footer(report.plan.fingerprint, context)}</sub>"),
    ]
    texts = fit(parts, budget - _RESERVE)
    shown = shown_of(sum(text.shown for text in texts), [o.change for o in report.outcomes])
    bodies = [text.markdown for text in texts]
    return paragraphs(*bodies[:-1], shown, bodies[-1]) + "\n"


def headline(report: Report) -> str:
    """How it went, in one line of plain text."""
    if not report.outcomes:
        return "Nothing to apply"
    applied = [o.change for o in report.outcomes if o.result is Result.APPLIED]
    if report.succeeded:
        return f"Applied: {done(summarise(applied))}"
    rest = [f"{n:,} {result}" for result in Result if (n := report.count(result))]
    return f"Partly applied: {', '.join(rest)}" if applied else f"Not applied: {', '.join(rest)}"


def _advice(report: Report) -> str:
    if report.succeeded:
        return ""
    return (
        "**What to do:** mend the cause and run the apply again. It plans anew and does what is"
        " left; what was applied stays."
    )


def _failed(outcomes: Outcomes, importance: int) -> Block:
    if not outcomes:
        return fixed(importance, "")
    title = f"**{count(len(outcomes), 'change')} failed**"
    causes = _by_cause(outcomes)

    def each() -> Text:
        lines = [f"{_line(o)}\n{_cause(o.error, o.advice)}" for o in outcomes]
        return Text(alert("CAUTION", paragraphs(title, bullets(lines))), len(outcomes))

    def per_cause() -> Text:
        lines = [
            f"{_cause(error, advice)}\n"
            + fold(f"{count(len(found), 'change')}", bullets([_line(o) for o in found]))
            for (error, advice), found in causes.items()
        ]
        return Text(alert("CAUTION", paragraphs(title, "\n\n".join(lines))), len(outcomes))

    def counted(limit: int) -> Text:
        lines = [
            f"{things([o.change for o in found])}: {_cause(error, advice, 300)}"
            for (error, advice), found in sorted(causes.items(), key=lambda c: -len(c[1]))
        ]
        return Text(alert("CAUTION", paragraphs(title, bullets(capped(lines, limit, "causes")))))

    few = len(outcomes) <= FOLD_LINES or len(causes) > len(outcomes) // 2
    floor = len(outcomes) * 40
    full = [Variant(each, floor)] if few else []
    full.append(Variant(per_cause, floor))
    return Block(
        importance, (*full, Variant(lambda: counted(_CAUSES)), Variant(lambda: counted(5)))
    )


def _by_cause(outcomes: Outcomes) -> dict[tuple[str, str], list[Outcome]]:
    found: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.error, outcome.advice].append(outcome)
    return dict(found)


def _cause(error: str, advice: str, limit: int = 1200) -> str:
    said = escape.text(error, limit) or "No reason was given."
    return f"{said}\n{escape.text(advice, limit)}" if advice else said


def _line(outcome: Outcome) -> str:
    return f"**{SIGN[outcome.change.action]}** {escape.code(brief(outcome.change), 300)}"


def _name(address: Address) -> str:
    return escape.code(named(address), 120)


def _unmade(why: str, outcomes: Outcomes, importance: int) -> Block:
    if not outcomes:
        return fixed(importance, "")
    title = f"{count(len(outcomes), 'change')} {why}"
    because = Counter(o.because_of for o in outcomes if o.because_of is not None)

    def each() -> Text:
        lines = [
            _line(o) + (f" needs {_name(o.because_of)}" if o.because_of else "") for o in outcomes
        ]
        return Text(fold(title, bullets(lines)), len(outcomes))

    def counted() -> Text:
        lines = [f"{n:,} need {_name(address)}" for address, n in because.most_common()]
        return Text(paragraphs(f"{title}.", bullets(capped(lines, 5, "causes"))))

    return _folding(importance, outcomes, each, counted)


def _folding(
    importance: int, outcomes: Outcomes, each: Callable[[], Text], counted: Callable[[], Text]
) -> Block:
    return Block(importance, (Variant(each, len(outcomes) * 40), Variant(counted)))


def _warnings(warnings: Sequence[str], importance: int) -> Block:
    if not warnings:
        return fixed(importance, "")
    title = f"**{count(len(warnings), 'warning')}**"

    def listed(limit: int) -> Text:
        lines = capped([escape.text(w, 300) for w in warnings], limit, "warnings")
        return Text(alert("WARNING", paragraphs(title, bullets(lines))))

    return Block(importance, (Variant(lambda: listed(len(warnings))), Variant(lambda: listed(5))))


def _applied(outcomes: Outcomes, importance: int, context: Context) -> Block:
    if not outcomes:
        return fixed(importance, "")
    changes = [outcome.change for outcome in outcomes]
    title = f"What was applied: {things(changes)}"
    return Block(
        importance,
        variants(sort(changes), Causes((), context), lambda body: fold(title, body)),
    )
