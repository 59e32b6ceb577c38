"""What ``verify`` found, as text, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.model.change import Gap, Plan
from bot.model.verification import Verification
from bot.render import analyzer, escape
from bot.render.budget import fit, fixed
from bot.render.context import Context
from bot.render.json_text import json_text
from bot.render.markdown import problems, reach
from bot.render.markdown.pieces import UNLIMITED, paragraphs
from bot.render.planfile import plan_data
from bot.render.reachability import by_reason, total
from bot.render.terminal.lines import LINE_LIMIT, Line, diagnostic_lines, printed
from bot.render.terminal.reach import reach_lines

NOT_LOOKED_AT = "pairs with a member there count as not reachable"


def verdict(found: Verification) -> str:
    """How it is, in one line of plain text."""
    tally = total(found.reachability)
    if tally.whole:
        return f"Every wanted pair is reachable: {tally.reachable:,} of {tally.wanted:,}."
    missing = tally.wanted - tally.reachable
    return (
        f"Not reachable: {missing:,} of {tally.wanted:,} pairs ({by_reason(found.reachability)})."
    )


def text(found: Verification, *, width: int, colour: bool) -> str:
    """For a terminal or a log. ``width`` is in columns."""
    lines = [
        *reach_lines(found.reachability, detailed=True),
        *(line for gap in found.gaps for line in _gap_lines(gap)),
        *diagnostic_lines(found.diagnostics),
        *(analyzer.lines(found.analyzed) if found.analyzed else ()),
        Line(body=verdict(found)),
    ]
    return printed(lines, width, colour)


def json(found: Verification) -> str:
    """As JSON text, in the words of ``schema/plan.schema.json``."""
    told = plan_data(_as_plan(found))
    return (
        json_text(
            {
                "reachable": found.whole,
                "reachability": told.get("reachability", []),
                "diagnostics": told["diagnostics"],
                "gaps": told["gaps"],
                **analyzer.as_data(found.analyzed),
            }
        )
        + "\n"
    )


def markdown(found: Verification) -> str:
    """As Markdown: everything, of any size."""
    plan = _as_plan(found)
    blocks = [
        fixed(0, f"### {verdict(found)}"),
        problems.gaps(found.gaps, 1, NOT_LOOKED_AT),
        *problems.blocks(replace(plan, gaps=()), Context(), 1),
        reach.block(found.reachability, 2),
        fixed(2, analyzer.markdown(found.analyzed)),
        problems.notices(plan, Context(), 3),
    ]
    return paragraphs(*(part.markdown for part in fit(blocks, UNLIMITED))) + "\n"


def _gap_lines(gap: Gap) -> Iterator[Line]:
    """What could not be looked at."""
    what = f"{gap.scope} could not be read: {gap.action}: {gap.error}"
    yield Line("not looked at: ", escape.terminal(what, LINE_LIMIT), "yellow", 2)
    yield Line(body=f"{NOT_LOOKED_AT.capitalize()}.", indent=2)
    yield Line()


def _as_plan(found: Verification) -> Plan:
    """Nothing to do: only what plans have words for."""
    return Plan(diagnostics=found.diagnostics, gaps=found.gaps, reachability=found.reachability)
