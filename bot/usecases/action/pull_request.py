"""``pull_request``: validate, plan with the plan role, comment, check run, annotations."""

from __future__ import annotations

from bot.errors import BotError, ExitCode, FailureReason, MeshInvalid, UsageError
from bot.model.change import Plan
from bot.model.github import AnnotationLevel, Conclusion, PullRequestEvent
from bot.model.record import Record
from bot.render.record import record_text
from bot.usecases.action import fork, inputs, notes
from bot.usecases.action.gathering import plan_of_all
from bot.usecases.action.inputs import Command, CommentMode
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.pages import View
from bot.usecases.action.recording import approver, conclusion, record_of, title
from bot.usecases.action.revisions import pull_request_base, revisions
from bot.usecases.action.sharded import plan_of_pull_request
from bot.usecases.action.telling import (
    Result,
    log_faults,
    tell_check,
    tell_comment,
    tell_plan,
    tell_run,
)
from bot.usecases.action.unchanged import tell_nothing, unchanged
from bot.usecases.local import Revisions, plan_exit_code

PLANNED = frozenset({"opened", "synchronize", "reopened", "ready_for_review", "edited"})
"""Activities after which the plan may be another one; ``edited`` only with a new base."""

REASONS = {
    ExitCode.INVALID: FailureReason.INVALID_MESH,
    ExitCode.REFUSED: FailureReason.LIMITS,
}


def run(job: Job, event: PullRequestEvent) -> Ending:
    """Plans a pull request and tells what was found. Raises BotError."""
    if event.action not in PLANNED or (event.action == "edited" and not event.base_changed):
        text = f"Nothing to plan after the activity {event.action!r} of a pull request."
        job.say(AnnotationLevel.NOTICE, text)
        return Ending()
    if not event.same_repository:
        return fork.run(job, event)
    others = (Command.VALIDATE, Command.REPORT)
    command = inputs.command(job.context.inputs, "pull_request", Command.PLAN, *others)
    if job.context.inputs.shard and command is Command.PLAN:
        return plan_of_pull_request(job, event)
    mode = inputs.comment_mode(job.context.inputs)
    view = View.of(job.context, event.head_sha, branch=event.base_branch)
    try:
        return _reviewed(job, event, command, mode)
    except MeshInvalid as invalid:
        log_faults(job, invalid.diagnostics)
        page = view.invalid(invalid.diagnostics)
        found = notes.faults(invalid.diagnostics)
        result = Result(Conclusion.FAILURE, "The mesh files have errors", page, found)
        _tell(job, event, result, mode)
        raise
    except BotError as failure:
        page = view.failure(failure)
        _tell(job, event, Result(Conclusion.FAILURE, "No plan could be made", page), mode)
        raise


def _reviewed(job: Job, event: PullRequestEvent, command: Command, mode: CommentMode) -> Ending:
    base = pull_request_base(job, event)
    if unchanged(job, base):
        return _untouched(job, event, mode)
    both = revisions(job, base)
    names = inputs.environments(job.context.inputs)
    inputs.check_selected(names, both)
    if names and command is Command.REPORT:
        raise UsageError("The command report is about everything: give no environments.")
    view = View.of(job.context, event.head_sha, base, event.base_branch)
    if command is Command.VALIDATE:
        return _validated(job, event, both, view)
    if command is Command.REPORT:
        plan = plan_of_all(job, event, base, both)
    else:
        plan = job.doors.plan(both, names, applying=False)
    view = view.merging(event.base_branch == event.default_branch)
    digest = tell_plan(job, plan, view)
    page = view.plan(plan)
    record = record_of(job, event, base, plan, digest)
    who = _approved_by(job, event, record)
    result = Result(
        conclusion(record, who),
        title(record, who),
        page,
        notes.of_plan(plan, both.head),
        plan.fingerprint,
        record_text(record),
    )
    _tell(job, event, result, mode, worth_a_comment=_worth_a_comment(plan))
    code = plan_exit_code(plan, detailed=False)
    if who and code is ExitCode.REFUSED:
        code = ExitCode.SUCCESS
    return Ending(code, REASONS.get(code, FailureReason.NONE))


def _approved_by(job: Job, event: PullRequestEvent, record: Record) -> str:
    """Who approved this very plan before, when the job is run again; nothing mostly."""
    if not record.refused:
        return ""
    github = job.doors.github
    return job.attempt(lambda: approver(job, github.pull(event.number).author, record)) or ""


def _untouched(job: Job, event: PullRequestEvent, mode: CommentMode) -> Ending:
    """The check at once, so that it can be required of every pull request."""
    tell_nothing(job)
    page = View.of(job.context, event.head_sha).untouched()
    result = Result(Conclusion.SUCCESS, "No mesh changes", page)
    # a comment from before, when the pull request did change a mesh, is put right
    only_old = mode if mode is CommentMode.NEVER else CommentMode.CHANGES
    _tell(job, event, result, only_old, worth_a_comment=False)
    return Ending()


def _validated(job: Job, event: PullRequestEvent, both: Revisions, view: View) -> Ending:
    page = view.valid(len(both.head.environments))
    found = notes.faults(both.diagnostics)
    result = Result(Conclusion.SUCCESS, "The mesh files are valid", page, found)
    # only a comment that speaks of errors mended since needs to be put right
    _tell(job, event, result, CommentMode.CHANGES, worth_a_comment=False)
    return Ending()


def _worth_a_comment(plan: Plan) -> bool:
    return bool(plan.changes or plan.refusals or plan.faulty or plan.gaps)


def _tell(
    job: Job,
    event: PullRequestEvent,
    result: Result,
    mode: CommentMode,
    *,
    worth_a_comment: bool = True,
) -> None:
    tell_run(job, result.page)
    tell_check(job, event.head_sha, result)
    if mode is CommentMode.NEVER or not _still_the_head(job, event):
        return
    create = worth_a_comment or mode is CommentMode.ALWAYS
    marker = View.of(job.context).marker
    tell_comment(job, [event.number], marker, result.page, create=create)


def _still_the_head(job: Job, event: PullRequestEvent) -> bool:
    """False when the pull request moved on, is closed, or cannot be asked."""
    pull = job.attempt(lambda: job.doors.github.pull(event.number))
    if pull is None:
        return False
    if pull.open and pull.head_sha == event.head_sha:
        return True
    why = f"has moved on to {pull.head_sha[:12]}" if pull.open else "is closed"
    job.say(
        AnnotationLevel.NOTICE,
        f"Pull request #{event.number} {why}; this run of {event.head_sha[:12]} leaves its "
        "comment as it is.",
    )
    return False
