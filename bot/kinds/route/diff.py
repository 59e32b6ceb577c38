"""From the routes that are there to those that the mesh asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bot.kinds.base import Difference, Situation
from bot.kinds.route.cover import Withheld, covered
from bot.kinds.route.leftover import Leftovers
from bot.kinds.route.notices import outside_overrides, overlapping_claims, shadowing
from bot.kinds.route.spec import ObservedRoute, RouteSpec, RouteWish
from bot.kinds.route.unread import Unread
from bot.kinds.route.verdict import Verdict
from bot.kinds.route.wanted import Claims, Destination, Wanted
from bot.model.address import Address, VpcRef
from bot.model.change import Action, Change, Desired, Observed
from bot.model.diagnostic import Diagnostic


def diff(
    desired: Iterable[Desired[RouteWish]],
    observed: Iterable[Observed[ObservedRoute]],
    situation: Situation,
) -> Difference:
    """Create, move and delete routes in eligible tables; never take somebody else's."""
    routes = tuple(observed)
    static = {o.address: o.spec for o in routes if not o.spec.propagated}
    decided = Decided()
    judge = Wanted(situation, Unread.of(situation, routes))
    for wish, at in _wanted(desired, judge):
        if at.united:
            decided.told.update(dict.fromkeys(judge.crossed(wish.spec, at, static)))
        verdict = judge.verdict(wish, at, static.pop(wish.address, None))
        decided.add(verdict)
        if verdict.diagnostic is None:
            decided.claims.setdefault(wish.spec.vpc, {})[wish.spec.destination] = at.claims
    leftovers = Leftovers.of(situation)
    for address in sorted(static, key=str):  # those that no wish took
        decided.add(leftovers.verdict(address, static[address]))
    changes = decided.changes()
    return Difference(
        covered(changes),
        (
            *decided.told,
            *shadowing(
                (c for c in changes if c.before is None),
                (o.spec for o in routes),
                situation.references,
            ),
            *overlapping_claims(decided.claims),
            *outside_overrides(situation.mesh, situation.inventory),
        ),
        situation.references,
        frozenset(decided.blocked),
    )


def _wanted(
    desired: Iterable[Desired[RouteWish]], judge: Wanted
) -> Iterator[tuple[Desired[RouteWish], Destination]]:
    """The wishes that a peering would serve; what tables of a VPC share is looked up once."""
    claims, at = None, None
    for wish in desired:
        if wish.spec.claims is not claims:
            claims, at = wish.spec.claims, judge.destination(wish)
        if at is not None:
            yield wish, at


@dataclass(slots=True)
class Decided:
    """What the verdicts come to. They are not kept: large meshes have hundreds of thousands.

    ``told`` are diagnostics, each once: tables of one VPC often share a problem. ``claims`` are
    those of destinations without one, by VPC.
    """

    told: dict[Diagnostic, None] = field(default_factory=dict)
    blocked: set[Address] = field(default_factory=set)
    claims: dict[VpcRef, dict[str, Claims]] = field(default_factory=dict)
    _changes: list[Change[RouteSpec]] = field(default_factory=list)
    _withheld: list[tuple[Address, Address]] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Takes one more."""
        if verdict.change is not None:
            self._changes.append(verdict.change)
        if verdict.diagnostic is not None:
            self.told[verdict.diagnostic] = None
        if verdict.blocked is not None:
            self.blocked.add(verdict.blocked)
        if verdict.withheld is not None:
            self._withheld.append(verdict.withheld)

    def changes(self) -> list[Change[RouteSpec]]:
        """The changes, without deletions that must not be made: no half-cleaning."""
        if not (self.blocked or self._withheld):
            return self._changes
        withheld = Withheld(self._withheld)
        return [c for c in self._changes if not (self._held(c) or withheld.served_by(c))]

    def _held(self, change: Change[RouteSpec]) -> bool:
        """A route stays with a peering that must stay for another route's sake."""
        return change.action is Action.DELETE and change.held.target in self.blocked
