"""Reasons that a plan must not be applied as it is: the limits, evaluated alike everywhere.

An override is bound to the plan's fingerprint; there is no switch that turns limits off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from bot.engine.membership import SUSPECTED_TYPO
from bot.engine.observe import Facts
from bot.kinds.base import References
from bot.model.address import VPC_PEERING_CONNECTION, Address, VpcRef
from bot.model.change import Action, Movement, Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import Limits, Mesh
from bot.model.security_group import SECURITY_GROUP_RULE

ADVICE = (
    "Split the change, raise the limit in a change of its own, or approve exactly this plan"
    " by its fingerprint."
)


def refusals(
    plan: Plan, mesh: Mesh, base: Mesh | None, facts: Facts, references: References
) -> tuple[Diagnostic, ...]:
    """Every limit that the plan is over, per environment, and suspected typos."""
    typos = tuple(d for d in plan.diagnostics if d.code == SUSPECTED_TYPO)
    routes = _route_counts(facts, references)
    found: list[Diagnostic] = []
    for name in plan.environments:
        if plan.changes_of(name):
            taking = _taking(plan, name, mesh, base, references, routes.get(name, 0))
            found += over(taking, limits_for(name, mesh, base))
    return (*typos, *found)


def limits_for(environment: str, mesh: Mesh, base: Mesh | None) -> Limits:
    """The limits in force: the base's when there is a base, defaults for a new file.

    A base that is not known gives the stricter of the defaults and the file's own.
    """
    reference = mesh if base is None else base
    known = reference.environments.get(environment)
    if known is not None:
        return known.limits
    if not reference.known:
        own = mesh.environments.get(environment)
        return _stricter(own.limits, Limits()) if own else Limits()
    file = mesh.file_of(environment)
    # what was applied at several commits may hold a file at several of its revisions
    before = [f.limits for f in reference.files if file and f.path == file.path]
    return reduce(_stricter, before) if before else Limits()


def _stricter(one: Limits, other: Limits) -> Limits:
    return Limits(
        min(one.max_leaving_members, other.max_leaving_members),
        min(one.max_leaving_percent, other.max_leaving_percent),
        min(one.max_other_deletes, other.max_other_deletes),
        min(one.max_route_delete_percent, other.max_route_delete_percent),
        one.allow_empty_environment and other.allow_empty_environment,
    )


@dataclass(frozen=True, slots=True)
class Taking:
    """What a plan takes away from one environment.

    ``members`` and ``routes`` are how many there were before, ``left`` how many members
    the files still name. ``other_deletes`` are connections, ``rule_deletes`` security group
    rules, between members that stay.
    """

    environment: str
    leaving: frozenset[VpcRef]
    members: int
    left: int
    other_deletes: int
    route_deletes: int
    routes: int
    rule_deletes: int = 0


def _taking(
    plan: Plan,
    name: str,
    mesh: Mesh,
    base: Mesh | None,
    references: References,
    routes: int,
) -> Taking:
    leaving = frozenset(
        m.vpc for m in plan.memberships if m.environment == name and m.movement is Movement.LEAVES
    )
    deleted = {c.address: c for c in plan.changes_of(name) if c.action is Action.DELETE}
    peerings = [c for a, c in deleted.items() if a.kind == VPC_PEERING_CONNECTION]
    now = mesh.environments.get(name)
    return Taking(
        name,
        leaving,
        len(leaving | _members_before(name, base, references)),
        len(now.present) if now else 0,
        sum(c.held.requester not in leaving and c.held.accepter not in leaving for c in peerings),
        sum(a.kind == "route" and _stays(c.held.target, references) for a, c in deleted.items()),
        routes,
        sum(
            a.kind == SECURITY_GROUP_RULE and not leaving & {c.held.vpc, c.held.peer}
            for a, c in deleted.items()
        ),
    )


def _members_before(name: str, base: Mesh | None, references: References) -> frozenset[VpcRef]:
    known = base.environments.get(name) if base else None
    if known is not None:
        return frozenset(m.vpc for m in known.present)
    return frozenset(
        vpc
        for held in references.by_id.values()
        if held.managed and not held.dead and name in held.environments
        for vpc in held.ends
    )


def _stays(target: Address | str, references: References) -> bool:
    return isinstance(target, Address) and target in references.available


def _route_counts(facts: Facts, references: References) -> dict[str, int]:
    """Routes of ours to peerings that stay, by environment, before the plan."""
    counts: dict[str, int] = {}
    for item in facts.observed.get("route", ()):
        held = references.by_id.get(item.spec.target)
        if held and item.spec.eligible and not held.dead and held.address in references.available:
            for name in held.environments:
                counts[name] = counts.get(name, 0) + 1
    return counts


def over(taking: Taking, limits: Limits) -> Iterator[Diagnostic]:
    """One refusal for each limit that is passed."""
    leaving, members = len(taking.leaving), taking.members
    if leaving > limits.max_leaving_members:
        noun = "member" if leaving == 1 else "members"
        text = f"{leaving} {noun} would leave {taking.environment}"
        yield _refusal(taking, "max_leaving_members", limits.max_leaving_members, text)
    if _share_over(leaving, members, limits.max_leaving_percent):
        text = f"{leaving} of {members} members would leave {taking.environment}"
        yield _refusal(taking, "max_leaving_percent", limits.max_leaving_percent, text)
    others = taking.other_deletes + taking.rule_deletes
    if others > limits.max_other_deletes:
        what = "connections and rules" if taking.rule_deletes else "connections"
        text = f"{others} {what} of {taking.environment} would be deleted though no member leaves"
        yield _refusal(taking, "max_other_deletes", limits.max_other_deletes, text)
    if _share_over(taking.route_deletes, taking.routes, limits.max_route_delete_percent):
        text = (
            f"{taking.route_deletes} of {taking.routes} routes of {taking.environment} would be"
            " deleted though their peerings stay"
        )
        yield _refusal(taking, "max_route_delete_percent", limits.max_route_delete_percent, text)
    if leaving and not taking.left and not limits.allow_empty_environment:
        text = f"{taking.environment} would be left without members"
        yield _refusal(taking, "allow_empty_environment", "false", text)


def _share_over(part: int, whole: int, percent: float) -> bool:
    """Exactly, as the author wrote it: in binary, 18.4 percent of 375 are less than 69."""
    return part * 100 > Fraction(str(percent)) * whole


def _refusal(taking: Taking, limit: str, value: object, text: str) -> Diagnostic:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return Diagnostic(
        Severity.ERROR,
        f"limit-{limit.replace('_', '-')}",
        f"{text} ({limit}: {shown})",
        ADVICE,
        environments=frozenset({taking.environment}),
    )
