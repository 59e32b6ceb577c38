"""The shipped policies in force, with resources, conditions, trust and session policies.

The judge is ours (``tests/iam/judge.py``) and reads AWS's documentation as we do: this shows that
the templates say what we mean, and that what we mean lets an apply work. AWS was not asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bot import cli
from bot.adapters.aws.session_policy import session_policy
from bot.emulator.aws import Emulator
from bot.errors import ExitCode
from tests.iam.enforcing import running
from tests.iam.judge import Demand, arn_like, refusal
from tests.iam.judged import STRANGER, Judged, shipped, sids, without
from tests.iam.template import Statement
from tests.iam.test_enforced import attempt
from tests.iam.world import EAST, ONE, TOOLING, role_arn

pytestmark = pytest.mark.usefixtures("service_models_loaded_once")

REFUSED = {"UnauthorizedOperation", "AccessDenied"}
APPLY = f"{ONE}/mesh-apply"


@pytest.fixture(scope="module")
def process() -> Iterator[Emulator]:
    with running() as aws:
        yield aws


Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs meshbot as plan's or apply's job does: exit code, and the JSON that it printed."""
    file = tmp_path / "mesh.yaml"

    def ran(judged: Judged, command: str, *arguments: str) -> tuple[int, Any]:
        world = judged.world
        file.write_text(world.mesh)
        monkeypatch.setenv("AWS_ENDPOINT_URL", world.aws.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", EAST)
        for name, value in world.sign_in(role_arn(TOOLING, f"meshbot-{command}")).items():
            monkeypatch.setenv(name.upper(), value)
        world.aws.forget_calls()
        given = [command, *arguments, "--format", "json", "--meshes", str(file)]
        code = cli.run(given)
        told = capsys.readouterr()
        assert told.out, told.err
        return code, json.loads(told.out)

    return ran


def refused(judged: Judged) -> list[str]:
    """The calls that were refused for a reason of IAM, but for those to the closed account."""
    calls = judged.world.aws.calls()
    return [f"{c.service}:{c.action}" for c in calls if c.error in REFUSED]


# --- as an operator


def test_every_way_to_change_something_is_allowed(process: Emulator, run: Run) -> None:
    judged = Judged.build(process)

    code, plan = run(judged, "plan")
    assert (code, plan["complete"], refused(judged)) == (ExitCode.SUCCESS, True, [])
    changes = {(change["kind"], change["action"]) for change in plan["changes"]}
    kinds = ("vpc_peering_connection", "route", "security_group_rule")
    assert changes == {(k, a) for k in kinds for a in ("create", "update", "delete")} | {
        ("peering_options", "create"),
        ("peering_options", "update"),
    }

    code, report = run(judged, "apply", "--yes")
    assert (code, refused(judged)) == (ExitCode.SUCCESS, []), report
    assert {outcome["result"] for outcome in report["outcomes"]} == {"applied"}

    code, plan = run(judged, "plan")
    assert (code, plan["changes"]) == (ExitCode.SUCCESS, [])


UNSEEN = ("TagRequestedPeerings", "ReadReferences")
NEEDED = [sid for sid in sids(shipped(), APPLY, "Allow") if sid not in UNSEEN]
"""Drift alone needs ReadReferences.
AWS's documents name TagRequestedPeerings as the way to allow tags while a resource is made.
MarkPeerings would do by their letter, so the judge cannot tell that it is needed."""


@pytest.mark.parametrize("sid", NEEDED)
def test_every_statement_is_needed(sid: str, process: Emulator, run: Run) -> None:
    judged = Judged.build(process, without(shipped(), sid))

    code, _ = run(judged, "apply", "--yes")

    assert refused(judged)
    # those tags are for people, those answers for remarks: they never fail a change
    spared = sid in {"TagTouchedTables", "ReadVpcAttributes"}
    assert (code == ExitCode.SUCCESS) is spared


# --- as somebody who holds the apply role


def call(judged: Judged, what: str) -> str:
    """The error code of an attack, empty when it succeeds."""
    a, d, world = judged.a, judged.d, judged.world
    ours, theirs = {"Key": "peerd_created", "Value": "true"}, {"Key": "Name", "Value": "mine"}
    mark = [{"ResourceType": "vpc-peering-connection", "Tags": [ours]}]
    route = {"DestinationCidrBlock": "0.0.0.0/0", "VpcPeeringConnectionId": world.peering}
    table, other = world.table, judged.untouchable
    request = {"VpcId": a.id, "PeerVpcId": "vpc-00000066"}
    attacks: dict[str, tuple[str, dict[str, Any]]] = {
        "a route in a table that is not eligible": (
            "CreateRoute",
            {**route, "RouteTableId": other},
        ),
        "make a table eligible": (
            "CreateTags",
            {"Resources": [other], "Tags": [{"Key": "peerd_eligible", "Value": "true"}]},
        ),
        "a key of its own on an eligible table": (
            "CreateTags",
            {"Resources": [table], "Tags": [theirs]},
        ),
        "our keys on a table that is not eligible": (
            "CreateTags",
            {"Resources": [other], "Tags": [{"Key": "peerd_support", "Value": "me"}]},
        ),
        "a tag on a VPC": ("CreateTags", {"Resources": [a.id], "Tags": [ours]}),
        "a tag on a peering that is not ours": (
            "CreateTags",
            {"Resources": [judged.unmarked], "Tags": [theirs]},
        ),
        "delete a peering that is not ours": (
            "DeleteVpcPeeringConnection",
            {"VpcPeeringConnectionId": judged.unmarked},
        ),
        "request without a mark": ("CreateVpcPeeringConnection", {**request, "PeerVpcId": d.id}),
        "request to a stranger": (
            "CreateVpcPeeringConnection",
            {**request, "PeerOwnerId": STRANGER, "TagSpecifications": mark},
        ),
        "accept a stranger's request": (
            "AcceptVpcPeeringConnection",
            {"VpcPeeringConnectionId": judged.asked},
        ),
        "mark a stranger's peering": (
            "CreateTags",
            {"Resources": [judged.strangers], "Tags": [ours]},
        ),
        "take a mark away": ("DeleteTags", {"Resources": [table], "Tags": [{"Key": "k"}]}),
        "options of a peering that is not ours": (
            "ModifyVpcPeeringConnectionOptions",
            {
                "VpcPeeringConnectionId": judged.unmarked,
                "AccepterPeeringConnectionOptions": {"AllowDnsResolutionFromRemoteVpc": False},
            },
        ),
        "a tag on a rule that is not ours": (
            "CreateTags",
            {"Resources": [judged.rule], "Tags": [theirs]},
        ),
        "a rule without a mark": (
            "AuthorizeSecurityGroupEgress",
            {
                "GroupId": judged.group,
                "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
                "TagSpecifications": [{"ResourceType": "security-group-rule", "Tags": [theirs]}],
            },
        ),
        "another VPC": ("CreateVpc", {"CidrBlock": "10.0.0.0/16"}),
    }
    action, given = attacks[what]
    return attempt(judged.session("apply"), f"ec2:{action}", given)


GUARDED = {
    # the attack: what has to go from the templates for it to succeed
    "a route in a table that is not eligible": ("RouteInEligibleTables", "StringEquals"),
    "a key of its own on an eligible table": ("TagTouchedTables", "ForAllValues:StringEquals"),
    "our keys on a table that is not eligible": ("TagTouchedTables", "StringEquals"),
    "a tag on a peering that is not ours": ("TagMarkedPeerings", "StringEquals"),
    "delete a peering that is not ours": ("DeleteMarkedPeerings", "StringEquals"),
    "options of a peering that is not ours": ("SetOptionsOfMarkedPeerings", "StringEquals"),
    "a tag on a rule that is not ours": ("TagMarkedRules", "StringEquals"),
    "a rule without a mark": ("MarkRules", "StringEquals"),
    "request without a mark": ("RequestMarkedPeerings", "StringEquals"),
    "request to a stranger": ("NoAccepterOutsideTheMesh", ""),
    "accept a stranger's request": ("NoRequesterOutsideTheMesh", ""),
    "mark a stranger's peering": ("NoAccepterOutsideTheMesh", ""),
}


@pytest.fixture(scope="module")
def attacked(process: Emulator) -> Judged:
    return Judged.build(process)


@pytest.mark.parametrize("what", GUARDED)
def test_condition_stops_an_attack_and_nothing_else_does(what: str, process: Emulator) -> None:
    judged = Judged.build(process)
    assert call(judged, what) in REFUSED

    judged.appoint(without(shipped(), *GUARDED[what]))

    assert call(judged, what) not in REFUSED


@pytest.mark.parametrize(
    "what",
    [
        "make a table eligible",
        "a tag on a VPC",
        "take a mark away",
        "another VPC",
    ],
)
def test_what_no_statement_allows_is_refused(what: str, attacked: Judged) -> None:
    assert call(attacked, what) in REFUSED


def test_holder_of_the_apply_role_can_mark_and_then_delete(process: Emulator) -> None:
    """The conditions are against mistakes: docs/iam.md says so, and this keeps it honest."""
    judged = Judged.build(process)
    ec2, peering = judged.session("apply"), {"VpcPeeringConnectionId": judged.unmarked}
    mark = {"Resources": [judged.unmarked], "Tags": [{"Key": "peerd_created", "Value": "true"}]}

    assert attempt(ec2, "ec2:DeleteVpcPeeringConnection", peering) in REFUSED
    assert attempt(ec2, "ec2:CreateTags", mark) == ""
    assert attempt(ec2, "ec2:DeleteVpcPeeringConnection", peering) == ""


# --- who becomes whom


@pytest.mark.parametrize(
    ("kind", "arn"),
    [
        ("plan", role_arn(ONE, "mesh-apply")),
        ("apply", role_arn(ONE, "mesh-plan")),
        ("plan", role_arn(TOOLING, "meshbot-apply")),
        ("plan", role_arn(ONE, "admin")),
    ],
)
def test_no_way_leads_from_one_pair_of_roles_to_another(
    kind: str, arn: str, attacked: Judged
) -> None:
    keys = attacked.world.sign_in(role_arn(TOOLING, f"meshbot-{kind}"))

    with pytest.raises(ClientError, match="AccessDenied"):
        attacked.world.sign_in(arn, **keys)


def test_neither_side_alone_opens_a_member_role(process: Emulator) -> None:
    """The initial role's policy and the member role's trust both have to."""
    arn = role_arn(ONE, "mesh-apply")
    open_trust, open_policy = shipped(), shipped()
    open_trust[APPLY]["trust"]["Statement"][0]["Principal"]["AWS"] = role_arn(
        TOOLING, "meshbot-plan"
    )
    open_policy[f"{TOOLING}/meshbot-plan"]["policy"]["Statement"][0]["Resource"] = arn
    judged = Judged.build(process)
    keys = judged.world.sign_in(role_arn(TOOLING, "meshbot-plan"))
    for documents in (open_trust, open_policy):
        judged.appoint(documents)
        with pytest.raises(ClientError, match="AccessDenied"):
            judged.world.sign_in(arn, **keys)

    open_trust[f"{TOOLING}/meshbot-plan"] = open_policy[f"{TOOLING}/meshbot-plan"]
    judged.appoint(open_trust)
    assert judged.world.sign_in(arn, **keys)


def test_external_id_is_demanded_where_the_template_has_one(process: Emulator) -> None:
    judged = Judged.build(process, shipped(ExternalId="abc"))

    for more in ({}, {"ExternalId": "abd"}):
        with pytest.raises(ClientError, match="AccessDenied"):
            judged.session("plan", **more)
    assert judged.session("plan", ExternalId="abc").describe_vpcs()["Vpcs"]


def test_sessions_are_tagged_where_the_templates_allow_it_and_with_our_keys_alone(
    process: Emulator,
) -> None:
    judged = Judged.build(process)
    ours, other = ([{"Key": key, "Value": "7"}] for key in ("Run", "Role"))
    with pytest.raises(ClientError, match="AccessDenied"):
        judged.session("apply", Tags=ours)

    judged.appoint(shipped({"SessionTags": "true"}))

    assert judged.session("apply", Tags=ours).describe_vpcs()["Vpcs"]
    assert judged.session("apply").describe_vpcs()["Vpcs"]
    with pytest.raises(ClientError, match="AccessDenied"):
        judged.session("apply", Tags=other)


def test_session_policy_of_plan_takes_writing_from_a_role_that_may(process: Emulator) -> None:
    judged = Judged.build(process)
    reading, writing = (session_policy(writes=writes) for writes in (False, True))
    touch = {
        "Resources": [judged.world.table],
        "Tags": [{"Key": "peerd_support", "Value": "team"}],
    }

    narrowed = judged.session("apply", Policy=reading)
    assert narrowed.describe_vpcs()["Vpcs"]
    assert attempt(narrowed, "ec2:CreateTags", touch) in REFUSED
    assert attempt(judged.session("apply", Policy=writing), "ec2:CreateTags", touch) == ""


# --- the judge


VPC = "arn:aws:ec2:us-east-1:111111111111:vpc/vpc-1"


@pytest.mark.parametrize(
    ("effect", "conditions", "known", "allowed"),
    [
        ("Allow", {}, {}, True),
        ("Allow", {"StringEquals": {"k": ("a", "b")}}, {"k": ("b",)}, True),
        ("Allow", {"StringEquals": {"k": ("a",)}}, {"k": ("A",)}, False),
        ("Allow", {"StringEquals": {"k": ("a",)}}, {}, False),
        ("Allow", {"StringEquals": {"k": ("*",)}}, {"k": ("a",)}, False),
        ("Allow", {"StringEquals": {"k": ("a",), "l": ("b",)}}, {"k": ("a",)}, False),
        ("Allow", {"Null": {"k": ("false",)}}, {}, False),
        ("Allow", {"Null": {"k": ("true",)}}, {}, True),
        ("Allow", {"ForAllValues:StringEquals": {"k": ("a",)}}, {}, True),
        ("Allow", {"ForAllValues:StringEquals": {"k": ("a", "b")}}, {"k": ("a", "b")}, True),
        ("Allow", {"ForAllValues:StringEquals": {"k": ("a",)}}, {"k": ("a", "b")}, False),
        ("Allow", {"ArnNotLike": {"k": ("arn:*:ec2:*:1:vpc/*",)}}, {}, True),
        ("Deny", {}, {}, False),
    ],
)
def test_judge_reads_conditions_as_iam_documents_them(
    effect: str, conditions: Any, known: Any, allowed: bool
) -> None:
    everything = Statement("All", "Allow", ("ec2:X",), ("*",), (), {})
    judged = Statement("S", effect, ("ec2:X",), ("arn:aws:ec2:*:*:vpc/*",), (), conditions)
    policy = (judged,) if effect == "Allow" else (everything, judged)

    assert (refusal([Demand("ec2:X", VPC, known)], [policy]) == "") is allowed
    assert refusal([Demand("ec2:Y", VPC, known)], [policy])
    assert refusal([Demand("ec2:X", VPC.replace("vpc/", "subnet/"))], [(judged,)])


@pytest.mark.parametrize(
    ("pattern", "arn", "like"),
    [
        ("arn:*:ec2:*:111111111111:vpc/*", VPC, True),
        ("arn:*:ec2:*:*:vpc/*", VPC, True),
        ("arn:*:ec2:*:222222222222:vpc/*", VPC, False),
        ("arn:*:vpc/*", VPC, False),
        ("arn:*:ec2:*:11111111111:vpc/*", VPC, False),
    ],
)
def test_judge_compares_arns_part_by_part(pattern: str, arn: str, like: bool) -> None:
    assert arn_like(pattern, arn) is like


def test_judge_refuses_to_guess() -> None:
    odd = Statement("S", "Allow", ("ec2:X",), ("*",), (), {"StringLike": {"k": ("a*",)}})

    with pytest.raises(KeyError, match="StringLike"):
        refusal([Demand("ec2:X", VPC, {"k": ("ab",)})], [(odd,)])
