"""What a change does to the graph of the mesh files, told without AWS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.engine.graph_difference import EnvironmentDifference, GraphDifference, Remark
from bot.model.address import Pair
from bot.model.change import Existence, Movement, Plan
from bot.model.diagnostic import Diagnostic
from bot.render import escape, mermaid
from bot.render.budget import Block, Text, Variant, fit, fixed
from bot.render.context import Context, markdown_line
from bot.render.markdown import problems
from bot.render.markdown.environments import member
from bot.render.markdown.pieces import (
    FOLD_LINES,
    SUMMARY_BUDGET,
    bullets,
    fold,
    links,
    name,
    paragraphs,
)
from bot.render.markdown.plan import LEGEND
from bot.render.wording import count

_FEW = 20
_SECTIONS = 200
"""Environments with a section of their own; each takes a line at least."""


def difference_summary(
    difference: GraphDifference, told: Sequence[Diagnostic], context: Context
) -> str:
    """The job summary of a run that may not ask AWS: the graph's difference, and problems.

    ``told`` is what loading the files had to say.
    """
    plan = Plan(diagnostics=tuple(told), refusals=difference.refusals)
    sections = [_section(found, context) for found in difference.environments[:_SECTIONS]]
    blocks = [
        fixed(0, f"### {headline(difference)}"),
        fixed(0, OFFLINE),
        *problems.blocks(plan, context, 1),
        _remarks(difference.remarks, context),
        *sections,
        fixed(0, _rest(difference)),
        _graph(difference),
        problems.notices(plan, context, 5),
        fixed(0, links(context)),
    ]
    return paragraphs(*(text.markdown for text in fit(blocks, SUMMARY_BUDGET - 400))) + "\n"


OFFLINE = (
    "Compared offline, from the mesh files alone: a pull request from a fork gets no AWS"
    " credentials. Routes, and what AWS has by now, are planned once it is merged or once its"
    " branch is pushed to this repository."
)


def headline(difference: GraphDifference) -> str:
    """The difference in one line of plain text."""
    if difference.empty:
        return "The mesh files ask for the same mesh as before"
    made, gone = count(len(difference.new), "peering"), f"{len(difference.going):,}"
    return f"Mesh files: {made} to add, {gone} to destroy"


def _section(found: EnvironmentDifference, context: Context) -> Block:
    title = f"#### {name(found.name)}{_WORDS[found.existence]}: {_amounts(found)}"
    moves, remarks = found.memberships, found.remarks
    pairs = [("+", pair) for pair in found.new] + [("-", pair) for pair in found.going]
    items = len(moves) + len(remarks)

    def listed(limit: int) -> Text:
        lines = [member(move, context) for move in moves[:limit]]
        lines += [_remark(remark, context) for remark in remarks[: limit - len(lines)]]
        drawn = _shown([_line(sign, pair) for sign, pair in pairs[:limit]], len(pairs), "peerings")
        fenced = escape.fence(drawn, "diff") if pairs else ""
        folded = fold("Peerings", fenced, when=len(pairs) > FOLD_LINES)
        return Text(paragraphs(title, bullets(_shown(lines, items, "lines")), folded))

    most = max(items, len(pairs), 1)
    limits = sorted({most, min(most, _FEW)}, reverse=True)
    variants = [Variant(lambda n=n: listed(n), floor=_floor(items, len(pairs), n)) for n in limits]  # type: ignore[misc]
    return Block(3, (*variants, Variant(lambda: Text(title))))


def _floor(items: int, pairs: int, limit: int) -> int:
    """The least that a section measures: VPCs are long names."""
    return min(items, limit) * 20 + min(pairs, limit) * 90


def _shown(lines: list[str], total: int, what: str) -> list[str]:
    missing = f"… {len(lines):,} of {total:,} {what} shown"
    return [*lines, missing] if len(lines) < total else lines


_WORDS = {Existence.NEW: " (new)", Existence.KEPT: "", Existence.GOING: " (removed)"}


def _amounts(found: EnvironmentDifference) -> str:
    moves = Counter(m.movement for m in found.memberships)
    parts = [
        f"{moves[Movement.JOINS]:,} joining" if moves[Movement.JOINS] else "",
        f"{moves[Movement.LEAVES]:,} leaving" if moves[Movement.LEAVES] else "",
        f"{count(len(found.new), 'peering')} to add" if found.new else "",
        f"{count(len(found.going), 'peering')} to destroy" if found.going else "",
    ]
    return ", ".join(filter(None, parts)) or "other settings"


def _line(sign: str, pair: Pair) -> str:
    return escape.visible(f"{sign} {pair.first} ↔ {pair.second}", 300)


def _remark(remark: Remark, context: Context) -> str:
    place = f" ({markdown_line(context, remark.place)})" if remark.place else ""
    return f"{escape.text(remark.text)}{place}"


def _remarks(remarks: Sequence[Remark], context: Context) -> Block:
    few = [_remark(remark, context) for remark in remarks[:_FEW]]
    return Block(
        2,
        (
            Variant(
                lambda: Text(bullets(_remark(remark, context) for remark in remarks)),
                floor=len(remarks) * 20,
            ),
            Variant(lambda: Text(bullets(_shown(few, len(remarks), "lines")))),
        ),
    )


def _rest(difference: GraphDifference) -> str:
    more = len(difference.environments) - _SECTIONS
    total = len(difference.environments)
    return f"{_SECTIONS:,} of {total:,} environments shown." if more > 0 else ""


def _graph(difference: GraphDifference) -> Block:
    drawn = None if difference.empty else mermaid.graph(difference.picture)
    if drawn is None:
        return fixed(4, "")
    body = paragraphs(
        escape.fence(drawn.source.split("\n"), "mermaid"), f"<sub>{drawn.caption} {LEGEND}</sub>"
    )
    return Block(4, (Variant(lambda: Text(fold("The mesh", body, opened=True))), Variant(Text)))
