"""Who reaches whom, in every form: nothing hidden, nothing hostile, within the budget."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.model.change import Plan, plain
from bot.model.reachability import EnvironmentReach, Obstacle, PairReach, Reason, Tally
from bot.model.verification import Verification
from bot.render import html, markdown, planfile, terminal, verification
from bot.render.budget import size
from bot.render.markdown.pieces import COMMENT_BUDGET
from bot.render.planfile import PlanFileError
from bot.render.reachability import Exceptional, exceptions, why
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
    pairs = PairReach(A, B, gone), PairReach(B, A, replace(gone, back=True))
    reach = EnvironmentReach("e", (A, B), None, Tally(0, 2), pairs)

    text = verification.text(Verification((reach,)), width=400, colour=False)

    assert text.count("no-route: ") == 1
    assert f"{A} <-> {B}: no-route: rtb-1 (subnet-1) of {A} has no route to 10.1.0.0/16" in text


def said(**more: Any) -> str:
    closed = Obstacle(Reason.SECURITY_GROUP, B, security_group="sg-1", traffic="udp 53", **more)
    return why(Exceptional(closed, B, (A,), inward=True))


def test_what_a_security_group_does_not_let_through_in_words() -> None:
    assert said(destination="10.0.0.0/16", target="sg-2") == (
        f"security-group: sg-1 of {B} does not let udp 53 in from sg-2 (10.0.0.0/16)"
    )
    assert said(destination="10.0.0.0/16", route="pl-1", egress=True) == (
        f"security-group: sg-1 of {B} does not let udp 53 out to 10.0.0.0/16; what is in pl-1 is"
        " not known"
    )
    assert said() == f"security-group: sg-1 of {B} is not there; it is to let udp 53 in"
    named = Obstacle(Reason.SECURITY_GROUP, B, security_group="group named 'db'", traffic="udp 53")
    assert why(Exceptional(named, B, (A,), inward=True)) == (
        f"security-group: group named 'db' of {B} is not there, or there are several; it is to let"
        " udp 53 in"
    )


def test_it_says_when_the_way_back_is_broken() -> None:
    gone = Obstacle(Reason.NO_ROUTE, B, "subnet-1", "rtb-1", "10.1.0.0/16", back=True)
    reach = EnvironmentReach("e", (A, B), None, Tally(1, 2), (PairReach(A, B, gone),))

    text = verification.text(Verification((reach,)), width=400, colour=False)

    assert "no-route: on the way back, rtb-1" in text


@pytest.mark.parametrize("lost", [1, 50, 700, 15_750])
def test_the_comment_fits_and_the_number_of_lost_pairs_is_never_dropped(lost: int) -> None:
    plan = replace(builder.huge(), reachability=(reaches.large(126, lost),))

    comment = markdown.comment(plan, CONTEXT)

    assert size(comment) <= COMMENT_BUDGET
    assert f"reachable 0/15,750 pairs → {15_750 - lost:,}/15,750" in comment
    assert "no-route" in comment or lost == 1


def test_hundreds_of_environments_are_summed_up() -> None:
    many = tuple(replace(reaches.large(12, 2), environment=f"e{n}") for n in range(400))

    comment = markdown.comment(replace(builder.small(), reachability=many), CONTEXT)

    assert size(comment) <= COMMENT_BUDGET
    assert "30 of 400 environments shown" in comment
    assert "400 environments: 52,000/52,800 pairs; 400 unknown, 400 missing-vpc" in comment


def test_long_lists_on_the_terminal_say_how_much_is_shown() -> None:
    plan = replace(builder.small(), reachability=(reaches.large(12, 40),))

    text = terminal.text(plan, width=100, colour=False)

    told = exceptions(plan.reachability[0])
    assert sum(e.pairs for e in told) == 40
    assert f"{sum(e.pairs for e in told[:20])} of 40 pairs shown" in text
    detailed = terminal.text(plan, width=100, colour=False, detailed=True)
    assert detailed.count("  x ") == len(told) > 20


ACL = Obstacle(Reason.ACL, A, "subnet-1", network_acl="acl-1", rule=90)
FAR = tuple(vpc(n) for n in range(1, 13))


def printed(*pairs: PairReach) -> str:
    reach = EnvironmentReach("e", (A, *FAR), None, Tally(0, len(pairs)), pairs)
    return verification.text(Verification((reach,)), width=800, colour=False)


def test_an_acl_says_which_way_it_is_in_the_way_of() -> None:
    into = replace(ACL, vpc=B)

    text = printed(PairReach(A, B, into))

    assert f"{A} -> {B}: acl: acl-1 of subnet-1 in {B} lets no TCP port through" in text
    assert "by inbound rule 90" in text


def test_an_acl_that_drops_answers_says_so_and_which_ports_they_need() -> None:
    text = printed(PairReach(A, B, replace(ACL, back=True, rule=32767)))

    assert (
        f"{A} -> {B}: acl: on the way back, acl-1 of subnet-1 in {A} lets no TCP port from 1024 on"
        " through for some addresses, by inbound rule *"
    ) in text


def test_one_bad_acl_in_a_large_mesh_is_one_line() -> None:
    pairs = [PairReach(A, far, replace(ACL, back=True)) for far in FAR]
    pairs += [PairReach(far, A, ACL) for far in FAR]

    text = printed(*pairs)

    assert text.count("acl-1") == 1
    assert f"{A} <-> {FAR[0]}, {FAR[1]}, {FAR[2]} and 9 more members: acl: acl-1" in text
    assert "from 1024 on" not in text
    assert "way back" not in text


def test_what_keeps_others_out_names_them_first() -> None:
    text = printed(*(PairReach(far, A, ACL) for far in FAR[:4]))

    assert f"{FAR[0]}, {FAR[1]}, {FAR[2]} and 1 more member -> {A}: acl: acl-1" in text


def test_one_table_without_routes_is_one_line_with_how_many_blocks_it_lacks() -> None:
    pairs = []
    for n, far in enumerate(FAR):
        gone = Obstacle(Reason.INELIGIBLE_TABLE, A, "subnet-1", "rtb-1", f"10.{n}.0.0/16")
        pairs += [PairReach(A, far, gone), PairReach(far, A, replace(gone, back=True))]

    text = printed(*pairs)

    assert text.count("rtb-1") == 1
    assert "and has no route to 10.0.0.0/16 and 11 more blocks" in text


def test_pairs_that_were_reachable_are_told_apart_from_others() -> None:
    text = printed(*(PairReach(A, far, ACL, before=n < 2) for n, far in enumerate(FAR[:4])))

    assert f"{A} -> {FAR[0]}, {FAR[1]}: reachable until now; acl: " in text
    assert f"{A} -> {FAR[2]}, {FAR[3]}: acl: " in text


def test_a_pair_without_a_peering_is_one_line() -> None:
    ends = ((A, B), (B, A), (A, FAR[1]), (FAR[1], A))

    text = printed(*(PairReach(s, p, Obstacle(Reason.NO_PEERING, s)) for s, p in ends))

    assert text.count("there is no peering") == 2
    assert f"{A} <-> {B}: no-peering" in text


def test_grouped_lines_are_escaped_and_in_json_every_pair_is_told() -> None:
    pairs = tuple(PairReach(A, far, replace(ACL, network_acl=HOSTILE)) for far in FAR)
    reach = EnvironmentReach("e", (A, *FAR), None, Tally(0, 12), pairs)
    plan = Plan(environments=("e",), reachability=(reach,))

    comment = markdown.comment(plan, CONTEXT)

    assert "and 9 more members" in comment
    assert "\n# @" not in comment
    assert len(json.loads(planfile.plan_json(plan))["reachability"][0]["pairs"]) == 12


def test_it_comes_back_from_its_data() -> None:
    plan = reaches.plan()

    data = json.loads(planfile.plan_json(plan))

    assert data["reachability"] == plain(plan.reachability)
    assert reaches_of(data["reachability"]) == plan.reachability
    planfile.read_plan(planfile.plan_json(plan))  # follows the schema
    report = json.loads("".join(planfile.report_pieces(reaches.report())))
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
    closed = Obstacle(Reason.SECURITY_GROUP, B, security_group=HOSTILE, traffic=HOSTILE)
    reach = EnvironmentReach(
        HOSTILE,
        (A, B),
        Tally(2, 2),
        Tally(0, 2),
        (PairReach(A, B, bad, True), PairReach(B, A, closed)),
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
