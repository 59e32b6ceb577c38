"""Plans, reports and diagnostics for a terminal or a log, in Terraform's manner."""

from __future__ import annotations

from bot.model.change import Plan, Report
from bot.render.terminal.ending import report_lines
from bot.render.terminal.lines import printed
from bot.render.terminal.plan import plan_lines


def text(plan: Plan, *, width: int, colour: bool, detailed: bool = False) -> str:
    """A plan. ``width`` is in columns; ``detailed`` lists each change of a long plan."""
    return printed(plan_lines(plan, detailed), width, colour)


def report_text(report: Report, *, width: int, colour: bool) -> str:
    """What an apply did: failures with cause and advice first, then counts.

    Nothing when there was nothing to do: the plan has said so.
    """
    return printed(report_lines(report), width, colour)
