"""``schedule``: is AWS still what was applied? One issue for each environment that drifted.

An issue is made, updated, closed when the drift is gone, and re-opened when it is back.
What could not be read is told in it and closes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.config import load
from bot.engine.gaps import gaps_of
from bot.engine.planner import narrowed
from bot.errors import BotError, FailureReason, MeshInvalid, UnsupportedEvent
from bot.model.change import Plan
from bot.model.github import AnnotationLevel, DispatchEvent
from bot.model.mesh import Mesh
from bot.render import escape, markdown
from bot.render.context import Context, drift_marker, drift_start, markdown_link
from bot.usecases.action import inputs, notes
from bot.usecases.action.inputs import Command
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.pages import View
from bot.usecases.action.pull_request import REASONS
from bot.usecases.action.revisions import check_checkout
from bot.usecases.action.telling import annotate, tell_plan, tell_run
from bot.usecases.local import Revisions, plan_exit_code


def run(job: Job, event: str) -> Ending:
    """Plans the default branch's commit and keeps the issues. Raises BotError."""
    inputs.command(job.context.inputs, event, Command.DRIFT)
    sha = job.context.sha
    check_checkout(job, sha)
    view = View.of(job.context, sha)
    try:
        return _looked(job, view)
    except MeshInvalid as invalid:
        annotate(job, notes.faults(invalid.diagnostics))
        tell_run(job, view.invalid(invalid.diagnostics))
        raise
    except BotError as failure:
        tell_run(job, view.failure(failure))
        raise


def dispatched(job: Job, event: DispatchEvent) -> Ending:
    """The same by hand. Raises BotError."""
    if event.ref != f"refs/heads/{event.default_branch}":
        raise UnsupportedEvent(
            f"A dispatch on {event.ref} is refused: run the workflow on {event.default_branch}."
        )
    return run(job, "workflow_dispatch")


def _looked(job: Job, view: View) -> Ending:
    loaded = load(job.doors.files())
    revisions = Revisions(loaded.mesh, None, loaded.diagnostics)
    names = inputs.environments(job.context.inputs)
    inputs.check_selected(names, revisions)
    plan = job.doors.plan(revisions, names, applying=False, drifting=True)
    tell_plan(job, plan, view)
    annotate(job, notes.faults(dict.fromkeys((*plan.refusals, *plan.diagnostics))))
    tell_run(job, view.plan(plan))
    _keep_issues(job, plan, loaded.mesh, view.context, everything=not names)
    code = plan_exit_code(plan, detailed=False)
    return Ending(code, REASONS.get(code, FailureReason.NONE))


@dataclass(frozen=True, slots=True)
class Issue:
    """What an environment's issue should be."""

    environment: str
    marker: str
    title: str
    body: str
    wanted: bool


def _keep_issues(job: Job, plan: Plan, mesh: Mesh, context: Context, *, everything: bool) -> None:
    """Settles every issue; failures are told one by one and end the run with ``github``.

    Unlike a comment's, a missing permission is a failure here: nothing else tells people.
    """
    key, told = job.context.inputs.meshes, []
    try:
        start = drift_start(key)
        existing = frozenset(job.doors.github.open_issues(start))
        wished = [_issue(plan, mesh, context, key, name, existing) for name in plan.environments]
        if everything and plan.complete:
            wished += _gone(existing - {issue.marker for issue in wished}, context)
        for issue in wished:
            url = job.doors.github.issue(issue.marker, issue.title, issue.body, wanted=issue.wanted)
            told += list(_told(issue, url))
    except BotError as trouble:
        job.say(AnnotationLevel.WARNING, str(trouble))
        job.troubles.append(trouble)
    if told:
        job.attempt(lambda: job.doors.runner.summary("\n".join(told) + "\n"))


def _issue(
    plan: Plan, mesh: Mesh, context: Context, key: str, name: str, existing: frozenset[str]
) -> Issue:
    gaps = gaps_of(plan, mesh, name)
    part = replace(narrowed(plan, (name,)), gaps=gaps)
    marker = drift_marker(key, name)
    its = replace(context, marker=marker)
    # a gap alone opens no issue, but one that is open stays so
    wanted = bool(part.changes) or (bool(gaps) and marker in existing)
    body = markdown.drift_issue(part, its, name) if wanted else markdown.no_drift(its, name, part)
    return Issue(name, marker, markdown.drift_title(name), body, wanted)


def _gone(markers: frozenset[str], context: Context) -> list[Issue]:
    """Issues of environments that are neither in the files nor in AWS any more."""
    return [
        Issue("", marker, "", markdown.no_drift(replace(context, marker=marker), "", None), False)
        for marker in sorted(markers)
    ]


def _told(issue: Issue, url: str) -> Iterator[str]:
    if url and issue.wanted:
        yield f"- {escape.code(issue.environment)}: {markdown_link('issue', url)}"
