"""Plan and apply a commit of the default branch, and tell the pull request it came from."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import BotError, ExitCode, FailureReason, MeshInvalid, Refused
from bot.model.change import Plan, Report
from bot.usecases.action import inputs, notes
from bot.usecases.action.inputs import Command, CommentMode
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.pages import Page, View
from bot.usecases.action.pull_request import REASONS
from bot.usecases.action.revisions import revisions
from bot.usecases.action.telling import REPORT, annotate, tell_comment, tell_plan, tell_run
from bot.usecases.approval import Approval, check_applicable
from bot.usecases.local import Revisions, apply_exit_code, plan_exit_code


@dataclass(frozen=True, slots=True)
class Target:
    """The commit to converge to, the one it is compared with (or none), and the branch."""

    revision: str
    base: str
    branch: str


def converge(job: Job, command: Command, target: Target, approval: Approval) -> Ending:
    """Plans and, for the command ``apply``, applies. Raises BotError.

    Limits are in force: a plan beyond them, or another than the approved one, is refused
    before anything is changed. Each result of an apply is told to the pull request.
    """
    view = View.of(job.context, target.revision, target.base, target.branch)
    mode = inputs.comment_mode(job.context.inputs)
    if command is not Command.APPLY:
        mode = CommentMode.NEVER
    try:
        return _converged(job, command, target, approval, mode)
    except MeshInvalid as invalid:
        annotate(job, notes.faults(invalid.diagnostics))
        _tell(job, target, view.invalid(invalid.diagnostics), mode)
        raise
    except Refused:
        raise  # told with the plan
    except BotError as failure:
        _tell(job, target, view.failure(failure), mode)
        raise


def _converged(
    job: Job, command: Command, target: Target, approval: Approval, mode: CommentMode
) -> Ending:
    both = revisions(job, target.base)
    names = inputs.environments(job.context.inputs)
    inputs.check_selected(names, both)
    plan = job.doors.plan(both, names, applying=command is Command.APPLY)
    view = View.of(job.context, target.revision, target.base, target.branch)
    tell_plan(job, plan, view)
    annotate(job, notes.faults(dict.fromkeys((*plan.refusals, *plan.diagnostics))))
    page = view.plan(plan)
    tell_run(job, page)
    if command is not Command.APPLY:
        code = plan_exit_code(plan, detailed=False)
        return Ending(code, REASONS.get(code, FailureReason.NONE))
    try:
        check_applicable(plan, approval)
    except Refused:
        _comment(job, target, page, mode)
        raise
    return _applied(job, target, both, plan, mode)


def _applied(job: Job, target: Target, both: Revisions, plan: Plan, mode: CommentMode) -> Ending:
    report = job.doors.apply(both, plan) if plan.changes else Report(plan)
    view = View.of(job.context, target.revision, target.base, target.branch)
    _tell(job, target, view.outcome(report), mode)
    job.attempt(lambda: job.doors.runner.keep(REPORT, view.report(plan, report.outcomes)))
    code = apply_exit_code(plan, report)
    partial = code is ExitCode.PARTIAL
    return Ending(code, FailureReason.PARTIAL_APPLY if partial else FailureReason.NONE)


def _tell(job: Job, target: Target, page: Page, mode: CommentMode) -> None:
    tell_run(job, page)
    _comment(job, target, page, mode)


def _comment(job: Job, target: Target, page: Page, mode: CommentMode) -> None:
    """On the pull requests that brought the commit: found by GitHub, and merged into here."""
    if mode is CommentMode.NEVER:
        return
    github = job.doors.github
    numbers = job.attempt(lambda: github.merged_pulls(target.revision, target.branch))
    marker = View.of(job.context).marker
    tell_comment(job, numbers or (), marker, page)
