"""A plan (and what became of it) as one HTML page that needs no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Any

from bot.kinds.route import RouteSpec
from bot.kinds.vpc_peering import PeeringSpec
from bot.model.address import Address
from bot.model.change import Action, Change, Membership, Outcome, Plan
from bot.model.diagnostic import Diagnostic, SourceLine
from bot.model.remembered import Remembered
from bot.render.context import Context, web_url
from bot.render.escape import html, html_text
from bot.render.grouping import Table, table
from bot.render.levels import missing_vpcs
from bot.render.page import POLICY, SCRIPT, STYLE
from bot.render.picture import picture
from bot.render.reach_html import reach_sections
from bot.render.wording import SIGN, brief, count, differences, no_changes, noun, peer, to_do

LONG = 2000
LEGEND = "New: thick green. Going: dashed red. Kept: thin grey."


def report(plan: Plan, context: Context, outcomes: Sequence[Outcome] = ()) -> str:
    """``report.html``, as ``pieces`` has it."""
    return "".join(pieces(plan, context, outcomes))


def pieces(plan: Plan, context: Context, outcomes: Sequence[Outcome] = ()) -> Iterator[str]:
    """``report.html``: summary, problems, members, every change, searchable; a picture.

    Piece by piece, since that of a large plan is as large as the plan.
    """
    title = f"Plan: {to_do(plan.summary)}" if plan.changes else "No changes"
    yield from (f"{_head(title)}\n<h1>{title}</h1>\n", f"{_about(plan, context)}\n")
    yield from map(_line, _problems(plan, context))
    yield from _members(plan.memberships, context)
    yield from map(_line, reach_sections(plan.reachability))
    yield from _changes(plan, context, outcomes)
    yield from map(_line, _picture(plan))
    yield f"<script>{SCRIPT}</script>\n</body></html>\n"


def _line(text: str) -> str:
    return f"{text}\n"


def _head(title: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{html(title)}</title>\n<style>{STYLE}</style></head><body>"
    )


def _about(plan: Plan, context: Context) -> str:
    facts = [f"Fingerprint <code>{plan.fingerprint}</code>"]
    if context.head_sha:
        facts.append(f"commit <code>{html(context.head_sha)}</code>")
    if context.base:
        facts.append(f"against {html(context.base)}")
    if context.run_url:
        facts.append(_link("run", context.run_url))
    names = ", ".join(f"<code>{html(name)}</code>" for name in plan.environments)
    environments = f'<p class="soft">Environments: {names}</p>' if names else ""
    nothing = "" if plan.changes else f"<p>{no_changes(plan)}</p>"
    return f'{nothing}<p class="soft">{" · ".join(facts)}</p>{environments}'


def _link(label: str, url: str) -> str:
    """A link; ``label`` is HTML already."""
    safe = html(web_url(url), LONG)
    return f'<a href="{safe}" rel="noreferrer noopener">{label}</a>' if safe else label


def _place(context: Context, line: SourceLine | None, *, in_base: bool = False) -> str:
    if line is None:
        return ""
    label = f"<code>{html(f'{line.file}:{line.line}')}</code>"
    return _link(label, context.line_url(line, in_base=in_base))


def _problems(plan: Plan, context: Context) -> Iterator[str]:
    if plan.refusals:
        yield "<h2>Refused</h2>" + _list(_diagnostic(d, context) for d in plan.refusals)
    if plan.gaps:
        yield "<h2>Not read</h2><p>Nothing is deleted in or towards these.</p>"
        yield _list(
            f"<code>{html(gap.scope)}</code> <code>{html(gap.action)}</code>:"
            f" {html_text(gap.error, LONG)}"
            for gap in plan.gaps
        )
    if plan.diagnostics:
        yield "<h2>Problems and notices</h2>"
        yield _list(_diagnostic(d, context) for d in plan.diagnostics)


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>\n" for item in items) + "</ul>"


def _diagnostic(diagnostic: Diagnostic, context: Context) -> str:
    detail = html_text(diagnostic.detail, LONG)
    return (
        f'<b class="{diagnostic.severity}">{diagnostic.severity}</b>'
        f" {html_text(diagnostic.summary, LONG)} {_place(context, diagnostic.location)}"
        + (f'<br><span class="soft">{detail}</span>' if detail else "")
    )


def _members(memberships: Sequence[Membership], context: Context) -> Iterator[str]:
    if not memberships:
        return
    yield "<h2>Members that join or leave</h2>\n"
    yield from _table(
        ("", "VPC", "Environment", "Because of", "Note"),
        (
            "<tr>"
            + _cells(
                str(m.movement),
                _id(m.vpc),
                html(m.environment),
                _place(context, m.declared_at, in_base=m.in_base)
                + (" (removed)" if m.in_base else ""),
                html(m.note),
            )
            for m in memberships
        ),
    )


def _picture(plan: Plan) -> Iterator[str]:
    missing = missing_vpcs(plan)
    drawn = picture(plan.mesh, missing)
    if drawn:
        known = " Missing: dotted; there is no such VPC." if missing else ""
        yield "<h2>The mesh</h2>"
        yield f'<p class="soft">{drawn.caption} {LEGEND}{known}</p>'
        yield drawn.svg


def _changes(plan: Plan, context: Context, outcomes: Sequence[Outcome]) -> Iterator[str]:
    if not plan.changes:
        return
    yield f"<h2>{count(len(plan.changes), 'change')}</h2>\n"
    yield (
        '<p class="filter"><input id="words" type="search" placeholder="Search"'
        ' aria-label="Search the changes"><select id="action" aria-label="Action">'
        '<option value="">all actions</option><option>create</option><option>update</option>'
        '<option>delete</option></select></p><p class="soft" id="told"></p>\n'
    )
    ended = {outcome.change.address: outcome for outcome in outcomes}
    heads = ["", "Kind", "What", "Environments", "Why", "Declared at"]
    place: Callable[[SourceLine], str] = Remembered(partial(_place, context))
    rows = (_change(change, place, ended) for change in plan.changes)
    yield from _table([*heads, "Outcome"] if ended else heads, rows, "changes")


def _change(
    change: Change[Any], place: Callable[[SourceLine], str], ended: Mapping[Address, Outcome]
) -> str:
    action = change.action
    cells = [
        _action(action),
        _cell(noun(change)),
        _what(change) + _differences(change),
        _names(change.environments),
        _cell(f"{change.reason} ({change.origin})" if change.reason else change.origin),
        " ".join(map(place, change.declared_at[:3])),
    ]
    if ended:
        cells.append(_outcome(ended.get(change.address)))
    return f'<tr data-action="{action}">{_cells(*cells)}'


@cache
def _action(action: Action) -> str:
    return f'<span class="{action}">{SIGN[action]} {action}</span>'


@lru_cache(maxsize=1 << 12)
def _cell(text: str) -> str:
    """Words that thousands of changes share."""
    return html(text)


@lru_cache(maxsize=1 << 12)
def _names(environments: frozenset[str]) -> str:
    return html(", ".join(sorted(environments)))


def _what(change: Change[Any]) -> str:
    """The change in one line; ids are never broken at the end of one."""
    spec = change.after or change.before
    if isinstance(spec, PeeringSpec):
        return f"{_id(spec.requester)} ↔ {_id(spec.accepter)}"
    if not isinstance(spec, RouteSpec):
        return f"<code>{html(brief(change), LONG)}</code>"
    was = f" (was {_id(peer(change.before))})" if change.before and change.after else ""
    return f"{_where(table(change))}: {_led(spec)}{was}"


def _at(where: Table) -> str:
    return f"{_id(where.vpc)} {_id(where.route_table)}"


_where = Remembered(_at)


def _leading(spec: RouteSpec) -> str:
    return _id(f"{spec.destination} → {peer(spec)}")


_led = Remembered(_leading)


def _id(value: object) -> str:
    return _code(str(value))


@lru_cache(maxsize=1 << 14)
def _code(identity: str) -> str:
    return f'<code class="id">{html(identity, LONG)}</code>'


def _differences(change: Change[Any]) -> str:
    before, after = change.before, change.after
    if not (isinstance(before, PeeringSpec) and isinstance(after, PeeringSpec)):
        return ""
    return "".join(f"<br>{html(item)}" for item in differences(before, after))


def _outcome(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    said = " ".join(filter(None, (outcome.error, outcome.advice)))
    return f'<b class="{outcome.result}">{outcome.result}</b> {html_text(said, LONG)}'


def _cells(*cells: str) -> str:
    return f"<td>{'</td><td>'.join(cells)}</td></tr>\n"


def _table(heads: Sequence[str], rows: Iterable[str], identity: str = "") -> Iterator[str]:
    head = "".join(f"<th>{text}</th>" for text in heads)
    name = f' id="{identity}"' if identity else ""
    yield f'<div class="wide"><table{name}><thead><tr>{head}</tr></thead>\n<tbody>'
    yield from rows
    yield "</tbody></table></div>\n"
