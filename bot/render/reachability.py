"""Who reaches whom in words and as data. Plain text: the renderers escape it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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


NAMED = 3
"""Members that a line names of those that one thing keeps apart from another."""


@dataclass(frozen=True, slots=True)
class Exceptional:
    """One thing in the way, and the pairs of a member that it keeps apart.

    ``near`` is the member where it is, ``far`` those that it cannot reach; with ``inward`` they
    cannot reach it, with ``both`` neither. ``lost``: they could before. ``destinations`` are the
    blocks that are not reached.
    """

    obstacle: Obstacle
    near: VpcRef
    far: tuple[VpcRef, ...]
    inward: bool = False
    both: bool = False
    lost: bool = False
    destinations: tuple[str, ...] = ()

    @property
    def pairs(self) -> int:
        """How many ordered pairs these are."""
        return len(self.far) * (2 if self.both else 1)


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
    """What keeps pairs apart; what is new comes first, then by VPC.

    One thing that keeps a member from many, such as a network ACL of its subnet, is one of them.
    """
    found: dict[tuple[object, ...], list[Exceptional]] = {}
    for one in _by_pair(reach):
        key = one.near, one.inward, one.both, one.lost, *_cause(one)
        found.setdefault(key, []).append(one)
    told = [_together(alike) for alike in found.values()]
    return sorted(told, key=lambda one: not one.lost)


def _together(alike: Sequence[Exceptional]) -> Exceptional:
    far = tuple(vpc for one in alike for vpc in one.far)
    blocks = tuple(dict.fromkeys(block for one in alike for block in one.destinations))
    return replace(alike[0], far=far, destinations=blocks)


def _by_pair(reach: EnvironmentReach) -> Iterator[Exceptional]:
    """Each pair, in one direction or, where one thing is in the way of both, in both."""
    held = {(p.source, p.peer): p for p in reach.exceptions}
    while held:
        pair = held.pop(next(iter(held)))
        obstacle = pair.obstacle
        assert obstacle is not None, "an exception has an obstacle"
        back = held.get((pair.peer, pair.source))
        both = back is not None and back.obstacle is not None and _same(pair, back)
        if both:
            del held[pair.peer, pair.source]
        lost, blocks = pair.before is True, (obstacle.destination,)
        if obstacle.vpc == pair.peer:
            ends = pair.peer, (pair.source,), not both
        else:
            ends = pair.source, (pair.peer,), False
        yield Exceptional(obstacle, *ends, both, lost, blocks)


def _same(pair: PairReach, back: PairReach) -> bool:
    """Whether one thing is in the way of both directions: it is on the way back of one."""
    there, here = pair.obstacle, back.obstacle
    assert there is not None, "an exception has an obstacle"
    assert here is not None, "an exception has an obstacle"
    if (there.reason, pair.before is True) != (here.reason, back.before is True):
        return False
    if _of_pair(there):
        return sorted((there.route, there.target)) == sorted((here.route, here.target))
    return _thing(there) == _thing(here) and there.destination == here.destination


def _thing(obstacle: Obstacle) -> tuple[object, ...]:
    """What is in the way, whatever it keeps from where."""
    o = obstacle
    place = o.reason, o.vpc, o.subnet, o.route_table, o.network_acl, o.rule, o.egress
    return *place, o.route, o.target, o.security_group, o.traffic


def _of_pair(obstacle: Obstacle) -> bool:
    """Whether it is at neither end alone."""
    at_an_end = obstacle.reason is Reason.OVERLAP and obstacle.route_table
    return obstacle.reason in (Reason.NO_PEERING, Reason.OVERLAP) and not at_an_end


_OF_A_TABLE = frozenset({Reason.NO_ELIGIBLE_TABLE, Reason.INELIGIBLE_TABLE, Reason.NO_ROUTE})
"""Reasons that one table gives for every destination."""


def _cause(found: Exceptional) -> tuple[object, ...]:
    """What is equal for pairs that the same thing keeps apart."""
    obstacle = found.obstacle
    each = found.far if _of_pair(obstacle) else ()
    block = "" if obstacle.reason in _OF_A_TABLE else obstacle.destination
    return *_thing(obstacle), block, obstacle.back and not found.both, each


def ends(found: Exceptional, shown: Callable[[VpcRef], str], one: str, both: str) -> str:
    """``a -> b, c, d and 8 more members``; ``one`` and ``both`` are the arrows."""
    far = ", ".join(map(shown, found.far[:NAMED]))
    if len(found.far) > NAMED:
        far += f" and {count(len(found.far) - NAMED, 'more member')}"
    near, arrow = shown(found.near), both if found.both else one
    return f"{far} {arrow} {near}" if found.inward else f"{near} {arrow} {far}"


def why(found: Exceptional) -> str:
    """What is in the way, with the reason's name."""
    obstacle = replace(found.obstacle, back=found.obstacle.back and not found.both)
    if len(found.destinations) > 1:
        more = count(len(found.destinations) - 1, "more block")
        obstacle = replace(obstacle, destination=f"{found.destinations[0]} and {more}")
    back = "on the way back, " if obstacle.back else ""
    until_now = "reachable until now; " if found.lost else ""
    return f"{until_now}{obstacle.reason}: {back}{_WHY[obstacle.reason](obstacle)}"


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
    ports = "TCP port from 1024 on" if obstacle.back else "TCP port"
    return (
        f"{obstacle.network_acl} of {obstacle.subnet} in {obstacle.vpc} lets no {ports} through"
        f" for some addresses, by {way} rule {rule}"
    )


def _security_group(obstacle: Obstacle) -> str:
    where, traffic = f"{obstacle.security_group} of {obstacle.vpc}", obstacle.traffic
    if not obstacle.destination:
        by_id = obstacle.security_group.startswith("sg-")
        missing = "is not there" if by_id else "is not there, or there are several"
        return f"{where} {missing}; it is to let {traffic} {'out' if obstacle.egress else 'in'}"
    way = "out to" if obstacle.egress else "in from"
    block = obstacle.destination
    peer = f"{obstacle.target} ({block})" if obstacle.target else block
    unread = f"; what is in {obstacle.route} is not known" if obstacle.route else ""
    return f"{where} does not let {traffic} {way} {peer}{unread}"


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
    Reason.SECURITY_GROUP: _security_group,
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
