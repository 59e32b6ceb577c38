"""Plan and apply the default branch's newest commit, as far as it was reviewed or approved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bot.adapters.github.checkout import mesh_path
from bot.config import load
from bot.engine.review import permitted
from bot.errors import (
    BotError,
    ExitCode,
    FailureReason,
    GitHubError,
    MeshInvalid,
    Refused,
    UsageError,
)
from bot.model.change import Plan, Report, Result
from bot.model.github import AnnotationLevel
from bot.model.shard import Shard
from bot.usecases.action import inputs, judging, notes
from bot.usecases.action.applying import applied, tell_outcome
from bot.usecases.action.approving import earlier_attempt
from bot.usecases.action.deploying import deploy
from bot.usecases.action.inputs import Command, CommentMode
from bot.usecases.action.job import Ending, Job
from bot.usecases.action.judging import Judgement, Range
from bot.usecases.action.lineage import Lineage, lineage, newest_commit, superseded
from bot.usecases.action.pages import Page, View
from bot.usecases.action.pull_request import REASONS
from bot.usecases.action.refusing import reason_of, refusal, refused_message
from bot.usecases.action.sharded import leave_outcome, leave_superseded, shard_of
from bot.usecases.action.stale import mark_stale
from bot.usecases.action.telling import REPORT, annotate, tell_plan, tell_run
from bot.usecases.approval import Approval, check_applicable
from bot.usecases.local import Revisions, apply_exit_code, plan_exit_code
from bot.usecases.plan import file_faults

APPLY_REASONS = {
    ExitCode.PARTIAL: FailureReason.PARTIAL_APPLY,
    ExitCode.LOCKED: FailureReason.LOCKED,
}


@dataclass(frozen=True, slots=True)
class Target:
    """The commit that the event is about, the one before it (or none), and the branch."""

    revision: str
    before: str
    branch: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What is planned: the mesh files of a commit, and where its environments stand.

    ``names`` are the environments that were chosen, or those of the ``shard``.
    """

    branch: str
    known: Lineage
    files: Mapping[str, bytes]
    both: Revisions
    names: tuple[str, ...]
    shard: Shard | None = None

    @property
    def environments(self) -> tuple[str, ...]:
        """Every environment that the run is about."""
        if self.shard is not None:
            return self.shard.environments
        before = self.both.base.environments if self.both.base else {}
        return self.names or tuple(sorted({*self.both.head.environments, *before}))


def converge(job: Job, command: Command, target: Target, approval: Approval) -> Ending:
    """Plans and, for the command ``apply``, applies. Raises BotError.

    Each environment is applied only if what would be done there was reviewed since it was
    last applied, or if the whole plan is the approved one.
    """
    mode = inputs.comment_mode(job.context.inputs)
    if command is not Command.APPLY or job.context.inputs.shard:
        mode = CommentMode.NEVER  # of shards the report writes the one comment
    if approval.fingerprint and job.context.inputs.shard:
        raise UsageError("The input expect-fingerprint approves a whole plan: give no shard.")
    try:
        with _leased(job, command):
            return _converged(job, command, target, approval, mode)
    except MeshInvalid as invalid:
        page = _view(job, target, target.revision).invalid(invalid.diagnostics)
        annotate(job, notes.faults(invalid.diagnostics))
        _tell_about(job, target, page, mode)
        raise
    except Refused:
        raise  # told with the plan
    except BotError as failure:
        page = _view(job, target, target.revision).failure(failure)
        _tell_about(job, target, page, mode)
        raise


@contextmanager
def _leased(job: Job, command: Command) -> Iterator[None]:
    """An apply holds the lease from before it looks at what was applied until it is told."""
    if command is not Command.APPLY:
        yield
        return
    with job.doors.lease(job.say) as lease:
        job.lease = lease
        yield


def _converged(
    job: Job, command: Command, target: Target, approval: Approval, mode: CommentMode
) -> Ending:
    applying = command is Command.APPLY
    subject = subject_of(job, target, applying=applying)
    inputs.check_selected(subject.names, subject.both)
    if applying and not approval.fingerprint:
        newer = superseded(job, subject.known, target.revision, _all_names(subject))
        if newer:
            if subject.shard:
                leave_superseded(job, subject.shard, newer)
            said = f"Commit {target.revision[:12]} is superseded by {newer[:12]}, which is applied."
            job.say(AnnotationLevel.NOTICE, f"{said} There is nothing to do.")
            return Ending()
    names = () if subject.shard else subject.names
    plan = job.doors.plan(subject.both, names, applying=applying, shard=subject.shard)
    view = _view(job, target, subject.known.target)
    tell_plan(job, plan, view)
    annotate(job, notes.faults(dict.fromkeys((*plan.refusals, *plan.diagnostics))))
    tell_run(job, view.plan(plan))
    if not applying:
        code = plan_exit_code(plan, detailed=False)
        return Ending(code, REASONS.get(code, FailureReason.NONE))
    if faults := file_faults(plan):
        raise MeshInvalid(faults)
    return _judged(job, target, subject, plan, approval, mode)


def _all_names(subject: Subject) -> tuple[str, ...]:
    """The environments that say whether there is something to do: of a shard its own."""
    known = {*subject.both.head.environments, *subject.known.mesh.environments}
    return subject.environments if subject.shard else tuple(sorted(known))


def subject_of(job: Job, target: Target, *, applying: bool) -> Subject:
    """An apply takes the newest commit; a plan shows the one that it was started for."""
    newest = newest_commit(job, target.branch, target.revision) if applying else target.revision
    path = mesh_path(job.context.inputs.meshes)
    files = dict(job.doors.files())
    if newest != target.revision:
        files = job.doors.github.mesh_files(newest, path, tuple(files.values()))
    known = lineage(job, newest, target.before, files)
    loaded = load(files)
    told = (*loaded.diagnostics, *known.diagnostics)
    both = Revisions(loaded.mesh, known.mesh, told)
    shard = shard_of(job, both)
    names = shard.environments if shard else inputs.environments(job.context.inputs)
    return Subject(target.branch, known, files, both, names, shard)


def _judged(
    job: Job,
    target: Target,
    subject: Subject,
    plan: Plan,
    approval: Approval,
    mode: CommentMode,
) -> Ending:
    found = _happened(job, subject, needed=bool(plan.changes) and not approval.fingerprint)
    if approval.fingerprint:
        judgement = Judgement((), judging.named(found))
        _check_expected(job, plan, approval, target, judgement, mode)
    else:
        judgement = _judgement(job, found, plan, subject.branch)
    allowed = permitted(plan, judgement.verdicts) if judgement.verdicts else plan
    report = applied(job, subject.both, allowed, judgement.told, mode)
    if shard := subject.shard:
        head = subject.known.target
        job.attempt(lambda: leave_outcome(job, shard, head, plan, judgement, report))
    ending = _told(job, target, subject, plan, judgement, report, mode)
    if not report.count(Result.INTERRUPTED):
        # the runner kills a stopped job seconds later; the next apply records what it finds
        deploy(job, subject.known, subject.both, plan, report, subject.environments)
        if subject.shard is None:  # else the report does it, once
            mark_stale(job, subject.branch, subject.both.head, subject.files, report)
    if ending.exit_code is ExitCode.REFUSED:
        job.say(AnnotationLevel.FAILURE, refused_message(judgement, plan))
    return ending


def _happened(job: Job, subject: Subject, *, needed: bool) -> Range:
    """Where nothing is judged by it, it only says whom to tell: then it may stay unknown."""
    try:
        return judging.happened(job, subject.known, subject.environments, subject.branch)
    except GitHubError as trouble:
        if needed:
            raise
        job.say(AnnotationLevel.NOTICE, str(trouble))
        return Range()


def _judgement(job: Job, found: Range, plan: Plan, branch: str) -> Judgement:
    if not plan.changes:  # nothing to approve: what was reviewed is done
        return Judgement((), judging.named(found))
    direct = judging.direct_changes(
        job, found, allowed=not inputs.requires_pull_request(job.context.inputs)
    )
    return judging.judged(plan, judging.reviewed(job, found, branch, merged=True), direct)


def _check_expected(
    job: Job,
    plan: Plan,
    approval: Approval,
    target: Target,
    judgement: Judgement,
    mode: CommentMode,
) -> None:
    """Raises Refused unless the plan is the approved one, or what an earlier attempt left of it."""
    rest = earlier_attempt(job, approval) if plan.changes else None
    try:
        check_applicable(plan, Approval(recorded=rest) if rest else approval)
    except Refused:
        view = _view(job, target, target.revision)
        tell_outcome(job, judgement.told, view.plan(plan), mode)
        raise


def _told(
    job: Job,
    target: Target,
    subject: Subject,
    plan: Plan,
    judgement: Judgement,
    report: Report,
    mode: CommentMode,
) -> Ending:
    """The outcome, or the refusal with what was applied all the same."""
    view = _view(job, target, subject.known.target)
    code = apply_exit_code(plan, report)
    ending = Ending(code, APPLY_REASONS.get(code, FailureReason.NONE))
    if judgement.refused:
        page = view.refusal(refusal(plan, judgement, report))
        if code is not ExitCode.LOCKED:
            ending = Ending(ExitCode.REFUSED, reason_of(judgement))
    else:
        page = view.outcome(report)
    tell_run(job, page)
    tell_outcome(job, judgement.told, page, mode)
    job.attempt(lambda: job.doors.runner.keep(REPORT, view.report(plan, report.outcomes)))
    return ending


def _view(job: Job, target: Target, revision: str) -> View:
    return View.of(job.context, revision, target.before, target.branch)


def _tell_about(job: Job, target: Target, page: Page, mode: CommentMode) -> None:
    """A failure before anything was judged: to the pull requests that brought the commit."""
    tell_run(job, page)
    if mode is CommentMode.NEVER:
        return
    pulls = job.attempt(lambda: job.doors.github.pulls_of(target.revision, target.branch))
    tell_outcome(job, tuple(p.number for p in pulls or () if p.merged), page, mode)
