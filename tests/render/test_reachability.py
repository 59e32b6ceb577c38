"""Who reaches whom, in every form: nothing hidden, nothing hostile, within the budget."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.model.change import Plan, plain
from bot.model.reachability import EnvironmentReach, Obstacle, PairReach, Reason, Tally
from bot.model.verification import Verification
from bot.render import html, markdown, planfile, terminal, verification
from bot.render.budget import size
from bot.render.markdown.pieces import COMMENT_BUDGET
from bot.render.planfile import PlanFileError
from bot.render.rebuilt import reaches_of
from tests.render import builder, reaches
from tests.render.builder import CONTEXT, vpc

A, B = vpc(0), vpc(1)


def test_a_plan_without_it_says_nothing_of_it() -> None:
    plan = builder.small()

    assert "reachab" not in markdown.comment(plan, CONTEXT)
    assert "reachability" not in json.loads(planfile.plan_json(plan))


def test_pairs_that_fail_alike_in_both_directions_are_one_line() -> None:
    gone = Obstacle(Reason.NO_ROUTE, A, "subnet-1", "rtb-1", "10.1.0.0/16")
    reach = EnvironmentReach(
        "e", (A, B), None, Tally(0, 2), (PairReach(A, B, gone), PairReach(B, A, gone))
    )

    text = verification.text(Verification((reach,)), width=400, colour=False)

    assert text.count("no-route: ") == 1
    assert f"{A} <-> {B}: no-route: rtb-1 (subnet-1) of {A} has no route to 10.1.0.0/16" in text


def test_it_says_when_the_way_back_is_broken() -> None:
    gone = Obstacle(Reason.NO_ROUTE, B, "subnet-1", "rtb-1", "10.1.0.0/16")
    reach = EnvironmentReach("e", (A, B), None, Tally(1, 2), (PairReach(A, B, gone),))

    text = verification.text(Verification((reach,)), width=400, colour=False)

    assert "no-route: on the way back, rtb-1" in text


@pytest.mark.parametrize("lost", [1, 50, 700, 15_750])
def test_the_comment_fits_and_the_number_of_lost_pairs_is_never_dropped(lost: int) -> None:
    plan = replace(builder.huge(), reachability=(reaches.large(126, lost),))

    comment = markdown.comment(plan, CONTEXT)

    assert size(comment) <= COMMENT_BUDGET
    assert f"reachable 0/15,750 pairs → {15_750 - lost:,}/15,750" in comment
    assert ("of 700 exceptions shown" in comment or "no-route" in comment) or lost == 1


def test_hundreds_of_environments_are_summed_up() -> None:
    many = tuple(replace(reaches.large(12, 2), environment=f"e{n}") for n in range(400))

    comment = markdown.comment(replace(builder.small(), reachability=many), CONTEXT)

    assert size(comment) <= COMMENT_BUDGET
    assert "30 of 400 environments shown" in comment
    assert "400 environments: 52,000/52,800 pairs; 400 unknown, 400 missing-vpc" in comment


def test_long_lists_on_the_terminal_say_how_much_is_shown() -> None:
    plan = replace(builder.small(), reachability=(reaches.large(12, 40),))

    text = terminal.text(plan, width=100, colour=False)

    assert "20 of 40 shown" in text
    detailed = terminal.text(plan, width=100, colour=False, detailed=True)
    assert detailed.count("  x ") == 40


def test_it_comes_back_from_its_data() -> None:
    plan = reaches.plan()

    data = json.loads(planfile.plan_json(plan))

    assert data["reachability"] == plain(plan.reachability)
    assert reaches_of(data["reachability"]) == plan.reachability
    planfile.read_plan(planfile.plan_json(plan))  # follows the schema
    report = json.loads(planfile.report_json(reaches.report()))
    assert reaches_of(report["reachability_now"]) == reaches.report().reachability


def test_data_with_an_unknown_reason_is_refused() -> None:
    data = plain(reaches.plan().reachability)
    data[0]["pairs"][0]["obstacle"]["reason"] = "<b>"

    with pytest.raises(PlanFileError):
        reaches_of(data)


def test_it_moves_no_fingerprint() -> None:
    assert reaches.plan().fingerprint == builder.small().fingerprint


HOSTILE = "x|y\n# @everyone <script>\x1b[31m`"


def test_what_aws_and_the_files_say_is_escaped() -> None:
    bad = Obstacle(Reason.SHADOWED, A, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    reach = EnvironmentReach(
        HOSTILE,
        (A, B),
        Tally(2, 2),
        Tally(0, 2),
        (PairReach(A, B, bad, True), PairReach(B, A, bad)),
    )
    plan = Plan(environments=("e",), reachability=(reach,))

    for text in (markdown.comment(plan, CONTEXT), html.report(plan, CONTEXT)):
        assert "<script>\x1b" not in text
        assert "\x1b" not in text
        assert "\n# @" not in text
    assert (
        "<script>"
        not in html.report(plan, CONTEXT).split("<h2>Who reaches whom</h2>")[1].split("<script>")[0]
    )
    assert "\x1b" not in terminal.text(plan, width=100, colour=False)
    assert "\x1b" not in verification.text(Verification((reach,)), width=100, colour=False)
