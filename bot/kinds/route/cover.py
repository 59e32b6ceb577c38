"""Make before break, within one table: a route goes when what takes its addresses is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from bot.kinds.route.spec import RouteSpec
from bot.model.address import Address, Scope
from bot.model.change import Action, Change
from bot.model.cidr import Blocks, overlap

Table = tuple[Scope, str]


def covered(changes: Iterable[Change[RouteSpec]]) -> tuple[Change[RouteSpec], ...]:
    """The changes, where each deletion needs the new routes that overlap it in its table.

    An override that becomes wider or narrower is a new route and a deletion: in the other
    order, or when AWS refuses the new route, the peer would lose traffic. Such changes
    belong together, and so to the environments of both.
    """
    listed = tuple(changes)
    if all(change.after is not None for change in listed):
        return listed
    needs = _needs(listed)
    sharing = {change.address: change.environments for change in listed}
    for address, needed in needs.items():
        whole = sharing[address].union(*(sharing[need] for need in needed))
        sharing |= dict.fromkeys((address, *needed), whole)
    tied = needs.keys() | {need for needed in needs.values() for need in needed}
    return tuple(
        replace(c, needs=tuple(sorted(needs.get(c.address, ()))), environments=sharing[c.address])
        if c.address in tied
        else c
        for c in listed
    )


class Withheld:
    """Routes that are not made after all, each with the peering that it would lead to."""

    def __init__(self, withheld: Iterable[tuple[Address, Address]]) -> None:
        self._found: dict[tuple[Table, Address | str], list[str]] = defaultdict(list)
        for address, peering in withheld:
            table, destination = _place_of(address)
            self._found[table, peering].append(destination)

    def served_by(self, change: Change[RouteSpec]) -> bool:
        """True for the deletion of a route that serves addresses of one of them."""
        if change.action is not Action.DELETE or change.held.destination.startswith("pl-"):
            return False
        near = self._found.get((_table(change.address), change.held.target), ())
        return any(overlap(change.held.destination, destination) for destination in near)


def _needs(changes: Iterable[Change[RouteSpec]]) -> dict[Address, set[Address]]:
    """The new routes that each deletion waits for."""
    made: dict[Table, dict[str, Address]] = defaultdict(dict)
    gone: dict[Table, dict[str, Address]] = defaultdict(dict)
    for change in changes:
        table, destination = _place_of(change.address)
        if not destination.startswith("pl-"):
            side = gone if change.action is Action.DELETE else made
            side[table][destination] = change.address
    needs: dict[Address, set[Address]] = defaultdict(set)
    for table, deletions in gone.items():
        routes = made.get(table, {})
        kept, going = Blocks(routes), Blocks(deletions)
        for destination, address in deletions.items():
            needs[address].update(need for _, need in kept.broader(destination))
        for destination, address in routes.items():
            for _, wider in going.broader(destination):
                needs[wider].add(address)
    return needs


def _place_of(address: Address) -> tuple[Table, str]:
    return _table(address), address.key.split("/", 1)[1]


def _table(address: Address) -> Table:
    return address.scopes[0], address.key.split("/", 1)[0]
