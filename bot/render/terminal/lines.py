"""Styled lines, wrapped to a width; and problems as such lines."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO

from bot.model.diagnostic import Diagnostic, Severity
from bot.render import escape

LINE_LIMIT = 2000
_SEVERITY_STYLE = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line: a styled head, then text that is wrapped behind ``indent`` blanks."""

    head: str = ""
    body: str = ""
    style: str = ""
    indent: int = 0


def diagnostic_lines(diagnostics: Iterable[Diagnostic]) -> Iterator[Line]:
    """Diagnostics, in the order given."""
    for diagnostic in diagnostics:
        style = _SEVERITY_STYLE[diagnostic.severity]
        yield from diagnostic_line(diagnostic, str(diagnostic.severity), style)


def diagnostic_line(diagnostic: Diagnostic, word: str, style: str) -> Iterator[Line]:
    """One diagnostic, called by another word than its severity."""
    where = f"{diagnostic.location}: " if diagnostic.location else ""
    yield Line(f"{word}: ", escape.terminal(f"{where}{diagnostic.summary}"), style, 2)
    if diagnostic.detail:
        yield Line(body=escape.terminal(diagnostic.detail, LINE_LIMIT), indent=2)
    yield Line()


def printed(lines: Iterable[Line], width: int, colour: bool) -> str:
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


def _wrapped(line: Line, width: int) -> Iterator[tuple[str, str]]:
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
