"""From the options that are set to those that the mesh asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from bot.kinds.base import Connection, Difference, Situation
from bot.kinds.peering_options.desire import desire
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
    wishes = list(desired)
    verdicts = [judge.verdict(wish) for wish in wishes]
    told = [v for v in verdicts if isinstance(v, Diagnostic)]
    return Difference(
        tuple(v for v in verdicts if isinstance(v, Change)),
        (*told, *_left_on(judge, {wish.address for wish in wishes})),
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
        held = self.is_on(wish, connection)
        if wanted == {held}:
            return None
        return _change(wish, connection, held)

    def is_on(self, wish: Wish, connection: Connection) -> bool:
        """Whether the side's option is on."""
        return (wish.address, connection.id) in self.on


def _left_on(judge: _Judge, said: Collection[Address]) -> Iterator[Diagnostic]:
    """Sides about which the base said something and the files say nothing: they stay as they are.

    Without a base it is not known: an option carries no mark of who turned it on.
    """
    base, connections = judge.situation.base, judge.situation.references.available
    found: dict[frozenset[str], int] = {}
    for wish in desire(base, judge.situation.inventory) if base is not None else ():
        connection = connections.get(wish.spec.peering)
        if connection and wish.address not in said and judge.is_on(wish, connection):
            found[wish.environments] = found.get(wish.environments, 0) + 1
    for names, number in sorted(found.items(), key=lambda item: sorted(item[0])):
        sides = "1 side of a peering" if number == 1 else f"{number:,} sides of peerings"
        yield Diagnostic(
            Severity.NOTICE,
            "dns-resolution-left-on",
            f"DNS resolution stays on at {sides} of {', '.join(sorted(names))}, about which"
            " dns_resolution says nothing any more",
            "What no file says anything about is left alone. To turn it off, say"
            " dns_resolution: false first, and take it out once that is applied.",
            environments=names,
        )


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
