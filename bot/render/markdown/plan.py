"""A plan as Markdown: what a reviewer needs in five seconds, then everything else."""

from __future__ import annotations

from bot.model.change import Plan
from bot.model.diagnostic import Severity
from bot.render import escape, mermaid
from bot.render.budget import Block, Text, Variant, fit, fixed, size
from bot.render.context import Context
from bot.render.grouping import parts
from bot.render.levels import missing_vpcs
from bot.render.markdown import destroys, environments, problems, reach
from bot.render.markdown.pieces import (
    COMMENT_BUDGET,
    SUMMARY_BUDGET,
    UNLIMITED,
    Fingerprints,
    fingerprints,
    fold,
    footer,
    paragraphs,
    shown_of,
)
from bot.render.wording import no_changes, to_do

_RESERVE = 400
"""Bytes kept for the line that says how much is shown, the last line break and quotes."""

_OPEN_GRAPH_LINES = 40


def comment(plan: Plan, context: Context) -> str:
    """The pull request's comment: under 60,000 bytes as a JSON string, whatever the plan."""
    head = f"{context.marker}\n" if context.marker else ""
    return head + compose(plan, context, COMMENT_BUDGET - size(head))


def job_summary(plan: Plan, context: Context) -> str:
    """The job summary: the same in more detail, well under the runner's 1 MiB."""
    return compose(plan, context, SUMMARY_BUDGET)


def document(plan: Plan) -> str:
    """``--format markdown``: everything, of any size, with no links."""
    return compose(plan, Context(), UNLIMITED)


def compose(
    plan: Plan, context: Context, budget: int, *, headline: str = "", closing: str = ""
) -> str:
    """A plan within ``budget`` bytes; with another headline and last words where given."""
    prints = Fingerprints.of(plan)
    blocks = [
        fixed(0, headline or _headline(plan)),
        destroys.block(plan, 1),
        *problems.blocks(plan, context, 2),
        *environments.blocks(parts(plan), context),
        reach.block(plan.reachability, 3),
        _graph(plan, 5),
        problems.notices(plan, context, 7),
        fixed(0, closing or _next(plan, context, prints.total)),
        _fingerprints(prints, 8),
        fixed(0, f"<sub>{footer(prints.total, context)}</sub>"),
    ]
    texts = fit(blocks, budget - _RESERVE)
    shown = shown_of(sum(text.shown for text in texts), plan.changes)
    bodies = [text.markdown for text in texts]
    return paragraphs(*bodies[:-1], shown, bodies[-1]) + "\n"


def _headline(plan: Plan) -> str:
    if not plan.changes:
        said = no_changes(plan)
        return f"### meshbot\n\n{said}"
    return f"### Plan: {to_do(plan.summary)}"


def _graph(plan: Plan, importance: int) -> Block:
    if not (plan.changes or plan.memberships):
        return fixed(importance, "")
    drawn = mermaid.graph(plan.mesh, missing_vpcs(plan))
    if drawn is None:
        large = "The mesh is too large to draw here; the report has a picture of it."
        return fixed(importance, large if plan.mesh.connections else "")
    graph = drawn

    def picture() -> Text:
        lines = graph.source.split("\n")
        body = paragraphs(escape.fence(lines, "mermaid"), f"<sub>{graph.caption} {LEGEND}</sub>")
        return Text(fold("The mesh", body, opened=len(lines) <= _OPEN_GRAPH_LINES))

    return Block(importance, (Variant(picture), Variant(Text)))


LEGEND = "New: round, thick green. Going: hexagonal, dashed red. Kept: square, thin grey."


def _next(plan: Plan, context: Context, fingerprint: str) -> str:
    """What will happen on merge."""
    if context.applies_on_merge is None or not plan.changes:
        return ""
    if not context.applies_on_merge:
        return "**On merge** nothing is applied by itself; an apply has to be started by hand."
    if any(d.severity is Severity.ERROR and d not in plan.refusals for d in plan.diagnostics):
        return "**On merge** this is refused: nothing is applied until the above is settled."
    short = escape.code(fingerprint[:12])
    if plan.refusals:
        approval = escape.code(f"meshbot approve {fingerprint[:12]}")
        return (
            "**On merge** this is refused. If it is meant, approve exactly this plan: in an"
            f" approving review with the line {approval}; or after the merge, by running the"
            f" apply workflow by hand with its input `expect-fingerprint` ({short})."
        )
    gaps = "" if plan.complete else " What could not be read stays as it is."
    return (
        f"**On merge** meshbot plans again and applies exactly this plan ({short}), or what is"
        f" left of it. If AWS has changed by then, nothing new is done without a review.{gaps}"
    )


def _fingerprints(prints: Fingerprints, importance: int) -> Block:
    return Block(
        importance,
        (
            Variant(lambda: Text(fingerprints(prints, len(prints.each)))),
            Variant(lambda: Text(fingerprints(prints, 0))),
        ),
    )
