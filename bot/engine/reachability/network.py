"""The network before a plan and after it: which peerings are active, where routes lead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from bot.engine.observe import Facts
from bot.engine.reachability.blocks import block_of
from bot.engine.reachability.lookup import Hop, Lookup
from bot.engine.reachability.permits import Permit, Permits, apply_change, permits_of
from bot.kinds.route.spec import NAME as ROUTE
from bot.kinds.security_group_rule import NAME as SECURITY_GROUP_RULE
from bot.kinds.vpc_peering.observe import merged
from bot.model.address import VPC_PEERING_CONNECTION, Address, Pair, Scope, pair_of
from bot.model.change import Action, Change
from bot.model.inventory import Inventory
from bot.model.peering_status import ACTIVE, DEAD, PROGRESS
from bot.model.subnet import SubnetFacts

Table = tuple[Scope, str]
Target = Address | str
Judged = Callable[[str, Target], Hop | None]


@dataclass(frozen=True, slots=True)
class Standing:
    """A route that is there: AWS's id of its target, and whether AWS calls it a blackhole."""

    target: str
    blackhole: bool = False


Held = Mapping[str, Standing | Address]
"""A table's routes by destination."""


@dataclass(frozen=True)
class Network:
    """What is there, or will be.

    ``statuses`` are of the peering of each pair that counts, ``peerings`` the pair and status
    of each by its id. ``routes`` are by table and destination; those that a plan makes are
    the address of their peering; ``permits`` the rules of each security group that was read. It
    has no slots, so that tables are sorted only once.
    """

    inventory: Inventory
    subnets: SubnetFacts
    statuses: Mapping[Pair, str]
    peerings: Mapping[str, tuple[Pair, str]]
    routes: Mapping[Table, Held]
    permits: Permits = field(default_factory=dict)
    _lookups: dict[Table, Lookup] = field(default_factory=dict, repr=False)
    _alike: dict[tuple[str, ...], tuple[Held, Lookup]] = field(default_factory=dict, repr=False)

    def active(self, pair: Pair) -> bool:
        """Whether the pair has an active peering, whoever owns it."""
        return self.statuses.get(pair) == ACTIVE

    def connects(self, permit: Permit) -> bool:
        """Whether the peering is active over which a rule names a group: else it is stale."""
        if isinstance(permit.over, Address):
            return self.active(pair_of(permit.over))
        known = self.peerings.get(permit.over)
        status = known[1] if known else permit.status
        return status == ACTIVE or not (status or permit.over)

    def table(self, scope: Scope, table: str) -> Lookup:
        """A route table, to look addresses up in; one for tables with the same routes."""
        key = scope, table
        if key not in self._lookups:
            held = self.routes.get(key, {})
            destinations = tuple(held)
            known = self._alike.get(destinations)
            if known is None or known[0] != held:
                hops = (self._hop(*route) for route in held.items())
                known = held, Lookup(hop for hop in hops if hop is not None)
                self._alike[destinations] = known
            self._lookups[key] = known[1]
        return self._lookups[key]

    def _hop(self, destination: str, route: Standing | Address) -> Hop | None:
        try:
            block = block_of(destination)
        except ValueError:
            return None  # a prefix list: AWS does not say here what is in it
        if isinstance(route, Address):
            pair = pair_of(route)
            return Hop(block, destination, _words(pair), pair, not self.active(pair))
        known = self.peerings.get(route.target)
        if known is None:
            return Hop(block, destination, route.target, None, route.blackhole)
        pair, status = known
        return Hop(block, destination, route.target, pair, status != ACTIVE)


@lru_cache(maxsize=1 << 16)
def _words(pair: Pair) -> str:
    return f"the peering of {pair.first} and {pair.second}"


class _Last:
    """Tables that routes are put into. Those of one table mostly follow one another."""

    def __init__(self, routes: dict[Table, dict[str, Standing | Address]]) -> None:
        self._routes = routes
        self._at: Table | None = None
        self._held: dict[str, Standing | Address] = {}

    def at(self, scope: Scope, table: str) -> dict[str, Standing | Address]:
        """The routes of a table, by destination; made when there are none yet."""
        if self._at is None or self._at[1] != table or self._at[0] is not scope:
            self._at = scope, table
            self._held = self._routes.setdefault(self._at, {})
        return self._held


def before(facts: Facts, subnets: SubnetFacts) -> Network:
    """What is there now."""
    peerings = {
        id_: (item.spec.pair, item.spec.status)
        for id_, item in merged(facts.observed.get(VPC_PEERING_CONNECTION, ())).items()
    }
    statuses = dict(sorted(peerings.values(), key=lambda found: _advance(found[1])))
    routes: dict[Table, dict[str, Standing | Address]] = {}
    observed = facts.observed.get(ROUTE, ())
    last = _Last(routes)
    for item in sorted(observed, key=lambda o: not o.spec.propagated):  # a static route wins
        spec = item.spec
        held = last.at(spec.vpc.scope, spec.table)
        held[spec.destination] = _standing(spec.target, spec.blackhole)
    permits = permits_of(facts.observed.get(SECURITY_GROUP_RULE, ()))
    return Network(facts.inventory, subnets, statuses, peerings, routes, permits)


@lru_cache(maxsize=1 << 16)
def _standing(target: str, blackhole: bool) -> Standing:
    """One value for all tables, which are then quickly compared."""
    return Standing(target, blackhole)


def _advance(status: str) -> int:
    """Of several peerings of a pair the most advanced is the last; dead ones come first."""
    if status in PROGRESS:
        return PROGRESS.index(status) + 2
    return 0 if status in DEAD else 1


def after(now: Network, changes: Iterable[Change[Any]]) -> Network:
    """What is there once these changes are applied, all of them."""
    statuses, peerings = dict(now.statuses), dict(now.peerings)
    routes = {table: dict(held) for table, held in now.routes.items()}
    permits = {group: dict(held) for group, held in now.permits.items()}
    last = _Last(routes)
    for change in changes:
        kind = change.address.kind
        if kind == VPC_PEERING_CONNECTION:
            pair = pair_of(change.address)
            gone = change.action is Action.DELETE
            status = "deleted" if gone else change.after.status if change.after else ""
            statuses[pair] = status
            if change.id:
                peerings[change.id] = pair, status
        elif kind == ROUTE:
            table, destination = change.address.key.split("/", 1)
            held = last.at(change.address.scopes[0], table)
            if change.after is None:
                held.pop(destination, None)
            elif isinstance(change.after.target, Address):
                held[destination] = change.after.target
        elif kind == SECURITY_GROUP_RULE:
            apply_change(permits, change)
    return Network(now.inventory, now.subnets, statuses, peerings, routes, permits)
