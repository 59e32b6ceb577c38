"""Who reaches whom as a part of the HTML report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model.reachability import EnvironmentReach, PairReach
from bot.render.escape import html, html_text
from bot.render.reachability import (
    Cell,
    Exceptional,
    ends,
    exceptions,
    in_words,
    matrix,
    small,
    why,
)

LONG = 2000
LEGEND = "Rows reach columns. ✓ as before, + from now on, ✗ not, · not wanted."
_SIGNS = {Cell.SELF: "", Cell.UNWANTED: "·", Cell.KEPT: "✓", Cell.NEW: "+"}


def reach_sections(reaches: Sequence[EnvironmentReach]) -> Iterator[str]:
    """Per environment a line, the matrix of a small one, and what is not reachable."""
    if not reaches:
        return
    yield "<h2>Who reaches whom</h2>"
    for reach in reaches:
        kind = "create" if reach.after.whole else "update"
        yield (
            f"<p><code>{html(reach.environment)}</code>"
            f' <b class="{kind}">{html(in_words(reach))}</b></p>'
        )
        if small(reach) and reach.pairs:
            yield _matrix(reach)
        found = exceptions(reach)
        if found:
            yield "<ul>" + "".join(f"<li>{_exception(item)}</li>\n" for item in found) + "</ul>"


def _exception(found: Exceptional) -> str:
    kind = "delete" if found.lost else "update"
    return (
        f'<span class="{kind}">✗</span> {ends(found, _id, "→", "↔")}: {html_text(why(found), LONG)}'
    )


def _id(value: object) -> str:
    return f'<code class="id">{html(value, LONG)}</code>'


def _matrix(reach: EnvironmentReach) -> str:
    numbers = range(1, len(reach.members) + 1)
    heads = "".join(f"<th>{number}</th>" for number in numbers)
    rows = "".join(
        f"<tr><td>{number}</td><td>{_id(source)}</td>"
        + "".join(f"<td>{_shown(*cell)}</td>" for cell in cells)
        + "</tr>\n"
        for number, source, cells in zip(numbers, reach.members, matrix(reach), strict=True)
    )
    return (
        f'<div class="wide"><table><thead><tr><th></th><th>VPC</th>{heads}</tr></thead>\n'
        f'<tbody>{rows}</tbody></table></div><p class="soft">{LEGEND}</p>'
    )


def _shown(cell: Cell, pair: PairReach | None) -> str:
    if pair is not None and pair.obstacle is not None:
        return f"✗ {pair.obstacle.reason}"
    return _SIGNS[cell]
