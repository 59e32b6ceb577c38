"""From the routes that are there to those that the mesh asks for."""

from __future__ import annotations

from collections.abc import Iterable

from bot.kinds.base import Difference, Situation
from bot.kinds.route.cover import covered
from bot.kinds.route.leftover import Leftovers
from bot.kinds.route.notices import outside_overrides, overlapping_claims, shadowing
from bot.kinds.route.spec import ObservedRoute, RouteWish
from bot.kinds.route.verdict import Verdict
from bot.kinds.route.wanted import Wanted, live_claims
from bot.model.address import Address
from bot.model.change import Action, Desired, Observed
from bot.model.diagnostic import Diagnostic


def diff(
    desired: Iterable[Desired[RouteWish]],
    observed: Iterable[Observed[ObservedRoute]],
    situation: Situation,
) -> Difference:
    """Create, move and delete routes in eligible tables; never take somebody else's."""
    routes = list(observed)
    static = {o.address: o.spec for o in routes if not o.spec.propagated}
    wishes = [
        (wish, live)
        for wish in desired
        if (live := live_claims(wish.spec, situation.references.available))
    ]
    judge = Wanted(situation)
    verdicts = {
        wish.address: judge.verdict(wish, live, static.get(wish.address)) for wish, live in wishes
    }
    leftovers = Leftovers.of(situation)
    verdicts |= {
        address: leftovers.verdict(address, route)
        for address, route in sorted(static.items())
        if address not in verdicts
    }
    blocked = frozenset(v.blocked for v in verdicts.values() if v.blocked is not None)
    changes = [
        v.change for v in verdicts.values() if v.change is not None and not _held_by(v, blocked)
    ]
    return Difference(
        covered(changes),
        (
            *_told(verdicts.values()),
            *shadowing(
                [c for c in changes if c.action is Action.CREATE],
                [o.spec for o in routes],
                situation.references,
            ),
            *overlapping_claims(
                [(w.spec, live) for w, live in wishes if verdicts[w.address].diagnostic is None]
            ),
            *outside_overrides(situation.mesh, situation.inventory),
        ),
        situation.references,
        blocked,
    )


def _held_by(verdict: Verdict, blocked: frozenset[Address]) -> bool:
    """A route stays with a peering that must stay for another route's sake: no half-cleaning."""
    change = verdict.change
    return bool(change and change.action is Action.DELETE and change.held.target in blocked)


def _told(verdicts: Iterable[Verdict]) -> tuple[Diagnostic, ...]:
    """Diagnostics, each once: tables of one VPC often share a problem."""
    return tuple(dict.fromkeys(v.diagnostic for v in verdicts if v.diagnostic is not None))
