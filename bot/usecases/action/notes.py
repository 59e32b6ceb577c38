"""Annotations: faults on their lines, and on a member's line what its coming or going causes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from bot.model.address import VPC_PEERING_CONNECTION, Address, VpcRef
from bot.model.change import Change, Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.github import Annotation, AnnotationLevel
from bot.render.wording import count

MOST = 1_000
"""Annotations of a run. Faults come first; the summary holds everything."""

_LEVELS = {
    Severity.ERROR: AnnotationLevel.FAILURE,
    Severity.WARNING: AnnotationLevel.WARNING,
    Severity.NOTICE: AnnotationLevel.NOTICE,
}


def faults(diagnostics: Iterable[Diagnostic]) -> tuple[Annotation, ...]:
    """One annotation for each diagnostic, errors first."""
    found = [_fault(diagnostic) for diagnostic in diagnostics]
    order = list(_LEVELS.values())
    return tuple(sorted(found, key=lambda note: order.index(note.level)))[:MOST]


def of_plan(plan: Plan) -> tuple[Annotation, ...]:
    """A plan's diagnostics and refusals, and a notice for each member that joins or leaves."""
    told = dict.fromkeys((*plan.refusals, *plan.diagnostics))
    return (*faults(told), *_memberships(plan))[:MOST]


def _fault(diagnostic: Diagnostic) -> Annotation:
    text = "\n".join(part for part in (diagnostic.summary, diagnostic.detail) if part)
    return Annotation(_LEVELS[diagnostic.severity], text, diagnostic.code, diagnostic.location)


def _memberships(plan: Plan) -> Iterator[Annotation]:
    peerings, routes = _counts(plan)
    for move in plan.memberships:
        # a line that only the base has cannot be shown in the pull request's files
        if move.declared_at is not None and not move.in_base:
            key = (move.environment, move.vpc)
            caused = f"{count(peerings[key], 'peering')}, {count(routes[key], 'route')}"
            text = f"{move.movement} {move.environment}: {caused}"
            yield Annotation(AnnotationLevel.NOTICE, text, place=move.declared_at)


def _counts(plan: Plan) -> tuple[Counter[Any], Counter[Any]]:
    """Changes of peerings and routes by environment and VPC.

    A route belongs to both ends of its peering; one whose peering does not change, to the
    VPC whose table it is in.
    """
    peerings: Counter[tuple[str, VpcRef]] = Counter()
    routes: Counter[tuple[str, VpcRef]] = Counter()
    ends: dict[Address | str, tuple[VpcRef, ...]] = {}
    for change in plan.changes:
        if change.address.kind == VPC_PEERING_CONNECTION:
            spec = _spec(change)
            ends[change.address] = (spec.requester, spec.accepter)
            touched = ends[change.address]
            peerings.update((name, vpc) for name in change.environments for vpc in touched)
    for change in plan.changes:
        if change.address.kind == "route":
            spec = _spec(change)
            touched = ends.get(spec.target, (spec.vpc,))
            routes.update((name, vpc) for name in change.environments for vpc in touched)
    return peerings, routes


def _spec(change: Change[Any]) -> Any:
    return change.before if change.after is None else change.after
