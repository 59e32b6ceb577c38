"""Who reaches whom: a line for each environment, and what is not reachable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model.reachability import EnvironmentReach
from bot.render import escape
from bot.render.reachability import Exceptional, by_reason, ends, exceptions, in_words, why
from bot.render.terminal.lines import LINE_LIMIT, Line

LISTED = 20
"""Lines about one environment unless details are asked for."""


def reach_lines(reaches: Sequence[EnvironmentReach], detailed: bool = False) -> Iterator[Line]:
    """Nothing where nothing is known."""
    for reach in reaches:
        style = "green" if reach.after.whole else "yellow"
        yield Line(escape.terminal(f"{reach.environment}: {in_words(reach)}"), style=style)
        found = exceptions(reach)
        shown = found if detailed else found[:LISTED]
        yield from map(_exception, shown)
        if len(shown) < len(found):
            pairs, every = (sum(e.pairs for e in some) for some in (shown, found))
            more = f"{pairs:,} of {every:,} pairs shown ({by_reason([reach])});"
            yield Line(body=f"{more} --format json lists them all.", indent=2)
    if reaches:
        yield Line()


def _exception(found: Exceptional) -> Line:
    text = f"{ends(found, str, '->', '<->')}: {why(found)}"
    return Line("  x ", escape.terminal(text, LINE_LIMIT), "red" if found.lost else "yellow", 4)
