"""Plan: read every scope, compare, judge. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.adapters.threads import ThreadDispatcher
from bot.engine.observe import observe
from bot.engine.planner import make_plan as plan_of
from bot.engine.planner import narrowed
from bot.errors import FailureReason, Refused, UsageError
from bot.model.address import Scope
from bot.model.change import Plan
from bot.model.diagnostic import Diagnostic
from bot.model.mesh import Mesh
from bot.ports import Aws, Progress, Quiet, Reader, Stop
from bot.usecases.identity import roles_for


def make_plan(
    aws: Aws,
    head: Mesh,
    base: Mesh | None,
    *,
    environments: tuple[str, ...] = (),
    applying: bool = False,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Plan:
    """The plan for the files at head, known to come from base.

    ``environments`` narrows what is shown, not what is known. With ``applying`` the apply
    role reads, else the plan role. Raises UsageError for an environment that is nowhere,
    Interrupted once ``stop`` is set.
    """
    check_environments(environments, head, base)

    def reader_for(scopes: Mapping[Scope, str]) -> Reader:
        return aws.reader(roles_for(scopes, (head, base), dict(scopes), applying=applying))

    with ThreadDispatcher() as dispatcher:
        facts = observe(reader_for, head, base, dispatcher, progress or Quiet(), stop)
    return narrowed(plan_of(head, base, facts), environments, _scopes(environments, head, base))


def _scopes(names: Iterable[str], *meshes: Mesh | None) -> frozenset[Scope]:
    """Where the members and tombstones of environments live."""
    return frozenset(
        member.vpc.scope
        for mesh in meshes
        for _, environment in mesh or ()
        if environment.name in frozenset(names)
        for member in environment.members
    )


def check_environments(environments: Iterable[str], head: Mesh, base: Mesh | None) -> None:
    """Raises UsageError for the first name that no file holds, at head or at base."""
    known = {*head.environments, *(base.environments if base else ())}
    for name in environments:
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise UsageError(f"no environment is called {name!r}. There are: {listed}.")


FILE_FAULTS = frozenset({"override-overlap"})
"""Faults of mesh files that only AWS's answers bring to light."""


def file_faults(plan: Plan) -> tuple[Diagnostic, ...]:
    """The plan's diagnostics that are faults of the mesh files: the files are invalid."""
    return tuple(d for d in plan.diagnostics if d.code in FILE_FAULTS)


def check_safe(plan: Plan, expected: str | None, allowed: bool = False) -> None:
    """Raises Refused when the plan may not be applied.

    ``expected`` are the fingerprint's digits that were approved: they override the limits
    of exactly that plan, and any other plan is stale. ``allowed``: a recorded plan that was
    approved holds this one.
    """
    if expected is not None and not plan.fingerprint.startswith(expected):
        raise Refused(
            f"the plan is not the approved one: expected {expected}, now {plan.fingerprint}."
            " Nothing was changed. Review the plan above and approve its fingerprint.",
            FailureReason.STALE_PLAN,
        )
    if plan.refusals and expected is None and not allowed:
        reasons = "\n".join(f"  {refusal.summary}" for refusal in plan.refusals)
        raise Refused(
            f"the plan is refused; nothing was changed.\n{reasons}\n"
            f"If it is meant, approve exactly this plan: --expect-fingerprint {plan.fingerprint}",
            FailureReason.LIMITS,
        )
