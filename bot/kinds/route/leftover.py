"""A route that nobody wants: delete it if it is ours, and only then."""

from __future__ import annotations

from dataclasses import dataclass

from bot.kinds.base import Reference, Situation
from bot.kinds.route.spec import ObservedRoute, RouteSpec
from bot.kinds.route.verdict import NOTHING, Verdict
from bot.model.address import Address, Scope, VpcRef
from bot.model.change import Change
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import OrphanRoutes


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Judges routes at destinations that nobody wants.

    ``members`` are the VPCs of the mesh with their environments; ``cleaned`` the
    environments whose ``orphan_routes`` is ``delete``.
    """

    situation: Situation
    members: dict[VpcRef, frozenset[str]]
    cleaned: frozenset[str]
    gaps: frozenset[Scope]

    @classmethod
    def of(cls, situation: Situation) -> Leftovers:
        """What the judging needs to know, looked up once."""
        members: dict[VpcRef, set[str]] = {}
        cleaned = set()
        for _, environment in situation.mesh:
            for member in environment.members:
                members.setdefault(member.vpc, set()).add(environment.name)
            if environment.orphan_routes is OrphanRoutes.DELETE:
                cleaned.add(environment.name)
        return cls(
            situation,
            {vpc: frozenset(names) for vpc, names in members.items()},
            frozenset(cleaned),
            frozenset(gap.scope for gap in situation.inventory.gaps),
        )

    def verdict(self, address: Address, route: ObservedRoute) -> Verdict:
        """The verdict on a static route at a destination that nobody wants."""
        if not route.target.startswith("pcx-"):
            return NOTHING
        held = self.situation.references.by_id.get(route.target)
        if held is None:
            return self._orphan(address, route, None) if route.blackhole else NOTHING
        if held.dead:
            return self._orphan(address, route, held)
        if not held.managed:
            return NOTHING
        return self._ours(address, route, held)

    def _ours(self, address: Address, route: ObservedRoute, held: Reference) -> Verdict:
        if not route.eligible:
            return Verdict(diagnostic=_ineligible(route, held)) if held.going else NOTHING
        if held.going:
            return Verdict(_delete(address, route, held, "its peering goes away"))
        if route.to_prefix_list or held.address not in self.situation.references.available:
            return NOTHING
        if any(scope in self.gaps for scope in held.address.scopes):
            return Verdict(diagnostic=_withheld(route, held))
        return Verdict(_delete(address, route, held, "its destination is no longer wanted"))

    def _orphan(self, address: Address, route: ObservedRoute, held: Reference | None) -> Verdict:
        names = self.members.get(route.vpc, frozenset())
        if not route.eligible or not names:
            return NOTHING
        if not names & self.cleaned:
            return Verdict(diagnostic=_orphaned(route, names))
        target: Address | str = held.address if held and held.managed else route.target
        before = RouteSpec(route.vpc, route.destination, target, True)
        reason = "a blackhole to a dead peering"
        change = Change(address, before, None, "", names & self.cleaned, reason=reason)
        return Verdict(change)


def _delete(
    address: Address, route: ObservedRoute, held: Reference, reason: str
) -> Change[RouteSpec]:
    before = RouteSpec(route.vpc, route.destination, held.address)
    return Change(address, before, None, "", held.environments, reason=reason)


def _ineligible(route: ObservedRoute, held: Reference) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "ineligible-table",
        f"{route.vpc} {route.table}: {route.destination} goes to {route.target}, which is to be"
        " deleted, but the table is not tagged peerd_eligible:true and is never changed",
        "The route becomes a blackhole. Remove it by hand.",
        environments=held.environments,
    )


def _withheld(route: ObservedRoute, held: Reference) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "delete-withheld",
        f"{route.vpc} {route.table}: {route.destination} to {held.address} is no longer wanted,"
        " but is kept: the other side could not be read",
        "Nothing is deleted in or towards what could not be read.",
        environments=held.environments,
    )


def _orphaned(route: ObservedRoute, names: frozenset[str]) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "orphan-route",
        f"{route.vpc} {route.table}: {route.destination} is a blackhole to {route.target},"
        " a peering that is dead, and nobody wants this destination",
        "`orphan_routes: delete` on the environment removes such routes.",
        environments=names,
    )
