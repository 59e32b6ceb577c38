"""Marking open pull requests whose plan is no longer true after an apply. Without AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.adapters.github.checkout import mesh_path
from bot.engine.content import differing
from bot.errors import GitHubRefused
from bot.model.change import Report, Result
from bot.model.github import Conclusion, PullRequest
from bot.model.mesh import Mesh
from bot.model.record import Record, RecordedCheck
from bot.render.markdown import stale_comment, stale_summary
from bot.render.planfile import PlanFileError, read_plan
from bot.render.record import record_text
from bot.usecases.action.job import Job
from bot.usecases.action.judging import UNCHANGED
from bot.usecases.action.pages import View
from bot.usecases.action.recording import digest, newest
from bot.usecases.local import load_base

TITLE = "Stale: AWS has changed since. Push, or run this job again, to plan again"


@dataclass(slots=True)
class Applied:
    """What an apply changed: the addresses, and the environments of the mesh it applied."""

    addresses: frozenset[str]
    environments: frozenset[str]
    mesh: Mesh
    files: Mapping[str, bytes]
    bases: dict[str, Mesh] = field(default_factory=dict)


def mark_stale(
    job: Job, branch: str, mesh: Mesh, files: Mapping[str, bytes], report: Report
) -> None:
    """Marks the open pull requests into ``branch`` that an apply has overtaken.

    ``files`` are those of ``mesh``. Failures are told and stop nothing.
    """
    changes = [o.change for o in report.outcomes if o.result is Result.APPLIED]
    if not changes:
        return
    names = frozenset(name for change in changes for name in change.environments)
    applied = Applied(frozenset(str(c.address) for c in changes), names, mesh, files)
    for pull in job.attempt(lambda: job.doors.github.open_pulls(branch)) or ():
        job.attempt(lambda pull=pull: _looked_at(job, pull, applied))  # type: ignore[misc]


def _looked_at(job: Job, pull: PullRequest, applied: Applied) -> None:
    check = newest(job, pull.head_sha, pull.number)
    if check is None or check.record.stale:
        return
    why = _why(job, check.record, applied)
    if why:
        _mark(job, pull, check, why)


def _why(job: Job, record: Record, applied: Applied) -> str:
    """Why a recorded plan is no longer what would be planned, or nothing."""
    changed = {name for name, value in record.fingerprints.items() if value != UNCHANGED}
    concerned = (changed or applied.environments) & applied.environments
    if not concerned:
        return ""
    if concerned & differing(_base(job, record.base, applied), applied.mesh):
        return "the mesh files it was planned against have changed"
    if _addresses(job, record) & applied.addresses:
        return "what it would change was changed by an apply"
    return ""


def _base(job: Job, commit: str, applied: Applied) -> Mesh:
    if commit not in applied.bases:
        path = mesh_path(job.context.inputs.meshes)
        known = tuple(applied.files.values())
        found = job.doors.github.mesh_files(commit, path, known)
        applied.bases[commit] = load_base(found, commit[:12]).mesh
    return applied.bases[commit]


def _addresses(job: Job, record: Record) -> frozenset[str]:
    """The addresses in the recorded plan; none when it cannot be had: its merge is refused then."""
    try:
        for content in job.doors.github.plan_files(record.run_id, record.artifact):
            if digest(content) == record.digest:
                return frozenset(change["address"] for change in read_plan(content).changes)
    except (GitHubRefused, PlanFileError):
        pass
    return frozenset()


def _mark(job: Job, pull: PullRequest, check: RecordedCheck, why: str) -> None:
    """The check run can no longer let it be merged; the record stays, and says so."""
    github, view = job.doors.github, View.of(job.context)
    text = record_text(replace(check.record, stale=why))
    summary = stale_summary(check.own.summary, why, view.context)
    github.rewrite(check.own, Conclusion.ACTION_REQUIRED, TITLE, summary, text)
    body = github.own_comment(pull.number, view.marker)
    if body:
        told = stale_comment(body, why, view.context)
        github.comment(pull.number, view.marker, told, create=False)
