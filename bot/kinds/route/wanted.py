"""A destination that a table should route: create, move, or say why not."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace

from bot.kinds.base import Reference, Situation
from bot.kinds.route.spec import DEAD_PEERING, ObservedRoute, RouteClaim, RouteSpec, RouteWish
from bot.kinds.route.verdict import NOTHING, Verdict
from bot.model.address import Address
from bot.model.change import Change, Desired
from bot.model.cidr import overlap
from bot.model.diagnostic import Diagnostic, Severity

Claims = tuple[RouteClaim, ...]


def live_claims(wish: RouteWish, available: Container[Address]) -> Claims:
    """The claims whose peering exists, ours, once the plan is applied."""
    return tuple(claim for claim in wish.claims if claim.peering in available)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Judges wanted routes."""

    situation: Situation

    def verdict(
        self, wish: Desired[RouteWish], claims: Claims, route: ObservedRoute | None
    ) -> Verdict:
        """The verdict on a wanted destination of one table."""
        own = self._own_block(wish.spec)
        if own is not None:
            return Verdict(diagnostic=_override_overlap(wish.spec, claims, own))
        if len({claim.peering for claim in claims}) > 1:
            return self._frozen(wish.spec, claims, route)
        target = claims[0].peering
        if route is None:
            return Verdict(self._change(wish, claims, None, "wanted and not there"))
        return self._occupied(wish, claims, route, target)

    def _own_block(self, wish: RouteWish) -> str | None:
        vpc = self.situation.inventory.vpcs.get(wish.vpc)
        blocks = (*vpc.cidr_blocks, *vpc.ipv6_cidr_blocks) if vpc else ()
        return next((block for block in blocks if overlap(block, wish.destination)), None)

    def _frozen(self, wish: RouteWish, claims: Claims, route: ObservedRoute | None) -> Verdict:
        held = self.situation.references.by_id.get(route.target) if route else None
        blocked = held.address if held and held.managed and held.going else None
        return Verdict(diagnostic=_contested(wish, claims), blocked=blocked)

    def _occupied(
        self,
        wish: Desired[RouteWish],
        claims: Claims,
        route: ObservedRoute,
        target: Address,
    ) -> Verdict:
        held = self.situation.references.by_id.get(route.target)
        if held is None:
            if route.target.startswith("pcx-") and route.blackhole:
                gone = RouteSpec(route.vpc, route.destination, DEAD_PEERING, True)
                return Verdict(self._change(wish, claims, gone, "its target is gone"))
            return Verdict(diagnostic=_conflict(wish.spec, claims, route))
        if held.address == target and not held.dead:
            return NOTHING
        if not held.managed and (held.address != target or held.foreign):
            return Verdict(diagnostic=_conflict(wish.spec, claims, route))
        return self._moved(wish, claims, route, held)

    def _moved(
        self,
        wish: Desired[RouteWish],
        claims: Claims,
        route: ObservedRoute,
        held: Reference,
    ) -> Verdict:
        before = RouteSpec(route.vpc, route.destination, held.address)
        if held.dead:
            before = replace(before, target=DEAD_PEERING, blackhole=True)
            return Verdict(self._change(wish, claims, before, "its peering is dead"))
        unreadable = [s for s in held.address.scopes if s in self.situation.gaps]
        if unreadable:
            return Verdict(diagnostic=_kept_for_gap(wish.spec, held, str(unreadable[0])))
        reason = "its peering goes away" if held.going else "another peer has this destination now"
        return Verdict(self._change(wish, claims, before, reason, held.environments))

    def _change(
        self,
        wish: Desired[RouteWish],
        claims: Claims,
        before: RouteSpec | None,
        reason: str,
        others: frozenset[str] = frozenset(),
    ) -> Change[RouteSpec]:
        names, lines = wish.environments, wish.declared_at
        if len(claims) < len(wish.spec.claims):  # else the wish has put them together
            names = frozenset(claim.environment for claim in claims)
            lines = tuple(sorted({claim.declared_at for claim in claims}))
        after = RouteSpec(wish.spec.vpc, wish.spec.destination, claims[0].peering)
        support = self.situation.support_of(names)
        names = names | others if others else names
        return Change(wish.address, before, after, "", names, lines, support, reason=reason)


def _override_overlap(wish: RouteWish, claims: Claims, own: str) -> Diagnostic:
    claim = claims[0]
    what = "override" if claim.overridden else "block"
    return Diagnostic(
        Severity.ERROR,
        "override-overlap" if claim.overridden else "cidr-overlap",
        f"{what} {wish.destination} of {claim.peer} overlaps {own} of {wish.vpc},"
        " which would receive the route",
        "A VPC's own addresses cannot be routed to a peer. Narrow the override.",
        claim.declared_at,
        frozenset(c.environment for c in claims),
    )


def _contested(wish: RouteWish, claims: Claims) -> Diagnostic:
    peers = sorted({claim.peer for claim in claims})
    lines = sorted({claim.declared_at for claim in claims})
    return Diagnostic(
        Severity.ERROR,
        "contested-destination",
        f"{' and '.join(map(str, peers))} both claim {wish.destination} in {wish.vpc}",
        "The destination is frozen: nothing is created, changed or deleted for it. Let one of"
        f" them claim it, with cidr_overrides ({', '.join(map(str, lines))}).",
        lines[-1],
        frozenset(claim.environment for claim in claims),
    )


def _conflict(wish: RouteWish, claims: Claims, route: ObservedRoute) -> Diagnostic:
    state = "a blackhole to " if route.blackhole else ""
    return Diagnostic(
        Severity.WARNING,
        "route-conflict",
        f"{wish.vpc} {wish.table}: {wish.destination} already goes to {state}{route.target},"
        f" which is not ours; the route to {claims[0].peer} is not made",
        "Remove that route if the mesh should have the destination, or narrow cidr_overrides.",
        claims[0].declared_at,
        frozenset(claim.environment for claim in claims),
    )


def _kept_for_gap(wish: RouteWish, held: Reference, scope: str) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "change-withheld",
        f"{wish.vpc} {wish.table}: {wish.destination} stays with {held.address}: {scope} could"
        " not be read",
        "Nothing is taken from a scope that could not be read.",
        environments=held.environments,
    )
