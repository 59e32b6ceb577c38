"""Results as text in the format that was asked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from bot.errors import BotError, MeshInvalid
from bot.render import escape

if TYPE_CHECKING:  # validate says its result without loading what plans and applies
    from bot.config import Loaded
    from bot.model.analyzer import Offer
    from bot.model.change import Plan, Report
    from bot.model.diagnostic import Diagnostic
    from bot.model.doctor import Diagnosis
from bot.model.verification import Verification

PIECE = 1 << 20
"""Characters that are written at a time, or a few more."""


def plan_pieces(plan: Plan, form: str) -> Iterator[str]:
    """A plan as ``text``, ``json`` or ``markdown``, in large pieces."""
    if form == "json":
        from bot.render import planfile

        return _large(planfile.plan_pieces(plan))
    if form == "markdown":
        from bot.render import markdown

        return iter([markdown.document(plan)])
    from bot.adapters import terminal as screen
    from bot.render import terminal

    return iter([terminal.text(plan, width=screen.width(), colour=screen.colour())])


def report_pieces(report: Report, form: str) -> Iterator[str]:
    """What an apply did, likewise."""
    if form == "json":
        from bot.render import planfile

        return _large(planfile.report_pieces(report))
    if form == "markdown":
        from bot.render import markdown

        return iter([markdown.outcome_document(report)])
    from bot.adapters import terminal as screen
    from bot.render import terminal

    return iter([terminal.report_text(report, width=screen.width(), colour=screen.colour())])


def _large(pieces: Iterable[str]) -> Iterator[str]:
    """The same text in fewer pieces: each that is printed is flushed."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)


def diagnosis_text(diagnosis: Diagnosis, form: str) -> str:
    """What doctor found, likewise."""
    from bot.adapters import terminal as screen
    from bot.render import doctor

    if form == "json":
        return doctor.json_text(diagnosis)
    if form == "markdown":
        return doctor.markdown(diagnosis)
    return doctor.text(diagnosis, width=screen.width(), colour=screen.colour())


def verification_text(found: Verification, form: str) -> str:
    """Who reaches whom, likewise."""
    from bot.adapters import terminal as screen
    from bot.render import verification

    if form == "json":
        return verification.json(found)
    if form == "markdown":
        return verification.markdown(found)
    return verification.text(found, width=screen.width(), colour=screen.colour())


def offer_text(offered: Offer) -> str:
    """What Reachability Analyzer would be asked, and the cost; for standard error."""
    from bot.adapters import terminal as screen
    from bot.render import analyzer

    return analyzer.offer_text(offered, width=screen.width(), colour=False)


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
    return plain_lines(f"error: {error}")


def plain_lines(text: str) -> str:
    """Lines that may quote anybody."""
    return "\n".join(escape.terminal(line, 4000) for line in text.splitlines())


def _lines(diagnostics: Iterable[Diagnostic]) -> list[str]:
    return [escape.terminal(diagnostic, 4000) for diagnostic in diagnostics]
