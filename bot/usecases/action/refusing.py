"""A refusal: its reason, its words, and what the pull request is shown."""

from __future__ import annotations

from bot.errors import FailureReason
from bot.model.change import Plan, Report
from bot.render.markdown import Refusal
from bot.usecases.action.judging import Judgement, problems


def reason_of(judgement: Judgement) -> FailureReason:
    """Why it was refused: nobody reviewed it, it changed since, or it is over a limit."""
    refused = judgement.refused
    reviewed = any(found.plan for found in judgement.reviewed)
    unusable = bool(problems(judgement.reviewed))
    if any(verdict.direct for verdict in refused):
        return FailureReason.UNREVIEWED
    if any(verdict.beyond for verdict in refused):
        known = reviewed and not unusable
        return FailureReason.STALE_PLAN if known else FailureReason.UNREVIEWED
    return FailureReason.LIMITS


def refusal(plan: Plan, judgement: Judgement, report: Report | None) -> Refusal:
    """What the pull requests are shown."""
    names = {verdict.environment for verdict in judgement.refused}
    reviewed = [
        change
        for found in judgement.reviewed
        if found.plan and found.environments & names
        for change in found.plan.changes
    ]
    return Refusal(plan, judgement.refused, reviewed, problems(judgement.reviewed), report)


def refused_message(judgement: Judgement, plan: Plan) -> str:
    """The refusal in plain text, for the log."""
    names = ", ".join(sorted(verdict.environment for verdict in judgement.refused))
    part = refusal(plan, judgement, None).part
    return (
        f"Not applied, as it is not what was reviewed and allowed: {names[:500]}. The summary says"
        " what is new. To apply exactly that, run the apply by hand for these environments with"
        f" expect-fingerprint {part.fingerprint}"
    )
