"""What is there after an apply: as it was, with what the apply did, and with what is read anew.

Read anew are the route tables, one question a scope: they show whether the routes are there
and, as blackholes, which peerings are not. The peerings that the apply made it waited for until
AWS called them active: they are asked about again only in the scopes of changes that did not
succeed, and where a route into a peering is a blackhole. Security group rules are read again
where the plan changed some. VPCs, subnets and network ACLs are as the plan read them: an apply
does not change them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from bot.engine.gather import gather
from bot.engine.inventory import read_route_tables
from bot.engine.observe import Facts
from bot.errors import AwsError
from bot.kinds import by_name, route
from bot.model.address import VPC_PEERING_CONNECTION, Scope, VpcRef
from bot.model.change import Gap, Observed, Report, Result
from bot.model.inventory import Inventory, RouteTable
from bot.model.known import Known
from bot.model.security_group import SECURITY_GROUP_RULE
from bot.ports import Dispatcher, Progress, Reader, Stop

Things = tuple[Observed[Any], ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one scope answered now. ``tables`` are empty where other things were asked for."""

    things: Things
    tables: tuple[RouteTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks scopes side by side. A scope that does not answer is a gap."""

    reader_for: Callable[[Mapping[Scope, str]], Reader]
    dispatcher: Dispatcher
    progress: Progress
    stop: Stop | None

    def about(self, kind: str, scopes: Iterable[Scope]) -> dict[Scope, Seen | Gap]:
        """All things of a kind, by scope. Raises Interrupted once ``stop`` is set."""
        wanted = sorted(set(scopes))
        if not wanted:
            return {}
        reader = self.reader_for(dict.fromkeys(wanted, ""))
        work = {scope: partial(_seen, reader, kind, scope) for scope in wanted}
        return gather(work, self.dispatcher, "looking at the result", self.progress, self.stop)


def _seen(reader: Reader, kind: str, scope: Scope) -> Seen | Gap:
    try:
        things = tuple(by_name(kind).observe(reader, scope))
        # the same answer, which the reader remembers
        return Seen(things, tuple(read_route_tables(reader, scope)) if kind == route.NAME else ())
    except AwsError as error:
        return Gap(scope, error.action, f"{error.code}: {error.message}")


def facts_after(known: Known, report: Report, scopes: Iterable[Scope], asking: Asking) -> Facts:
    """All that is known of these scopes after an apply. What was a gap before stays one."""
    near = known.inventory.observed.intersection(scopes)
    routes = asking.about(route.NAME, near)
    peerings = asking.about(VPC_PEERING_CONNECTION, near & _doubtful(report, routes))
    changed = (c for c in report.plan.changes if c.address.kind == SECURITY_GROUP_RULE)
    rules = asking.about(SECURITY_GROUP_RULE, near & {c.address.scopes[0] for c in changed})
    standing = _peerings(known, report, peerings.keys())
    kept = known.observed.get(SECURITY_GROUP_RULE, ())
    return Facts(
        _inventory(known.inventory, routes, (peerings, rules)),
        {
            **known.observed,
            route.NAME: tuple(_things(routes)),
            VPC_PEERING_CONNECTION: (*standing, *_things(peerings)),
            SECURITY_GROUP_RULE: (
                *(item for item in kept if item.address.scopes[0] not in rules),
                *_things(rules),
            ),
        },
    )


def _doubtful(report: Report, routes: Mapping[Scope, Seen | Gap]) -> set[Scope]:
    """Where the peerings may not be as the plan and the apply have them."""
    failed = {
        scope
        for outcome in report.outcomes
        if outcome.change.address.kind == VPC_PEERING_CONNECTION
        and outcome.result is not Result.APPLIED
        for scope in outcome.change.address.scopes
    }
    dark = {
        scope
        for scope, seen in routes.items()
        if isinstance(seen, Seen)
        and any(o.spec.blackhole and o.spec.target.startswith("pcx-") for o in seen.things)
    }
    return failed | dark


def _peerings(known: Known, report: Report, asked: Iterable[Scope]) -> Iterator[Observed[Any]]:
    """The peerings as they were, and as the apply made them; none that an ``asked`` scope shows."""
    again = frozenset(asked)
    gone: set[str] = set()
    made: list[Observed[Any]] = []
    for outcome in report.outcomes:
        change = outcome.change
        applied = outcome.result is Result.APPLIED
        if applied and change.address.kind == VPC_PEERING_CONNECTION:
            gone.add(change.id)
            if change.after is not None:
                id_ = report.ids.get(change.address, change.id)
                made.append(Observed(change.address, change.after, id_))
    before = known.observed.get(VPC_PEERING_CONNECTION, ())
    for item in (*(item for item in before if item.id not in gone), *made):
        if again.isdisjoint(item.address.scopes):
            yield item


def _things(answers: Mapping[Scope, Seen | Gap]) -> Iterator[Observed[Any]]:
    for seen in answers.values():
        if isinstance(seen, Seen):
            yield from seen.things


def _inventory(
    known: Inventory,
    routes: Mapping[Scope, Seen | Gap],
    others: Iterable[Mapping[Scope, Seen | Gap]],
) -> Inventory:
    answers = [answer for found in (routes, *others) for answer in found.values()]
    gaps = {answer.scope: answer for answer in answers if isinstance(answer, Gap)}
    tables: dict[VpcRef, list[RouteTable]] = {}
    for seen in routes.values():
        for table in seen.tables if isinstance(seen, Seen) else ():
            tables.setdefault(table.vpc, []).append(table)
    return replace(
        known,
        observed=frozenset(routes) - gaps.keys(),
        route_tables={vpc: tuple(sorted(t, key=lambda t: t.id)) for vpc, t in tables.items()},
        gaps=(*known.gaps, *(gaps[scope] for scope in sorted(gaps))),
    )
