"""A plan: environment by environment, what goes before what comes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.kinds.route import RouteSpec
from bot.kinds.security_group_rule import RuleSpec
from bot.model.change import Action, Change, Gap, Membership, Movement, Plan
from bot.render import escape, rules
from bot.render.grouping import (
    Changes,
    Part,
    Sorted,
    by_peering,
    by_table,
    deletes,
    ends,
    parts,
    places,
    sort,
)
from bot.render.terminal.lines import LINE_LIMIT, Line, diagnostic_line, diagnostic_lines
from bot.render.terminal.reach import reach_lines
from bot.render.wording import (
    SIGN,
    count,
    describe,
    dns,
    no_changes,
    peer,
    signs,
    things,
    to_do,
)

MANY_ROUTES = 200
"""More routes than this are counted per route table unless details are asked for."""

MANY_RULES = 60
"""More rules than this are counted per group and peer unless details are asked for."""

MANY_PEERINGS = 60
"""More peerings than this at one place are counted per member, likewise."""

_STYLE = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DELETE: "red"}
_NOTE_LIMIT = 80


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a long plan counts instead of listing it; and the VPCs that move."""

    routes: bool
    rules: bool
    peerings_beyond: float
    moving: Collection[str]


def plan_lines(plan: Plan, detailed: bool) -> Iterator[Line]:
    """A plan. ``detailed`` lists each change of a long plan."""
    every = sort(plan.changes)
    counted = _Counted(
        len(every.routes) > MANY_ROUTES and not detailed,
        len(every.rules) > MANY_RULES and not detailed,
        math.inf if detailed else MANY_PEERINGS,
        frozenset(str(membership.vpc) for membership in plan.memberships),
    )
    if plan.changes:
        moves = "  > joins  < leaves" if plan.memberships else ""
        yield Line(f"meshbot would do this:  + create  ~ change  - destroy{moves}", style="bold")
        yield Line()
    for part in parts(plan):
        if not part.empty:
            yield from _part_lines(part, counted)
    yield from reach_lines(plan.reachability, detailed)
    for gap in plan.gaps:
        yield from gap_lines(gap)
    yield from diagnostic_lines(plan.diagnostics)
    for refusal in plan.refusals:
        yield from diagnostic_line(refusal, "refused", "red")
    yield Line(f"Plan: {to_do(plan.summary)}." if plan.changes else no_changes(plan), style="bold")
    if counted.routes or counted.rules:
        yield Line(body="Much is only counted here; --format markdown and json list every change.")
    if plan.changes:
        yield Line(body=f"Fingerprint: {plan.fingerprint}")


def change_line(change: Change[Any]) -> Line:
    """A change by itself."""
    ruled = isinstance(change.after, RuleSpec) and change.declared_at
    place = f" ({change.declared_at[0]})" if ruled else ""
    body = escape.terminal(f"{describe(change)}{place}", LINE_LIMIT)
    return Line(f"  {SIGN[change.action]} ", body, _STYLE[change.action], 4)


def _part_lines(part: Part, counted: _Counted) -> Iterator[Line]:
    yield Line(escape.terminal(part.environment or "(no environment)"), style="bold")
    for membership in part.memberships:
        yield _member(membership)
    yield from _changes(part.changed, counted)
    for home, number in part.shared:
        where = escape.terminal(home)
        yield Line(body=f"{count(number, 'change')} shared with {where}, listed there", indent=2)
    if part.drift.all:
        yield Line("  drift that was there before", style="bold")
        yield from _changes(part.drift, counted)
    yield Line()


def _member(membership: Membership) -> Line:
    joins = membership.movement is Movement.JOINS
    note = f" ({escape.visible(membership.note, _NOTE_LIMIT)})" if membership.note else ""
    place = f": {membership.declared_at}" if membership.declared_at else ""
    removed = " was removed" if place and membership.in_base else ""
    body = escape.terminal(f"{membership.vpc}{note} {membership.movement}{place}{removed}")
    return Line("  > " if joins else "  < ", body, "green" if joins else "red", 4)


def _changes(changes: Sorted, counted: _Counted) -> Iterator[Line]:
    """What goes, with the reason; then the rest."""
    gone = sort(deletes(changes.all))
    for reason, found in _by_reason((*gone.peerings, *gone.rules, *gone.others)).items():
        if reason:
            said = escape.terminal(f"{things(found)} to destroy: {reason}", LINE_LIMIT)
            yield Line("  ", said, indent=2)
        yield from _listed(sort(found), counted)
    for reason, found in _by_reason(gone.routes).items():
        yield from _routes(found, counted, f": {reason}" if reason else "")
    rest = sort(change for change in changes.all if change.action is not Action.DELETE)
    yield from _listed(rest, counted)
    yield from _routes(rest.routes, counted, "")


def _by_reason(changes: Iterable[Change[Any]]) -> dict[str, Changes]:
    found: dict[str, list[Change[Any]]] = defaultdict(list)
    for change in changes:
        found[change.reason].append(change)
    return {reason: tuple(held) for reason, held in found.items()}


def _listed(changes: Sorted, counted: _Counted) -> Iterator[Line]:
    """Peerings with their options, and others; many peerings as counts per member."""
    sides = by_peering(changes.options)
    if len(changes.peerings) > counted.peerings_beyond:
        yield from _by_member(changes.peerings, "peering", counted.moving)
    else:
        for change in changes.peerings:
            yield change_line(change)
            yield from _options(sides.pop(change.address, ()), "    ", "")
    if len(sides) > counted.peerings_beyond:
        left = [change for found in sides.values() for change in found]
        yield from _by_member(left, "peering option", counted.moving)
    else:
        for found in sides.values():
            yield from _options(found, "  ", "peering {} <-> {}: ".format(*ends(found)))
    yield from _rules(changes.rules, counted)
    yield from map(change_line, changes.others)


def _rules(changes: Changes, counted: _Counted) -> Iterator[Line]:
    """Each rule; many as counts for each group and peer."""
    if not counted.rules:
        yield from map(change_line, changes)
        return
    for line in rules.by_peer(changes):
        action = next(action for action, sign in SIGN.items() if line.startswith(sign))
        yield Line(f"  {line[:2]}", escape.terminal(line[2:], LINE_LIMIT), _STYLE[action], 4)


def _options(found: Sequence[Change[Any]], start: str, what: str) -> Iterator[Line]:
    """One line for the sides of a peering."""
    if found:
        actions = {change.action for change in found}
        action = actions.pop() if len(actions) == 1 else Action.UPDATE
        body = escape.terminal(f"{what}DNS resolution: {dns(found, '->')}", LINE_LIMIT)
        yield Line(f"{start}{SIGN[action]} ", body, _STYLE[action], len(start) + 2)


def _by_member(
    changes: Collection[Change[Any]], noun: str, moving: Collection[str]
) -> Iterator[Line]:
    """Counts for each member; those that join or leave stand for the ones that stay."""
    members: dict[str, list[Change[Any]]] = defaultdict(list)
    for change in changes:
        ends = places(change)
        for place in [end for end in ends if end in moving] or ends:
            members[place].append(change)
    twice = sum(map(len, members.values())) > len(changes)
    both = f", a {noun} counted at both ends" if twice else ""
    yield Line("  ", f"{count(len(changes), noun)} by member{both}:", indent=2)
    for place, found in members.items():
        yield _counts("    ", found, noun, f"of {place}")


def _routes(routes: Changes, counted: _Counted, reason: str) -> Iterator[Line]:
    """By VPC and route table; many as counts for each of them."""
    for where, found in by_table(routes).items():
        if counted.routes:
            yield _counts("  ", found, "route", f"in {where}{reason}")
            continue
        yield Line("  ", escape.terminal(f"{where}{reason}", LINE_LIMIT), indent=2)
        yield from map(_route, found)


def _counts(start: str, found: Collection[Change[Any]], noun: str, where: str) -> Line:
    """``+ 39 routes in …``; with a count for each action where they differ."""
    actions = {change.action for change in found}
    same = len(actions) == 1
    action = actions.pop() if same else Action.UPDATE
    mixed = "" if same else f" ({signs(found)})"
    body = escape.terminal(f"{count(len(found), noun)} {where}{mixed}", LINE_LIMIT)
    return Line(f"{start}{SIGN[action]} ", body, _STYLE[action], len(start) + 2)


def _route(change: Change[RouteSpec]) -> Line:
    spec = change.after or change.before
    assert spec is not None
    was = f" (was {peer(change.before)})" if change.before and change.after else ""
    body = escape.terminal(f"{spec.destination} -> {peer(spec)}{was}", LINE_LIMIT)
    return Line(f"    {SIGN[change.action]} ", body, _STYLE[change.action], 6)


def gap_lines(gap: Gap) -> Iterator[Line]:
    """What could not be read."""
    what = escape.terminal(f"{gap.scope} could not be read: {gap.action}: {gap.error}", LINE_LIMIT)
    yield Line("gap: ", what, "yellow", 2)
    yield Line(body="Nothing is deleted in or towards it.", indent=2)
    yield Line()
