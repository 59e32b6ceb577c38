"""The rest of a plan that was approved by its fingerprint, when its run is run again."""

from __future__ import annotations

from bot.errors import GitHubRefused
from bot.model.github import AnnotationLevel
from bot.model.record import Record
from bot.render.planfile import PlanFileError, RecordedPlan, read_plan
from bot.usecases.action.job import Job
from bot.usecases.approval import Approval

ARTIFACT = Record.__dataclass_fields__["artifact"].default


def earlier_attempt(job: Job, approval: Approval) -> RecordedPlan | None:
    """The approved plan as an earlier attempt of this very run kept it, or nothing.

    Its fingerprint is computed from its changes, so that it is the one that was typed in.
    Raises GitHubError.
    """
    context = job.context
    if not approval.fingerprint or not _again(context.run_attempt):
        return None
    try:
        for content in job.doors.github.plan_files(context.run_id, str(ARTIFACT)):
            plan = read_plan(content)
            if plan.fingerprint.startswith(approval.fingerprint):
                return plan
    except (GitHubRefused, PlanFileError) as error:
        job.say(AnnotationLevel.NOTICE, str(error))
    return None


def _again(attempt: str) -> bool:
    return attempt.isascii() and attempt.isdigit() and int(attempt) > 1
