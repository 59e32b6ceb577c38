"""A route that nobody wants: delete it if it is ours, and only then."""

from __future__ import annotations

from dataclasses import dataclass

from bot.kinds.base import Reference, Situation
from bot.kinds.route.spec import DEAD_PEERING, ObservedRoute, RouteSpec
from bot.kinds.route.verdict import NOTHING, Verdict
from bot.model.address import Address, VpcRef
from bot.model.change import Change
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import OrphanRoutes


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Judges routes at destinations that nobody wants.

    ``members`` are the VPCs of the mesh with their environments; ``cleaned`` the
    environments whose ``orphan_routes`` is ``delete``; ``partly_read`` those with a member
    in a gap, so that nobody knows whether its destinations are wanted.
    """

    situation: Situation
    members: dict[VpcRef, frozenset[str]]
    cleaned: frozenset[str]
    partly_read: frozenset[str]

    @classmethod
    def of(cls, situation: Situation) -> Leftovers:
        """What the judging needs to know, looked up once."""
        members: dict[VpcRef, set[str]] = {}
        cleaned, partly_read = set(), set()
        for _, environment in situation.mesh:
            for member in environment.members:
                members.setdefault(member.vpc, set()).add(environment.name)
                if member.vpc.scope in situation.gaps:
                    partly_read.add(environment.name)
            if environment.orphan_routes is OrphanRoutes.DELETE:
                cleaned.add(environment.name)
        return cls(
            situation,
            {vpc: frozenset(names) for vpc, names in members.items()},
            frozenset(cleaned),
            frozenset(partly_read),
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
            return Verdict(self._delete(address, route, held, "its peering goes away"))
        if route.to_prefix_list or held.address not in self.situation.references.available:
            return NOTHING
        if self.situation.gaps.intersection(held.address.scopes):
            return NOTHING  # what the other side has is not known: the gap says so
        reason = "its destination is no longer wanted"
        return Verdict(self._delete(address, route, held, reason))

    def _orphan(self, address: Address, route: ObservedRoute, held: Reference | None) -> Verdict:
        names = self.members.get(route.vpc, frozenset())
        if not route.eligible or not names:
            return NOTHING
        cleaned = names & self.cleaned
        if not cleaned:
            return Verdict(diagnostic=_orphaned(route, names))
        far = held.address.scopes if held else ()
        if names & self.partly_read or self.situation.gaps.intersection(far):
            return Verdict(diagnostic=_withheld(route, route.target, names))
        before = RouteSpec(route.vpc, route.destination, DEAD_PEERING, True)
        reason = "a blackhole to a dead peering"
        return Verdict(self._change(address, before, route.target, cleaned, reason))

    def _delete(
        self, address: Address, route: ObservedRoute, held: Reference, reason: str
    ) -> Change[RouteSpec]:
        before = RouteSpec(route.vpc, route.destination, held.address)
        return self._change(address, before, route.target, held.environments, reason)

    def _change(
        self, address: Address, before: RouteSpec, target: str, names: frozenset[str], reason: str
    ) -> Change[RouteSpec]:
        support = self.situation.support_of(names)
        return Change(address, before, None, target, names, support=support, reason=reason)


def _ineligible(route: ObservedRoute, held: Reference) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "ineligible-table",
        f"{route.vpc} {route.table}: {route.destination} goes to {route.target}, which is to be"
        " deleted, but the table is not tagged peerd_eligible:true and is never changed",
        "The route becomes a blackhole. Remove it by hand.",
        environments=held.environments,
    )


def _withheld(route: ObservedRoute, target: str, names: frozenset[str]) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "delete-withheld",
        f"{route.vpc} {route.table}: {route.destination} to {target} is not wanted, as far as"
        " could be read, but is kept: another scope could not be read",
        "Nothing is deleted in or towards what could not be read.",
        environments=names,
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
