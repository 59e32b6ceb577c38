"""Plans, reports and diagnostics for a terminal or a log, in Terraform's manner."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from bot.model.change import (
    Action,
    Change,
    Gap,
    Membership,
    Movement,
    Outcome,
    Plan,
    Report,
    Result,
    summarise,
)
from bot.model.diagnostic import Diagnostic, Severity
from bot.render import escape
from bot.render.grouping import Part, Sorted, by_table, parts
from bot.render.wording import SIGN, count, describe, done, named, no_changes, signs, to_do

MANY_ROUTES = 200
"""More routes than this are counted per route table unless details are asked for."""

_LINE_LIMIT = 2000
_ACTION_STYLE = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DELETE: "red"}
_SEVERITY_STYLE = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line: a styled head, then text that is wrapped behind ``indent`` blanks."""

    head: str = ""
    body: str = ""
    style: str = ""
    indent: int = 0


def text(plan: Plan, *, width: int, colour: bool, detailed: bool = False) -> str:
    """A plan. ``width`` is in columns; ``detailed`` lists every route of a long plan."""
    return _printed(_plan_lines(plan, detailed), width, colour)


def report_text(report: Report, *, width: int, colour: bool) -> str:
    """What an apply did: failures with cause and advice first, then counts."""
    return _printed(_report_lines(report), width, colour)


def diagnostics_text(diagnostics: Sequence[Diagnostic], *, width: int, colour: bool) -> str:
    """Diagnostics, in the order given."""
    return _printed(_diagnostic_lines(diagnostics), width, colour)


def _plan_lines(plan: Plan, detailed: bool) -> Iterator[_Line]:
    every = sum(change.address.kind == "route" for change in plan.changes)
    grouped = every > MANY_ROUTES and not detailed
    if plan.changes:
        yield _Line("meshbot would do this:  + create  ~ change  - destroy", style="bold")
        yield _Line()
    for part in parts(plan):
        if not part.empty:
            yield from _part_lines(part, grouped)
    for gap in plan.gaps:
        yield from _gap_lines(gap)
    yield from _diagnostic_lines(plan.diagnostics)
    for refusal in plan.refusals:
        yield from _diagnostic(refusal, "refused", "red")
    yield _Line(_verdict(plan), style="bold")
    if grouped:
        yield _Line(
            body="Routes are counted per route table; --format markdown and json list every one."
        )
    if plan.changes:
        yield _Line(body=f"Fingerprint: {plan.fingerprint}")


def _verdict(plan: Plan) -> str:
    if plan.changes:
        return f"Plan: {to_do(plan.summary)}."
    return no_changes(plan)


def _part_lines(part: Part, grouped: bool) -> Iterator[_Line]:
    yield _Line(escape.terminal(part.environment or "(no environment)"), style="bold")
    for membership in part.memberships:
        yield _member(membership)
    yield from _changes(part.changed, grouped)
    for home, number in part.shared:
        where = escape.terminal(home)
        yield _Line(body=f"{count(number, 'change')} shared with {where}, listed there", indent=2)
    if part.drift.all:
        yield _Line("  drift that was there before", style="bold")
        yield from _changes(part.drift, grouped)
    yield _Line()


def _member(membership: Membership) -> _Line:
    joins = membership.movement is Movement.JOINS
    place = f" ({membership.declared_at}" if membership.declared_at else ""
    removed = ", removed" if membership.in_base else ""
    said = f"{membership.vpc} {membership.movement}{place}{removed if place else ''}"
    body = escape.terminal(f"{said})" if place else said)
    return _Line("  > " if joins else "  < ", body, "green" if joins else "red", 4)


def _changes(changes: Sorted, grouped: bool) -> Iterator[_Line]:
    for change in changes.peerings + changes.others:
        yield _change(change)
    if not grouped:
        yield from map(_change, changes.routes)
        return
    for where, found in by_table(changes.routes).items():
        action = found[0].action if len({c.action for c in found}) == 1 else Action.UPDATE
        body = escape.terminal(f"{count(len(found), 'route')} in {where} ({signs(found)})")
        yield _Line(f"  {SIGN[action]} ", body, _ACTION_STYLE[action], 4)


def _change(change: Change[Any]) -> _Line:
    action = change.action
    body = escape.terminal(describe(change), _LINE_LIMIT)
    return _Line(f"  {SIGN[action]} ", body, _ACTION_STYLE[action], 4)


def _gap_lines(gap: Gap) -> Iterator[_Line]:
    what = escape.terminal(f"{gap.scope} could not be read: {gap.action}: {gap.error}", _LINE_LIMIT)
    yield _Line("gap: ", what, "yellow", 2)
    yield _Line(body="Nothing is deleted in or towards it.", indent=2)
    yield _Line()


def _diagnostic_lines(diagnostics: Iterable[Diagnostic]) -> Iterator[_Line]:
    for diagnostic in diagnostics:
        style = _SEVERITY_STYLE[diagnostic.severity]
        yield from _diagnostic(diagnostic, str(diagnostic.severity), style)


def _diagnostic(diagnostic: Diagnostic, word: str, style: str) -> Iterator[_Line]:
    where = f"{diagnostic.location}: " if diagnostic.location else ""
    yield _Line(f"{word}: ", escape.terminal(f"{where}{diagnostic.summary}"), style, 2)
    if diagnostic.detail:
        yield _Line(body=escape.terminal(diagnostic.detail, _LINE_LIMIT), indent=2)
    yield _Line()


def _report_lines(report: Report) -> Iterator[_Line]:
    for outcome in report.outcomes:
        if outcome.result is Result.FAILED:
            yield from _failure(outcome)
    for result in (Result.SKIPPED, Result.INTERRUPTED):
        for outcome in report.outcomes:
            if outcome.result is result:
                yield _unmade(outcome)
    for warning in report.warnings:
        yield _Line("warning: ", escape.terminal(warning), "yellow", 2)
    applied = [o.change for o in report.outcomes if o.result is Result.APPLIED]
    rest = [f"{n:,} {r}" for r in Result if r is not Result.APPLIED and (n := report.count(r))]
    words = ", ".join([done(summarise(applied)), *rest])
    if report.succeeded:
        yield _Line(f"Apply complete: {words}.", style="bold green")
        return
    yield _Line(f"Apply incomplete: {words}.", style="bold red")
    yield _Line(body="Mend the cause and run apply again: it does what is left.")


def _failure(outcome: Outcome) -> Iterator[_Line]:
    line = _change(outcome.change)
    yield _Line("failed: ", f"{line.head.strip()} {line.body}", "red", 2)
    yield _Line(body=escape.terminal(outcome.error, _LINE_LIMIT), indent=2)
    if outcome.advice:
        yield _Line(body=escape.terminal(outcome.advice, _LINE_LIMIT), indent=2)
    yield _Line()


def _unmade(outcome: Outcome) -> _Line:
    line = _change(outcome.change)
    needs = f", needs {escape.terminal(named(outcome.because_of))}" if outcome.because_of else ""
    body = f"{line.head.strip()} {line.body}{needs}"
    return _Line(f"{outcome.result}: ", body, "yellow", 2)


def _printed(lines: Iterable[_Line], width: int, colour: bool) -> str:
    """The lines, wrapped; rich adds colour and nothing else.

    ``_environ`` keeps rich from asking this process's environment: the caller has decided.
    """
    from rich.console import Console
    from rich.text import Text

    out = Text()
    for line in lines:
        for head, body in _wrapped(line, max(width, 20)):
            out.append(head, line.style if colour else None)
            out.append(body + "\n")
    if not colour:
        return out.plain
    console = Console(
        file=StringIO(),
        width=max(width, 20),
        force_terminal=True,
        color_system="standard",
        markup=False,
        emoji=False,
        highlight=False,
        _environ={},
    )
    with console.capture() as capture:
        console.print(out, soft_wrap=True, end="")
    return capture.get()


def _wrapped(line: _Line, width: int) -> Iterator[tuple[str, str]]:
    if not line.body:
        yield line.head, ""
        return
    start = line.head or " " * line.indent
    if len(start) + len(line.body) <= width:
        yield start, line.body
        return
    rows = textwrap.wrap(
        line.body,
        width,
        initial_indent=" " * len(start),
        subsequent_indent=" " * (line.indent + 2),
        break_long_words=False,
        break_on_hyphens=False,
    )
    for index, row in enumerate(rows):
        yield (start, row[len(start) :]) if index == 0 else ("", row)
