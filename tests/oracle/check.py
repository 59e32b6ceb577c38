"""Compares a world after an apply with what was expected, and says each difference."""

from __future__ import annotations

from collections.abc import Iterator

from bot.model.address import Scope, VpcRef
from tests.fakes.world import FakePeering, FakeRoute, FakeTable, World
from tests.oracle.expect import Expectation, Target
from tests.oracle.rules import rule_disagreements

CLOCK = "peerd_datetime"
UNTAGGED = "touched, yet not tagged as peerd does"


def disagreements(expected: Expectation, after: World, *, cut_short: bool = False) -> list[str]:
    """Every way in which ``after`` is not what had to come of ``expected.before``; empty is good.

    After an apply that was cut short a touched table may lack its tags: they are never compared.
    """
    said = [*_peerings(expected, after), *_routes(expected, after), *_vpcs(expected, after)]
    said += rule_disagreements(expected.rules, expected.before, after)
    return [text for text in said if not (cut_short and text.endswith(UNTAGGED))]


def _peerings(expected: Expectation, after: World) -> Iterator[str]:
    known: set[str] = set()
    for ends, wish in expected.managed.items():
        one, other = sorted(ends)
        there = after.live_between(one, other)
        if there is None or there.status != "active":
            yield f"{one}~{other}: wanted, is {there.status if there else 'not there'}"
            continue
        known.add(there.id)
        wanted = wish.tags(there.requester, there.accepter)
        earlier = expected.before.peerings.get(there.id)
        yield from _tags(there, wanted, earlier)
        yield from _dns(there, expected.dns.get(ends, {}), earlier)
    for peering in after.peerings.values():
        if peering.id in known:
            continue
        if peering.id in expected.doomed:
            if peering.live:
                yield f"{peering.id}: nobody wants it, still {peering.status}"
            continue
        yield from _unchanged(expected, peering)
    for lost in expected.before.peerings.keys() - after.peerings.keys():
        yield f"{lost}: forgotten"


def _unchanged(expected: Expectation, peering: FakePeering) -> Iterator[str]:
    was = expected.before.peerings.get(peering.id)
    if was is None:
        if peering.live:
            yield f"{peering.id}: nobody wanted it made"
        return
    if was.status != peering.status:
        yield f"{peering.id}: not ours to change, {was.status} -> {peering.status}"
    if was.dns != peering.dns and peering.id not in expected.lenient:
        yield f"{peering.id}: not ours to set, {was.dns} -> {peering.dns}"
    if was.tags != peering.tags and peering.id not in expected.lenient:
        yield f"{peering.id}: not ours to tag, {was.tags} -> {peering.tags}"


def _tags(
    peering: FakePeering, wanted: dict[Scope, dict[str, str]], earlier: FakePeering | None
) -> Iterator[str]:
    for scope, owned in wanted.items():
        foreign = dict(earlier.tags.get(scope, {})) if earlier else {}
        want = {k: v for k, v in (foreign | owned).items() if k != CLOCK}
        have = {k: v for k, v in peering.tags.get(scope, {}).items() if k != CLOCK}
        if want != have:
            yield f"{peering.id} in {scope}: tags {have}, wanted {want}"


def _dns(
    peering: FakePeering, wanted: dict[VpcRef, bool], earlier: FakePeering | None
) -> Iterator[str]:
    for end in sorted(peering.ends):
        want = wanted.get(end, end in earlier.dns if earlier else False)
        if (end in peering.dns) != want:
            yield f"{peering.id}: DNS resolution of {end} is {end in peering.dns}, wanted {want}"


def _routes(expected: Expectation, after: World) -> Iterator[str]:
    for table in after.tables.values():
        was = expected.before.tables[table.id]
        outcomes = expected.routes.get(table.id)
        if outcomes is None:
            if was != table:
                yield f"{table.id}: not ours to change"
            continue
        yield from _table(expected, after, was, table, outcomes)


def _table(
    expected: Expectation,
    after: World,
    was: FakeTable,
    table: FakeTable,
    outcomes: dict[str, set[Target]],
) -> Iterator[str]:
    if [r for r in was.routes if not r.static] != [r for r in table.routes if not r.static]:
        yield f"{table.id}: propagated routes changed"
    for destination in sorted({*outcomes, *(r.destination for r in table.routes if r.static)}):
        route = table.static(destination)
        targets = _reached(expected, after, table, route)
        allowed = outcomes.get(destination, {None})
        if not targets & allowed:
            yield f"{table.id} {destination}: leads to {targets}, allowed {allowed}"
    yield from _table_tags(was, table)


def _table_tags(was: FakeTable, table: FakeTable) -> Iterator[str]:
    touched = was.routes != table.routes
    if not touched and was.tags != table.tags:
        yield f"{table.id}: tagged, yet no route was touched"
    if touched and (
        CLOCK not in table.tags or ("peerd_support" not in table.tags and _gained(was, table))
    ):
        yield f"{table.id}: {UNTAGGED}"
    for key in was.tags.keys() - {"peerd_support", CLOCK}:
        if was.tags[key] != table.tags.get(key):
            yield f"{table.id}: tag {key} changed"


def _gained(was: FakeTable, table: FakeTable) -> bool:
    """Whether a route is new or leads elsewhere; peerd tags with the support of what it routes."""
    return any(route not in was.routes for route in table.routes)


def _reached(
    expected: Expectation, after: World, table: FakeTable, route: FakeRoute | None
) -> set[Target]:
    """The route's target, and the peer it reaches when that is a live peering of ours."""
    if route is None:
        return {None}
    held = after.peerings.get(route.target)
    if held is None or held.status != "active" or table.vpc not in held.ends:
        return {route.target}
    ours = held.ends in expected.managed
    return {route.target, held.far(table.vpc)} if ours else {route.target}


def _vpcs(expected: Expectation, after: World) -> Iterator[str]:
    if expected.before.vpcs != after.vpcs:
        yield "a VPC was changed"
