"""The shipped actions are enough, each is needed, and plan's can change nothing: by moto's IAM.

At the level of actions only: conditions and resources are stripped, for moto judges those
wrongly, and it ignores trust and session policies. The mesh needs every call that there is:
a peering to make, one to tag and one to delete, and a route to make, to move and to delete.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from bot import cli
from bot.adapters.aws.session_policy import READS, WRITES
from bot.emulator.aws import Emulator
from bot.errors import ExitCode
from tests.iam.enforcing import enforce, running
from tests.iam.world import EAST, ONE, TOOLING, TWO, World, role_arn

pytestmark = pytest.mark.usefixtures("service_models_loaded_once")

BOTH = {*READS, *WRITES}
SPARED = {
    "servicequotas:GetServiceQuota": "quota-unread",
    "ec2:DescribeVpcAttribute": "dns-attributes-unread",
    "ec2:DescribeSubnets": "subnets-unread",
    "ec2:DescribeNetworkAcls": "subnets-unread",
}
"""Without these a plan says so, by this code, and is complete all the same."""
DRIFT = {"ec2:DescribeSecurityGroupReferences", "ec2:DescribeStaleSecurityGroups"}
"""What drift asks besides, and says when it may not."""

ASSUMING = {"sts:AssumeRole"}

Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def process() -> Iterator[Emulator]:
    with running() as aws:
        yield aws


@pytest.fixture
def world(process: Emulator) -> World:
    return World.build(process)


@pytest.fixture
def run(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs meshbot as plan's or apply's job does, with IAM enforced: exit code and output."""
    file = tmp_path / "mesh.yaml"
    file.write_text(world.mesh)
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.aws.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", EAST)

    def ran(command: str, *arguments: str) -> tuple[int, str]:
        kind = "apply" if command == "apply" else "plan"
        for name, value in world.sign_in(role_arn(TOOLING, f"meshbot-{kind}")).items():
            monkeypatch.setenv(name.upper(), value)
        world.aws.forget_calls()
        enforce(world.aws, on=True)
        try:
            code = cli.run([command, *arguments, "--meshes", str(file)])
        finally:
            enforce(world.aws, on=False)
        return code, capsys.readouterr().out

    return ran


def test_shipped_actions_are_enough_and_all_of_them_are_used(world: World, run: Run) -> None:
    code, text = run("plan", "--format", "json")
    plan = json.loads(text)
    assert (code, plan["complete"]) == (ExitCode.SUCCESS, True)
    assert (world.called(), world.refused()) == (ASSUMING | set(READS) - DRIFT, set())
    changes = {(change["kind"], change["action"]) for change in plan["changes"]}
    kinds = ("vpc_peering_connection", "route", "security_group_rule")
    assert changes == {(k, a) for k in kinds for a in ("create", "update", "delete")} | {
        ("peering_options", "create"),
        ("peering_options", "update"),
    }

    code, _ = run("apply", "--yes")
    assert code == ExitCode.SUCCESS
    assert (world.called(), world.refused()) == (ASSUMING | BOTH - DRIFT, set())

    code, text = run("plan", "--format", "json")
    assert (code, json.loads(text)["changes"]) == (ExitCode.SUCCESS, [])


@pytest.mark.parametrize("missing", sorted(set(READS) - SPARED.keys() - DRIFT))
def test_plan_without_one_of_its_actions_has_gaps(missing: str, world: World, run: Run) -> None:
    for account in (ONE, TWO):
        world.permit(account, "mesh-plan", set(READS) - {missing})

    code, text = run("plan", "--format", "json")

    plan = json.loads(text)
    assert (code, plan["complete"], plan["changes"]) == (ExitCode.SUCCESS, False, [])
    assert {gap["action"] for gap in plan["gaps"]} == world.refused() == {missing}


def test_drift_uses_the_rest_and_says_when_it_may_not(world: World, run: Run) -> None:
    code, _ = run("drift")
    assert (code, world.called(), world.refused()) == (0, ASSUMING | set(READS), set())

    for account in (ONE, TWO):
        world.permit(account, "mesh-plan", set(READS) - DRIFT)
    code, text = run("drift", "--format", "json")

    plan = json.loads(text)
    assert (code, plan["complete"], world.refused()) == (ExitCode.SUCCESS, True, DRIFT)
    assert len([d for d in plan["diagnostics"] if d["code"] == "references-unread"]) == 4


@pytest.mark.parametrize("missing", SPARED)
def test_plan_without_what_only_adds_remarks_is_complete_and_says_so(
    missing: str, world: World, run: Run
) -> None:
    for account in (ONE, TWO):
        world.permit(account, "mesh-plan", set(READS) - {missing})

    code, text = run("plan", "--format", "json")

    plan = json.loads(text)
    assert (code, plan["complete"]) == (ExitCode.SUCCESS, True)
    notes = [d for d in plan["diagnostics"] if d["code"] == SPARED[missing]]
    assert [
        f"{account}/{EAST}" in d["summary"] for account, d in zip((ONE, TWO), notes, strict=True)
    ]
    assert world.refused() == {missing}


@pytest.mark.parametrize("missing", sorted(BOTH - SPARED.keys() - DRIFT))
def test_apply_without_one_of_its_actions_fails(missing: str, world: World, run: Run) -> None:
    for account in (ONE, TWO):
        world.permit(account, "mesh-apply", BOTH - {missing})

    code, _ = run("apply", "--yes")

    assert code in {ExitCode.FAILURE, ExitCode.PARTIAL}
    assert world.refused() == {missing}


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_initial_role_without_its_action_reaches_no_account(
    command: str, world: World, run: Run
) -> None:
    world.permit(TOOLING, f"meshbot-{command}", {"iam:GetRole"})

    code, text = run(command, "--format", "json", *(["--yes"] * (command == "apply")))

    assert code == (ExitCode.SUCCESS if command == "plan" else ExitCode.PARTIAL)
    assert (world.called(), world.refused()) == (set(), ASSUMING)
    assert '"complete": false' in text


def test_plan_role_is_refused_every_call_that_changes_something(world: World) -> None:
    ec2 = signed_in(world, "plan")
    before = seen(ec2)

    refused = {action: attempt(ec2, action, given) for action, given in writes(world, ec2)}

    assert set(refused) == set(WRITES)
    assert set(refused.values()) <= DENIED, refused
    assert seen(ec2) == before


def test_apply_role_is_refused_none_of_those_calls(world: World) -> None:
    ec2 = signed_in(world, "apply")
    before = seen(ec2)

    refused = {action: attempt(ec2, action, given) for action, given in writes(world, ec2)}

    assert not set(refused.values()) & DENIED, refused
    assert seen(ec2) != before


DNS = {"AllowDnsResolutionFromRemoteVpc": True}
DENIED = {"UnauthorizedOperation", "AccessDenied"}


def signed_in(world: World, kind: str) -> Any:
    """EC2 through the initial and a member role, with IAM enforced from here on."""
    initial = world.sign_in(role_arn(TOOLING, f"meshbot-{kind}"))
    enforce(world.aws, on=True)
    return world.client("ec2", world.sign_in(role_arn(ONE, f"mesh-{kind}"), **initial))


def seen(ec2: Any) -> Any:
    """The route tables and peerings as they are."""
    peerings = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
    return ec2.describe_route_tables()["RouteTables"], peerings


def attempt(ec2: Any, action: str, given: dict[str, Any]) -> str:
    """The error code of a call, or nothing."""
    try:
        getattr(ec2, xform_name(action.partition(":")[2]))(**given)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def writes(world: World, ec2: Any) -> list[tuple[str, dict[str, Any]]]:
    """Each call, with parameters that would change something, were it allowed."""
    vpcs = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]]
    peering = {"VpcPeeringConnectionId": world.peering}
    route = {"RouteTableId": world.table, "DestinationCidrBlock": "10.9.0.0/16"}
    rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
    (held,) = (r for r in rules if r["IsEgress"] and r["FromPort"] == 80)
    group, id_ = {"GroupId": held["GroupId"]}, held["SecurityGroupRuleId"]
    port = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}
    block = [{**port, "IpRanges": [{"CidrIp": "10.8.8.8/32"}]}]
    described = [{"SecurityGroupRuleId": id_, "Description": "mine"}]
    return [
        ("ec2:AuthorizeSecurityGroupEgress", group | {"IpPermissions": block}),
        ("ec2:AuthorizeSecurityGroupIngress", group | {"IpPermissions": block}),
        (
            "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
            group | {"SecurityGroupRuleDescriptions": described},
        ),
        (
            "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
            group | {"SecurityGroupRuleDescriptions": described},
        ),
        ("ec2:RevokeSecurityGroupIngress", group | {"SecurityGroupRuleIds": [id_]}),
        ("ec2:RevokeSecurityGroupEgress", group | {"SecurityGroupRuleIds": [id_]}),
        ("ec2:AcceptVpcPeeringConnection", peering),
        ("ec2:CreateRoute", route | peering | {"DestinationCidrBlock": "10.8.0.0/16"}),
        ("ec2:CreateTags", {"Resources": [world.table], "Tags": [{"Key": "k", "Value": "v"}]}),
        ("ec2:CreateVpcPeeringConnection", {"VpcId": vpcs[0], "PeerVpcId": vpcs[1]}),
        (
            "ec2:ModifyVpcPeeringConnectionOptions",
            peering | {"RequesterPeeringConnectionOptions": DNS},
        ),
        ("ec2:ReplaceRoute", route | peering),
        ("ec2:DeleteRoute", route),
        ("ec2:DeleteVpcPeeringConnection", peering),
    ]
