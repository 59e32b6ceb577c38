"""Resolve references, diff every kind, order: a Plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bot.engine.membership import memberships, missing_members
from bot.engine.observe import Facts
from bot.engine.picture import picture
from bot.engine.safety import refusals
from bot.kinds import KINDS
from bot.kinds.base import References, Situation
from bot.model.change import Action, Change, Gap, Origin, Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import Mesh


def make_plan(mesh: Mesh, base: Mesh | None, facts: Facts) -> Plan:
    """What turns the observed world into the desired one; a pure function of three values.

    With a base, each change is labelled as drift when the base's own plan holds it too.
    """
    changes, diagnostics, references = _difference(mesh, base, facts)
    if base is not None:
        changes = _labelled(changes, base, facts)
    moves = memberships(mesh, base, changes)
    told = {*diagnostics, *missing_members(mesh, facts.inventory, moves)}
    names = {env.name for _, env in mesh} | {n for c in changes for n in c.environments}
    plan = Plan(
        changes,
        tuple(sorted(told, key=lambda d: d.sort_key)),
        facts.inventory.gaps,
        tuple(sorted(names)),
        moves,
        ids={r.address: i for i, r in references.by_id.items() if r.managed and not r.dead},
        mesh=picture(mesh, moves, changes, references.available),
    )
    return replace(plan, refusals=refusals(plan, mesh, base, facts, references))


def _difference(
    mesh: Mesh, base: Mesh | None, facts: Facts
) -> tuple[tuple[Change[Any], ...], tuple[Diagnostic, ...], References]:
    references = References()
    changes: list[Change[Any]] = []
    diagnostics: list[Diagnostic] = []
    for kind in KINDS:
        desired = kind.desire(mesh, facts.inventory)
        situation = Situation(mesh, base, facts.inventory, references)
        difference = kind.diff(desired, facts.observed.get(kind.NAME, ()), situation)
        references = difference.references
        changes = [c for c in changes if c.address not in difference.blocked]
        changes += difference.changes
        diagnostics += difference.diagnostics
        diagnostics += [_blocked(address) for address in sorted(difference.blocked)]
    return ordered(changes), tuple(diagnostics), references


def _blocked(address: object) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "delete-withheld",
        f"{address} is wanted by no environment, but is kept: a route to it stays, because"
        " two peers claim its destination",
        "Settle which of them has the destination; then the peering can go.",
    )


def ordered(changes: Iterable[Change[Any]]) -> tuple[Change[Any], ...]:
    """Apply order: what is made or moved by kind, then what goes, last kind first."""
    kinds = [kind.NAME for kind in KINDS]

    def key(change: Change[Any]) -> tuple[bool, int, str]:
        going = change.action is Action.DELETE
        place = kinds.index(change.address.kind)
        return going, -place if going else place, str(change.address)

    return tuple(sorted(changes, key=key))


def _labelled(
    changes: tuple[Change[Any], ...], base: Mesh, facts: Facts
) -> tuple[Change[Any], ...]:
    before, _, _ = _difference(base, None, _as_known_to(base, facts))
    drift = {change.canonical_text for change in before}
    return tuple(
        replace(change, origin=Origin.DRIFT) if change.canonical_text in drift else change
        for change in changes
    )


def _as_known_to(base: Mesh, facts: Facts) -> Facts:
    """Scopes of the base that were not read at all (abandoned since) are gaps to it."""
    known = facts.inventory.observed | {gap.scope for gap in facts.inventory.gaps}
    unread = tuple(Gap(scope, "", "not read") for scope in sorted(base.scopes - known))
    inventory = replace(facts.inventory, gaps=(*facts.inventory.gaps, *unread))
    return replace(facts, inventory=inventory)


def narrowed(plan: Plan, environments: Iterable[str]) -> Plan:
    """The part of a plan that belongs to these environments; all of it when none is named."""
    names = frozenset(environments)
    if not names:
        return plan
    return replace(
        plan,
        changes=tuple(c for c in plan.changes if c.environments & names),
        diagnostics=_about(plan.diagnostics, names),
        refusals=_about(plan.refusals, names),
        environments=tuple(sorted(names)),
        memberships=tuple(m for m in plan.memberships if m.environment in names),
        mesh=replace(
            plan.mesh,
            members=tuple(m for m in plan.mesh.members if m.environment in names),
            connections=tuple(c for c in plan.mesh.connections if c.environment in names),
        ),
    )


def _about(diagnostics: Iterable[Diagnostic], names: frozenset[str]) -> tuple[Diagnostic, ...]:
    return tuple(d for d in diagnostics if not d.environments or d.environments & names)
