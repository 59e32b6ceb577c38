"""``merge_group``: is what the queue would merge a part of what was reviewed?

Movement of the base alone fails nothing: only changes that no pull request of the group, or
merged before and not yet applied, was reviewed with.
"""

from __future__ import annotations

import re

from bot.config import load
from bot.errors import BotError, ExitCode, FailureReason, GitHubRefused, MeshInvalid
from bot.model.change import Plan
from bot.model.github import AnnotationLevel, Conclusion, MergeGroupEvent
from bot.usecases.action import inputs, judging, notes
from bot.usecases.action.inputs import Command
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.judging import Judgement, Range
from bot.usecases.action.lineage import lineage
from bot.usecases.action.pages import View, headline
from bot.usecases.action.refusing import refusal
from bot.usecases.action.revisions import check_checkout
from bot.usecases.action.telling import Result, tell_check, tell_plan, tell_run
from bot.usecases.action.unchanged import tell_nothing, unchanged
from bot.usecases.local import Revisions

_REF = re.compile(r"/pr-([0-9]{1,10})-[0-9a-f]{40,64}$", re.ASCII)
"""``refs/heads/gh-readonly-queue/main/pr-104-<commit>``: the last pull request of the group."""
_SUBJECT = re.compile(r"\(#([0-9]{1,10})\)$", re.ASCII)
"""How GitHub ends the subject of a squashed commit, which it does not tell the origin of."""


def run(job: Job, event: MergeGroupEvent) -> Ending:
    """Plans the group and tells its head commit. Raises BotError."""
    if event.action != "checks_requested":
        text = f"Nothing to do after the activity {event.action!r} of a merge group."
        job.say(AnnotationLevel.NOTICE, text)
        return Ending()
    command = inputs.command(job.context.inputs, "merge_group", Command.PLAN, Command.VALIDATE)
    check_checkout(job, event.head_sha)
    view = View.of(job.context, event.head_sha, event.base_sha, event.base_branch)
    try:
        return _checked(job, event, command, view)
    except MeshInvalid as invalid:
        page, found = view.invalid(invalid.diagnostics), notes.faults(invalid.diagnostics)
        _tell(job, event, Result(Conclusion.FAILURE, "The mesh files have errors", page, found))
        raise
    except BotError as failure:
        page = view.failure(failure)
        _tell(job, event, Result(Conclusion.FAILURE, "No plan could be made", page))
        raise


def _checked(job: Job, event: MergeGroupEvent, command: Command, view: View) -> Ending:
    if unchanged(job, event.base_sha):
        tell_nothing(job)
        _tell(job, event, Result(Conclusion.SUCCESS, "No mesh changes", view.untouched()))
        return Ending()
    files = dict(job.doors.files())
    loaded = load(files)
    if command is Command.VALIDATE:
        page = view.valid(len(loaded.mesh.environments))
        _tell(job, event, Result(Conclusion.SUCCESS, "The mesh files are valid", page))
        return Ending()
    known = lineage(job, event.head_sha, event.base_sha, files)
    both = Revisions(loaded.mesh, known.mesh, (*loaded.diagnostics, *known.diagnostics))
    names = inputs.environments(job.context.inputs)
    inputs.check_selected(names, both)
    plan = job.doors.plan(both, names, applying=False)
    tell_plan(job, plan, view)
    found = judging.happened(job, known, plan.environments, event.base_branch)
    _complete(job, event, found, plan)
    plans = judging.reviewed(job, found, event.base_branch, merged=False)
    return _ended(job, event, plan, judging.judged(plan, plans), view)


def _complete(job: Job, event: MergeGroupEvent, found: Range, plan: Plan) -> None:
    """Adds the pull requests that GitHub does not name by their commits."""
    numbers = {match[1] for match in [_REF.search(event.head_ref)] if match}
    for commit in list(found.direct)[: judging.MOST_DIRECT]:
        match = _SUBJECT.search(job.doors.github.subject(commit))
        numbers |= {match[1]} if match else set()
    for number in sorted(map(int, numbers)):
        try:
            pull = job.doors.github.pull(number)
        except GitHubRefused:
            continue
        if pull.branch == event.base_branch and (pull.open or pull.merged):
            found.pulls[number] = pull
            found.of.setdefault(number, set()).update(plan.environments)


def _ended(
    job: Job, event: MergeGroupEvent, plan: Plan, judgement: Judgement, view: View
) -> Ending:
    """Limits were judged in the pull requests, and are again by the apply."""
    new = tuple(verdict for verdict in judgement.verdicts if verdict.beyond)
    if not new:
        tell_run(job, view.plan(plan))
        result = Result(Conclusion.SUCCESS, headline(plan), view.plan(plan), notes.faults(()))
        tell_check(job, event.head_sha, result)
        return Ending()
    page = view.refusal(refusal(plan, Judgement(new, judgement.reviewed), None))
    _tell(job, event, Result(Conclusion.FAILURE, "The plan has changes nobody reviewed", page))
    return Ending(ExitCode.REFUSED, FailureReason.STALE_PLAN)


def _tell(job: Job, event: MergeGroupEvent, result: Result) -> None:
    tell_run(job, result.page)
    tell_check(job, event.head_sha, result)
