"""What ``verify`` found, as text, JSON and Markdown."""

from __future__ import annotations

from bot.model.change import Plan
from bot.model.verification import Verification
from bot.render.budget import fit, fixed
from bot.render.context import Context
from bot.render.json_text import json_text
from bot.render.markdown import problems, reach
from bot.render.markdown.pieces import UNLIMITED, paragraphs
from bot.render.planfile import plan_data
from bot.render.reachability import by_reason, total
from bot.render.terminal.lines import Line, diagnostic_lines, printed
from bot.render.terminal.plan import gap_lines
from bot.render.terminal.reach import reach_lines


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
        *(line for gap in found.gaps for line in gap_lines(gap)),
        *diagnostic_lines(found.diagnostics),
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
            }
        )
        + "\n"
    )


def markdown(found: Verification) -> str:
    """As Markdown: everything, of any size."""
    plan = _as_plan(found)
    blocks = [
        fixed(0, f"### {verdict(found)}"),
        *problems.blocks(plan, Context(), 1),
        reach.block(found.reachability, 2),
        problems.notices(plan, Context(), 3),
    ]
    return paragraphs(*(part.markdown for part in fit(blocks, UNLIMITED))) + "\n"


def _as_plan(found: Verification) -> Plan:
    """Nothing to do: only what plans have words for."""
    return Plan(diagnostics=found.diagnostics, gaps=found.gaps, reachability=found.reachability)
