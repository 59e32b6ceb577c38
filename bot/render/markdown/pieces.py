"""Small parts that the Markdown documents are put together from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.model.change import Change, Plan
from bot.render import escape
from bot.render.context import Context, markdown_link

COMMENT_BUDGET = 60_000
"""Bytes of a comment as a JSON string. GitHub takes 65,536 characters."""

SUMMARY_BUDGET = 900_000
"""Bytes of a job summary. Above 1 MiB the runner drops all of it."""

FOLD_LINES = 12
"""Lists longer than this are folded."""

NAME_LIMIT = 40


def name(environment: str) -> str:
    """An environment's name."""
    return escape.code(environment or "(no environment)", NAME_LIMIT)


def fold(summary: str, body: str, *, when: bool = True, opened: bool = False) -> str:
    """A part that opens on a click. ``summary`` is our own text, never anybody else's."""
    if not when:
        return body
    start = "<details open>" if opened else "<details>"
    return f"{start}<summary>{summary}</summary>\n\n{body}\n\n</details>"


def alert(kind: str, body: str) -> str:
    """One of GitHub's alerts: ``CAUTION``, ``WARNING``, ``NOTE``."""
    lines = [f"[!{kind}]", *body.split("\n")]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def bullets(items: Iterable[str]) -> str:
    """A list; a line break within an item stays in it."""
    return "\n".join("- " + item.replace("\n", "\n  ") for item in items)


def capped(items: Sequence[str], limit: int, what: str) -> list[str]:
    """The first ``limit`` items, and how many there are."""
    if len(items) <= limit:
        return list(items)
    return [*items[:limit], f"… {limit:,} of {len(items):,} {what} shown"]


def paragraphs(*texts: str) -> str:
    """Those that are not empty, apart."""
    return "\n\n".join(text for text in texts if text)


def links(context: Context) -> str:
    """The run and the artifacts, or nothing."""
    found = [markdown_link("run", context.run_url)] if context.run_url else []
    found += [markdown_link(escape.text(a.label, 40), a.url) for a in context.links[:8]]
    return " · ".join(found)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """A plan's fingerprints, computed once: they cost a second for the largest meshes."""

    total: str
    each: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, plan: Plan) -> Fingerprints:
        """Per environment only where there is more than one."""
        each = plan.fingerprints.items() if len(plan.environments) > 1 else ()
        return cls(plan.fingerprint, tuple(each))


def footer(fingerprint: str, context: Context) -> str:
    """What the plan is of, and its fingerprint in short."""
    words = []
    if context.head_sha:
        words.append(f"commit {escape.code(context.head_sha[:12])}")
    if context.base:
        words.append(f"against {escape.text(context.base, 80)}")
    facts = [" ".join(words), f"fingerprint {escape.code(fingerprint[:12])}", links(context)]
    return " · ".join(fact for fact in facts if fact)


def fingerprints(prints: Fingerprints, limit: int) -> str:
    """The whole fingerprint, and those of the first ``limit`` environments."""
    each = [f"{name(environment)}: {escape.code(value)}" for environment, value in prints.each]
    lines = [f"whole plan: {escape.code(prints.total)}"]
    if limit:
        lines += capped(each, limit, "environments")
    return fold("Fingerprint in full", bullets(lines))


def shown_of(shown: int, changes: Sequence[Change[object]]) -> str:
    """How much of the plan is told change by change, when it is not all."""
    if shown >= len(changes):
        return ""
    return (
        f"**{shown:,} of {len(changes):,} changes shown** one by one, the rest as counts."
        " The run's artifacts hold every one of them."
    )


UNLIMITED = 1 << 40
"""For documents that nothing limits."""
