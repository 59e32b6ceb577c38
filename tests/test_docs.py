"""The pages in docs/ say what the code does, and lead where they say."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import bot.errors
from bot.adapters.github import events
from bot.errors import BotError, FailureReason, Refused

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
REASONS = (DOCS / "failure-reasons.md").read_text("utf-8")


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub makes anchors of them."""
    heads = re.findall(r"(?m)^#+ (.+)$", page.read_text("utf-8"))
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


# --- docs/failure-reasons.md


def test_every_failure_reason_has_a_section_and_a_row_and_there_are_no_others() -> None:
    reasons = [reason.value for reason in FailureReason if reason.value]

    assert re.findall(r"(?m)^## (.+)$", REASONS) == reasons
    assert re.findall(r"(?m)^\| \[`([a-z-]+)`\]\(#([a-z-]+)\)", REASONS) == [
        (reason, reason) for reason in reasons
    ]


@pytest.mark.parametrize("reason", [r.value for r in FailureReason if r.value])
def test_every_failure_reason_has_a_cause_and_advice(reason: str) -> None:
    section = REASONS.partition(f"\n## {reason}\n")[2].partition("\n## ")[0]

    for word in ("**Cause.**", "**What to do.**"):
        assert len(section.partition(word)[2].split("**")[0].split()) > 5, word


def test_the_exit_codes_of_the_table_are_those_of_the_errors() -> None:
    rows = re.findall(r"(?m)^\| \[`([a-z-]+)`\]\S+ \| ([0-9a-z ]+) \|", REASONS)
    told = {name: set(re.findall(r"\d+", codes)) for name, codes in rows}
    known: dict[str, set[str]] = {"partial-apply": {"5"}}
    for _, error in inspect.getmembers(bot.errors, inspect.isclass):
        if issubclass(error, BotError):
            known.setdefault(str(error.reason), set()).add(str(int(error.exit_code)))
    for reason in (FailureReason.LIMITS, FailureReason.STALE_PLAN, FailureReason.UNREVIEWED):
        known[reason.value] = {str(int(Refused.exit_code))}
    known["error"].discard(str(int(Refused.exit_code)))  # it always names one of the three

    assert told == known


# --- docs/github.md

GITHUB = (DOCS / "github.md").read_text("utf-8")


def test_every_event_that_is_read_is_in_the_table() -> None:
    table = GITHUB.partition("## Events")[2].partition("\n## ")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    told = {name for cell in first for name in re.findall(r"`([a-z_]+)`", cell)}

    refused = {"pull_request_target", "issue_comment"}
    assert told - refused == set(events._PARSERS)
    assert refused <= told


def test_the_state_diagram_is_one() -> None:
    [diagram] = re.findall(r"(?s)```mermaid\n(.*?)```", GITHUB)
    first, *lines = diagram.strip().splitlines()
    form = re.compile(r"    (\[\*\]|\w+) --> (\[\*\]|\w+)(: [^:;#]+)?")
    edges = [match.group(1, 2) for line in lines if (match := form.fullmatch(line))]

    assert first == "stateDiagram-v2"
    assert len(edges) == len(lines) > 10
    states = {state for edge in edges for state in edge}
    assert {one for one, _ in edges} == {other for _, other in edges} == states
