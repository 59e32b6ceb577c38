"""An apply that was refused, in whole or in part: what is new since the review, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.engine.planner import narrowed
from bot.engine.review import Verdict
from bot.engine.subset import Canonical
from bot.model.change import Change, Plan, Report
from bot.render import escape
from bot.render.budget import Block, Text, Variant, fit, fixed, size
from bot.render.context import Context
from bot.render.grouping import sort
from bot.render.markdown import destroys, outcome, problems
from bot.render.markdown.changes import Causes, variants
from bot.render.markdown.pieces import (
    COMMENT_BUDGET,
    FOLD_LINES,
    SUMMARY_BUDGET,
    alert,
    bullets,
    capped,
    fold,
    footer,
    name,
    paragraphs,
    shown_of,
)
from bot.render.wording import count, things

_RESERVE = 400
_NAMES = 20
_FEW, _SOME = 20, 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why environments were not applied, and what became of the others.

    ``plan`` is the whole plan of now, ``verdicts`` the refusing ones, ``reviewed`` the
    canonical changes that were reviewed for any environment, ``problems`` by pull request
    why its recorded plan could not be used. ``report`` tells of what was applied.
    """

    plan: Plan
    verdicts: tuple[Verdict, ...]
    reviewed: Sequence[Canonical] = ()
    problems: Mapping[int, str] = field(default_factory=dict)
    report: Report | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The environments that were refused, sorted."""
        return tuple(sorted(verdict.environment for verdict in self.verdicts))

    @property
    def part(self) -> Plan:
        """The plan of these environments: what a dispatch for them would approve."""
        return narrowed(self.plan, self.names)

    @property
    def beyond(self) -> tuple[Change[object], ...]:
        """What nobody reviewed, each change once, in the plan's order."""
        new = {change.address for verdict in self.verdicts for change in verdict.beyond}
        return tuple(change for change in self.plan.changes if change.address in new)


def refusal_comment(refusal: Refusal, context: Context) -> str:
    """The merged pull request's comment: under 60,000 bytes as a JSON string."""
    head = f"{context.marker}\n" if context.marker else ""
    return head + _compose(refusal, context, COMMENT_BUDGET - size(head))


def refusal_summary(refusal: Refusal, context: Context) -> str:
    """The job summary of an apply that was refused."""
    return _compose(refusal, context, SUMMARY_BUDGET)


def _compose(refusal: Refusal, context: Context, budget: int) -> str:
    part, new = refusal.part, refusal.beyond
    report = refusal.report if refusal.report and refusal.report.outcomes else None
    applied = [o.change for o in report.outcomes] if report else []
    causes = Causes(part.memberships, context)
    title = f"New since the review: {things(new)}"
    blocks = [
        fixed(0, f"### {headline(refusal)}"),
        _reasons(refusal, 0),
        _records(refusal.problems, 2),
        *problems.blocks(replace(part, diagnostics=(), gaps=()), context, 2),
        destroys.block(replace(part, changes=new), 1),
        Block(3, variants(sort(new), causes, lambda body: fold(title, body, opened=True))),
        _no_more(refusal, 5),
        fixed(0, _advice(part, refusal, context)),
        *(_applied(report, context) if report else ()),
        fixed(0, f"<sub>{footer(refusal.plan.fingerprint, context)}</sub>"),
    ]
    texts = fit(blocks, budget - _RESERVE)
    shown = shown_of(sum(text.shown for text in texts), [*new, *applied])
    bodies = [text.markdown for text in texts]
    return paragraphs(*bodies[:-1], shown, bodies[-1]) + "\n"


def headline(refusal: Refusal) -> str:
    """What was refused, in one line of Markdown."""
    many = len(refusal.verdicts)
    what = name(refusal.names[0]) if many == 1 else count(many, "environment")
    partly = " The rest was applied." if refusal.report and refusal.report.outcomes else ""
    return f"Refused: {what} {'was' if many == 1 else 'were'} not applied.{partly}"


def _reasons(refusal: Refusal, importance: int) -> Block:
    lines = [f"{name(v.environment)}: {'; '.join(_reason(v))}" for v in refusal.verdicts]
    body = bullets(capped(sorted(lines), _NAMES, "environments"))
    title = "**Nothing was changed in these environments**"
    return fixed(importance, alert("CAUTION", paragraphs(title, body)))


def _reason(verdict: Verdict) -> list[str]:
    said = []
    if verdict.direct:
        said.append("a commit that no pull request brought changed it")
    if verdict.beyond:
        said.append(f"{count(len(verdict.beyond), 'change')} nobody reviewed")
    if verdict.refused:
        said.append("it is over a limit, and no review approved that")
    return said


def _records(found: Mapping[int, str], importance: int) -> Block:
    if not found:
        return fixed(importance, "")
    lines = [f"#{number}: {escape.text(why, 300)}" for number, why in sorted(found.items())]
    title = "**Recorded plans that could not be used**"

    def listed(limit: int) -> Text:
        return Text(alert("WARNING", paragraphs(title, bullets(capped(lines, limit, "plans")))))

    return Block(importance, (Variant(lambda: listed(_SOME)), Variant(lambda: listed(5))))


def _no_more(refusal: Refusal, importance: int) -> Block:
    """What was reviewed for these environments and would no longer be done, or done otherwise."""
    current = {str(change.address) for change in refusal.plan.changes}
    new = {str(change.address) for change in refusal.beyond}
    otherwise = sorted({str(c["address"]) for c in refusal.reviewed if c["address"] in new})
    gone = sorted({str(c["address"]) for c in refusal.reviewed if c["address"] not in current})
    if not (otherwise or gone):
        return fixed(importance, "")
    sentences = paragraphs(
        f"{count(len(otherwise), 'reviewed change')} would now be made in another way."
        if otherwise
        else "",
        f"{count(len(gone), 'reviewed change')} need no longer be made." if gone else "",
    )
    lines = [f"{escape.code(a, 200)}, otherwise" for a in otherwise]
    lines += [f"{escape.code(a, 200)}, no longer" for a in gone]

    def listed(limit: int) -> Text:
        body = bullets(capped(lines, limit, "reviewed changes"))
        title = "Reviewed, but not what would be done now"
        return Text(paragraphs(sentences, fold(title, body, when=len(lines) > FOLD_LINES)))

    levels = tuple(Variant(lambda n=n: listed(n), floor=n * 20) for n in (_SOME, _FEW))  # type: ignore[misc]
    return Block(importance, (*levels, Variant(lambda: Text(sentences))))


def _advice(part: Plan, refusal: Refusal, context: Context) -> str:
    """How to approve it: the fingerprint is that of the plan for these environments alone."""
    branch = f" on {escape.text(context.base, 80)}" if context.base else ""
    some = refusal.names if len(refusal.names) < len(refusal.plan.environments) else ()
    lines = [f"`expect-fingerprint`: {escape.code(part.fingerprint)}"]
    if some and len(some) <= _NAMES and not any(set(",\r\n") & set(n) for n in some):
        lines.insert(0, f"`environments`: {escape.code(','.join(some), 5_500)}")
    elif some:
        lines = ["plan by hand first, for some environments at a time: it shows the fingerprint"]
    return paragraphs(
        f"**What to do:** review the above. To apply exactly what is planned now, run the apply"
        f" workflow by hand{branch} with the command `apply` and",
        bullets(lines),
        "or open a pull request that changes the mesh files: its plan shows everything anew.",
    )


def _applied(report: Report, context: Context) -> list[Block]:
    return [fixed(0, f"#### {outcome.headline(report)}"), *outcome.blocks(report, context)]
