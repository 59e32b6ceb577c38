"""What doctor found, as text, Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bot.model.doctor import Check, Diagnosis, Verdict
from bot.render import escape
from bot.render.markdown.pieces import table
from bot.render.terminal.lines import LINE_LIMIT, Line, printed

FORMAT_VERSION = 1

_STYLE = {
    Verdict.OK: "green",
    Verdict.UNPROVED: "cyan",
    Verdict.WARNING: "yellow",
    Verdict.BROKEN: "bold red",
}
_COLUMN = 2 + max(map(len, Verdict)) + 2
_CELL = 1000


def text(diagnosis: Diagnosis, *, width: int, colour: bool) -> str:
    """Checks under what they belong to, each with what to do below it."""
    return printed(_lines(diagnosis), width, colour)


def markdown(diagnosis: Diagnosis) -> str:
    """A table, one row a check."""
    rows = [
        [_mark(c.verdict), *(escape.text(t, _CELL) for t in (c.where, c.what, c.found, c.advice))]
        for c in diagnosis.checks
    ]
    heads = ["", "Where", "What", "Found", "What to do"]
    return f"{escape.text(_ending(diagnosis))}\n\n{table(heads, rows)}\n"


def json_text(diagnosis: Diagnosis) -> str:
    """``format_version``, ``ready``, ``summary`` and ``checks``, for machines."""
    data = {
        "format_version": FORMAT_VERSION,
        "ready": not diagnosis.broken,
        "summary": {str(verdict): number for verdict, number in diagnosis.counts.items()},
        "checks": [
            {
                "verdict": str(check.verdict),
                "where": check.where,
                "what": check.what,
                "found": check.found,
                "advice": check.advice,
            }
            for check in diagnosis.checks
        ],
    }
    return json.dumps(data, indent=1) + "\n"


def _lines(diagnosis: Diagnosis) -> Iterator[Line]:
    where = ""
    for check in diagnosis.checks:
        if check.where != where:
            where = check.where
            yield Line(escape.terminal(where), style="bold")
        yield from _check(check)
    yield Line()
    style = _STYLE[Verdict.BROKEN if diagnosis.broken else Verdict.OK]
    yield Line(_ending(diagnosis), style=style)


def _check(check: Check) -> Iterator[Line]:
    head = f"  {check.verdict}".ljust(_COLUMN)
    found = escape.terminal(f"{check.what}: {check.found}", LINE_LIMIT)
    yield Line(head, found, _STYLE[check.verdict], _COLUMN)
    if check.advice:
        yield Line(" " * _COLUMN + "-> ", escape.terminal(check.advice, LINE_LIMIT), "", _COLUMN)


def _ending(diagnosis: Diagnosis) -> str:
    counts = diagnosis.counts
    told = [
        f"{number:,} {verdict}{'s' if verdict is Verdict.WARNING and number > 1 else ''}"
        for verdict in reversed(Verdict)
        if (number := counts[verdict])
    ]
    return f"{'Not ready' if diagnosis.broken else 'Ready'}: {', '.join(told)}."


def _mark(verdict: Verdict) -> str:
    mark = {
        Verdict.OK: "✅",
        Verdict.UNPROVED: "❔",
        Verdict.WARNING: "⚠️",
        Verdict.BROKEN: "❌",
    }[verdict]
    return f"{mark} {verdict}"
