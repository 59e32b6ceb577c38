"""Apply: carry out a plan's changes, and report each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.engine.execute import Settings, execute
from bot.engine.fencing import LeaseFence, StopWithoutLease
from bot.kinds import by_name
from bot.model.address import Scope
from bot.model.change import Plan, Report, Result
from bot.model.mesh import Mesh
from bot.ports import Aws, Dispatcher, Lease, Progress, Stop, Unleased
from bot.usecases.identity import roles_for


def apply_plan(
    aws: Aws,
    mesh: Mesh,
    plan: Plan,
    *,
    base: Mesh | None,
    dispatcher: Dispatcher,
    stop: Stop,
    progress: Progress | None = None,
    settings: Settings | None = None,
    lease: Lease | None = None,
) -> Report:
    """Make the plan's changes through the apply roles. What may be applied was decided before.

    Once ``lease`` is lost nothing more is sent, and what is left is interrupted.
    """
    held = lease or Unleased()
    scopes = _scopes(plan)
    roles = roles_for(scopes, (mesh, base), scopes, applying=True)
    # peerd writes local time without a zone, and meshbot's tags are peerd's
    applied_at = str(datetime.now())  # noqa: DTZ005
    report = execute(
        plan,
        aws.writer(roles, LeaseFence(held)),
        dispatcher,
        applied_at=applied_at,
        stop=StopWithoutLease(stop, held),
        progress=progress,
        settings=settings,
    )
    return _without_lease(report, held.lost)


def _without_lease(report: Report, lost: str) -> Report:
    """With why the lease was lost, where that kept changes from being made."""
    if not lost or not report.count(Result.INTERRUPTED):
        return report
    said = f"Stopped, for the lease was lost: {lost}."
    return replace(report, warnings=(*report.warnings, said), lease_lost=lost)


def _scopes(plan: Plan) -> dict[Scope, str]:
    """The scopes that the plan's steps write to, each with an environment it is about."""
    scopes: dict[Scope, str] = {}
    for change in plan.changes:
        name = min(change.environments, default="")
        for step in by_name(change.address.kind).steps(change):
            scopes.setdefault(step.scope, name)
    return scopes
