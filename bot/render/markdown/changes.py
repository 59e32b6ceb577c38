"""Changes as tables and diffs, at falling levels of detail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from bot.kinds.peering_options import OptionsSpec
from bot.kinds.route import RouteSpec
from bot.kinds.vpc_peering import PeeringSpec
from bot.model.address import Address, VpcRef
from bot.model.change import Action, Change, Membership
from bot.render import escape
from bot.render.budget import Text, Variant
from bot.render.context import Context, markdown_line
from bot.render.grouping import (
    Changes,
    Sorted,
    by_peering,
    by_table,
    by_vpc,
    deletes,
    ends,
    places,
)
from bot.render.markdown import rules
from bot.render.markdown.pieces import FOLD_LINES, bullets, fold, paragraphs, table
from bot.render.wording import (
    SIGN,
    count,
    describe,
    differences,
    dns,
    peer,
    signs,
    some_to_do,
    things,
)

MAX_DIFFERENCES = 6
_DIFF = SIGN | {Action.UPDATE: "!"}
_ROW_FLOOR = 40


class Causes:
    """Which line made a VPC join or leave, to say why a peering comes or goes."""

    def __init__(self, memberships: Iterable[Membership], context: Context) -> None:
        self.context = context
        self._links: dict[tuple[str, str], str] = {}
        for membership in memberships:
            if membership.declared_at is not None:
                key = (membership.environment, str(membership.vpc))
                self._links[key] = markdown_line(
                    context, membership.declared_at, in_base=membership.in_base
                )

    def of(self, change: Change[Any]) -> str:
        """Links to those lines, as Markdown; else the reason in words."""
        found = {
            link: None
            for place in places(change)
            for environment in sorted(change.environments)
            if (link := self._links.get((environment, place)))
        }
        return ", ".join(found) or escape.text(change.reason, 200)


def variants(changes: Sorted, causes: Causes, wrap: Callable[[str], str]) -> tuple[Variant, ...]:
    """A block about these changes, from every one of them to one line of counts.

    What it destroys is counted as shown by the block that lists that first.
    """
    total = len(changes.all)
    if not total:
        return (Variant(Text),)
    rows = total - len(changes.routes)
    return (
        Variant(lambda: _listed(changes, causes, wrap), floor=total * _ROW_FLOOR),
        Variant(lambda: _listed(changes, causes, wrap, routed=False), floor=rows * _ROW_FLOOR),
        *_by_group(changes, causes, wrap),
        Variant(lambda: Text(wrap(per_vpc(changes.all)))),
        Variant(
            lambda: Text(wrap(f"{things(changes.all)}: {some_to_do(changes.all)}.")),
        ),
    )


def _by_group(changes: Sorted, causes: Causes, wrap: Callable[[str], str]) -> tuple[Variant, ...]:
    """Rules as counts, where there are any."""
    if not changes.rules:
        return ()
    rows = len(changes.all) - len(changes.routes) - len(changes.rules)
    body = partial(_listed, changes, causes, wrap, routed=False, ruled=False)
    return (Variant(body, floor=rows * _ROW_FLOOR),)


def _listed(
    changes: Sorted,
    causes: Causes,
    wrap: Callable[[str], str],
    *,
    routed: bool = True,
    ruled: bool = True,
) -> Text:
    """Each change; without ``routed`` or ``ruled`` those are counted per route table or group."""
    listed = rules.listed(changes.rules, causes.of, causes.context) if ruled else ""
    body = paragraphs(
        connections(changes, causes),
        routes(changes.routes) if routed else per_route_table(changes.routes),
        listed or rules.grouped(changes.rules),
        others(changes.others),
    )
    counted = () if routed else changes.routes
    counted = counted if ruled else (*counted, *changes.rules)
    return Text(wrap(body), _kept(changes.all) - _kept(counted))


def _kept(changes: Changes) -> int:
    return len(changes) - len(deletes(changes))


Options = Sequence[Change[OptionsSpec]]


def connections(changes: Sorted, causes: Causes) -> str:
    """Peerings, each with its options in its row; then the options of peerings that stay."""
    sides = by_peering(changes.options)
    rows = [_peering_row(c, causes, sides.pop(c.address, ())) for c in changes.peerings]
    return paragraphs(_peerings(changes.peerings, rows), _peering_options(sides, causes))


def _peerings(changes: Changes, rows: Sequence[tuple[str, ...]]) -> str:
    """A table of peerings, folded when long."""
    if not changes:
        return ""
    body = table(("", "Requester", "Accepter", "Why"), rows)
    return fold(f"Peerings: {some_to_do(changes)}", body, when=len(rows) > FOLD_LINES)


def _peering_row(change: Change[PeeringSpec], causes: Causes, options: Options) -> tuple[str, ...]:
    spec = change.after or change.before
    assert spec is not None
    why = causes.of(change)
    if change.before is not None and change.after is not None:
        why = _what_changes(change.before, change.after) or why
    resolution = f"DNS resolution: {dns(options)}" if options else ""
    why = "<br>".join(filter(None, (why, escape.text(resolution, 200))))
    return (f"**{_sign(change)}**", _vpc(spec.requester), _vpc(spec.accepter), why)


def _peering_options(sides: Mapping[Address, Options], causes: Causes) -> str:
    """A table with a row for each peering, folded when long."""
    if not sides:
        return ""
    rows = [_options_row(found, causes) for found in sides.values()]
    body = table(("", "Requester", "Accepter", "DNS resolution", "Why"), rows)
    every = [change for found in sides.values() for change in found]
    return fold(f"DNS resolution: {some_to_do(every)}", body, when=len(rows) > FOLD_LINES)


def _options_row(found: Options, causes: Causes) -> tuple[str, ...]:
    sign = _sign(found[0]) if len({change.action for change in found}) == 1 else "~"
    return (
        f"**{sign}**",
        *map(_vpc, ends(found)),
        escape.text(dns(found), 200),
        causes.of(found[0]),
    )


def _what_changes(before: PeeringSpec, after: PeeringSpec) -> str:
    items = differences(before, after)
    more = len(items) - MAX_DIFFERENCES
    texts = [escape.text(item, 200) for item in items[:MAX_DIFFERENCES]]
    return "; ".join([*texts, f"{more} more"] if more > 0 else texts)


def _sign(change: Change[Any]) -> str:
    return {"+": "+", "~": "~", "-": "−"}[SIGN[change.action]]  # noqa: RUF001  a real minus


def _vpc(vpc: VpcRef) -> str:
    return f"{escape.code(vpc.scope)}<br>{escape.code(vpc.vpc_id)}"


def routes(changes: Changes) -> str:
    """Every route in a diff, by VPC and route table; folded when long."""
    if not changes:
        return ""
    lines = []
    for where, found in by_table(changes).items():
        lines.append(escape.visible(f"@@ {where} @@"))
        lines += [route_line(change) for change in found]
    body = escape.fence(lines, "diff")
    return fold(_routes_title(changes), body, when=len(lines) > FOLD_LINES)


def route_line(change: Change[RouteSpec]) -> str:
    """``+ 10.1.0.0/16       → 444455556666/eu-west-1/vpc-b``."""
    spec = change.after or change.before
    assert spec is not None
    was = ""
    if change.before is not None and change.after is not None:
        was = f" (was {peer(change.before)})"
    line = f"{spec.destination:<18} → {peer(spec)}{was}"
    return f"{_DIFF[change.action]} {_aligned(line)}"


@lru_cache(maxsize=1 << 12)
def _aligned(line: str) -> str:
    """Visible text that keeps the blanks that align it; tables of one VPC share most lines."""
    return "".join(
        part if part.isspace() else escape.visible(part, 300) for part in _split_blanks(line)
    )


def _split_blanks(line: str) -> Sequence[str]:
    head, arrow, rest = line.partition(" → ")
    stripped = head.rstrip(" ")
    return (stripped, " " * (len(head) - len(stripped)) or " ", arrow.lstrip(" ") + rest)


def per_route_table(changes: Changes) -> str:
    """Counts of routes for each route table; folded when long."""
    if not changes:
        return ""
    tables = by_table(changes)
    width = max((len(str(where)) for where in tables), default=0)
    lines = [
        f"{escape.visible(where):<{min(width, 120)}}  {signs(found)}"
        for where, found in tables.items()
    ]
    title = f"{_routes_title(changes)} (counts per route table)"
    body = escape.fence(lines)
    return fold(title, body) if len(lines) > FOLD_LINES else paragraphs(f"{title}:", body)


def _routes_title(changes: Changes) -> str:
    return f"Routes in {count(len(by_table(changes)), 'route table')}: {some_to_do(changes)}"


def per_vpc(changes: Sequence[Change[Any]]) -> str:
    """Counts for each VPC; a peering counts under both of its VPCs."""
    rows = [
        (escape.code(place), things(found), escape.text(signs(found)))
        for place, found in by_vpc(changes).items()
    ]
    title = f"Counts for {len(rows):,} VPCs ({things(changes)}: {some_to_do(changes)})"
    return fold(title, table(("VPC", "What", "Changes"), rows))


def others(changes: Changes) -> str:
    """Changes of further kinds, in their kind's words."""
    lines = [f"**{_sign(change)}** {escape.text(describe(change))}" for change in changes]
    if not lines:
        return ""
    title = f"{things(changes)}: {some_to_do(changes)}"
    return fold(title, bullets(lines), when=len(lines) > FOLD_LINES)
