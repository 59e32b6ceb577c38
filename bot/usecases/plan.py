"""Plan: read every scope, compare, judge. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.adapters.threads import ThreadDispatcher
from bot.engine.left_behind import left_behind
from bot.engine.observe import Facts, observe
from bot.engine.planner import make_plan as plan_of
from bot.engine.planner import narrowed
from bot.engine.questions import answers, questions, remarked
from bot.engine.quotas import applied_quotas, judged, uses
from bot.engine.reachability import concerned, read_subnets, with_reachability
from bot.engine.references import references
from bot.engine.shard_part import part_of
from bot.engine.shards import home_scopes
from bot.errors import FailureReason, Refused
from bot.kinds.route import NAME as ROUTE
from bot.model.address import Scope
from bot.model.change import Plan
from bot.model.diagnostic import Diagnostic
from bot.model.known import Known
from bot.model.mesh import Mesh
from bot.model.shard import Shard
from bot.ports import Aws, Progress, Quiet, Reader, Stop
from bot.usecases.identity import roles_for
from bot.usecases.validate import check_environments


def make_plan(
    aws: Aws,
    head: Mesh,
    base: Mesh | None,
    *,
    environments: tuple[str, ...] = (),
    applying: bool = False,
    progress: Progress | None = None,
    stop: Stop | None = None,
    shard: Shard | None = None,
    drifting: bool = False,
) -> Plan:
    """The plan for the files at head, known to come from base.

    ``environments`` narrows what is shown, not what is known; quotas, attributes and
    subnets are asked for what is shown. With ``applying`` the apply role reads, else the plan
    role. ``drifting`` asks about references between security groups, and for rules that were
    left behind, as well. Raises UsageError for an environment that is nowhere, Interrupted once
    ``stop`` is set.
    """
    check_environments(environments, head, base)

    def reader_for(scopes: Mapping[Scope, str]) -> Reader:
        return aws.reader(roles_for(scopes, (head, base), dict(scopes), applying=applying))

    with ThreadDispatcher() as dispatcher:
        own = shard.environments if shard else None
        facts = observe(reader_for, head, base, dispatcher, progress or Quiet(), stop, own)
        plan = plan_of(head, base, facts)
        plan = part_of(plan, shard, facts, head, base) if shard else plan
        plan = narrowed(plan, environments, _scopes(environments, head, base))
        used = uses(plan, facts)
        quotas = applied_quotas(reader_for, used, dispatcher, progress, stop)
        known = answers(reader_for, questions(plan), dispatcher, progress, stop)
        near = home_scopes(concerned(plan, head, base), head, base) & facts.inventory.observed
        subnets = read_subnets(reader_for, near, dispatcher, progress, stop)
        if drifting:
            asking = (environments, dispatcher, progress, stop)
            seen = references(reader_for, head, facts, *asking)
            seen += left_behind(reader_for, head, base, facts, *asking)
            plan = replace(plan, diagnostics=(*plan.diagnostics, *seen))
    plan = judged(remarked(plan, known), used, quotas)
    plan = with_reachability(plan, head, base, facts, subnets)
    return replace(plan, known=_kept(facts)) if applying and plan.changes else plan


def _kept(facts: Facts) -> Known:
    """What an apply need not read again; not the routes, of which there are many."""
    observed = {kind: found for kind, found in facts.observed.items() if kind != ROUTE}
    return Known(facts.inventory, observed)


def _scopes(names: Iterable[str], *meshes: Mesh | None) -> frozenset[Scope]:
    """Where the members and tombstones of environments live."""
    return frozenset(
        member.vpc.scope
        for mesh in meshes
        for _, environment in mesh or ()
        if environment.name in frozenset(names)
        for member in environment.members
    )


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
