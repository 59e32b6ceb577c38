"""One section per environment: who joins and leaves, then what changes because of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.model.change import Membership, Movement
from bot.render import escape
from bot.render.budget import Block, Text, Variant
from bot.render.context import Context, markdown_line
from bot.render.grouping import Part
from bot.render.markdown.changes import Causes, variants
from bot.render.markdown.pieces import FOLD_LINES, bullets, capped, fold, name, paragraphs
from bot.render.wording import count, signs, some_to_do, things

MAX_SECTIONS = 30
"""Environments with a section of their own; the rest share one line."""

MEMBERS, CHANGED, DRIFT = 3, 4, 6
"""Importance: who moves, this revision's changes, what had drifted before."""


def blocks(parts: Sequence[Part], context: Context) -> list[Block]:
    """Sections of the environments with something to tell, deletes' first when too many."""
    told = [part for part in parts if not part.empty]
    chosen = set(sorted(range(len(told)), key=lambda i: _weight(told[i]))[:MAX_SECTIONS])
    causes = Causes((m for part in told for m in part.memberships), context)
    found = [
        block
        for index, part in enumerate(told)
        if index in chosen
        for block in _section(part, causes, context)
    ]
    rest = [part for index, part in enumerate(told) if index not in chosen]
    quiet = [part.environment for part in parts if part.empty]
    return [*found, Block(MEMBERS, (Variant(lambda: Text(_rest(rest, len(told), quiet))),))]


def _weight(part: Part) -> tuple[int, int, int, str]:
    gone = sum(change.after is None for change in part.all)
    return -gone, -len(part.memberships), -len(part.all), part.environment


def _rest(rest: Sequence[Part], total: int, quiet: Sequence[str]) -> str:
    more = [change for part in rest for change in part.all]
    hidden = (
        f"{total - len(rest):,} of {total:,} environments shown;"
        f" in the other {len(rest):,}: {things(more) or 'no changes'}, {some_to_do(more)}."
    )
    names = capped([name(environment) for environment in quiet], 10, "environments")
    unchanged = f"Nothing changes in {', '.join(names)}."
    return paragraphs(hidden if rest else "", unchanged if quiet and total else "")


def _section(part: Part, causes: Causes, context: Context) -> list[Block]:
    both = bool(part.changed.all and part.drift.all)

    def mine(body: str) -> str:
        return paragraphs("**From this change:**", body) if both else body

    def drifted(body: str) -> str:
        title = f"Drift that was there before: {things(part.drift.all)}"
        return fold(f"{title}, {some_to_do(part.drift.all)}", body)

    return [
        Block(MEMBERS, _head(part, context)),
        Block(CHANGED, variants(part.changed, causes, mine)),
        Block(DRIFT, variants(part.drift, causes, drifted)),
    ]


def _head(part: Part, context: Context) -> tuple[Variant, ...]:
    total = len(part.memberships)
    limits = sorted({total, min(total, FOLD_LINES)}, reverse=True)

    def listed(limit: int) -> Text:
        items = [member(m, context) for m in part.memberships[:limit]]
        if limit < total:
            items.append(f"… {limit:,} of {total:,} moving members shown")
        body = bullets(items)
        folded = fold(f"Members: {_moving(part)}", body, when=total > FOLD_LINES)
        return Text(paragraphs(_title(part), folded, _shared(part)))

    def counted() -> Text:
        return Text(paragraphs(_title(part), f"Members: {_moving(part)}." if total else ""))

    variants = [Variant(lambda n=n: listed(n), floor=n * 40) for n in limits]  # type: ignore[misc]
    return (*variants, Variant(counted))


def _title(part: Part) -> str:
    amounts = " ".join(filter(None, [things(part.all), f"({signs(part.all)})"]))
    return f"#### {name(part.environment)}: {amounts if part.all else 'nothing of its own'}"


def _moving(part: Part) -> str:
    counts = Counter(m.movement for m in part.memberships)
    words = {Movement.JOINS: "joining", Movement.LEAVES: "leaving"}
    return ", ".join(f"{counts[m]:,} {words[m]}" for m in Movement if counts[m])


def member(membership: Membership, context: Context) -> str:
    """Who joins or leaves, because of which line."""
    line = membership.declared_at
    place = markdown_line(context, line, in_base=membership.in_base) if line else ""
    note = f" ({escape.text(membership.note, 80)})" if membership.note else ""
    vpc = escape.code(membership.vpc)
    if membership.movement is Movement.JOINS:
        because = f" because of {place}" if place else ""
        return f"**+** {vpc}{note} joins{because}"
    because = f": {place} was removed" if membership.in_base else f" because of {place}"
    return f"**−** {vpc}{note} leaves{because if place else ''}"  # noqa: RUF001  a real minus


def _shared(part: Part) -> str:
    told = [f"{count(number, 'change')} under {name(home)}" for home, number in part.shared[:5]]
    more = len(part.shared) - 5
    words = ", ".join([*told, f"{more:,} more"] if more > 0 else told)
    return f"Shared with other environments and listed there: {words}." if told else ""
