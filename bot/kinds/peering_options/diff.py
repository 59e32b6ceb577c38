"""From the options that are set to those that the mesh asks for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.kinds.base import Connection, Difference, Situation
from bot.kinds.peering_options.spec import (
    ACCEPTER,
    REQUESTER,
    ObservedOptions,
    OptionsSpec,
    OptionsWish,
)
from bot.model.address import Address, pair_of
from bot.model.change import Change, Desired, Observed
from bot.model.diagnostic import Diagnostic, Severity

Wish = Desired[OptionsWish]


def diff(
    desired: Iterable[Wish],
    observed: Iterable[Observed[ObservedOptions]],
    situation: Situation,
) -> Difference:
    """Set what differs on sides of peerings that are ours; never touch any other.

    A wish that a peering is not there for (blocks that overlap, a peering that is somebody
    else's, one that cannot be accepted) is dropped: why is told with the peering. What is on
    and nobody says anything about stays on.
    """
    judge = _Judge(situation, frozenset((item.address, item.id) for item in observed))
    verdicts = [judge.verdict(wish) for wish in desired]
    return Difference(
        tuple(v for v in verdicts if isinstance(v, Change)),
        tuple(v for v in verdicts if isinstance(v, Diagnostic)),
        situation.references,
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """``on`` are the sides whose option is on, each with its peering's id."""

    situation: Situation
    on: frozenset[tuple[Address, str]]

    def verdict(self, wish: Wish) -> Change[OptionsSpec] | Diagnostic | None:
        connection = self.situation.references.available.get(wish.spec.peering)
        if connection is None or not self.situation.inventory.readable(wish.spec.vpc.scope):
            return None  # told with the peering; what a gap holds is not known
        wanted = {claim.dns_resolution for claim in wish.spec.claims}
        if len(wanted) > 1:
            return _contested(wish)
        held = (wish.address, connection.id) in self.on
        if wanted == {held}:
            return None
        return _change(wish, connection, held)


def _change(wish: Wish, connection: Connection, held: bool) -> Change[OptionsSpec]:
    vpc, peering = wish.spec.vpc, wish.spec.peering
    side = REQUESTER if connection.ends[0] == vpc else ACCEPTER
    before = OptionsSpec(vpc, peering, side, held)
    there = held or connection.active
    return Change(
        wish.address,
        before if there else None,
        replace(before, allow_dns_resolution_from_remote_vpc=not held),
        connection.id,
        wish.environments | connection.environments,
        wish.declared_at,
        reason="dns_resolution asks for it",
    )


def _contested(wish: Wish) -> Diagnostic:
    vpc, peer = wish.spec.vpc, pair_of(wish.spec.peering).other(wish.spec.vpc)
    said = ", ".join(
        f"{claim.environment}: {str(claim.dns_resolution).lower()} at {claim.declared_at}"
        for claim in wish.spec.claims
    )
    return Diagnostic(
        Severity.ERROR,
        "contested-dns-resolution",
        f"environments disagree about dns_resolution of {vpc} for {peer}",
        f"The option is frozen: it stays as it is. Let them say the same ({said}).",
        wish.declared_at[-1],
        wish.environments,
    )
