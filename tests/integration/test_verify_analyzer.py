"""``meshbot verify --analyzer`` on the emulated AWS: said first, asked, compared, cleaned up."""

from __future__ import annotations

import signal
import subprocess
import time
from typing import Any

import pytest

from bot.emulator.aws.seed import SeededVpc
from bot.engine.analyzer.choose import MOST
from tests.integration.laptop import APPLY_ROLE, EAST, WEST, A, B, C, Laptop, member

MAKE = ("CreateNetworkInsightsPath", "StartNetworkInsightsAnalysis")
DELETE = ("DeleteNetworkInsightsAnalysis", "DeleteNetworkInsightsPath")


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.engine.analyzer.conversation.FIRST_POLL", 0.05)
    monkeypatch.setattr("bot.engine.analyzer.talk.PAUSE", 0.05)


def built(laptop: Laptop, *places: tuple[str, str]) -> list[SeededVpc]:
    """A mesh that was applied, with an instance in each VPC."""
    vpcs = [laptop.vpc(*place, f"10.{n}.0.0/16") for n, place in enumerate(places)]
    for n, vpc in enumerate(vpcs):
        laptop.seed.instance(vpc, laptop.seed.subnet(vpc, f"10.{n}.0.0/24"))
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    laptop.ok("apply", "--yes")
    laptop.aws.forget_calls()
    return vpcs


def pair(one: SeededVpc, other: SeededVpc) -> str:
    return f"{one.id}:{other.id}"


def left(laptop: Laptop, vpc: SeededVpc) -> int:
    """How many paths and analyses are there."""
    ec2 = laptop.seed.ec2(vpc.account, vpc.region)
    paths = ec2.describe_network_insights_paths()["NetworkInsightsPaths"]
    return len(paths) + len(ec2.describe_network_insights_analyses()["NetworkInsightsAnalyses"])


def broken(laptop: Laptop, vpc: SeededVpc, destination: str) -> None:
    laptop.seed.ec2(vpc.account, vpc.region).delete_route(
        RouteTableId=vpc.main_table, DestinationCidrBlock=destination
    )


def test_the_cost_is_said_first_and_without_a_yes_nothing_is_made(laptop: Laptop) -> None:
    vpcs = built(laptop, (A, EAST), (A, EAST))

    ran = laptop.wait_for(laptop.start("verify", "--analyzer", "--pair", pair(*vpcs)))

    assert ran.code == 4, ran
    said, asked, refused = map(
        ran.err.index, ("1 analysis: USD 0.10 (", "Run 1 analysis?", "not c")
    )
    assert said < asked < refused
    assert ran.out.endswith("Every wanted pair is reachable: 2 of 2.\n")
    assert not [call for call in laptop.calls() if call.mutating]


def test_a_yes_is_enough(laptop: Laptop) -> None:
    vpcs = built(laptop, (A, EAST), (A, EAST))
    process = laptop.start("verify", "--analyzer", "--pair", pair(*vpcs), stdin=subprocess.PIPE)

    out, err = process.communicate("y\n", timeout=30)

    assert process.returncode == 0, err
    assert "agrees with the model on 1 of 1 pairs." in out
    assert left(laptop, vpcs[0]) == 0


def test_both_verdicts_stand_side_by_side_and_nothing_is_left(laptop: Laptop) -> None:
    a, b = built(laptop, (A, EAST), (A, EAST))

    ran = laptop.run("verify", "--analyzer", "--yes", "--pair", pair(a, b), "--pair", pair(b, a))

    assert ran.code == 0, ran
    assert " ".join(ran.out.split()).count(": model: reachable; analyzer: reachable ") == 2
    assert "Reachability Analyzer agrees with the model on 2 of 2 pairs.\n" in ran.out
    assert "2 analyses: USD 0.20 (" in ran.err
    assert left(laptop, a) == 0
    counted = laptop.counted()
    assert {action: counted[action] for action in MAKE + DELETE} == dict.fromkeys(MAKE + DELETE, 2)
    assert counted["DescribeNetworkInterfaces"] == 1


def test_all_of_it_is_done_by_one_session_of_the_apply_role(laptop: Laptop) -> None:
    a, b = built(laptop, (A, EAST), (A, EAST))

    laptop.ok("verify", "--analyzer", "--yes", "--pair", pair(a, b))

    assert {call.role for call in laptop.calls() if call.service == "ec2"} == {APPLY_ROLE}
    assert laptop.counted()["AssumeRole"] == 1


def test_unreachable_for_both_is_no_difference_and_has_both_reasons(laptop: Laptop) -> None:
    a, b = built(laptop, (A, EAST), (A, EAST))
    broken(laptop, a, "10.1.0.0/16")

    ran = laptop.run("verify", "--analyzer", "--yes", "--pair", pair(a, b))

    assert ran.code == 1, ran
    text = " ".join(ran.out.split())
    assert "model: unreachable (no-route); analyzer: unreachable (NO_ROUTE_TO_DESTINATION:" in text
    assert a.main_table in text
    assert "agrees with the model on 1 of 1 pairs." in text
    assert left(laptop, a) == 0


def test_a_difference_is_said_and_ends_with_1(laptop: Laptop) -> None:
    a, b = built(laptop, (A, EAST), (A, EAST))
    laptop.aws.settings(analyses={pair(a, b): "ENI_SG_RULES_MISMATCH"})

    ran = laptop.run("verify", "--analyzer", "--yes", "--pair", pair(a, b))

    assert ran.code == 1, ran
    text = " ".join(ran.out.split())
    assert "DIFFERENT: model: reachable; analyzer: unreachable (ENI_SG_RULES_MISMATCH" in text
    assert "agrees with the model on 0 of 1 pairs; it differs on 1." in text


def test_json_is_one_document_and_the_cost_goes_to_standard_error(laptop: Laptop) -> None:
    a, b = built(laptop, (A, EAST), (A, EAST))
    laptop.aws.settings(analyses={pair(a, b): "SUBNET_ACL_RESTRICTION"})
    given = ("verify", "--analyzer", "--pair", pair(a, b), "--format", "json")

    ran = laptop.run(*given, "--yes")

    told = ran.json
    assert (ran.code, told["reachable"]) == (1, True)
    analyzer = told["analyzer"]
    assert (analyzer["confirmed"], analyzer["cost_at_most_usd"]) == (False, 0.1)
    (found,) = analyzer["pairs"]
    assert (found["agrees"], found["analyzer"]["reachable"]) == (False, False)
    assert found["model"] == {"reachable": True, "obstacle": None}
    assert found["analyzer"]["explanations"][0]["code"] == "SUBNET_ACL_RESTRICTION"
    assert "USD 0.10" in ran.err
    refused = laptop.wait_for(laptop.start(*given))
    assert (refused.code, "analyzer" in refused.json) == (4, False)


def test_markdown_has_a_table_of_both(laptop: Laptop) -> None:
    a, b = built(laptop, (A, EAST), (A, EAST))
    laptop.aws.settings(analyses={pair(a, b): "EVIL`|<b>"})

    ran = laptop.run("verify", "--analyzer", "--yes", "--pair", pair(a, b), "--format", "markdown")

    (row,) = [line for line in ran.out.splitlines() if line.startswith(f"| `{A}/{EAST}/{a.id}")]
    assert "**different**" in row
    assert "<b>" not in row.replace("`", "") or "`" in row
    assert row.count(" | ") == 3


def test_without_a_named_pair_each_cause_is_asked_about_once_and_a_reachable_pair(
    laptop: Laptop,
) -> None:
    a, b, c = built(laptop, (A, EAST), (A, EAST), (A, EAST))
    table = laptop.seed.route_table(a, {"Name": "not for the mesh"})
    laptop.seed.instance(a, laptop.seed.subnet(a, "10.0.9.0/24", table))

    ran = laptop.run("verify", "--analyzer", "--yes", "--format", "json")

    found = ran.json["analyzer"]
    assert ran.code == 1
    assert [p["agrees"] for p in found["pairs"]] == [True, True]
    reasons = [(p["model"]["obstacle"] or {}).get("reason") for p in found["pairs"]]
    assert reasons == ["ineligible-table", None]
    assert {v.id for v in (a, b, c)} >= {found["pairs"][1]["source"].split("/")[-1]}


def test_pairs_that_cannot_be_asked_about_say_why_and_cost_nothing(laptop: Laptop) -> None:
    a, b, c = built(laptop, (A, EAST), (B, EAST), (A, WEST))
    empty = laptop.vpc(A, EAST, "10.9.0.0/16")
    laptop.mesh(production=[member(v) for v in (a, b, c, empty)])
    laptop.ok("apply", "--yes")
    laptop.aws.forget_calls()
    named = [x for other in (b, c, empty) for x in ("--pair", pair(a, other))]

    ran = laptop.run("verify", "--analyzer", "--yes", *named)

    assert ran.code == 1, ran
    text = " ".join(ran.out.split())
    assert "across accounts Reachability Analyzer answers only the organization's" in text
    assert f"one is in {EAST}, the other in {WEST}: Reachability Analyzer wants" in text
    assert f"{empty.id} has no network interface in use with an IPv4 address" in text
    assert "There is nothing to ask it, and nothing to pay." in ran.err
    assert not [call for call in laptop.calls() if call.mutating]


def test_two_accounts_are_asked_through_the_account_that_may(laptop: Laptop) -> None:
    a, b = built(laptop, (A, EAST), (B, EAST))
    given = ("verify", "--analyzer", "--yes", "--pair", pair(a, b), "--analyzer-account", A)

    refused = laptop.run(*given)
    laptop.aws.settings(analyzer_accounts=[A])
    ran = laptop.run(*given)

    assert refused.code == 1
    assert "OperationNotPermitted: Trusted access" in " ".join(refused.out.split())
    assert ran.code == 0, ran
    assert "agrees with the model on 1 of 1 pairs." in ran.out
    assert left(laptop, a) == left(laptop, b) == 0


def test_the_account_that_may_cross_accounts_need_not_be_in_the_mesh(laptop: Laptop) -> None:
    a, b = built(laptop, (A, EAST), (B, EAST))
    laptop.aws.settings(analyzer_accounts=[C])

    ran = laptop.ok("verify", "--analyzer", "--yes", "--pair", pair(b, a), "--analyzer-account", C)

    assert "agrees with the model on 1 of 1 pairs." in ran.out
    made = {call.account for call in laptop.calls() if call.action in MAKE + DELETE}
    assert made == {C}
    assert {call.role for call in laptop.calls() if call.account == C} == {APPLY_ROLE}


def test_what_cannot_be_deleted_is_named(laptop: Laptop) -> None:
    a, b = built(laptop, (A, EAST), (A, EAST))
    laptop.fault({"action": "DeleteNetworkInsightsAnalysis", "error": "UnauthorizedOperation"})

    ran = laptop.run("verify", "--analyzer", "--yes", "--pair", pair(a, b))

    assert ran.code == 1, ran
    text = " ".join(ran.out.split())
    assert "left: network insights analysis nia-" in text
    assert "left: network insights path nip-" in text
    assert f"aws ec2 delete-network-insights-path --region {EAST}" in text
    assert left(laptop, a) == 2


@pytest.mark.parametrize("drop", ["before", "after"])
@pytest.mark.parametrize("action", [*MAKE, *DELETE])
def test_a_lost_answer_makes_and_leaves_nothing_twice(
    laptop: Laptop, action: str, drop: str
) -> None:
    a, b = built(laptop, (A, EAST), (A, EAST))
    laptop.fault({"action": action, "drop": drop, "times": 1})

    ran = laptop.ok("verify", "--analyzer", "--yes", "--pair", pair(a, b))

    assert "agrees with the model on 1 of 1 pairs." in ran.out
    assert left(laptop, a) == 0
    assert laptop.counted()[action] == 2


def test_a_role_that_may_not_says_what_to_deploy(laptop: Laptop) -> None:
    a, b = built(laptop, (A, EAST), (A, EAST))
    laptop.fault({"action": "CreateNetworkInsightsPath", "error": "UnauthorizedOperation"})

    ran = laptop.run("verify", "--analyzer", "--yes", "--pair", pair(a, b))

    assert ran.code == 1
    assert "deploy the member roles with Analyzer=true" in " ".join(ran.out.split())


def test_an_analysis_that_fails_is_no_answer(laptop: Laptop) -> None:
    a, b = built(laptop, (A, EAST), (A, EAST))
    laptop.aws.settings(analyses={pair(a, b): "failed: insufficient permissions"})

    ran = laptop.run("verify", "--analyzer", "--yes", "--pair", pair(a, b))

    assert ran.code == 1
    text = " ".join(ran.out.split())
    assert "analyzer: no answer: AWS could not do the analysis: insufficient permissions" in text
    assert left(laptop, a) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_an_analysis_runs_deletes_what_was_made(
    laptop: Laptop, number: signal.Signals
) -> None:
    a, b = built(laptop, (A, EAST), (A, EAST))
    laptop.aws.settings(analysis_seconds=600)
    process = laptop.start("verify", "--analyzer", "--yes", "--pair", pair(a, b))
    until(laptop, "DescribeNetworkInsightsAnalyses")
    process.send_signal(number)
    since = time.monotonic()

    ran = laptop.wait_for(process)

    assert time.monotonic() - since < 6
    assert ran.code == 1, ran
    assert "no answer: interrupted" in " ".join(ran.out.split())
    assert left(laptop, a) == 0


def until(laptop: Laptop, action: str) -> None:
    for _ in range(300):
        if laptop.counted()[action]:
            return
        time.sleep(0.1)
    raise AssertionError(f"{action} was never called")


@pytest.mark.parametrize(
    "given",
    [
        ("--pair", "vpc-1:vpc-2"),
        ("--yes",),
        ("--analyzer-account", "111111111111"),
        ("--analyzer", "--pair", "vpc-1"),
        ("--analyzer", "--pair", "vpc-0000000a:vpc-0000000b"),
        ("--analyzer", "--analyzer-account", "me"),
    ],
    ids=" ".join,
)
def test_a_command_line_that_cannot_be_used_ends_with_64(
    laptop: Laptop, given: tuple[str, ...]
) -> None:
    built(laptop, (A, EAST))

    ran = laptop.run("verify", *given)

    assert ran.code == 64, ran
    assert not [call for call in laptop.calls() if call.mutating]


def test_at_most_so_many_are_chosen_and_the_rest_is_counted(laptop: Laptop) -> None:
    assert MOST == 10
    vpcs = [laptop.vpc(A, EAST, f"10.{n}.0.0/16") for n in range(13)]
    for n, vpc in enumerate(vpcs):
        laptop.seed.instance(vpc, laptop.seed.subnet(vpc, f"10.{n}.0.0/24"))
    laptop.mesh(**{f"e{n:02}": [member(vpcs[0]), member(vpc)] for n, vpc in enumerate(vpcs[1:])})
    laptop.ok("apply", "--yes")

    ran: Any = laptop.ok("verify", "--analyzer", "--yes", "--format", "json")

    assert (ran.json["analyzer"]["analyses"], ran.json["analyzer"]["left_out"]) == (MOST, 2)
    assert "2 more would be worth asking about" in ran.err
    assert "10 analyses: USD 1.00 (" in ran.err
