"""Results as text in the format that was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable

from bot.adapters import terminal as screen
from bot.config import Loaded
from bot.errors import BotError, MeshInvalid
from bot.model.change import Plan, Report
from bot.model.diagnostic import Diagnostic
from bot.render import escape


def plan_text(plan: Plan, form: str) -> str:
    """A plan as ``text``, ``json`` or ``markdown``."""
    if form == "json":
        from bot.render import planfile

        return planfile.plan_json(plan)
    if form == "markdown":
        from bot.render import markdown

        return markdown.document(plan)
    from bot.render import terminal

    return terminal.text(plan, width=screen.width(), colour=screen.colour())


def report_text(report: Report, form: str) -> str:
    """What an apply did, likewise."""
    if form == "json":
        from bot.render import planfile

        return planfile.report_json(report)
    if form == "markdown":
        from bot.render import markdown

        return markdown.outcome_document(report)
    from bot.render import terminal

    return terminal.report_text(report, width=screen.width(), colour=screen.colour())


def validation_text(loaded: Loaded, form: str) -> str:
    """What a valid mesh is made of, and the warnings about it."""
    environments = loaded.mesh.environments.values()
    counts = [
        _count(len(loaded.mesh.files), "mesh file"),
        _count(len(environments), "environment"),
        _count(sum(len(env.members) for env in environments), "member"),
    ]
    if form == "json":
        return faults_json(loaded.diagnostics, valid=True)
    return "\n".join([*_lines(loaded.diagnostics), f"{', '.join(counts)}: valid"])


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def faults_json(diagnostics: Iterable[Diagnostic], *, valid: bool) -> str:
    """The verdict of ``validate`` as JSON."""
    from bot.render import planfile

    told = [planfile.diagnostic_data(d) for d in diagnostics]
    return json.dumps({"valid": valid, "diagnostics": told}, indent=1)


def error_text(error: BotError) -> str:
    """An expected failure, for standard error: faults one a line, as compilers write them."""
    if isinstance(error, MeshInvalid):
        return "\n".join(_lines(error.diagnostics))
    return "\n".join(escape.terminal(line, 4000) for line in f"error: {error}".splitlines())


def _lines(diagnostics: Iterable[Diagnostic]) -> list[str]:
    return [escape.terminal(diagnostic, 4000) for diagnostic in diagnostics]
