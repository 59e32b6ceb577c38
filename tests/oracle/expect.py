"""What must hold after an apply, from the files, their base and the world before."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.model.address import Scope, VpcRef
from bot.model.mesh import Mesh, OrphanRoutes
from tests.fakes.world import FakePeering, FakeRoute, FakeTable, World, same_family_overlap
from tests.oracle.rules import RuleExpectation, expected_rules
from tests.oracle.wishes import Ends, Wish, Wishes, united, wishes_of

Target = str | VpcRef | None
"""Where a route leads: the peer it reaches over a peering of ours, another id, or no route."""


@dataclass
class Expectation:
    """``managed``: pairs with a live peering of ours, and the wish whose tags it carries.

    ``doomed``: ids that must be gone. ``routes``: per table and destination, every outcome
    that the text allows (one, except towards a gap). What is in none of these must not change.
    """

    before: World
    managed: dict[Ends, Wish] = field(default_factory=dict)
    doomed: set[str] = field(default_factory=set)
    lenient: set[str] = field(default_factory=set)
    """Peerings in or towards a gap: they stay, more is not said."""
    dns: dict[Ends, dict[VpcRef, bool]] = field(default_factory=dict)
    """Sides of peerings on which DNS resolution must be on or off; all others stay."""
    routes: dict[str, dict[str, set[Target]]] = field(default_factory=dict)
    rules: RuleExpectation = field(default_factory=RuleExpectation)
    frozen: set[tuple[str, str]] = field(default_factory=set)
    """Tables and destinations that two peers claim."""


def expect(
    head: Mesh, base: Mesh | None, before: World, unreadable: frozenset[Scope] = frozenset()
) -> Expectation:
    """The expectation. ``unreadable`` are scopes that fail besides the closed accounts."""
    return _Oracle(head, base, before, unreadable).expectation()


class _Oracle:
    def __init__(
        self, head: Mesh, base: Mesh | None, before: World, unreadable: frozenset[Scope]
    ) -> None:
        self.head, self.base, self.before = head, base, before
        self.wishes: Wishes = wishes_of(head, base)
        everywhere = {vpc.scope for vpc in before.vpcs}
        self.readable = {
            scope
            for scope in everywhere
            if scope.account not in before.closed
            and scope.account not in self.wishes.abandoned
            and scope not in unreadable
        }
        self.result = Expectation(before)

    def expectation(self) -> Expectation:
        for ends in self.wishes.pairs():
            self._peering(ends)
        for peering in self.before.peerings.values():
            self._leftover(peering)
        for table in self.before.tables.values():
            if table.eligible and table.vpc.scope in self.readable:
                self._table(table)
        for table_id, destination in self.result.frozen:
            # routes go before their connection: where a route is frozen, so is its connection
            route = self.before.tables[table_id].static(destination)
            if route and route.target in self.result.doomed:
                self.result.doomed.discard(route.target)
                self._keep_routes_to(route.target)
        staying = {
            peering.ends
            for peering in self.before.peerings.values()
            if peering.live and peering.id not in self.result.doomed
        }
        peered = staying | self.result.managed.keys()
        parted = {p.ends for p in self.before.peerings.values() if self._nobodys(p)}
        given = (self.head, self.base, self.before, self.readable)
        self.result.rules = expected_rules(*given, peered, parted)
        return self.result

    def _keep_routes_to(self, peering: str) -> None:
        """What stays, stays whole: nobody wants a peering that leads one way only."""
        for table_id, outcome in self.result.routes.items():
            for destination, targets in outcome.items():
                route = self.before.tables[table_id].static(destination)
                if route and route.target == peering and targets == {None}:
                    outcome[destination] = {peering}

    def _ours(self, peering: FakePeering) -> bool:
        return self.wishes.owner(peering, self.readable) is not None

    def _towards_gap(self, ends: Ends) -> bool:
        return any(
            end.scope not in self.readable and end.scope.account not in self.wishes.abandoned
            for end in ends
        )

    def _partly_read(self, vpc: VpcRef) -> bool:
        return any(
            self._towards_gap(frozenset(member.vpc for member in environment.members))
            for _, environment in self.head
            if any(member.vpc == vpc for member in environment.members)
        )

    def _peering(self, ends: Ends) -> None:
        one, other = ends
        wishes = self.wishes.of(ends)
        there = self.before.live_between(one, other)
        if any(end.scope not in self.readable for end in ends):
            if there:
                self.result.lenient.add(there.id)
            return
        if one not in self.before.vpcs or other not in self.before.vpcs:
            return
        if self.before.overlapping(one, other):
            return
        sides = {end: {wish.resolution(end) for wish in wishes} - {None} for end in ends}
        self.result.dns[ends] = {end: s == {True} for end, s in sides.items() if len(s) == 1}
        if there is None:
            self.result.managed[ends] = wishes[0]
            return
        owner = self.wishes.owner(there, self.readable)
        adopting = [w for w in wishes if w.environment.adopt and there.status == "active"]
        if owner is None and not adopting:
            return
        named = [w for w in wishes if w.environment.name == owner]
        self.result.managed[ends] = (named or (adopting if owner is None else wishes))[0]

    def _nobodys(self, peering: FakePeering) -> bool:
        """Live and ours, and no environment wants it."""
        if not peering.live or not self._ours(peering) or peering.ends in self.wishes.pairs():
            return False
        return any(end.scope in self.wishes.scopes for end in peering.ends)

    def _leftover(self, peering: FakePeering) -> None:
        if not self._nobodys(peering):
            return
        if self._towards_gap(peering.ends):
            self.result.lenient.add(peering.id)
        else:
            self.result.doomed.add(peering.id)

    def _table(self, table: FakeTable) -> None:
        claims, hopes = self._claims(table)
        outcome = self.result.routes.setdefault(table.id, {})
        for destination in {r.destination for r in table.routes if r.static} | set(claims):
            peers = claims.get(destination, set())
            outcome[destination] = self._route(table, destination, peers)
        for destination, hoping in hopes.items():
            now = self._target(table.static(destination))
            links = (self.before.live_between(table.vpc, peer) for peer in hoping)
            targets: set[Target] = {link.id for link in links if link}
            outcome[destination] = outcome.get(destination, {now}) | targets | {now}
            if targets and destination in claims:
                self.result.frozen.add((table.id, destination))
            if claims.get(destination, set()) - hoping and any(
                self._claims_still(table.vpc, peer) for peer in hoping
            ):
                self.result.frozen.add((table.id, destination))
                outcome[destination] = {now}  # both claim it, as far as can be seen
        self._spare_what_gaps_had(table, claims, outcome)

    def _claims_still(self, vpc: VpcRef, peer: VpcRef) -> bool:
        """True when what a peer in a gap claims can be seen, and nobody else has its peering."""
        there = self.before.live_between(vpc, peer)
        return self._shown(peer) and (there is None or self._ours(there))

    def _shown(self, peer: VpcRef) -> bool:
        """True when a peering shows a VPC's blocks on a side that can be read."""
        return any(
            peer in peering.ends
            and peering.status == "active"
            and any(end.scope in self.readable & self.wishes.scopes for end in peering.ends)
            for peering in self.before.peerings.values()
        )

    def _spare_what_gaps_had(
        self, table: FakeTable, claims: dict[str, set[VpcRef]], outcome: dict[str, set[Target]]
    ) -> None:
        """Where nothing shows what a peer in a gap has, its earlier routes may say so."""
        gone = {
            route.destination
            for other in self.before.tables.values()
            for route in other.routes
            if other.vpc == table.vpc
            and (held := self.before.peerings.get(route.target))
            and table.vpc in held.ends
            and self._towards_gap(held.ends)
            and not any(map(self._shown, held.ends - {table.vpc}))
        }
        taken = [d for d in claims if any(same_family_overlap(d, had) for had in gone)]
        for destination in outcome:
            near = destination in taken or any(same_family_overlap(destination, d) for d in taken)
            if near and not destination.startswith("pl-"):
                outcome[destination] |= {self._target(table.static(destination))}

    def _claims(self, table: FakeTable) -> tuple[dict[str, set[VpcRef]], dict[str, set[VpcRef]]]:
        """Who claims which destination, and who does so in a gap."""
        claims: dict[str, set[VpcRef]] = {}
        hopes: dict[str, set[VpcRef]] = {}
        for wish in self.wishes.wishes:
            if table.vpc not in wish.ends:
                continue
            (peer,) = wish.ends - {table.vpc}
            if wish.ends in self.result.managed:
                for destination in self._united(wish, table.vpc):
                    claims.setdefault(destination, set()).add(peer)
            elif self._towards_gap(wish.ends) and peer in self.before.vpcs:
                for destination in self._united(wish, table.vpc):
                    hopes.setdefault(destination, set()).add(peer)
        return claims, hopes

    def _united(self, wish: Wish, vpc: VpcRef) -> set[str]:
        known = [
            other
            for other in self.wishes.wishes
            if vpc in other.ends
            for far in other.ends - {vpc}
            if far.scope in self.readable
            or other.members[far].cidr_overrides is not None
            or self._shown(far)
        ]
        return united(wish, vpc, known, self.before)

    def _target(self, route: FakeRoute | None) -> Target:
        return None if route is None else route.target

    def _route(self, table: FakeTable, destination: str, peers: set[VpcRef]) -> set[Target]:
        route = table.static(destination)
        now = self._target(route)
        vpc = self.before.vpcs[table.vpc]
        if peers and any(same_family_overlap(destination, b) for b in (*vpc.v4, *vpc.v6)):
            return {now}  # an error: the receiver's own addresses
        if len(peers) > 1:
            self.result.frozen.add((table.id, destination))
            return {now}
        if not peers:
            return self._unwanted(table, route)
        (peer,) = peers
        return {peer} if route is None else self._occupied(table, route, peer)

    def _occupied(self, table: FakeTable, route: FakeRoute, peer: VpcRef) -> set[Target]:
        """A route stands where one to ``peer`` is wanted."""
        now = route.target
        live = self.before.live_between(table.vpc, peer)
        held = self.before.peerings.get(now)
        forgotten = now.startswith("pcx-") and held is None
        if forgotten or (live and now == live.id):
            return {peer}
        if held and self._ours(held):
            return {peer, now} if held.live and self._towards_gap(held.ends) else {peer}
        if held and not held.live and held.ends == {table.vpc, peer}:
            # somebody's dead peering of the same two VPCs: the text could be read either way
            return {peer, now}
        return {now}  # a conflict

    def _unwanted(self, table: FakeTable, route: FakeRoute | None) -> set[Target]:
        assert route is not None, "neither wanted nor there"
        now = route.target
        held = self.before.peerings.get(now)
        if not now.startswith("pcx-"):
            return {now}
        if held is None or not held.live:
            return self._orphan(table, now, held)
        if held.id in self.result.lenient:
            return {now}
        if held.id in self.result.doomed:
            return {None}
        if held.ends not in self.result.managed:
            return {now}
        return {None} if self._ours(held) else {None, now}  # the latter is adopted in this plan

    def _orphan(self, table: FakeTable, now: str, held: FakePeering | None) -> set[Target]:
        deleting = any(
            environment.orphan_routes is OrphanRoutes.DELETE
            and any(m.vpc == table.vpc for m in environment.members)  # tombstones: cleaned too
            for _, environment in self.head
        )
        if not deleting:
            return {now}
        if held is None and self._partly_read(table.vpc):
            return {now}  # the forgotten peering may have led into the gap
        if held is None or self._ours(held):
            return {now} if held and self._towards_gap(held.ends) else {None}
        return {None, now}
