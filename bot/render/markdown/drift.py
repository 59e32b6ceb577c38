"""The issue about an environment's drift: the plan for it, and what to do."""

from __future__ import annotations

from bot.model.change import Plan
from bot.render import escape
from bot.render.budget import size
from bot.render.context import Context
from bot.render.markdown.pieces import COMMENT_BUDGET, name, paragraphs
from bot.render.markdown.plan import compose
from bot.render.wording import to_do

TITLE_LIMIT = 120


def drift_title(environment: str) -> str:
    """The issue's title, which GitHub shows as plain text; the same at every run."""
    return f"Drift in {escape.visible(environment, TITLE_LIMIT)}"


def drift_issue(plan: Plan, context: Context, environment: str) -> str:
    """The issue's body, for the part of a plan that one environment has; under 60,000 bytes.

    Without changes the plan has gaps: whether there is drift could not be told.
    """
    if plan.changes:
        headline = f"### Drift in {name(environment)}: {to_do(plan.summary)}"
        closing = _closing(plan, environment)
    else:
        headline = f"### Drift in {name(environment)}: not known"
        closing = "What could be read is as the mesh files ask for. This issue stays open until"
        closing += " everything could be read."
    head = f"{context.marker}\n"
    budget = COMMENT_BUDGET - size(head)
    return head + compose(plan, context, budget, headline=headline, closing=closing)


def no_drift(context: Context, environment: str, plan: Plan | None) -> str:
    """The body of an issue that closes; without a plan the environment is no longer known."""
    if plan is None:
        said = "No mesh file names this environment any more, and nothing of it was found in AWS."
        return f"{context.marker}\n### No drift\n\n{said}\n"
    headline = f"### No drift in {name(environment)}"
    closing = "The mesh in AWS is as its files ask for."
    return f"{context.marker}\n" + compose(
        plan, context, COMMENT_BUDGET - 300, headline=headline, closing=closing
    )


def _closing(plan: Plan, environment: str) -> str:
    apply_ = (
        "- If the mesh files are right, run the apply workflow by hand with the command"
        f" `apply`, the environment {name(environment)} and the fingerprint"
        f" {escape.code(plan.fingerprint[:12])}: it applies just this."
    )
    change = "- If AWS is right, change the mesh files in a pull request."
    after = "Each drift run updates this issue; it closes by itself once the drift is gone."
    gaps = (
        "" if plan.complete else "What could not be read may hide more, so it stays open till then."
    )
    return paragraphs("**What to do**", f"{apply_}\n{change}", f"{after} {gaps}".strip())
