"""Annotations: faults on their lines, and on a member's line what its coming or going causes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bot.model.address import VPC_PEERING_CONNECTION, Address, VpcRef
from bot.model.change import Change, Membership, Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.github import Annotation, AnnotationLevel
from bot.model.mesh import Mesh
from bot.render import escape
from bot.render.wording import count

MOST = 1_000
"""Annotations of a run. Faults come first; the summary holds everything."""

FEW = 20
"""Members that one annotation names."""

TEXT_LIMIT = 2_000

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


def of_plan(plan: Plan, mesh: Mesh) -> tuple[Annotation, ...]:
    """A plan's diagnostics and refusals, and what each member's joining or leaving causes.

    ``mesh`` is the one the plan is for: its lines can be annotated.
    """
    told = dict.fromkeys((*plan.refusals, *plan.diagnostics))
    peerings, routes = _counts(plan)

    def caused(move: Membership) -> str:
        key = (move.environment, move.vpc)
        return f"{count(peerings[key], 'peering')}, {count(routes[key], 'route')}"

    return (*faults(told), *movements(plan.memberships, mesh, caused))[:MOST]


def movements(
    memberships: Iterable[Membership], mesh: Mesh, caused: Callable[[Membership], str]
) -> Iterator[Annotation]:
    """A notice on each line that lets a member join or leave, with what that causes.

    A line that was taken out is not there to be annotated: its environment's is.
    """
    gone: dict[str, list[str]] = {}
    for move in memberships:
        what = caused(move)
        if move.declared_at is not None and not move.in_base:
            text = f"{move.movement} {escape.visible(move.environment)}: {what}"
            yield Annotation(AnnotationLevel.NOTICE, text, place=move.declared_at)
        elif move.environment in mesh.environments:
            text = f"{escape.visible(move.vpc)} {move.movement}: {what}"
            gone.setdefault(move.environment, []).append(text)
    for name, lines in gone.items():
        more = [f"and {len(lines) - FEW:,} more"] if len(lines) > FEW else []
        text = "\n".join([*lines[:FEW], *more])
        place = mesh.environments[name].declared_at
        yield Annotation(AnnotationLevel.NOTICE, text, place=place)


def _fault(diagnostic: Diagnostic) -> Annotation:
    parts = f"{diagnostic.summary}\n{diagnostic.detail}".splitlines()
    text = "\n".join(filter(None, (escape.visible(part, TEXT_LIMIT) for part in parts)))
    return Annotation(_LEVELS[diagnostic.severity], text, diagnostic.code, diagnostic.location)


def _counts(plan: Plan) -> tuple[Counter[Any], Counter[Any]]:
    """Changes of peerings and routes by environment and VPC.

    A route belongs to both ends of its peering; one whose peering does not change, to the
    VPC whose table it is in. Counted is in the environments that a VPC joins or leaves.
    """
    moved = frozenset(move.environment for move in plan.memberships)
    peerings: Counter[tuple[str, VpcRef]] = Counter()
    routes: Counter[tuple[str, VpcRef]] = Counter()
    ends: dict[Address | str, tuple[VpcRef, ...]] = {}
    for change in plan.changes if moved else ():
        if change.address.kind == VPC_PEERING_CONNECTION:
            spec = _spec(change)
            ends[change.address] = touched = (spec.requester, spec.accepter)
            peerings.update((name, vpc) for name in change.environments & moved for vpc in touched)
    for change in plan.changes if moved else ():
        names = change.environments & moved
        if names and change.address.kind == "route":
            spec = _spec(change)
            near = ends.get(spec.target, (spec.vpc,))
            routes.update((name, vpc) for name in names for vpc in near)
    return peerings, routes


def _spec(change: Change[Any]) -> Any:
    return change.before if change.after is None else change.after
