"""The files that the shards of this run left, and whether they are one whole. They are hostile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.engine.content import files_digest
from bot.engine.shard_union import NotOneWhole, check_division, check_own, union
from bot.engine.shards import check_apart
from bot.errors import BotError, FailureReason, ShardMissing
from bot.model.change import Plan
from bot.model.github import AnnotationLevel, PullRequestEvent
from bot.render.planfile import PlanFileError
from bot.render.shardfile import ShardFile, read_shard
from bot.usecases.action.job import Job
from bot.usecases.action.sharded import attempt
from bot.usecases.local import Revisions

PREFIX = "meshbot-shard-"
"""How the workflow calls the artifact of a shard, before the shard's label."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A shard without a result: which one, why, and the failure-reason that this means."""

    what: str
    why: str
    reason: FailureReason = FailureReason.ERROR

    def __str__(self) -> str:
        return f"{self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was left, by shard number, and what is missing of it.

    ``older`` says which results are of an earlier attempt of the run. GitHub keeps those of jobs
    that were not run again, and does not tell them from those of jobs that were and left nothing.
    """

    files: tuple[ShardFile, ...]
    lost: tuple[Lost, ...]
    older: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan:
        """The plans as one. Raises ShardMissing when two of them change one thing."""
        try:
            return union(file.plan for file in self.files if file.plan)
        except NotOneWhole as fault:
            raise ShardMissing(f"The shards are not parts of one plan: {fault}.") from fault


def gathered(job: Job, command: str, environments: frozenset[str]) -> Gathered:
    """Every shard's file, checked: of this command, its own environments alone, all there.

    ``environments`` are those that must be in one of them. Raises GitHubError.
    """
    found: list[ShardFile] = []
    lost: list[Lost] = []
    for name, content in sorted(job.doors.github.shard_files(job.context.run_id, PREFIX).items()):
        try:
            file = _checked(job, name, read_shard(content), command)
        except (PlanFileError, NotOneWhole) as fault:
            lost.append(Lost(f"The artifact {name}", str(fault)))
            continue
        found.append(file)
        lost += list(_failed(file))
    found.sort(key=lambda file: file.shard.number)
    try:
        check_division([file.shard for file in found], environments)
    except NotOneWhole as fault:
        why = "the job of a shard ended without leaving its result" if found else "see its jobs"
        lost.insert(0, Lost(str(fault).capitalize(), why))
    now = attempt(job)
    older = tuple(_older(file, now) for file in found if file.attempt < now)
    for text in older:
        job.say(AnnotationLevel.WARNING, text)
    return Gathered(tuple(found), tuple(lost), older)


def _older(file: ShardFile, now: int) -> str:
    return (
        f"Shard {file.shard.label}: its result is of attempt {file.attempt} of this run, and this"
        f" is attempt {now}. Its job was not run again, or it was and left no result: see there."
    )


def _checked(job: Job, name: str, file: ShardFile, command: str) -> ShardFile:
    if file.run != job.context.run_id or file.attempt > attempt(job):
        raise NotOneWhole(f"it is of attempt {file.attempt} of the run {file.run or 'of nobody'}")
    if name != f"{PREFIX}{file.shard.label}":
        raise NotOneWhole(f"it holds the shard {file.shard.label}")
    if file.command != command:
        raise NotOneWhole(f"it is of the command {file.command}")
    if file.plan is not None:
        check_own(file.shard, file.plan)
        if command == "apply" and not (file.report or file.failure):
            raise NotOneWhole("it does not say how its plan ended")
    elif not (file.failure or file.superseded):
        raise NotOneWhole("it holds no plan")
    return file


def _failed(file: ShardFile) -> Iterator[Lost]:
    if file.failure is None:
        return
    reason, text = file.failure
    known = FailureReason(reason) if reason in {*FailureReason} else FailureReason.ERROR
    names = ", ".join(file.shard.environments)
    yield Lost(f"Shard {file.shard.label}" + (f" ({names[:200]})" if names else ""), text, known)


def plan_of_all(job: Job, event: PullRequestEvent, base: str, both: Revisions) -> Plan:
    """The plan of a pull request, of which every shard's plan is a part. Raises BotError."""
    before = both.base.environments if both.base else {}
    all_ = gathered(job, "plan", frozenset({*both.head.environments, *before}))
    digest = files_digest(job.doors.files())
    others = [
        Lost(f"Shard {file.shard.label}", "it planned other mesh files than these")
        for file in all_.files
        if not file.failure
        and (file.head, file.base, file.meshes) != (event.head_sha, base, digest)
    ]
    lost = (*all_.lost, *others)
    if lost:
        raise failure_of(lost)
    for file in all_.files:
        check_apart(file.shard.environments, both.head, both.base)
    return all_.plan


def failure_of(lost: tuple[Lost, ...]) -> BotError:
    """What it means that shards are missing."""
    told = "\n".join(map(str, lost[:10]))
    more = f"\nand {len(lost) - 10} more" if len(lost) > 10 else ""
    reasons = [item.reason for item in lost if item.reason is not FailureReason.ERROR]
    return ShardMissing(
        f"There is no whole result, as shards are missing. Mend the cause and run the failed jobs"
        f" again.\n{told}{more}",
        reasons[0] if reasons else FailureReason.ERROR,
    )
