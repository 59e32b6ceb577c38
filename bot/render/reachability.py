"""Who reaches whom in words and as data. Plain text: the renderers escape it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from bot.model.address import VpcRef
from bot.model.change import plain
from bot.model.reachability import (
    SMALL,
    EnvironmentReach,
    Obstacle,
    PairReach,
    Reason,
    Tally,
)
from bot.render.wording import count


class Cell(Enum):
    """What a matrix shows of a pair."""

    SELF = "self"
    UNWANTED = "unwanted"
    KEPT = "kept"
    NEW = "new"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Exceptional:
    """A pair that is not reachable, in one direction or, for the same reason, in both."""

    pair: PairReach
    obstacle: Obstacle
    both: bool

    @property
    def lost(self) -> bool:
        """True when it was reachable before."""
        return self.pair.before is True


def in_words(reach: EnvironmentReach) -> str:
    """``reachable 30/30 pairs → 42/42``."""
    now = f"{reach.after.reachable:,}/{reach.after.wanted:,}"
    if reach.before is None:
        text = f"reachable {now} pairs"
    else:
        text = f"reachable {reach.before.reachable:,}/{reach.before.wanted:,} pairs → {now}"
    if reach.unrouted:
        text += f"; {count(reach.unrouted, 'pair')} without routes (cidr_overrides) left out"
    return text


def total(reaches: Iterable[EnvironmentReach]) -> Tally:
    """All environments together, after."""
    return sum((reach.after for reach in reaches), Tally())


def by_reason(reach: Iterable[EnvironmentReach]) -> str:
    """``12 no-route, 3 acl``, in the order in which reasons are looked for."""
    found = Counter(p.obstacle.reason for r in reach for p in r.exceptions if p.obstacle)
    return ", ".join(f"{found[reason]:,} {reason}" for reason in Reason if found[reason])


def exceptions(reach: EnvironmentReach) -> list[Exceptional]:
    """The pairs that are not reachable; those that were come first, then by VPC."""
    held = {(p.source, p.peer): p for p in reach.exceptions}
    told: list[Exceptional] = []
    while held:
        ends, pair = next(iter(held.items()))
        del held[ends]
        back = held.get((pair.peer, pair.source))
        same = back is not None and (back.obstacle, back.before) == (pair.obstacle, pair.before)
        if same:
            del held[pair.peer, pair.source]
        assert pair.obstacle is not None, "an exception has an obstacle"
        told.append(Exceptional(pair, pair.obstacle, same))
    return sorted(told, key=lambda found: not found.lost)


def why(found: Exceptional) -> str:
    """What is in the way, with the reason's name."""
    obstacle, pair = found.obstacle, found.pair
    back = "on the way back, " if obstacle.vpc == pair.peer and _directed(obstacle) else ""
    until_now = "reachable until now; " if pair.before else ""
    return f"{until_now}{obstacle.reason}: {back}{_WHY[obstacle.reason](obstacle)}"


def _directed(obstacle: Obstacle) -> bool:
    return bool(obstacle.route_table or obstacle.network_acl)


def _place(obstacle: Obstacle) -> str:
    subnet = f" ({obstacle.subnet})" if obstacle.subnet else ""
    return f"{obstacle.route_table}{subnet} of {obstacle.vpc}"


def _overlap(obstacle: Obstacle) -> str:
    if not obstacle.route_table:
        return f"the CIDR blocks {obstacle.route} and {obstacle.target} overlap"
    return f"{obstacle.destination} overlaps {obstacle.route} of {obstacle.vpc} itself"


def _no_peering(obstacle: Obstacle) -> str:
    return f"the peering is {obstacle.target}" if obstacle.target else "there is no peering"


def _no_table(obstacle: Obstacle) -> str:
    return f"no route table of {obstacle.vpc} is tagged peerd_eligible:true"


def _ineligible(obstacle: Obstacle) -> str:
    who = f"the route table of {obstacle.subnet}" if obstacle.subnet else "the main route table"
    return (
        f"{who} of {obstacle.vpc}, {obstacle.route_table}, is not tagged peerd_eligible:true and"
        f" has no route to {obstacle.destination}"
    )


def _no_route(obstacle: Obstacle) -> str:
    instead = f"; {obstacle.route} goes to {obstacle.target}" if obstacle.route else ""
    return f"{_place(obstacle)} has no route to {obstacle.destination}{instead}"


def _blackhole(obstacle: Obstacle) -> str:
    return f"{_place(obstacle)}: {obstacle.route} is a blackhole to {obstacle.target}"


def _conflict(obstacle: Obstacle) -> str:
    return f"{_place(obstacle)}: {obstacle.route} goes to {obstacle.target}"


def _shadowed(obstacle: Obstacle) -> str:
    return (
        f"{_place(obstacle)}: {obstacle.route}, more specific than {obstacle.destination},"
        f" goes to {obstacle.target}"
    )


def _acl(obstacle: Obstacle) -> str:
    rule = "*" if obstacle.rule >= 32767 else str(obstacle.rule)
    way = "outbound" if obstacle.egress else "inbound"
    return (
        f"{obstacle.network_acl} of {obstacle.subnet} in {obstacle.vpc} lets no TCP port through"
        f" for some addresses, by {way} rule {rule}"
    )


_WHY = {
    Reason.UNKNOWN: lambda o: f"{o.vpc.scope} could not be read",
    Reason.MISSING_VPC: lambda o: f"{o.vpc} does not exist",
    Reason.OVERLAP: _overlap,
    Reason.NO_PEERING: _no_peering,
    Reason.NO_ELIGIBLE_TABLE: _no_table,
    Reason.INELIGIBLE_TABLE: _ineligible,
    Reason.NO_ROUTE: _no_route,
    Reason.BLACKHOLE: _blackhole,
    Reason.CONFLICT: _conflict,
    Reason.SHADOWED: _shadowed,
    Reason.ACL: _acl,
}


def small(reach: EnvironmentReach) -> bool:
    """Whether it is shown pair by pair."""
    return 2 <= len(reach.members) <= SMALL


def matrix(reach: EnvironmentReach) -> list[list[tuple[Cell, PairReach | None]]]:
    """One row for each member as the source, one cell for each as the peer."""
    pairs = {(pair.source, pair.peer): pair for pair in reach.pairs}
    return [
        [_cell(source, peer, pairs.get((source, peer)), reach.before) for peer in reach.members]
        for source in reach.members
    ]


def _cell(
    source: VpcRef, peer: VpcRef, pair: PairReach | None, compared: Tally | None
) -> tuple[Cell, PairReach | None]:
    if source == peer:
        return Cell.SELF, None
    if pair is None:
        return Cell.UNWANTED, None
    if pair.obstacle is not None:
        return Cell.LOST, pair
    return Cell.NEW if compared is not None and pair.before is not True else Cell.KEPT, pair


def as_data(reaches: Sequence[EnvironmentReach], key: str) -> Mapping[str, Any]:
    """The field of a JSON document; nothing where nothing is known."""
    return {key: plain(tuple(reaches))} if reaches else {}
