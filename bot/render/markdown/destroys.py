"""What a plan destroys, told first and in the most detail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bot.kinds.vpc_peering import PeeringSpec
from bot.model.change import Change, Plan
from bot.render import escape, rules
from bot.render.budget import Block, Text, Variant
from bot.render.grouping import Changes, Sorted, by_table, by_vpc, deletes, parts, sort
from bot.render.markdown.pieces import FOLD_LINES, NAME_LIMIT, alert, capped, fold, paragraphs
from bot.render.wording import count, describe, noun, things

MAX_ENVIRONMENTS = 40


def block(plan: Plan, importance: int) -> Block:
    """The deletes: each of them; routes and rules by table and group; by VPC; by environment."""
    gone = sort(deletes(plan.changes))
    if not gone.all:
        return Block(importance, (Variant(Text),))
    named = len(gone.peerings) + len(gone.others)
    ruled = named + len(gone.rules)
    return Block(
        importance,
        (
            Variant(lambda: _text(gone, _each(gone), len(gone.all)), floor=len(gone.all) * 10),
            Variant(lambda: _text(gone, _by_table(gone, _rules(gone)), ruled), floor=ruled * 30),
            Variant(lambda: _text(gone, _ruled(gone), ruled), floor=ruled * 30),
            *_grouped(gone, named),
            Variant(lambda: _text(gone, _by_vpc(gone), 0)),
            Variant(lambda: _text(gone, _by_environment(plan), 0)),
        ),
    )


def _grouped(gone: Sorted, named: int) -> Iterator[Variant]:
    """Rules as counts, for each group and peer, then for each group."""
    for lines in (rules.by_peer, rules.by_group) if gone.rules else ():
        yield Variant(
            lambda lines=lines: _text(gone, _by_table(gone, _visible(lines(gone.rules))), named),  # type: ignore[misc]
            floor=named * 30,
        )


def _text(gone: Sorted, lines: list[str], shown: int) -> Text:
    title = f"**Destroys {things(gone.all)}**"
    fence = escape.fence(lines, "diff")
    listed = fold("What is destroyed", fence, when=len(lines) > FOLD_LINES)
    return Text(alert("CAUTION", paragraphs(title, listed)), shown)


def _each(gone: Sorted) -> list[str]:
    lines = [_peering(change) for change in gone.peerings]
    lines += _listed(gone.others) + _rules(gone)
    for where, found in by_table(gone.routes).items():
        blocks = ", ".join(c.before.destination for c in found if c.before is not None)
        line = f"- {count(len(found), 'route')} in {where}: {blocks}"
        lines.append(escape.visible(line, 100_000))
    return lines


def _rules(gone: Sorted) -> list[str]:
    return [escape.visible(f"- {describe(change)}", 500) for change in gone.rules]


def _ruled(gone: Sorted) -> list[str]:
    """Rules under their groups, without what their descriptions say."""
    return _by_table(gone, _visible(rules.each(gone.rules)))


def _visible(lines: Iterable[str]) -> list[str]:
    return [escape.visible(line, 500) for line in lines]


def _by_table(gone: Sorted, ruled: list[str]) -> list[str]:
    lines = [_peering(change) for change in gone.peerings] + _listed(gone.others)
    return [*lines, *ruled] + [
        escape.visible(f"- {count(len(found), 'route')} in {where}", 300)
        for where, found in by_table(gone.routes).items()
    ]


def _by_vpc(gone: Sorted) -> list[str]:
    return [
        escape.visible(f"- {things(found)} of {place}", 300)
        for place, found in by_vpc(gone.all).items()
    ]


def _by_environment(plan: Plan) -> list[str]:
    lines = [
        f"- {things(found)} of {escape.visible(part.environment, NAME_LIMIT)}"
        for part in parts(plan)
        if (found := deletes(part.all))
    ]
    return capped(lines, MAX_ENVIRONMENTS, "environments")


def _peering(change: Change[PeeringSpec]) -> str:
    spec = change.before
    assert spec is not None
    known = f" ({change.id})" if change.id else ""
    return escape.visible(f"- peering {spec.requester} ↔ {spec.accepter}{known}", 300)


def _listed(changes: Changes | Sequence[Change[Any]]) -> list[str]:
    return [escape.visible(f"- {noun(c)}: {describe(c)}", 300) for c in changes]
