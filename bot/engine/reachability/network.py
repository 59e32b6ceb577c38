"""The network before a plan and after it: which peerings are active, where routes lead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
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
    routes: Mapping[Table, Mapping[str, Standing | Address]]
    permits: Permits = field(default_factory=dict)
    _lookups: dict[Table, Lookup] = field(default_factory=dict, repr=False)

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
        """A route table, to look addresses up in."""
        key = scope, table
        if key not in self._lookups:
            hops = (self._hop(*route) for route in self.routes.get(key, {}).items())
            self._lookups[key] = Lookup(hop for hop in hops if hop is not None)
        return self._lookups[key]

    def _hop(self, destination: str, route: Standing | Address) -> Hop | None:
        try:
            block = block_of(destination)
        except ValueError:
            return None  # a prefix list: AWS does not say here what is in it
        if isinstance(route, Address):
            pair = pair_of(route)
            words = f"the peering of {pair.first} and {pair.second}"
            return Hop(block, destination, words, pair, not self.active(pair))
        known = self.peerings.get(route.target)
        if known is None:
            return Hop(block, destination, route.target, None, route.blackhole)
        pair, status = known
        return Hop(block, destination, route.target, pair, status != ACTIVE)


def before(facts: Facts, subnets: SubnetFacts) -> Network:
    """What is there now."""
    peerings = {
        id_: (item.spec.pair, item.spec.status)
        for id_, item in merged(facts.observed.get(VPC_PEERING_CONNECTION, ())).items()
    }
    statuses = dict(sorted(peerings.values(), key=lambda found: _advance(found[1])))
    routes: dict[Table, dict[str, Standing | Address]] = {}
    observed = facts.observed.get(ROUTE, ())
    for item in sorted(observed, key=lambda o: not o.spec.propagated):  # a static route wins
        spec = item.spec
        standing = Standing(spec.target, spec.blackhole)
        routes.setdefault((spec.vpc.scope, spec.table), {})[spec.destination] = standing
    permits = permits_of(facts.observed.get(SECURITY_GROUP_RULE, ()))
    return Network(facts.inventory, subnets, statuses, peerings, routes, permits)


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
            held = routes.setdefault((change.address.scopes[0], table), {})
            if change.after is None:
                held.pop(destination, None)
            elif isinstance(change.after.target, Address):
                held[destination] = change.after.target
        elif kind == SECURITY_GROUP_RULE:
            apply_change(permits, change)
    return Network(now.inventory, now.subnets, statuses, peerings, routes, permits)
