"""Who reaches whom: a line for each environment, and what is not reachable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model.reachability import EnvironmentReach
from bot.render import escape
from bot.render.reachability import Exceptional, by_reason, exceptions, in_words, why
from bot.render.terminal.lines import LINE_LIMIT, Line

LISTED = 20
"""Exceptions of one environment that are named unless details are asked for."""


def reach_lines(reaches: Sequence[EnvironmentReach], detailed: bool = False) -> Iterator[Line]:
    """Nothing where nothing is known."""
    for reach in reaches:
        style = "green" if reach.after.whole else "yellow"
        yield Line(escape.terminal(f"{reach.environment}: {in_words(reach)}"), style=style)
        found = exceptions(reach)
        shown = found if detailed else found[:LISTED]
        yield from map(_exception, shown)
        if len(shown) < len(found):
            more = f"{len(shown):,} of {len(found):,} shown ({by_reason([reach])});"
            yield Line(body=f"{more} --format markdown and json list them all.", indent=2)
    if reaches:
        yield Line()


def _exception(found: Exceptional) -> Line:
    arrow = "<->" if found.both else "->"
    text = f"{found.pair.source} {arrow} {found.pair.peer}: {why(found)}"
    return Line("  x ", escape.terminal(text, LINE_LIMIT), "red" if found.lost else "yellow", 4)
