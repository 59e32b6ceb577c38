"""``push`` to the default branch: apply what was merged."""

from __future__ import annotations

from bot.errors import UnsupportedEvent
from bot.model.github import PushEvent
from bot.usecases.action import inputs, reporting
from bot.usecases.action.converge import Target, converge
from bot.usecases.action.inputs import Command
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.revisions import check_checkout
from bot.usecases.approval import Approval


def run(job: Job, event: PushEvent) -> Ending:
    """Applies the pushed commit, compared with the one before the push. Raises BotError."""
    if event.deleted or event.ref != f"refs/heads/{event.default_branch}":
        raise UnsupportedEvent(
            f"A push to {event.ref} is refused: only {event.default_branch} is applied. "
            "Restrict the workflow with `on: push: branches:`."
        )
    others = (Command.PLAN, Command.REPORT)
    command = inputs.command(job.context.inputs, "push", Command.APPLY, *others)
    check_checkout(job, event.after)
    target = Target(event.after, event.before, event.default_branch)
    if command is Command.REPORT:
        return reporting.run(job, target)
    return converge(job, command, target, Approval())
