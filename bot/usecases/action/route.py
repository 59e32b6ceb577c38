"""From the event to what is done about it."""

from __future__ import annotations

from bot.errors import BotError, ExitCode, FailureReason, MeshInvalid, UnsupportedEvent, UsageError
from bot.model.github import (
    ActionContext,
    AnnotationLevel,
    DispatchEvent,
    MergeGroupEvent,
    OtherEvent,
    PullRequestEvent,
    PushEvent,
    ReviewEvent,
    ScheduleEvent,
)
from bot.usecases.action import (
    dispatch,
    dividing,
    drift,
    merge_group,
    pull_request,
    push,
    review,
)
from bot.usecases.action.inputs import Command
from bot.usecases.action.job import Doors, Ending, Job
from bot.usecases.action.sharded import leave_failure

SUPPORTED = (
    "meshbot acts on pull_request, pull_request_review and merge_group, on push to the default "
    "branch, on workflow_dispatch on the default branch, and on schedule."
)


def run(context: ActionContext, doors: Doors) -> ExitCode:
    """Does what the event asks for. Every expected failure ends in ``failure-reason``."""
    job = Job(context, doors)
    ending = Ending(ExitCode.FAILURE, FailureReason.ERROR)
    try:
        ending = job.ending(_routed(job))
    except BotError as failure:
        _tell(job, failure)
        leave_failure(job, failure)
        ending = Ending.of(failure)
    finally:
        # also when a bug passes through: the output must never look like success
        doors.runner.output("failure-reason", str(ending.reason))
    return ending.exit_code


def _routed(job: Job) -> Ending:
    _check_shard(job)
    if job.context.inputs.command == Command.SHARDS:
        return dividing.run(job)
    match job.context.event:
        case PullRequestEvent() as event:
            return pull_request.run(job, event)
        case ReviewEvent() as event:
            return review.run(job, event)
        case MergeGroupEvent() as event:
            return merge_group.run(job, event)
        case PushEvent() as event:
            return push.run(job, event)
        case DispatchEvent() | ScheduleEvent() as event:
            return _by_hand_or_clock(job, event)
        case OtherEvent(name=name, fault=fault):
            why = f" ({fault})" if fault else ""
            raise UnsupportedEvent(
                f"The event {name or 'without a name'} is refused{why}. {SUPPORTED}"
            )


def _check_shard(job: Job) -> None:
    """A shard is planned for a pull request, or applied; everything else is about the whole."""
    given, event = job.context.inputs, job.context.event
    parted = isinstance(event, PullRequestEvent | PushEvent | DispatchEvent)
    if given.shard and not (parted and given.command in ("auto", Command.PLAN, Command.APPLY)):
        raise UsageError(
            "The input shard goes with the commands plan and apply alone, for a pull request, a"
            " push or a run by hand."
        )


def _by_hand_or_clock(job: Job, event: DispatchEvent | ScheduleEvent) -> Ending:
    if isinstance(event, ScheduleEvent):
        return drift.run(job, "schedule")
    if job.context.inputs.command == Command.DRIFT:
        return drift.dispatched(job, event)
    return dispatch.run(job, event)


def _tell(job: Job, failure: BotError) -> None:
    if isinstance(failure, MeshInvalid):
        return  # its diagnostics were told one by one
    job.say(AnnotationLevel.FAILURE, str(failure))
