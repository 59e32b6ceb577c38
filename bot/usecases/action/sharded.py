"""One shard of a run: which environments it is, and what it leaves for the report of all."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.content import files_digest
from bot.engine.shards import chosen
from bot.errors import BotError, MeshInvalid
from bot.model.change import Plan, Report
from bot.model.github import PullRequestEvent
from bot.model.shard import Shard, numbered
from bot.render.shardfile import Reviewing, ShardFile, shard_json
from bot.usecases.action import inputs
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.judging import Judgement
from bot.usecases.action.pages import View
from bot.usecases.action.refusing import reason_of, refusal
from bot.usecases.action.revisions import pull_request_base, revisions
from bot.usecases.action.telling import log_faults, tell_plan, tell_run
from bot.usecases.local import Revisions

FILE = "shard.json"
SILENT = frozenset({"shards", "report"})
"""Commands that are about all shards: they are none themselves."""


def shard_of(job: Job, both: Revisions) -> Shard | None:
    """The shard that the inputs ask for, if any. Raises UsageError and Refused."""
    label = job.context.inputs.shard
    if not label:
        return None
    return chosen(label, inputs.environments(job.context.inputs), both.head, both.base)


def plan_of_pull_request(job: Job, event: PullRequestEvent) -> Ending:
    """Plans a shard of a pull request: no comment and no check run, which the report makes.

    What the plan is refused for is for the report to say too. Raises BotError.
    """
    base = pull_request_base(job, event)
    try:
        both = revisions(job, base)
    except MeshInvalid as invalid:
        log_faults(job, invalid.diagnostics)
        raise
    shard = shard_of(job, both)
    assert shard is not None, "only called for a shard"
    plan = job.doors.plan(both, (), applying=False, shard=shard)
    view = View.of(job.context, event.head_sha, base, event.base_branch)
    tell_plan(job, plan, view)
    tell_run(job, view.plan(plan))
    digest = files_digest(job.doors.files())
    leave(job, ShardFile("plan", shard, event.head_sha, base, digest, plan))
    return Ending()


def leave_outcome(
    job: Job, shard: Shard, head: str, plan: Plan, judgement: Judgement, report: Report
) -> None:
    """Leaves what an apply did, and why not more. Raises BotError."""
    refused = judgement.refused
    told = refusal(plan, judgement, report) if refused else None
    reviewing = Reviewing(
        judgement.told,
        refused,
        tuple(sorted({str(change["address"]) for change in told.reviewed})) if told else (),
        told.problems if told else {},
        str(reason_of(judgement)) if refused else "",
    )
    leave(job, ShardFile("apply", shard, head, plan=plan, report=report, reviewing=reviewing))


def leave_superseded(job: Job, shard: Shard, newer: str) -> None:
    """Leaves word that there was nothing to do. Raises BotError."""
    leave(job, ShardFile("apply", shard, superseded=newer))


def leave_failure(job: Job, failure: BotError) -> None:
    """Leaves why a shard's run failed, unless it left a result; never raises."""
    given = job.context.inputs
    shard = numbered(given.shard)
    if shard is None or job.left or given.command in SILENT:
        return
    command = "plan" if isinstance(job.context.event, PullRequestEvent) else "apply"
    named = Shard(shard.number, shard.of, inputs.environments(given))
    told = (str(failure.reason), str(failure)[:2_000])
    job.attempt(lambda: leave(job, ShardFile(command, named, failure=told)))


def leave(job: Job, file: ShardFile) -> None:
    """Writes the file, with the attempt that it is of, and says where. Raises BotError."""
    file = replace(file, run=job.context.run_id, attempt=attempt(job))
    job.doors.runner.output("shard-path", job.doors.runner.keep(FILE, [shard_json(file)]))
    job.left = True


def attempt(job: Job) -> int:
    """Which attempt of its workflow run this is; the first, where GitHub does not say."""
    said = job.context.run_attempt
    return int(said) if said.isascii() and said.isdecimal() and int(said) else 1
