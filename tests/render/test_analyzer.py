"""Both verdicts side by side, in every format, and hostile text of AWS among them."""

from __future__ import annotations

import json

import pytest

from bot.model.address import Region, Scope, vpc_ref
from bot.model.analyzer import (
    Analysis,
    Analyzed,
    Explanation,
    Interface,
    Leftover,
    Offer,
    Question,
    Unasked,
)
from bot.model.change import Gap
from bot.model.reachability import EnvironmentReach, Obstacle, PairReach, Reason, Tally
from bot.model.verification import Verification
from bot.render import analyzer, verification

ONE, TWO, FAR = (
    vpc_ref("111111111111", region, f"vpc-0000000{n}")
    for n, region in enumerate(("us-east-1", "us-east-1", "eu-west-1"), 1)
)
ROUTE = Obstacle(Reason.NO_ROUTE, ONE, "subnet-1", "rtb-1", "10.2.0.0/16")
EVIL = "EVIL \x1b[31m\u202e<script> @all #1 | `x`"


def question(obstacle: Obstacle | None = None, note: str = "") -> Question:
    ends = Interface("eni-1", ONE, "s", "10.1.0.9"), Interface("eni-2", TWO, "s", "10.2.0.9")
    return Question(PairReach(ONE, TWO, obstacle), ONE.scope, *ends, note)


def analyzed(*analyses: Analysis, leftovers: tuple[Leftover, ...] = ()) -> Analyzed:
    unasked = (Unasked(PairReach(ONE, FAR), "one is far"),)
    return Analyzed(Offer(tuple(a.question for a in analyses), unasked, 2), analyses, leftovers)


def text(found: Analyzed) -> str:
    return verification.text(Verification(analyzed=found), width=10_000, colour=False)


@pytest.mark.parametrize(
    ("analysis", "line"),
    [
        (Analysis(question(), True), "  = {}: model: reachable; analyzer: reachable"),
        (
            Analysis(question(ROUTE), False, (Explanation("NO_ROUTE", "egress", ("rtb-1",)),)),
            "  = {}: model: unreachable (no-route); analyzer: unreachable (NO_ROUTE: egress,"
            " rtb-1)",
        ),
        (
            Analysis(question(), False, tuple(Explanation(f"C{n}") for n in range(7))),
            "  ! {}: DIFFERENT: model: reachable; analyzer: unreachable (C0; C1; C2; C3; C4;"
            " and 2 more)",
        ),
        (
            Analysis(question(ROUTE), True),
            "  ! {}: DIFFERENT: model: unreachable (no-route); analyzer: reachable",
        ),
        (
            Analysis(question(), problem="interrupted"),
            "  ? {}: model: reachable; analyzer: no answer: interrupted",
        ),
    ],
)
def test_the_two_verdicts_stand_side_by_side(analysis: Analysis, line: str) -> None:
    assert line.format(f"{ONE} -> {TWO}") in text(analyzed(analysis)).splitlines()


def test_the_verdict_counts_what_agrees_what_differs_and_what_said_nothing() -> None:
    three = Analysis(question(), True), Analysis(question(ROUTE), True), Analysis(question())

    assert analyzer.verdict(analyzed(*three)) == (
        "Reachability Analyzer agrees with the model on 1 of 3 pairs; it differs on 1;"
        " 1 without an answer."
    )
    assert analyzer.verdict(analyzed()) == "Reachability Analyzer was not asked about any pair."


def test_leftovers_come_with_the_command_that_deletes_them() -> None:
    scope = ONE.scope
    known, unknown = Leftover(scope, "path", "nip-1", "no"), Leftover(scope, "path", "", "lost")

    told = text(analyzed(Analysis(question(), True), leftovers=(known, unknown)))

    assert (
        f"left: network insights path nip-1 in {scope} was not deleted: no. Delete it with:"
        " aws ec2 delete-network-insights-path --region us-east-1 --network-insights-path-id nip-1"
    ) in told
    assert "--filters Name=tag:meshbot_analyzer,Values=true" in told


def test_the_offer_names_pairs_what_cannot_be_asked_and_the_price() -> None:
    offer = analyzed(Analysis(question(ROUTE)), Analysis(question())).offer

    told = analyzer.offer_text(offer, width=10_000, colour=False).splitlines()

    assert told == [
        "Reachability Analyzer can be asked about 2 pairs, and cannot about 1 (2 more would be"
        " worth asking about: name them with --pair):",
        f"  ? {ONE} -> {TWO} (eni-1 -> eni-2), model: unreachable (no-route)",
        f"  ? {ONE} -> {TWO} (eni-1 -> eni-2), model: reachable",
        f"  - {ONE} -> {FAR}: not asked: one is far",
        "2 analyses: USD 0.20 (USD 0.10 each, AWS's published price, which may change:"
        " https://aws.amazon.com/vpc/pricing/, Network Analysis).",
    ]


def test_hostile_text_is_harmless_everywhere() -> None:
    explained = Analysis(question(note=EVIL), False, (Explanation(EVIL, EVIL, (EVIL,)),))
    failed = Analysis(question(), problem=EVIL)
    found = analyzed(explained, failed, leftovers=(Leftover(ONE.scope, "path", EVIL, EVIL),))

    told, markdown = text(found), verification.markdown(Verification(analyzed=found))

    assert "\x1b" not in told + markdown
    assert "\u202e" not in told + markdown
    for line in (line for line in markdown.splitlines() if line.startswith("| ")):
        assert line.count(" | ") == 3
    assert "<script>" not in "".join(markdown.split("`")[::2])
    assert json.loads(verification.json(Verification(analyzed=found)))["analyzer"]["pairs"]


def test_without_the_analyzer_nothing_is_said_of_it() -> None:
    found = Verification()

    assert "nalyzer" not in verification.markdown(found) + verification.json(found)


def test_gaps_have_words_of_their_own_where_nothing_is_planned() -> None:
    scope = Scope(ONE.scope.account, Region("us-east-1"))
    reach = EnvironmentReach("e", after=Tally(0, 2))
    found = Verification((reach,), (Gap(scope, "sts:AssumeRole", "AccessDenied: no"),))

    told = verification.text(found, width=200, colour=False)
    markdown = verification.markdown(found)

    assert f"not looked at: {scope} could not be read: sts:AssumeRole: AccessDenied: no" in told
    for shown in (told, markdown):
        assert "airs with a member there count as not reachable" in shown
        assert "delete" not in shown
