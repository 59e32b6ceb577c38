"""Refusals (exit 4) and the approvals that lift them: a fingerprint, a recorded plan."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.integration.laptop import EAST, ELIGIBLE, A, Laptop, Ran, destinations, live, member

KEYS = ("action", "kind", "address", "before", "after")


@pytest.fixture
def emptying(laptop: Laptop) -> str:
    """Two of three members leave: over ``max_leaving_percent``. The base revision."""
    vpcs = laptop.vpcs(3)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    revision = laptop.commit()
    laptop.converge()
    laptop.mesh(production=[member(vpcs[0])])
    return revision


def _untouched(laptop: Laptop) -> None:
    assert not [call for call in laptop.calls() if call.mutating]
    assert len(live(laptop.world())) == 3


def test_over_the_limits_the_plan_is_shown_and_refused(laptop: Laptop, emptying: str) -> None:
    laptop.aws.forget_calls()
    for command in (("plan",), ("drift",), ("apply", "--yes")):
        ran = laptop.run(*command, "--base", emptying)

        assert ran.code == 4, ran
        assert "2 of 3 members would leave production" in ran.out
        assert "Plan: 0 to add, 0 to change, 9 to destroy." in ran.out
        assert ("--expect-fingerprint" in ran.err) == (command[0] == "apply")
    _untouched(laptop)


def test_over_the_limits_without_a_base_too(laptop: Laptop, emptying: str) -> None:
    """What leaves is then known by the tags of what is there."""
    assert laptop.run("apply", "--yes").code == 4
    assert len(live(laptop.world())) == 3


@pytest.mark.parametrize("digits", [12, 40, 64])
def test_the_right_fingerprint_lifts_the_limits(laptop: Laptop, emptying: str, digits: int) -> None:
    fingerprint = laptop.run("plan", "--base", emptying, "--format", "json").json["fingerprint"]

    ran = laptop.run(
        "apply", "--yes", "--base", emptying, "--expect-fingerprint", fingerprint[:digits]
    )

    assert ran.code == 0, ran
    assert live(laptop.world()) == set()


def test_a_wrong_fingerprint_is_refused_even_within_the_limits(
    laptop: Laptop, emptying: str
) -> None:
    laptop.aws.forget_calls()
    for base in ((), ("--base", emptying)):
        ran = laptop.run("apply", "--yes", *base, "--expect-fingerprint", "0" * 64)
        assert ran.code == 4, ran
        assert "0" * 64 in ran.err
    _untouched(laptop)


@pytest.mark.parametrize(
    "text", ["", "abcdef", "g" * 12, "A" * 12, "a" * 65, "a" * 12 + "\n", "\u0661" * 12]
)
def test_what_is_no_fingerprint_is_a_usage_error(laptop: Laptop, text: str) -> None:
    laptop.paper_mesh()

    ran = laptop.run("apply", "--yes", "--expect-fingerprint", text)

    assert ran.code == 64, ran
    assert "fingerprint" in ran.err
    assert laptop.calls() == ()


def test_a_fingerprint_of_what_is_done_already_is_no_error(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    fingerprint = laptop.plan()["fingerprint"]
    laptop.ok("apply", "--yes", "--expect-fingerprint", fingerprint)

    laptop.ok("apply", "--yes", "--expect-fingerprint", fingerprint)


def test_drift_after_the_approval_makes_it_stale(laptop: Laptop) -> None:
    vpcs = laptop.vpcs(3)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    fingerprint = laptop.plan()["fingerprint"]
    laptop.seed.ec2(A, EAST).associate_vpc_cidr_block(VpcId=vpcs[0].id, CidrBlock="10.9.0.0/16")

    ran = laptop.run("apply", "--yes", "--expect-fingerprint", fingerprint)

    assert ran.code == 4, ran
    assert live(laptop.world()) == set()


# A recorded plan


def test_the_recorded_plan_is_applied(laptop: Laptop, emptying: str) -> None:
    out = laptop.run("plan", "--base", emptying, "--out", "plan.json")
    assert out.code == 4

    ran = laptop.run("apply", "--yes", "--base", emptying, "--expect-plan", "plan.json")

    assert ran.code == 0, ran
    assert live(laptop.world()) == set()
    laptop.ok("apply", "--yes", "--base", emptying, "--expect-plan", "plan.json")


def test_a_plan_that_goes_beyond_the_recorded_one_is_refused(laptop: Laptop) -> None:
    vpcs = laptop.vpcs(4)
    laptop.mesh(production=[member(vpc) for vpc in vpcs[:3]])
    laptop.ok("plan", "--out", "plan.json")
    laptop.mesh(production=[member(vpc) for vpc in vpcs])

    ran = laptop.run("apply", "--yes", "--expect-plan", "plan.json")

    assert ran.code == 4, ran
    assert live(laptop.world()) == set()


def test_drift_that_the_recorded_plan_does_not_hold_is_refused(laptop: Laptop) -> None:
    one, two, three = laptop.vpcs(3)
    laptop.mesh(production=[member(v) for v in (one, two, three)])
    laptop.ok("apply", "--yes")
    laptop.mesh(production=[member(v, peering_tags={"new": "1"}) for v in (one, two, three)])
    laptop.ok("plan", "--out", "plan.json")
    laptop.seed.ec2(A, EAST).delete_route(
        RouteTableId=one.main_table, DestinationCidrBlock="10.1.0.0/16"
    )

    assert laptop.run("apply", "--yes", "--expect-plan", "plan.json").code == 4


def test_an_apply_that_was_killed_leaves_a_part_of_its_plan(laptop: Laptop) -> None:
    """Between any two of the calls that make a peering: SIGKILL leaves no time to tidy up."""
    vpcs = laptop.vpcs(6)
    for vpc in vpcs * 2:
        laptop.seed.route_table(vpc, ELIGIBLE)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    laptop.ok("plan", "--out", "plan.json")
    recorded = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    laptop.aws.settings(latency_ms=150, provisioning_seconds=0.3)
    laptop.aws.forget_calls()
    for kill_after in ("CreateVpcPeeringConnection", "AcceptVpcPeeringConnection", "CreateRoute"):
        process = laptop.start("apply", "--yes", "--expect-plan", "plan.json")
        _until_called(laptop, kill_after)
        process.kill()
        laptop.wait_for(process)
        time.sleep(0.3)  # the calls in hand end in AWS all the same
        laptop.aws.forget_calls()
    left = laptop.plan()
    assert left["changes"]
    assert {c["address"] for c in left["changes"]} <= {c["address"] for c in recorded["changes"]}
    assert left["fingerprint"] != recorded["fingerprint"]
    laptop.aws.settings(latency_ms=0, provisioning_seconds=0)

    laptop.converge(more=("--expect-plan", "plan.json"))


def _until_called(laptop: Laptop, action: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if any(call.action == action for call in laptop.calls()):
            return
        time.sleep(0.02)
    raise AssertionError(f"no {action} within 20 s")


def _tampered(change: str) -> str:
    data: Any = json.loads(Path("plan.json").read_text(encoding="utf-8"))
    match change:
        case "fingerprint":
            data["fingerprint"] = "0" * 64
        case "a change taken out":
            data["changes"].pop()
        case "a change altered":
            data["changes"][0]["after"]["status"] = "deleted"
        case "another version":
            data["format_version"] = 99
        case _:
            data["extra"] = 1
    return json.dumps(data)


@pytest.mark.parametrize(
    "change",
    ["fingerprint", "a change taken out", "a change altered", "another version", "a key too many"],
)
def test_a_plan_file_that_was_tampered_with_is_no_approval(laptop: Laptop, change: str) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    laptop.ok("plan", "--out", "plan.json")
    Path("plan.json").write_text(_tampered(change), encoding="utf-8")
    laptop.aws.forget_calls()

    ran = laptop.run("apply", "--yes", "--expect-plan", "plan.json")

    _told_and_nothing_done(laptop, ran)


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_plan_file_that_is_none_is_an_error(laptop: Laptop, content: bytes) -> None:
    laptop.paper_mesh()
    Path("plan.json").write_bytes(content)
    laptop.aws.forget_calls()

    ran = laptop.run("apply", "--yes", "--expect-plan", "plan.json")

    _told_and_nothing_done(laptop, ran)


def test_a_plan_file_that_is_not_there_is_a_usage_error(laptop: Laptop) -> None:
    laptop.paper_mesh()

    ran = laptop.run("apply", "--yes", "--expect-plan", "nowhere.json")

    assert ran.code == 64, ran
    assert "nowhere.json" in ran.err


def _told_and_nothing_done(laptop: Laptop, ran: Ran) -> None:
    assert ran.code in (1, 4), ran
    assert ran.err.startswith("error: ")
    assert "plan file" in ran.err
    assert "bug" not in ran.err
    assert not [call for call in laptop.calls() if call.mutating]


# Being asked


def test_without_a_yes_nothing_is_applied(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    laptop.aws.forget_calls()

    ran = laptop.wait_for(laptop.start("apply"))

    assert ran.code == 4, ran
    assert "Apply these 3 changes?" in ran.err
    assert "not confirmed" in ran.err
    assert not [call for call in laptop.calls() if call.mutating]


def _asked(laptop: Laptop) -> subprocess.Popen[str]:
    """An apply that waits for its answer; what it asked is read."""
    process = laptop.start("apply", stdin=subprocess.PIPE)
    assert process.stderr is not None
    text = ""
    while "?" not in text:
        letter = process.stderr.read(1)
        assert letter, text
        text += letter
    return process


def _answered(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate("y\n", timeout=60)
    return process.returncode, out + err


def test_a_yes_applies_the_plan_that_was_shown(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])

    code, told = _answered(_asked(laptop))

    assert code == 0, told
    assert len(live(laptop.world())) == 1


def test_a_yes_to_a_plan_that_aws_has_left_behind_changes_nothing(laptop: Laptop) -> None:
    """What somebody confirmed minutes ago may delete something else by now."""
    vpcs = laptop.vpcs(2)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    laptop.ok("apply", "--yes")
    laptop.mesh(production=[member(vpcs[0]), member(vpcs[1], cidr_overrides=[])])
    process = _asked(laptop)
    ec2 = laptop.seed.ec2(vpcs[0].account, vpcs[0].region)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpcs[0].id)
    ec2.replace_route(
        RouteTableId=vpcs[0].main_table, DestinationCidrBlock=vpcs[1].cidr, GatewayId=gateway
    )
    [peering] = laptop.world().peerings
    ec2.create_tags(Resources=[peering], Tags=[{"Key": "peerd_support", "Value": "x"}])
    laptop.aws.forget_calls()

    code, told = _answered(process)

    assert code == 4, told
    assert "AWS changed while the plan was shown" in told
    assert not [call for call in laptop.calls() if call.mutating]


def test_with_nothing_to_do_nobody_is_asked(laptop: Laptop) -> None:
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    laptop.ok("apply", "--yes")

    ran = laptop.wait_for(laptop.start("apply"))

    assert ran.code == 0, ran
    assert "?" not in ran.err


def test_json_is_not_mixed_with_the_question(laptop: Laptop) -> None:
    """Somebody must see what they are asked about: with JSON there is no plan to look at."""
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])

    ran = laptop.wait_for(laptop.start("apply", "--format", "json"))

    assert ran.code == 4, ran
    assert ran.out == "" or ran.json


def test_a_refused_json_apply_still_shows_the_plan(laptop: Laptop, emptying: str) -> None:
    """product.md, section 6: over the limit the plan is still shown."""
    ran = laptop.run("apply", "--yes", "--base", emptying, "--format", "json")

    assert ran.code == 4, ran
    assert ran.json["refusals"]


def test_the_limits_of_the_base_count_not_those_of_the_change(laptop: Laptop) -> None:
    vpcs = laptop.vpcs(3)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    revision = laptop.commit()
    laptop.converge()
    generous = {"max_leaving_percent": 100, "allow_empty_environment": True}
    laptop.mesh(production={"limits": generous, "vpcs": [member(vpcs[0])]})

    assert laptop.run("apply", "--yes", "--base", revision).code == 4
    assert len(live(laptop.world())) == 3

    laptop.ok("apply", "--yes")  # without a base the files' own count


def test_a_suspected_typo_is_refused(laptop: Laptop) -> None:
    vpcs = laptop.vpcs(4)
    laptop.mesh(production=[member(vpc) for vpc in vpcs])
    revision = laptop.commit()
    laptop.converge()
    typo = {**member(vpcs[3]), "vpc_id": "vpc-0123456789abcdef0"}
    laptop.mesh(production=[*(member(vpc) for vpc in vpcs[:3]), typo])

    for base in ((), ("--base", revision)):
        ran = laptop.run("apply", "--yes", *base)
        assert ran.code == 4, ran
        assert "vpc-0123456789abcdef0" in ran.err
        assert vpcs[3].id in ran.err
    assert len(destinations(laptop.world(), vpcs[3].main_table)) == 3
