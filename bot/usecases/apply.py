"""Apply: carry out a plan's changes, and report each."""

from __future__ import annotations

from datetime import datetime

from bot.engine.execute import Settings, execute
from bot.kinds import by_name
from bot.model.address import Scope
from bot.model.change import Plan, Report
from bot.model.mesh import Mesh
from bot.ports import Aws, Dispatcher, Progress, Stop
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
) -> Report:
    """Make the plan's changes through the apply roles. What may be applied was decided before."""
    scopes = _scopes(plan)
    writer = aws.writer(roles_for(scopes, (mesh, base), scopes, applying=True))
    # peerd writes local time without a zone, and meshbot's tags are peerd's
    applied_at = str(datetime.now())  # noqa: DTZ005
    return execute(
        plan,
        writer,
        dispatcher,
        applied_at=applied_at,
        stop=stop,
        progress=progress,
        settings=settings,
    )


def _scopes(plan: Plan) -> dict[Scope, str]:
    """The scopes that the plan's steps write to, each with an environment it is about."""
    scopes: dict[Scope, str] = {}
    for change in plan.changes:
        name = min(change.environments, default="")
        for step in by_name(change.address.kind).steps(change):
            scopes.setdefault(step.scope, name)
    return scopes
