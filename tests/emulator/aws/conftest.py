"""One emulator process for all these tests, as new for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from bot.emulator.aws import Emulator, running
from bot.emulator.aws.seed import Seed, SeededVpc

Client = Callable[..., Any]

ONCE = Config(retries={"total_max_attempts": 1})


@pytest.fixture(scope="session")
def process() -> Iterator[Emulator]:
    with running() as emulator:
        yield emulator


@pytest.fixture
def aws(process: Emulator) -> Emulator:
    """The emulator, with nothing in it."""
    process.reset()
    return process


@pytest.fixture
def seed(aws: Emulator) -> Seed:
    return Seed(aws)


@pytest.fixture
def client(aws: Emulator) -> Client:
    """Plain boto3, signed in through AssumeRole; nothing is sent twice."""

    def make(
        account: str, region: str = "us-east-1", service: str = "ec2", role: str = "tester"
    ) -> Any:
        keys: Any = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        sts = boto3.client("sts", endpoint_url=aws.url, region_name=region, **keys)
        got = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="me")
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=aws.url,
            region_name=region,
            aws_access_key_id=got["Credentials"]["AccessKeyId"],
            aws_secret_access_key=got["Credentials"]["SecretAccessKey"],
            aws_session_token=got["Credentials"]["SessionToken"],
            config=ONCE,
        )

    return make


@pytest.fixture
def code() -> Callable[..., str]:
    """The error code that a call is refused with; fails when it is not refused."""

    def refused(call: Callable[..., Any], **parameters: Any) -> str:
        with pytest.raises(ClientError) as error:
            call(**parameters)
        return str(error.value.response["Error"]["Code"])

    return refused


@pytest.fixture
def here(seed: Seed) -> SeededVpc:
    """The VPC that asks, in tests of peerings."""
    return seed.vpc("111111111111", "us-east-1", "10.1.0.0/16")


@pytest.fixture
def there(seed: Seed) -> SeededVpc:
    """The VPC that is asked: another account, another Region."""
    return seed.vpc("222222222222", "eu-west-1", "10.2.0.0/16")


@pytest.fixture
def request_peering(client: Client) -> Callable[..., str]:
    """Requests a peering as the requester's account; its id."""

    def make(requester: SeededVpc, accepter: SeededVpc, **parameters: Any) -> str:
        answer = client(requester.account, requester.region).create_vpc_peering_connection(
            VpcId=requester.id,
            PeerVpcId=accepter.id,
            PeerOwnerId=accepter.account,
            PeerRegion=accepter.region,
            **parameters,
        )
        return str(answer["VpcPeeringConnection"]["VpcPeeringConnectionId"])

    return make
