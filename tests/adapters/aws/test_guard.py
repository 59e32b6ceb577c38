"""What may only read cannot do anything else, by whichever way it tries."""

from __future__ import annotations

import pytest
from botocore.client import BaseClient
from botocore.exceptions import NoCredentialsError

from bot.adapters.aws import ConnectedAws, ReadOnlyViolation
from bot.adapters.aws.clients import call
from bot.adapters.aws.guard import check_read
from bot.adapters.aws.initial import standard_identity
from tests.adapters.aws.conftest import EAST, ROLES, scope
from tests.adapters.aws.scripted import ScriptedAws

WRITES = (
    "ec2:CreateVpcPeeringConnection",
    "ec2:AcceptVpcPeeringConnection",
    "ec2:DeleteVpcPeeringConnection",
    "ec2:ModifyVpcPeeringConnectionOptions",
    "ec2:CreateRoute",
    "ec2:ReplaceRoute",
    "ec2:DeleteRoute",
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ec2:RunInstances",
    "ec2:EnableVgwRoutePropagation",
    "ram:AssociateResourceShare",
    "service-quotas:RequestServiceQuotaIncrease",
    "sts:AssumeRole",
    "sts:GetSessionToken",
    "sts:GetFederationToken",
    "ec2:describeVpcs",
    "ec2:Describer",
    "ec2:DescribeVpcs\n",
    "iam:Getaway",
)


@pytest.fixture
def client(aws: ConnectedAws) -> BaseClient:
    """The very client that a reader uses."""
    reader = aws.reader(ROLES)
    list(reader.read(scope(), "ec2:DescribeVpcs"))
    return aws._reading.client("ec2", EAST)


@pytest.mark.parametrize("action", WRITES)
def test_reader_refuses_what_is_no_read_before_anything_is_sent(
    action: str, aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    with pytest.raises(ReadOnlyViolation, match="refused"):
        aws.reader(ROLES).read(scope(), action)
    with pytest.raises(ReadOnlyViolation, match="refused"):
        aws.writer(ROLES).poll(scope(), action)

    assert not scripted.asked


@pytest.mark.parametrize("value", [True, False])
def test_reader_refuses_a_dry_run(value: bool, aws: ConnectedAws, scripted: ScriptedAws) -> None:
    with pytest.raises(ReadOnlyViolation, match="no DryRun"):
        aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs", DryRun=value)

    assert not scripted.asked


def test_client_of_a_reader_refuses_a_mutating_call(
    client: BaseClient, scripted: ScriptedAws
) -> None:
    asked = len(scripted.asked)

    with pytest.raises(ReadOnlyViolation, match="ec2:CreateVpcPeeringConnection refused"):
        call(client, "CreateVpcPeeringConnection", {"VpcId": "vpc-1", "PeerVpcId": "vpc-2"})
    with pytest.raises(ReadOnlyViolation, match="ec2:CreateRoute refused"):
        call(client, "CreateRoute", {"RouteTableId": "rtb-1", "DryRun": True})
    with pytest.raises(ReadOnlyViolation, match="ec2:DescribeVpcs refused: a reader sends no Dry"):
        call(client, "DescribeVpcs", {"DryRun": False})

    assert len(scripted.asked) == asked


def test_client_of_a_reader_signs_no_url_of_a_mutating_call(client: BaseClient) -> None:
    with pytest.raises(ReadOnlyViolation, match="ec2:DeleteVpc refused"):
        getattr(client, "generate_presigned_url")("delete_vpc", {"VpcId": "vpc-1"})  # noqa: B009


def test_second_hook_holds_where_the_first_is_taken_away(
    client: BaseClient, scripted: ScriptedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = len(scripted.asked)
    emit = client.meta.events.emit

    def without_building(name: str, **event: object) -> object:
        return [] if name.startswith("before-parameter-build") else emit(name, **event)

    monkeypatch.setattr(client.meta.events, "emit", without_building)
    with pytest.raises(ReadOnlyViolation, match="ec2:DeleteVpc refused"):
        call(client, "DeleteVpc", {"VpcId": "vpc-1"})

    assert len(scripted.asked) == asked


def test_client_signs_for_nobody_outside_a_call_of_its_reader(
    client: BaseClient, scripted: ScriptedAws
) -> None:
    asked = len(scripted.asked)

    with pytest.raises(NoCredentialsError):
        call(client, "DescribeVpcs", {})

    assert len(scripted.asked) == asked


def test_clients_of_readers_and_writers_are_not_the_same(aws: ConnectedAws) -> None:
    assert aws._reading.client("ec2", EAST) is not aws._writing.client("ec2", EAST)
    assert not hasattr(aws.reader(ROLES)._reads, "once")


def test_initial_identity_can_sign_in_and_nothing_else(
    scripted: ScriptedAws, credentials: None
) -> None:
    sts = standard_identity(1).sts(EAST)

    call(sts, "AssumeRole", {"RoleArn": f"arn:aws:iam::{'1' * 12}:role/r", "RoleSessionName": "s2"})

    with pytest.raises(ReadOnlyViolation, match="sts:GetSessionToken refused"):
        call(sts, "GetSessionToken", {})


@pytest.mark.parametrize(
    "action",
    [
        "ec2:DescribeVpcs",
        "ec2:GetManagedPrefixListEntries",
        "ram:ListResources",
        "ec2:SearchTransitGatewayRoutes",
        "service-quotas:ListAWSDefaultServiceQuotas",
        "sts:GetCallerIdentity",
    ],
)
def test_reads_pass(action: str) -> None:
    service, _, operation = action.partition(":")

    check_read(service, operation, ["MaxResults"])
