"""A destination that a table should route: create, move, or say why not."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, replace

from bot.kinds.base import Reference, Situation
from bot.kinds.route.desire import lines_of, route_address
from bot.kinds.route.spec import DEAD_PEERING, ObservedRoute, RouteClaim, RouteSpec, RouteWish
from bot.kinds.route.unread import Had, Unread
from bot.kinds.route.verdict import NOTHING, Verdict
from bot.model.address import Address, Scope, pair_of
from bot.model.change import Change, Desired
from bot.model.cidr import overlap
from bot.model.diagnostic import Diagnostic, Severity, SourceLine

Claims = tuple[RouteClaim, ...]


def live_claims(wish: RouteWish, available: Container[Address]) -> Claims:
    """The claims whose peering exists, ours, once the plan is applied."""
    return tuple([c for c in wish.claims if c.peering in available and not c.glimpsed])


@dataclass(frozen=True, slots=True)
class Destination:
    """What is alike in all tables of a VPC that should route a destination.

    ``claims`` are those for which a route can be made, ``rivals`` the others that hold.
    ``own`` is a block of the VPC itself that shares addresses with it, if any. ``united``: it is
    the union of blocks.
    """

    claims: Claims
    rivals: Claims
    own: str | None
    after: RouteSpec
    environments: frozenset[str]
    declared_at: tuple[SourceLine, ...]
    support: str
    united: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Judges wanted routes."""

    situation: Situation
    unread: Unread

    def destination(self, wish: Desired[RouteWish]) -> Destination | None:
        """What is wanted, for all tables of the VPC alike; None when no peering would lead there.

        The wishes for these tables hold the very same claims.
        """
        spec = wish.spec
        claims = live_claims(spec, self.situation.references.available)
        if not claims:
            return None
        names, lines = wish.environments, wish.declared_at
        if len(claims) < len(spec.claims):  # else the wish has put them together
            names = frozenset(claim.environment for claim in claims)
            lines = lines_of(claims)
        return Destination(
            claims,
            self.unread.rivals(spec),
            self._own_block(spec),
            RouteSpec(spec.vpc, spec.destination, claims[0].peering),
            names,
            lines,
            self.situation.support_of(names),
            any(claim.parts for claim in claims),
        )

    def verdict(
        self, wish: Desired[RouteWish], at: Destination, route: ObservedRoute | None
    ) -> Verdict:
        """The verdict on a wanted destination of one table."""
        claims = at.claims
        if at.own is not None:
            return Verdict(diagnostic=_override_overlap(wish.spec, claims, at.own))
        if at.rivals or len(claims) > 1:
            all_claims = (*claims, *at.rivals)
            if len({claim.peering for claim in all_claims}) > 1:
                return Verdict(
                    diagnostic=_contested(wish.spec, all_claims, self.situation.gaps),
                    blocked=self._held_by(route),
                )
        verdict = self._alone(wish, at, route)
        if verdict.change and (had := self.unread.earlier(wish.spec, claims[0].peering)):
            return Verdict(
                diagnostic=_not_given(wish.spec, claims[0], had),
                blocked=self._held_by(route),
                withheld=(wish.address, claims[0].peering),
            )
        return verdict

    def crossed(
        self, wish: RouteWish, at: Destination, routes: Mapping[Address, ObservedRoute]
    ) -> Iterator[Diagnostic]:
        """Where somebody else's route has a part of a union: it is longer, and keeps the part."""
        for claim in at.claims:
            for part in claim.parts:
                route = routes.get(route_address(wish.vpc, wish.table, part))
                if route is not None and self._somebody_elses(route, claim.peering):
                    yield _crossed(wish, claim, route)

    def _alone(
        self, wish: Desired[RouteWish], at: Destination, route: ObservedRoute | None
    ) -> Verdict:
        """Where one peer alone claims the destination."""
        if route is None:
            return Verdict(_change(wish, at, None, "wanted and not there"))
        verdict = self._occupied(wish, at, route, at.claims[0].peering)
        if verdict.change is None:
            return verdict
        return replace(verdict, change=replace(verdict.change, id=route.target))

    def _own_block(self, wish: RouteWish) -> str | None:
        vpc = self.situation.inventory.vpcs.get(wish.vpc)
        blocks = (*vpc.cidr_blocks, *vpc.ipv6_cidr_blocks) if vpc else ()
        return next((block for block in blocks if overlap(block, wish.destination)), None)

    def _held_by(self, route: ObservedRoute | None) -> Address | None:
        """The peering that cannot go, as a route to it stays."""
        held = self.situation.references.by_id.get(route.target) if route else None
        return held.address if held and held.managed and held.going else None

    def _occupied(
        self,
        wish: Desired[RouteWish],
        at: Destination,
        route: ObservedRoute,
        target: Address,
    ) -> Verdict:
        held = self.situation.references.by_id.get(route.target)
        if held is not None and self._serves(held, target):
            return NOTHING
        if self._somebody_elses(route, target):
            return Verdict(diagnostic=_conflict(wish.spec, at.claims, route))
        if held is None:
            gone = RouteSpec(route.vpc, route.destination, DEAD_PEERING, True)
            return Verdict(_change(wish, at, gone, "its target is gone"))
        return self._moved(wish, at, route, held)

    def _serves(self, held: Reference, target: Address) -> bool:
        return held.address == target and not held.dead and not self._idle_twin(held)

    def _somebody_elses(self, route: ObservedRoute, target: Address) -> bool:
        """True for a route that is in the way of one through ``target``, and not ours."""
        held = self.situation.references.by_id.get(route.target)
        if held is None:
            return not (route.target.startswith("pcx-") and route.blackhole)
        if held.managed or self._serves(held, target):
            return False
        return held.address != target or held.foreign

    def _idle_twin(self, held: Reference) -> bool:
        """True for a second peering of two VPCs that carries nothing, while the first does."""
        counts = self.situation.references.available.get(held.address)
        return counts is not None and counts.active and not held.active

    def _moved(
        self,
        wish: Desired[RouteWish],
        at: Destination,
        route: ObservedRoute,
        held: Reference,
    ) -> Verdict:
        before = RouteSpec(route.vpc, route.destination, held.address)
        if held.dead:
            before = replace(before, target=DEAD_PEERING, blackhole=True)
            return Verdict(_change(wish, at, before, "its peering is dead"))
        unreadable = [s for s in held.address.scopes if s in self.situation.gaps]
        if unreadable:
            return Verdict(diagnostic=_kept_for_gap(wish.spec, held, str(unreadable[0])))
        if held.address == at.claims[0].peering:
            before = replace(before, blackhole=True)
            return Verdict(_change(wish, at, before, "its peering is not the active one"))
        reason = "its peering goes away" if held.going else "another peer has this destination now"
        return Verdict(_change(wish, at, before, reason, held.environments))


def _change(
    wish: Desired[RouteWish],
    at: Destination,
    before: RouteSpec | None,
    reason: str,
    others: frozenset[str] = frozenset(),
) -> Change[RouteSpec]:
    names, lines = at.environments, at.declared_at
    names = names | others if others else names
    return Change(wish.address, before, at.after, "", names, lines, at.support, reason=reason)


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


def _contested(wish: RouteWish, claims: Claims, gaps: Container[Scope]) -> Diagnostic:
    peers = sorted({claim.peer for claim in claims})
    lines = sorted({claim.declared_at for claim in claims})
    unread = sorted({str(claim.peer.scope) for claim in claims if claim.peer.scope in gaps})
    told = f" {', '.join(unread)} could not be read: its claim is the last known." if unread else ""
    return Diagnostic(
        Severity.ERROR,
        "contested-destination",
        f"{' and '.join(map(str, peers))} both claim {wish.destination} in {wish.vpc}",
        "The destination is frozen: nothing is created, changed or deleted for it. Let one of"
        f" them claim it, with cidr_overrides ({', '.join(map(str, lines))}).{told}",
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


def _crossed(wish: RouteWish, claim: RouteClaim, route: ObservedRoute) -> Diagnostic:
    state = "a blackhole to " if route.blackhole else ""
    return Diagnostic(
        Severity.WARNING,
        "route-conflict",
        f"{wish.vpc} {wish.table}: {route.destination} already goes to {state}{route.target},"
        f" which is not ours; {wish.destination} to {claim.peer} leaves it these addresses",
        "Remove that route if the mesh should have the destination, or narrow cidr_overrides.",
        claim.declared_at,
        frozenset({claim.environment}),
    )


def _kept_for_gap(wish: RouteWish, held: Reference, scope: str) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "change-withheld",
        f"{wish.vpc} {wish.table}: {wish.destination} stays with the peering to"
        f" {pair_of(held.address).other(wish.vpc)}: {scope} could not be read",
        "Nothing is taken from a scope that could not be read.",
        environments=held.environments,
    )


def _not_given(wish: RouteWish, claim: RouteClaim, had: Had) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "change-withheld",
        f"{wish.vpc} {wish.table}: {wish.destination} is not given to {claim.peer}: {had.peer}"
        f" had {had.destination}, and {had.peer.scope} could not be read",
        "What that peer claims now is not known, and nothing is taken from a scope that could"
        " not be read.",
        claim.declared_at,
        frozenset({claim.environment}),
    )
