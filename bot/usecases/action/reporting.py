"""The command ``report`` after an apply by shards: one comment and one verdict about all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.adapters.github.checkout import mesh_path
from bot.config import load
from bot.errors import BotError, ExitCode, FailureReason, MeshInvalid
from bot.model.change import Plan, Report
from bot.model.github import AnnotationLevel
from bot.model.reachability import EnvironmentReach
from bot.render import markdown
from bot.render.markdown import Refusal
from bot.usecases.action import inputs, notes
from bot.usecases.action.converge import APPLY_REASONS, Target
from bot.usecases.action.gathering import Gathered, failure_of, gathered
from bot.usecases.action.inputs import CommentMode
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.pages import Page, View
from bot.usecases.action.stale import mark_stale
from bot.usecases.action.telling import REPORT, annotate, tell_comment, tell_plan, tell_run
from bot.usecases.local import apply_exit_code

WORST = (FailureReason.UNREVIEWED, FailureReason.STALE_PLAN, FailureReason.LIMITS)
"""Of several reasons for refusals the one that a run ends with."""


@dataclass(frozen=True, slots=True)
class Whole:
    """What all shards did together."""

    gathered: Gathered
    plan: Plan
    report: Report

    @classmethod
    def of(cls, found: Gathered) -> Whole:
        """Put together. Raises ShardMissing."""
        plan = found.plan
        reports = [file.report for file in found.files if file.report]
        outcomes = {o.change.address: o for report in reports for o in report.outcomes}
        ended = tuple(outcomes[c.address] for c in plan.changes if c.address in outcomes)
        allowed = replace(plan, changes=tuple(outcome.change for outcome in ended))
        ours = (warning for report in reports for warning in report.warnings)
        warnings = dict.fromkeys((*found.older, *ours))
        lost = next((report.lease_lost for report in reports if report.lease_lost), "")
        reaches = sorted((r for report in reports for r in report.reachability), key=_environment)
        return cls(found, plan, Report(allowed, ended, tuple(warnings), lost, tuple(reaches)))

    @property
    def refusal(self) -> Refusal | None:
        """What was refused in any shard."""
        about = [file.reviewing for file in self.gathered.files]
        verdicts = tuple(verdict for each in about for verdict in each.verdicts)
        if not verdicts:
            return None
        reviewed = [{"address": address} for each in about for address in each.reviewed]
        problems = {number: why for each in about for number, why in each.problems.items()}
        return Refusal(self.plan, verdicts, reviewed, problems, self.report)

    @property
    def told(self) -> tuple[int, ...]:
        """The pull requests that it is about."""
        return tuple(sorted({n for file in self.gathered.files for n in file.reviewing.told}))

    @property
    def ending(self) -> Ending:
        """The one verdict: locked, else refused, else failed (in part), else applied."""
        found = self.gathered
        code = apply_exit_code(self.plan, self.report)
        locked = any(lost.reason is FailureReason.LOCKED for lost in found.lost)
        if locked or code is ExitCode.LOCKED:
            return Ending(ExitCode.LOCKED, FailureReason.LOCKED)
        reasons = {file.reviewing.reason for file in found.files if file.reviewing.verdicts}
        if reasons:
            return Ending(ExitCode.REFUSED, next((r for r in WORST if r in reasons), WORST[0]))
        if found.lost and not any(file.report for file in found.files):
            return Ending.of(failure_of(found.lost))
        code = ExitCode.PARTIAL if found.lost else code
        return Ending(code, APPLY_REASONS.get(code, FailureReason.NONE))


def _environment(reach: EnvironmentReach) -> str:
    return reach.environment


def run(job: Job, target: Target) -> Ending:
    """Tells what all shards of this run did. Raises BotError."""
    mode = inputs.comment_mode(job.context.inputs)
    view = View.of(job.context, target.revision, target.before, target.branch)
    try:
        mesh = load(job.doors.files()).mesh
        whole = Whole.of(gathered(job, "apply", frozenset(mesh.environments)))
    except MeshInvalid as invalid:
        annotate(job, notes.faults(invalid.diagnostics))
        _told(job, target, view.invalid(invalid.diagnostics), (), mode)
        raise
    except BotError as failure:
        _told(job, target, view.failure(failure), (), mode)
        raise
    return _reported(job, target, whole, view, mode)


def _reported(job: Job, target: Target, whole: Whole, view: View, mode: CommentMode) -> Ending:
    found = whole.gathered
    newer = {file.superseded for file in found.files if file.superseded}
    if (
        newer
        and len(found.files) == sum(bool(f.superseded) for f in found.files)
        and not found.lost
    ):
        said = f"superseded by {', '.join(sorted(sha[:12] for sha in newer))}, which is applied."
        job.say(AnnotationLevel.NOTICE, f"Commit {target.revision[:12]} is {said}")
        return Ending()
    tell_plan(job, whole.plan, view)
    told = dict.fromkeys((*whole.plan.refusals, *whole.plan.diagnostics))
    annotate(job, notes.faults(told))
    _told(job, target, _page(whole, view), whole.told, mode, lacking=bool(found.lost))
    job.attempt(
        lambda: job.doors.runner.keep(REPORT, view.report(whole.plan, whole.report.outcomes))
    )
    _mark_stale(job, target, whole)
    for lost in found.lost:
        job.say(AnnotationLevel.FAILURE, str(lost))
    return whole.ending


def _page(whole: Whole, view: View) -> Page:
    lost = tuple(map(str, whole.gathered.lost))
    if lost and not any(file.report for file in whole.gathered.files):
        return view.failure(failure_of(whole.gathered.lost))
    refusal = whole.refusal
    page = view.refusal(refusal) if refusal else view.outcome(whole.report)
    if not lost:
        return page
    return Page(markdown.lacking(page.comment, lost), markdown.lacking(f"\n{page.summary}", lost))


def _told(
    job: Job,
    target: Target,
    page: Page,
    numbers: tuple[int, ...],
    mode: CommentMode,
    *,
    lacking: bool = False,
) -> None:
    """To the pull requests; to those of the commit too where not all are known (``lacking``)."""
    tell_run(job, page)
    if mode is CommentMode.NEVER:
        return
    if lacking or not numbers:
        pulls = job.attempt(lambda: job.doors.github.pulls_of(target.revision, target.branch))
        merged = {pull.number for pull in pulls or () if pull.merged}
        numbers = tuple(sorted(merged.union(numbers)))
    tell_comment(job, numbers, View.of(job.context).marker, page)


def _mark_stale(job: Job, target: Target, whole: Whole) -> None:
    """By the commits that were applied: the branch may have moved while the shards began."""
    path = mesh_path(job.context.inputs.meshes)
    for head in sorted({file.head for file in whole.gathered.files if file.report}):
        files = dict(job.doors.files())
        if head != target.revision:
            there = job.attempt(
                lambda head=head, files=files: job.doors.github.mesh_files(  # type: ignore[misc]
                    head, path, tuple(files.values())
                )
            )
            if there is None:
                continue
            files = there
        outcomes = tuple(
            outcome
            for file in whole.gathered.files
            if file.report and file.head == head
            for outcome in file.report.outcomes
        )
        part = replace(whole.report, outcomes=outcomes)
        try:
            mark_stale(job, target.branch, load(files).mesh, files, part)
        except MeshInvalid as invalid:
            job.say(AnnotationLevel.NOTICE, f"{head[:12]}: {invalid}")
