"""A plan's changes as people look for them: by environment, by VPC, by route table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.kinds.peering_options import OptionsSpec
from bot.kinds.peering_options.spec import REQUESTER
from bot.kinds.route import RouteSpec
from bot.kinds.security_group_rule import RuleSpec
from bot.kinds.vpc_peering import PeeringSpec
from bot.model.address import Address, VpcRef, pair_of
from bot.model.change import Action, Change, Membership, Origin, Plan
from bot.model.remembered import Remembered

Changes = tuple[Change[Any], ...]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Changes by what they are of, in the plan's order."""

    peerings: Changes = ()
    routes: Changes = ()
    others: Changes = ()
    options: Changes = ()
    rules: Changes = ()

    @property
    def all(self) -> Changes:
        """Every one of them."""
        return self.peerings + self.options + self.routes + self.rules + self.others


@dataclass(frozen=True, slots=True)
class Part:
    """What a plan says of one environment.

    A change that several environments share is told under the first of them by name;
    ``shared`` counts, for the others, how many are told where.
    """

    environment: str
    changed: Sorted = Sorted()
    drift: Sorted = Sorted()
    memberships: tuple[Membership, ...] = ()
    shared: tuple[tuple[str, int], ...] = ()

    @property
    def all(self) -> Changes:
        """Every change that is told here."""
        return self.changed.all + self.drift.all

    @property
    def empty(self) -> bool:
        """True when there is nothing to tell."""
        return not (self.all or self.memberships or self.shared)


def parts(plan: Plan) -> tuple[Part, ...]:
    """One part for each environment of the plan, and for any other that a change names."""
    return _parts(plan)


def _parted(plan: Plan) -> tuple[Part, ...]:
    told: dict[str, tuple[list[Change[Any]], list[Change[Any]]]] = {}
    shared: dict[str, Counter[str]] = defaultdict(Counter)
    homes: dict[frozenset[str], str] = {}
    spoken_for = frozenset(plan.environments)
    for name in plan.environments:
        told[name] = [], []
    for change in plan.changes:
        names = change.environments
        home = homes.get(names)
        if home is None:
            home = homes[names] = min(names & spoken_for or names, default="")
            told.setdefault(home, ([], []))
        told[home][change.origin is Origin.DRIFT].append(change)
        if len(names) > 1:
            for other in names - {home}:
                shared[other][home] += 1
    memberships = defaultdict(list)
    for membership in plan.memberships:
        memberships[membership.environment].append(membership)
        told.setdefault(membership.environment, ([], []))
    return tuple(
        Part(
            name,
            sort(changed),
            sort(drifted),
            tuple(memberships[name]),
            tuple(sorted(shared[name].items())),
        )
        for name, (changed, drifted) in told.items()
    )


_parts = Remembered(_parted, 1)
"""Of the plan that is told now: a run tells it in a log, a summary and a comment."""


def sort(changes: Iterable[Change[Any]]) -> Sorted:
    """Peerings, their options, routes and the rest apart."""
    kinds = (PeeringSpec, RouteSpec, OptionsSpec, RuleSpec)
    found: dict[type, list[Change[Any]]] = {kind: [] for kind in kinds}
    others: list[Change[Any]] = []
    for change in changes:
        found.get(type(change.after or change.before), others).append(change)
    peerings, routes, options, rules = map(tuple, found.values())
    return Sorted(peerings, routes, tuple(others), options, rules)


def deletes(changes: Iterable[Change[Any]]) -> Changes:
    """Those that take something away."""
    return tuple(change for change in changes if change.action is Action.DELETE)


@dataclass(frozen=True, slots=True, order=True)
class Table:
    """A route table and the VPC it belongs to, as text."""

    vpc: str
    route_table: str

    def __str__(self) -> str:
        return f"{self.vpc} {self.route_table}"


def table(change: Change[RouteSpec]) -> Table:
    """Where a route is; the address's key starts with the table's id."""
    spec = change.after or change.before
    assert spec is not None
    return _table(spec.vpc, change.address.key.partition("/")[0])


@lru_cache(maxsize=1 << 14)
def _table(vpc: VpcRef, route_table: str) -> Table:
    return Table(str(vpc), route_table)


def by_table(routes: Iterable[Change[RouteSpec]]) -> dict[Table, list[Change[RouteSpec]]]:
    """Routes per route table, tables sorted."""
    tables: dict[Table, list[Change[RouteSpec]]] = defaultdict(list)
    for change in routes:
        tables[table(change)].append(change)
    return dict(sorted(tables.items()))


def by_peering(options: Iterable[Change[OptionsSpec]]) -> dict[Address, list[Change[OptionsSpec]]]:
    """Peering options per peering: the changes of one side or of both, the requester's first."""
    found: dict[Address, list[Change[OptionsSpec]]] = defaultdict(list)
    for change in options:
        found[options_of(change).peering].append(change)
    for changes in found.values():
        changes.sort(key=lambda change: options_of(change).side, reverse=True)
    return dict(found)


def options_of(change: Change[OptionsSpec]) -> OptionsSpec:
    """What the options will be; they are never deleted by themselves."""
    spec = change.after or change.before
    assert spec is not None
    return spec


def ends(options: Sequence[Change[OptionsSpec]]) -> tuple[VpcRef, VpcRef]:
    """The requester and the accepter of the peering that these options belong to."""
    spec = options_of(options[0])
    far = pair_of(spec.peering).other(spec.vpc)
    return (spec.vpc, far) if spec.side == REQUESTER else (far, spec.vpc)


def by_vpc(changes: Iterable[Change[Any]]) -> dict[str, list[Change[Any]]]:
    """Changes per VPC (a peering under both of its own), sorted; else per scope."""
    found: dict[str, list[Change[Any]]] = defaultdict(list)
    for change in changes:
        for name in homes(change):
            found[name].append(change)
    return dict(sorted(found.items()))


def homes(change: Change[Any]) -> tuple[str, ...]:
    """The VPCs that something changes in; a rule's is that of its group alone."""
    spec = change.after or change.before
    return (str(spec.vpc),) if isinstance(spec, RuleSpec) else places(change)


def places(change: Change[Any]) -> tuple[str, ...]:
    """The VPCs that a change is about, or the scopes it is in; of options the side's VPC."""
    spec = change.after or change.before
    if isinstance(spec, PeeringSpec):
        return (str(spec.requester), str(spec.accepter))
    if isinstance(spec, RouteSpec | OptionsSpec):
        return (str(spec.vpc),)
    if isinstance(spec, RuleSpec):
        return (str(spec.vpc), *((str(spec.peer),) if spec.peer else ()))
    return tuple(str(scope) for scope in change.address.scopes)
