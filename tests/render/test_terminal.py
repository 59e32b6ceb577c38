"""Text for a terminal."""

from __future__ import annotations

import re

import pytest

from bot.model.change import Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.render import terminal
from tests.render import builder


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_colour_adds_nothing_but_colour() -> None:
    for width in (40, 80, 200):
        coloured = terminal.text(builder.destructive(), width=width, colour=True)
        bare = terminal.text(builder.destructive(), width=width, colour=False)

        assert "\x1b" not in bare
        assert "\x1b[31m" in coloured
        assert plain(coloured) == bare


def test_the_environment_does_not_decide_about_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")

    assert "\x1b[32m" in terminal.text(builder.small(), width=80, colour=True)


def test_the_last_lines_are_terraform_s() -> None:
    lines = terminal.text(builder.small(), width=80, colour=False).splitlines()

    assert lines[-2] == "Plan: 9 to add, 1 to change, 0 to destroy."
    assert lines[-1] == f"Fingerprint: {builder.small().fingerprint}"


def test_no_changes_is_one_line() -> None:
    printed = terminal.text(Plan(environments=("production",)), width=80, colour=False)

    assert printed == "No changes. The mesh in AWS is as its files ask for.\n"


def test_many_routes_are_counted_per_table_unless_details_are_asked_for() -> None:
    plan = builder.huge(20)

    short = terminal.text(plan, width=100, colour=False)
    long = terminal.text(plan, width=100, colour=False, detailed=True)

    assert "+ 19 routes in 444455556666/eu-west-1/vpc-00000000000000001" in short
    assert "- 1 route in" in short
    assert len(re.findall(r"^  [+-] route \d", long, re.MULTILINE)) == 20 * 19 + 2
    assert not re.findall(r"^  [+-] route \d", short, re.MULTILINE)


def test_lines_keep_to_the_width_where_words_allow() -> None:
    printed = terminal.text(builder.destructive(), width=80, colour=False)

    assert all(len(line) <= 80 or " " not in line.strip() for line in printed.splitlines())


def test_diagnostics_start_with_their_place() -> None:
    diagnostic = Diagnostic(Severity.ERROR, "x", "what", "why", builder.line(3))

    printed = terminal.diagnostics_text([diagnostic], width=80, colour=False)

    assert printed == "error: meshes/prod.yaml:3:7: what\n  why\n\n"


def test_a_report_says_failures_first_and_how_many() -> None:
    printed = terminal.report_text(builder.failed(), width=100, colour=False)

    assert printed.startswith("failed: + peering ")
    assert "Apply incomplete: 6 added, 1 changed, 0 destroyed, 1 failed, 2 skipped." in printed
