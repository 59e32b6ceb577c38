"""What peers in a gap may claim: nothing is given to others there, and nothing taken.

Whether two peers claim a destination is known when the blocks of both are. Those of a peer in a
gap are told by its overrides and by what its peerings show. Where neither says, the routes
that still lead to its peering tell what it had.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.kinds.base import Situation
from bot.kinds.route.spec import ObservedRoute, RouteClaim, RouteWish
from bot.model.address import Address, Pair, VpcRef, peering_address
from bot.model.change import Observed
from bot.model.cidr import overlap
from bot.model.topology import connected_members


@dataclass(frozen=True, slots=True, order=True)
class Had:
    """A destination that leads, or led, to a peer whose claims are not known now."""

    destination: str
    peering: Address
    peer: VpcRef


@dataclass(frozen=True, slots=True)
class Unread:
    """Judges claims of peers in gaps. ``left_alone``: peerings that are not ours."""

    situation: Situation
    left_alone: frozenset[Address] = frozenset()
    had: Mapping[VpcRef, tuple[Had, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, situation: Situation, routes: Iterable[Observed[ObservedRoute]]) -> Unread:
        """What the judging needs to know, looked up once; nothing where all was read."""
        if not situation.gaps:
            return cls(situation)
        known = situation.references.by_id.values()
        left_alone = frozenset(r.address for r in known if not (r.managed or r.dead))
        return cls(situation, left_alone, _had(situation, routes, left_alone))

    def rivals(self, wish: RouteWish) -> tuple[RouteClaim, ...]:
        """The claims for which no route is made now, though they hold as far as is known."""
        if not self.situation.gaps:
            return ()
        available = self.situation.references.available
        return tuple(
            claim
            for claim in wish.claims
            if (claim.glimpsed if claim.peering in available else self._may_come(claim.peering))
        )

    def _may_come(self, peering: Address) -> bool:
        """True for a peering that is not made now because of a gap alone."""
        return peering not in self.left_alone and not self.situation.gaps.isdisjoint(peering.scopes)

    def earlier(self, wish: RouteWish, peering: Address) -> Had | None:
        """What another peer, in a gap, had of the destination; None when no one is known."""
        if not self.had:
            return None
        return next(
            (
                had
                for had in self.had.get(wish.vpc, ())
                if had.peering != peering and overlap(had.destination, wish.destination)
            ),
            None,
        )


def _had(
    situation: Situation, routes: Iterable[Observed[ObservedRoute]], left_alone: frozenset[Address]
) -> dict[VpcRef, tuple[Had, ...]]:
    peers = _obscure(situation, left_alone)
    found: dict[VpcRef, set[Had]] = defaultdict(set)
    for route in (item.spec for item in routes) if peers else ():
        held = situation.references.by_id.get(route.target)
        peer = peers.get((held.address, route.vpc)) if held else None
        if held and peer and not route.to_prefix_list:
            found[route.vpc].add(Had(route.destination, held.address, peer))
    return {vpc: tuple(sorted(had)) for vpc, had in found.items()}


def _obscure(
    situation: Situation, left_alone: frozenset[Address]
) -> dict[tuple[Address, VpcRef], VpcRef]:
    """The wanted peers of whose blocks nothing is known, by the peering and the VPC it serves."""
    gaps, glimpsed = situation.gaps, situation.inventory.glimpsed
    found: dict[tuple[Address, VpcRef], VpcRef] = {}
    for _, environment in situation.mesh:
        if any(member.vpc.scope in gaps for member in environment.present):
            for one, other in connected_members(environment):
                for vpc, peer in ((one.vpc, other), (other.vpc, one)):
                    told = peer.cidr_overrides is not None or peer.vpc in glimpsed
                    if peer.vpc.scope in gaps and not told:
                        peering = peering_address(Pair.of(vpc, peer.vpc))
                        if peering not in left_alone:
                            found[peering, vpc] = peer.vpc
    return found
