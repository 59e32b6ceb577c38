"""Results as text in the format that was asked for."""

from __future__ import annotations

import json

from bot.adapters import terminal as screen
from bot.config import Loaded
from bot.errors import BotError, MeshInvalid
from bot.model.change import Plan, Report


def plan_text(plan: Plan, form: str) -> str:
    """A plan as ``text``, ``json`` or ``markdown``."""
    if form == "json":
        from bot.render import planfile

        return planfile.dump(plan)
    if form == "markdown":
        from bot.render import markdown

        return markdown.plan(plan)
    from bot.render import terminal

    return terminal.text(plan, width=screen.width(), colour=screen.colour())


def report_text(report: Report, form: str) -> str:
    """What an apply did, likewise."""
    if form == "json":
        from bot.render import planfile

        return planfile.dump_report(report)
    if form == "markdown":
        from bot.render import markdown

        return markdown.report(report)
    from bot.render import terminal

    return terminal.report(report, width=screen.width(), colour=screen.colour())


def validation_text(loaded: Loaded, form: str) -> str:
    """What a valid mesh is made of, and the warnings about it."""
    environments = loaded.mesh.environments.values()
    files, members = len(loaded.mesh.files), sum(len(env.members) for env in environments)
    if form == "json":
        from bot.render import planfile

        diagnostics = [planfile.diagnostic(d) for d in loaded.diagnostics]
        return json.dumps({"valid": True, "diagnostics": diagnostics}, indent=2)
    counts = f"{files} files, {len(environments)} environments, {members} members: valid"
    return "\n".join([*map(str, loaded.diagnostics), counts])


def error_text(error: BotError) -> str:
    """An expected failure, for standard error."""
    if isinstance(error, MeshInvalid):
        from bot.render import terminal

        width, colour = screen.width(), False
        return terminal.diagnostics(error.diagnostics, width=width, colour=colour)
    return f"error: {error}"
