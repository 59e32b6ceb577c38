"""Noting at which commit the environments were applied: the base of the next plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.engine.gaps import gaps_of
from bot.engine.planner import narrowed
from bot.model.change import Plan, Report, Result, summarise
from bot.model.record import Deployment
from bot.render.wording import done
from bot.usecases.action.job import Job
from bot.usecases.action.lineage import Lineage, task
from bot.usecases.local import Revisions


def deploy(
    job: Job, known: Lineage, both: Revisions, plan: Plan, report: Report, names: Iterable[str]
) -> None:
    """Records the environments ``names``, all of which might be applied, as deployments.

    ``plan`` is the whole plan, ``report`` tells of the part that was permitted. Failures are
    told and stop nothing: the next apply then starts from an older commit, which is safe.
    """
    for deployment in _deployments(job, known, both, plan, report, names):
        job.attempt(lambda: job.doors.github.deployed(deployment))  # noqa: B023 - called at once


def _deployments(
    job: Job, known: Lineage, both: Revisions, plan: Plan, report: Report, names: Iterable[str]
) -> Iterator[Deployment]:
    outcomes = {outcome.change.address: outcome.result for outcome in report.outcomes}
    for name in sorted(names):
        changes = plan.changes_of(name)
        results = [outcomes.get(change.address) for change in changes]
        succeeded = all(r is Result.APPLIED for r in results) and not _gaps(both, plan, name)
        attempted = any(result is not None for result in results)
        if not (succeeded or attempted):
            continue  # withheld, or not fully read: nothing was done that could be told
        if succeeded and not changes and known.applied.get(name) == known.target:
            continue
        words = f"Applied: {done(summarise(changes))}" if succeeded else "Not applied as a whole"
        yield Deployment(
            task(job),
            name,
            known.target,
            succeeded,
            words,
            narrowed(plan, (name,)).fingerprint,
            job.context.run_url,
        )


def _gaps(both: Revisions, plan: Plan, name: str) -> bool:
    """Also of what is leaving: a delete in or towards a gap was withheld."""
    meshes = [mesh for mesh in (both.head, both.base) if mesh is not None]
    return any(gaps_of(plan, mesh, name) for mesh in meshes)
