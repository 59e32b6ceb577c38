"""Who reaches whom as Markdown: a matrix of a small mesh, the exceptions of a large one."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model.reachability import EnvironmentReach, PairReach
from bot.render import escape
from bot.render.budget import Block, Text, Variant, fixed
from bot.render.markdown.pieces import (
    FOLD_LINES,
    bullets,
    capped,
    fold,
    name,
    paragraphs,
    table,
)
from bot.render.reachability import (
    Cell,
    Exceptional,
    by_reason,
    exceptions,
    in_words,
    matrix,
    small,
    total,
    why,
)
from bot.render.wording import count

MOST = 30
"""Environments that are told of one by one where room is short."""

LISTED = 20
"""Exceptions of one environment that are named where room is short."""

_SIGNS = {Cell.SELF: "", Cell.UNWANTED: "·", Cell.KEPT: "✓", Cell.NEW: "**+**"}
LEGEND = "Rows reach columns. ✓ as before, + from now on, ✗ not, · not wanted."
NOW_LEGEND = "Rows reach columns. ✓ yes, ✗ not, · not wanted."

Reaches = Sequence[EnvironmentReach]


def block(reaches: Reaches, importance: int) -> Block:
    """The environments, each in as much detail as there is room for; nothing of none."""
    if not reaches:
        return fixed(importance, "")
    lost = sum(len(reach.exceptions) for reach in reaches)
    return Block(
        importance,
        (
            Variant(lambda: _text(reaches, matrices=True), floor=lost * 60),
            Variant(lambda: _text(reaches, limit=max(lost, 1)), floor=lost * 60),
            Variant(lambda: _text(reaches, limit=LISTED), floor=min(lost, LISTED) * 60),
            Variant(lambda: _text(reaches, limit=0)),
            Variant(lambda: Text(_sum(reaches))),
        ),
    )


def _text(reaches: Reaches, *, limit: int | None = None, matrices: bool = False) -> Text:
    shown = reaches if limit is None else reaches[:MOST]
    parts = [_environment(reach, limit, matrices) for reach in shown]
    if len(shown) < len(reaches):
        parts.append(f"… {len(shown):,} of {len(reaches):,} environments shown. {_sum(reaches)}")
    return Text(paragraphs(*parts))


def _sum(reaches: Reaches) -> str:
    tally = total(reaches)
    text = (
        f"**Reachable** in {count(len(reaches), 'environment')}:"
        f" {tally.reachable:,}/{tally.wanted:,} pairs"
    )
    return text if tally.whole else f"{text}; {by_reason(reaches)}"


def _environment(reach: EnvironmentReach, limit: int | None, matrices: bool) -> str:
    mark = "" if reach.after.whole else "⚠️ "
    line = f"{mark}**{name(reach.environment)}** {escape.text(in_words(reach))}"
    if reach.after.whole:
        shown = _matrix(reach) if matrices and small(reach) and reach.pairs else ""
        return paragraphs(line, fold("Who reaches whom", shown) if shown else "")
    if limit == 0:
        return f"{line}: {by_reason([reach])}"
    found = exceptions(reach)
    most = len(found) if limit is None else limit
    items = bullets(capped([exception(item) for item in found], most, "exceptions"))
    listed = fold(f"Not reachable: {by_reason([reach])}", items, when=len(found) > FOLD_LINES)
    return paragraphs(line, _matrix(reach) if matrices and small(reach) else "", listed)


def exception(found: Exceptional) -> str:
    """A pair that is not reachable, and why."""
    arrow = "↔" if found.both else "→"
    ends = f"{escape.code(found.pair.source)} {arrow} {escape.code(found.pair.peer)}"
    return f"{ends}: {escape.text(why(found))}"


def _matrix(reach: EnvironmentReach) -> str:
    numbers = [str(index) for index in range(1, len(reach.members) + 1)]
    rows = [
        [number, escape.code(source), *(_shown(*cell) for cell in cells)]
        for number, source, cells in zip(numbers, reach.members, matrix(reach), strict=True)
    ]
    legend = NOW_LEGEND if reach.before is None else LEGEND
    return paragraphs(table(["", "VPC", *numbers], rows), f"<sub>{legend}</sub>")


def _shown(cell: Cell, pair: PairReach | None) -> str:
    if pair is not None and pair.obstacle is not None:
        return f"✗ {pair.obstacle.reason}"
    return _SIGNS[cell]
