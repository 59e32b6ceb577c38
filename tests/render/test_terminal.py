"""Text for a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.model.change import Membership, Movement, Outcome, Plan, Report, Result
from bot.model.diagnostic import Diagnostic, Severity
from bot.render import terminal
from bot.render.terminal.lines import diagnostic_lines, printed
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


def test_what_goes_stands_first_with_its_reason() -> None:
    printed = terminal.text(builder.destructive(), width=120, colour=False)
    lines = printed.splitlines()
    destroyed = [n for n, line in enumerate(lines) if re.match(" +- ", line)]
    others = [n for n, line in enumerate(lines) if re.match(" +[+~] ", line)]

    assert len(destroyed) == 12
    assert max(destroyed) < min(others)
    assert "  4 peerings to destroy: no environment wants it" in lines[: destroyed[0]]


def test_routes_stand_under_their_table() -> None:
    lines = terminal.text(builder.small(), width=120, colour=False).splitlines()
    at = lines.index("  111122223333/us-east-1/vpc-00000000000000003 rtb-00000000000000003")

    assert lines[at + 1 : at + 4] == [
        "    + 10.0.0.0/24 -> 111122223333/eu-west-1/vpc-00000000000000000",
        "    + 10.0.1.0/24 -> 444455556666/eu-west-1/vpc-00000000000000001",
        "    + 10.0.2.0/24 -> 777788889999/eu-west-1/vpc-00000000000000002",
    ]


def test_changes_are_not_wrapped_at_120_columns() -> None:
    plan = replace(builder.destructive(), diagnostics=(), gaps=(), refusals=())

    printed = terminal.text(plan, width=120, colour=False)

    assert printed == terminal.text(plan, width=1000, colour=False)


def test_who_moves_is_told_with_the_note_and_the_line() -> None:
    assert "> joins  < leaves" in terminal.text(builder.small(), width=120, colour=False)
    for plan, line in (
        (
            builder.small(),
            "  > 111122223333/us-east-1/vpc-00000000000000003 (payments, Dublin) joins:"
            " meshes/prod.yaml:31:7",
        ),
        (
            builder.destructive(),
            "  < 444455556666/us-east-1/vpc-00000000000000004 (old billing) leaves:"
            " meshes/prod.yaml:27:7 was removed",
        ),
    ):
        assert line in terminal.text(plan, width=120, colour=False).splitlines()


def test_much_is_counted_unless_details_are_asked_for() -> None:
    plan = builder.huge(20)

    short = terminal.text(plan, width=120, colour=False).splitlines()
    long = terminal.text(plan, width=120, colour=False, detailed=True)

    assert "  190 peerings by member, a peering counted at both ends:" in short
    assert "    + 19 peerings of 444455556666/eu-west-1/vpc-00000000000000001" in short
    assert (
        "  + 19 routes in 444455556666/eu-west-1/vpc-00000000000000001 rtb-00000000000000001"
        in short
    )
    assert len([line for line in short if line.startswith("  - peering ")]) == 1
    assert len(re.findall(r"^    [+-] \d", long, re.MULTILINE)) == 20 * 19 + 2
    assert len(re.findall(r"^  [+-] peering ", long, re.MULTILINE)) == 190 + 1
    assert "counted" not in long


def test_peerings_of_one_newcomer_are_counted_once() -> None:
    old, newcomer = [builder.vpc(n) for n in range(70)], builder.vpc(70)
    plan = Plan(
        tuple(builder.created(newcomer, other, "e", builder.line(1)) for other in old),
        environments=("e",),
        memberships=(Membership("e", newcomer, Movement.JOINS, builder.line(1)),),
    )

    printed = terminal.text(plan, width=120, colour=False)

    assert f"  70 peerings by member:\n    + 70 peerings of {newcomer}\n" in printed
    assert "peerings of" not in printed.replace(f"peerings of {newcomer}", "")


def test_lines_keep_to_the_width_where_words_allow() -> None:
    printed = terminal.text(builder.destructive(), width=80, colour=False)

    assert all(len(line) <= 80 or " " not in line.strip() for line in printed.splitlines())


def test_diagnostics_start_with_their_place() -> None:
    diagnostic = Diagnostic(Severity.ERROR, "x", "what", "why", builder.line(3))

    told = printed(diagnostic_lines([diagnostic]), 80, False)

    assert told == "error: meshes/prod.yaml:3:7: what\n  why\n\n"


def test_a_report_says_failures_first_and_how_many() -> None:
    printed = terminal.report_text(builder.failed(), width=100, colour=False)

    assert printed.startswith("failed: + peering ")
    assert "Apply incomplete: 6 added, 1 changed, 0 destroyed, 1 failed, 2 skipped." in printed


def test_what_a_failure_kept_from_being_made_is_told_once() -> None:
    printed = terminal.report_text(builder.failed(), width=200, colour=False)

    assert printed.count("skipped:") == 1
    assert "skipped: 2 routes need peering 111122223333/eu-west-1/vpc-" in printed


def ending(report: Report) -> list[str]:
    return terminal.report_text(report, width=200, colour=False).splitlines()


def with_gaps(plan: Plan) -> Plan:
    (gap,) = builder.destructive().gaps
    other = replace(gap, scope=builder.vpc(1).scope)
    return replace(plan, gaps=(gap, replace(gap, action="ec2:DescribeVpcs"), other))


def test_nothing_to_do_is_told_by_the_plan_alone() -> None:
    assert ending(Report(Plan(environments=("production",)))) == []


def test_gaps_make_an_apply_incomplete() -> None:
    plan = with_gaps(builder.small())
    applied = tuple(Outcome(change, Result.APPLIED) for change in plan.changes)

    assert ending(Report(with_gaps(Plan()))) == [
        "Apply incomplete: 2 account regions could not be read.",
        "Mend the cause and run apply again: it does what is left.",
    ]
    assert ending(Report(plan, applied))[0] == (
        "Apply incomplete: 9 added, 1 changed, 0 destroyed; 2 account regions could not be read."
    )
    assert ending(Report(builder.small(), applied)) == [
        "Apply complete: 9 added, 1 changed, 0 destroyed."
    ]


def test_what_was_interrupted_is_counted() -> None:
    plan = builder.small()
    results = [Result.APPLIED] * 3 + [Result.INTERRUPTED] * 7
    outcomes = tuple(map(Outcome, plan.changes, results))

    assert ending(Report(plan, outcomes)) == [
        "Apply incomplete: 3 added, 0 changed, 0 destroyed, 7 interrupted.",
        "Interrupted. Run apply again: it does what is left.",
    ]
