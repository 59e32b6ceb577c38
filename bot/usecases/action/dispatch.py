"""``workflow_dispatch`` on the default branch: plan or apply again, by hand."""

from __future__ import annotations

from bot.errors import UnsupportedEvent, UsageError
from bot.model.github import DispatchEvent
from bot.usecases.action import inputs, reporting
from bot.usecases.action.converge import Target, converge
from bot.usecases.action.inputs import Command
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.revisions import check_checkout, first_parent


def run(job: Job, event: DispatchEvent) -> Ending:
    """Plans or applies the default branch's newest commit. Raises BotError."""
    if event.ref != f"refs/heads/{event.default_branch}":
        raise UnsupportedEvent(
            f"A dispatch on {event.ref} is refused: run the workflow on {event.default_branch}."
        )
    others = (Command.APPLY, Command.REPORT)
    command = inputs.command(job.context.inputs, "workflow_dispatch", Command.PLAN, *others)
    approval = inputs.expected(job.context.inputs)
    if approval.fingerprint and command is not Command.APPLY:
        raise UsageError("The input expect-fingerprint belongs to the command apply.")
    sha = job.context.sha
    check_checkout(job, sha)
    target = Target(sha, first_parent(job, sha), event.default_branch)
    if command is Command.REPORT:
        return reporting.run(job, target)
    return converge(job, command, target, approval)
