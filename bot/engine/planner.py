"""Resolve references, diff every kind, order: a Plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from bot.engine.drift import Rest, labelled, settled
from bot.engine.membership import memberships, missing_members
from bot.engine.naming import with_names
from bot.engine.observe import Facts
from bot.engine.part import closed, pointed_at
from bot.engine.picture import picture
from bot.engine.safety import refusals
from bot.kinds import KINDS, route, security_group_rule
from bot.kinds.base import References, Situation
from bot.model.address import Address, Scope, pair_of
from bot.model.change import Action, Change, Gap, Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import Mesh


def make_plan(mesh: Mesh, base: Mesh | None, facts: Facts) -> Plan:
    """What turns the observed world into the desired one; a pure function of three values.

    With a base, each change is labelled as drift when the base's own plan holds it too.
    """
    before = base if base is not None and base.known else None
    changes, diagnostics, references = _difference(mesh, before, facts)
    if before is not None and changes:
        changes = _labelled(changes, mesh, before, facts)
    moves = memberships(mesh, before, changes)
    told = {*diagnostics, *missing_members(mesh, facts.inventory, moves)}
    names = {env.name for _, env in mesh} | {n for c in changes for n in c.environments}
    plan = Plan(
        tuple(with_names(changes, facts.inventory)),
        tuple(sorted(told, key=lambda d: d.sort_key)),
        facts.inventory.gaps,
        tuple(sorted(names)),
        moves,
        ids=_ids(references),
        mesh=picture(mesh, moves, changes, references.available),
    )
    return replace(plan, refusals=refusals(plan, mesh, base, facts, references))


def _ids(references: References) -> dict[Address, str]:
    """AWS's ids of what is ours. Of two live peerings of a pair, that which was judged."""
    known = {r.address: i for i, r in references.by_id.items() if r.managed and not r.dead}
    judged = {address: c.id for address, c in references.available.items() if c.id}
    return known | judged


def _difference(
    mesh: Mesh, base: Mesh | None, facts: Facts, wanted: Mesh | None = None
) -> tuple[tuple[Change[Any], ...], tuple[Diagnostic, ...], References]:
    """What a mesh changes; with ``wanted``, only what that part of it asks for is."""
    references, closed_accounts = References(), mesh.abandoned_accounts
    changes: list[Change[Any]] = []
    diagnostics: list[Diagnostic] = []
    for kind in KINDS:
        desired = kind.desire(wanted or mesh, facts.inventory)
        situation = Situation(mesh, base, facts.inventory, references, closed_accounts)
        difference = kind.diff(desired, facts.observed.get(kind.NAME, ()), situation)
        references = difference.references.kept(difference.blocked)
        if difference.blocked:
            changes = [c for c in changes if not _withheld(c, difference.blocked)]
        changes += difference.changes
        diagnostics += difference.diagnostics
        diagnostics += [_blocked(kind.NAME, address) for address in sorted(difference.blocked)]
    return ordered(changes), tuple(diagnostics), references


def _withheld(change: Change[Any], blocked: Collection[Address]) -> bool:
    """What must stay, and what would go with it alone: half of it gone would help nobody."""
    if change.action is not Action.DELETE:
        return False
    return change.address in blocked or any(to in blocked for to in pointed_at(change.before))


_WHY = {
    route.NAME: (
        "a route to it stays, because two peers claim its destination",
        "Settle which of them has the destination; then the peering can go.",
    ),
    security_group_rule.NAME: (
        "a security group rule for it stays, because an entry between the same two VPCs does not"
        " tell its groups",
        "Mend or remove that entry of security_group_rules; then the peering can go.",
    ),
}
"""By the kind that holds a peering: why, and what to do."""


def _blocked(kind: str, address: Address) -> Diagnostic:
    why, advice = _WHY[kind]
    pair = pair_of(address)
    return Diagnostic(
        Severity.WARNING,
        "delete-withheld",
        f"the peering between {pair.first} and {pair.second} is wanted by no environment, but is"
        f" kept: {why}",
        advice,
    )


def ordered(changes: Iterable[Change[Any]]) -> tuple[Change[Any], ...]:
    """Apply order: what is made or moved by kind, then what goes, last kind first."""
    made: dict[str, list[Change[Any]]] = {kind.NAME: [] for kind in KINDS}
    gone: dict[str, list[Change[Any]]] = {kind.NAME: [] for kind in reversed(KINDS)}
    for change in changes:
        (gone if change.after is None else made)[change.address.kind].append(change)
    groups = (*made.values(), *gone.values())
    return tuple(c for group in groups for c in sorted(group, key=lambda c: str(c.address)))


def _labelled(
    changes: tuple[Change[Any], ...], mesh: Mesh, base: Mesh, facts: Facts
) -> tuple[Change[Any], ...]:
    known = _as_known_to(base, facts)
    names = settled(mesh, base, known, changes)
    rest = Rest.without(names, base, known)
    before, _, _ = _difference(base, None, rest.facts, rest.mesh)
    return labelled(changes, names, before)


def _as_known_to(base: Mesh, facts: Facts) -> Facts:
    """Scopes of the base that were not read at all (abandoned since) are gaps to it."""
    known = facts.inventory.observed | {gap.scope for gap in facts.inventory.gaps}
    unread = tuple(Gap(scope, "", "not read") for scope in sorted(base.scopes - known))
    inventory = replace(facts.inventory, gaps=(*facts.inventory.gaps, *unread))
    return replace(facts, inventory=inventory)


def narrowed(plan: Plan, environments: Iterable[str], scopes: Iterable[Scope] = ()) -> Plan:
    """The part of a plan that belongs to these environments; all of it when none is named.

    A change that needs one of other environments is left out, and said. The refusals are
    those of every environment that a change of the part belongs to. ``scopes`` are those
    that the environments' members live in: gaps elsewhere do not matter.
    """
    names = frozenset(environments)
    if not names:
        return plan
    changes = closed(plan.changes, lambda change: bool(change.environments & names))
    touched = names.union(*(change.environments for change in changes))
    left_out = sum(bool(c.environments & names) for c in plan.changes) - len(changes)
    near = {*scopes, *(s for change in changes for s in change.address.scopes)}
    told = (_waiting(left_out, names),) if left_out else ()
    return replace(
        plan,
        changes=changes,
        diagnostics=(*_about(plan.diagnostics, names), *told),
        refusals=_about(plan.refusals, touched),
        gaps=tuple(gap for gap in plan.gaps if not scopes or gap.scope in near),
        environments=tuple(sorted(names)),
        memberships=tuple(m for m in plan.memberships if m.environment in names),
        mesh=replace(
            plan.mesh,
            members=tuple(m for m in plan.mesh.members if m.environment in names),
            connections=tuple(c for c in plan.mesh.connections if c.environment in names),
        ),
        reachability=tuple(r for r in plan.reachability if r.environment in names),
    )


def _waiting(number: int, names: frozenset[str]) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "needs-other-environment",
        f"changes left out, as they need those of environments that were not chosen: {number}",
        "Choose those environments too.",
        environments=names,
    )


def _about(diagnostics: Iterable[Diagnostic], names: frozenset[str]) -> tuple[Diagnostic, ...]:
    return tuple(d for d in diagnostics if not d.environments or d.environments & names)
