"""Whole conversations with moto: many accounts and regions, many threads, the real boto3 chain."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import partial

import pytest
from moto.server import ThreadedMotoServer

from bot.adapters.aws import connect
from bot.adapters.threads import ThreadDispatcher
from bot.errors import AwsError
from bot.model.address import AccountId, Region, Scope
from bot.model.step import Role
from bot.ports import Aws, Reader, Writer

ACCOUNTS = [AccountId(f"4{number:011}") for number in range(8)]
REGIONS = [Region("us-east-1"), Region("eu-west-1")]
SCOPES = [Scope(account, region) for account in ACCOUNTS for region in REGIONS]
ROLES = {account: Role(account, "mesh-bot", "meshbot", writes=True) for account in ACCOUNTS}


@pytest.fixture
def moto(credentials: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """moto as a server, found by boto3 through AWS_ENDPOINT_URL."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    yield
    server.stop()


def made_vpc(writer: Writer, scope: Scope, block: str) -> str:
    return str(writer.write(scope, "ec2:CreateVpc", CidrBlock=block)["Vpc"]["VpcId"])


def test_each_scope_reads_back_what_was_written_there_and_nothing_else(moto: None) -> None:
    aws: Aws = connect()
    writer: Writer = aws.writer(ROLES)
    reader: Reader = aws.reader(ROLES)

    def written_then_read(number: int, scope: Scope) -> None:
        vpc = made_vpc(writer, scope, f"10.{number}.0.0/16")
        found = {item["VpcId"]: item for item in reader.read(scope, "ec2:DescribeVpcs")}
        assert found[vpc]["OwnerId"] == scope.account
        assert len(found) == 2  # the default VPC and ours

    ended = []
    with ThreadDispatcher() as dispatcher:
        for number, scope in enumerate(SCOPES):
            dispatcher.submit(partial(written_then_read, number, scope), scope)
        while (end := dispatcher.next(None)) is not None:
            ended.append(end)

    assert {token for token, _, _ in ended} == set(SCOPES)
    assert [error for _, _, error in ended if error] == []


def test_peering_across_accounts_and_regions(moto: None) -> None:
    writer = connect().writer(ROLES)
    here, there = SCOPES[0], SCOPES[3]
    ours, theirs = made_vpc(writer, here, "10.1.0.0/16"), made_vpc(writer, there, "10.2.0.0/16")

    created = writer.write(
        here,
        "ec2:CreateVpcPeeringConnection",
        VpcId=ours,
        PeerVpcId=theirs,
        PeerOwnerId=there.account,
        PeerRegion=there.region,
    )
    name = created["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    writer.write(there, "ec2:AcceptVpcPeeringConnection", VpcPeeringConnectionId=name)

    for scope in (here, there):
        polled = writer.poll(
            scope, "ec2:DescribeVpcPeeringConnections", VpcPeeringConnectionIds=[name]
        )
        assert [item["Status"]["Code"] for item in polled] == ["active"]
    with pytest.raises(AwsError, match=r"InvalidVpcID\.NotFound"):
        writer.write(here, "ec2:DeleteVpc", VpcId=theirs)
