"""Who reaches whom as Markdown: a matrix of a small mesh, the exceptions of a large one."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model.reachability import EnvironmentReach, PairReach
from bot.render import escape
from bot.render.budget import Block, Text, Variant, fixed
from bot.render.markdown.pieces import (
    FOLD_LINES,
    bullets,
    fold,
    name,
    paragraphs,
    table,
)
from bot.render.reachability import (
    Cell,
    Exceptional,
    by_reason,
    ends,
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
"""Lines about one environment where room is short."""

_SIGNS = {Cell.SELF: "", Cell.UNWANTED: "·", Cell.KEPT: "✓", Cell.NEW: "**+**"}
LEGEND = "Rows reach columns. ✓ as before, + from now on, ✗ not, · not wanted."
NOW_LEGEND = "Rows reach columns. ✓ yes, ✗ not, · not wanted."

Reaches = Sequence[EnvironmentReach]
Told = Sequence[tuple[EnvironmentReach, Sequence[Exceptional]]]


def block(reaches: Reaches, importance: int) -> Block:
    """The environments, each in as much detail as there is room for; nothing of none."""
    if not reaches:
        return fixed(importance, "")
    told = [(reach, exceptions(reach)) for reach in reaches]
    lines = sum(len(found) for _, found in told)
    return Block(
        importance,
        (
            Variant(lambda: _text(told, matrices=True), floor=lines * 60),
            Variant(lambda: _text(told, limit=max(lines, 1)), floor=lines * 60),
            Variant(lambda: _text(told, limit=LISTED), floor=min(lines, LISTED) * 60),
            Variant(lambda: _text(told, limit=0)),
            Variant(lambda: Text(_sum(reaches))),
        ),
    )


def _text(told: Told, *, limit: int | None = None, matrices: bool = False) -> Text:
    shown = told if limit is None else told[:MOST]
    parts = [_environment(reach, found, limit, matrices) for reach, found in shown]
    if len(shown) < len(told):
        whole = _sum([reach for reach, _ in told])
        parts.append(f"… {len(shown):,} of {len(told):,} environments shown. {whole}")
    return Text(paragraphs(*parts))


def _sum(reaches: Reaches) -> str:
    tally = total(reaches)
    text = (
        f"**Reachable** in {count(len(reaches), 'environment')}:"
        f" {tally.reachable:,}/{tally.wanted:,} pairs"
    )
    return text if tally.whole else f"{text}; {by_reason(reaches)}"


def _environment(
    reach: EnvironmentReach, found: Sequence[Exceptional], limit: int | None, matrices: bool
) -> str:
    mark = "" if reach.after.whole else "⚠️ "
    line = f"{mark}**{name(reach.environment)}** {escape.text(in_words(reach))}"
    if reach.after.whole:
        shown = _matrix(reach) if matrices and small(reach) and reach.pairs else ""
        return paragraphs(line, fold("Who reaches whom", shown) if shown else "")
    if limit == 0:
        return f"{line}: {by_reason([reach])}"
    most = len(found) if limit is None else limit
    items = bullets(_capped(found, most))
    listed = fold(f"Not reachable: {by_reason([reach])}", items, when=len(found) > FOLD_LINES)
    return paragraphs(line, _matrix(reach) if matrices and small(reach) else "", listed)


def exception(found: Exceptional) -> str:
    """Pairs that are not reachable, and why."""
    return f"{ends(found, escape.code, '→', '↔')}: {escape.text(why(found))}"


def _capped(found: Sequence[Exceptional], most: int) -> list[str]:
    """The first ones, and of how many pairs they tell."""
    lines = [exception(item) for item in found[:most]]
    if len(found) > most:
        shown, every = (sum(e.pairs for e in some) for some in (found[:most], found))
        lines.append(f"… {shown:,} of {every:,} pairs shown")
    return lines


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
