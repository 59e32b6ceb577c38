"""The command ``shards``: the matrix of the jobs that plan or apply. AWS is not asked."""

from __future__ import annotations

from bot.engine.shards import divided
from bot.errors import MeshInvalid, UnsupportedEvent, UsageError
from bot.model.github import DispatchEvent, PullRequestEvent, PushEvent
from bot.usecases.action import inputs
from bot.usecases.action.converge import Target, subject_of
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.revisions import (
    check_checkout,
    first_parent,
    pull_request_base,
    revisions,
)
from bot.usecases.action.telling import log_faults
from bot.usecases.action.unchanged import unchanged
from bot.usecases.local import Revisions
from bot.usecases.shards import matrix_json, shards_text


def run(job: Job) -> Ending:
    """Sets the output ``matrix``, empty when there is nothing to plan. Raises BotError."""
    if inputs.environments(job.context.inputs):
        raise UsageError("The input environments does not go with the command shards.")
    try:
        both = _revisions(job)
    except MeshInvalid as invalid:
        log_faults(job, invalid.diagnostics)
        raise
    if both is None:
        job.doors.runner.output("matrix", "")
        return Ending()
    inputs.check_selected((), both)
    shards = divided(both.head, both.base, inputs.max_shards(job.context.inputs))
    job.doors.runner.output("matrix", matrix_json(shards))
    job.doors.runner.log(shards_text(shards, "text"), "Shards")
    return Ending()


def _revisions(job: Job) -> Revisions | None:
    """What is to be divided, as the shards will see it; None for nothing."""
    match job.context.event:
        case PullRequestEvent(same_repository=False):
            return None  # from a fork: nothing is planned for it
        case PullRequestEvent() as event:
            base = pull_request_base(job, event)
            return None if unchanged(job, base) else revisions(job, base)
        case PushEvent(after=sha, before=before, default_branch=branch) as event:
            _check_branch(event.ref, branch)
        case DispatchEvent(default_branch=branch) as event:
            _check_branch(event.ref, branch)
            sha, before = job.context.sha, first_parent(job, job.context.sha)
        case _:
            raise UnsupportedEvent("The command shards is refused on this event.")
    check_checkout(job, sha)
    return subject_of(job, Target(sha, before, branch), applying=True).both


def _check_branch(ref: str, branch: str) -> None:
    if ref != f"refs/heads/{branch}":
        raise UnsupportedEvent(f"The command shards is refused on {ref}: only {branch} is applied.")
