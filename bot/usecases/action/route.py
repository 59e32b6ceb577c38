"""From the event to what is done about it."""

from __future__ import annotations

from bot.errors import BotError, ExitCode, FailureReason, MeshInvalid, UnsupportedEvent
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
from bot.usecases.action import dispatch, drift, merge_group, pull_request, push, review
from bot.usecases.action.inputs import Command
from bot.usecases.action.job import Doors, Ending, Job

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
        ending = Ending.of(failure)
    finally:
        # also when a bug passes through: the output must never look like success
        doors.runner.output("failure-reason", str(ending.reason))
    return ending.exit_code


def _routed(job: Job) -> Ending:
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
