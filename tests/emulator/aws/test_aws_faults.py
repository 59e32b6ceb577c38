"""What a test can make go wrong, and how it sees what was called.

Throttling: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html . The rest is
the emulator's own: latency, faults, the log of calls, reset.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc

A, B = "111111111111", "222222222222"


def test_each_action_has_a_bucket_per_account_and_region(
    aws: Emulator, client: Any, code: Any
) -> None:
    """Throttling page: token buckets per account, Region and API action; RequestLimitExceeded."""
    aws.settings(throttle=True, buckets={"DescribeVpcs": [2, 0]})
    ec2 = client(A)

    ec2.describe_vpcs()
    ec2.describe_vpcs()

    assert code(ec2.describe_vpcs) == "RequestLimitExceeded"
    assert ec2.describe_route_tables()["RouteTables"]
    assert client(A, "eu-west-1").describe_vpcs()["Vpcs"]
    assert client(B).describe_vpcs()["Vpcs"]


def test_bucket_refills(aws: Emulator, client: Any, code: Any) -> None:
    """Throttling page: "a set number of tokens is added to the bucket every second"."""
    aws.settings(throttle=True, buckets={"DescribeVpcs": [1, 5]})
    ec2 = client(A)
    ec2.describe_vpcs()

    refused = code(ec2.describe_vpcs)
    time.sleep(0.3)

    assert refused == "RequestLimitExceeded"
    assert ec2.describe_vpcs()["Vpcs"]


def test_documented_bucket_of_mutating_actions(
    aws: Emulator, client: Any, code: Any, here: SeededVpc
) -> None:
    """Throttling page: mutating actions: 50 tokens, 5 a second; CreateTags 100 and 10."""
    aws.settings(throttle=True)
    ec2 = client(here.account)
    route: Any = {"RouteTableId": here.main_table, "DestinationCidrBlock": "10.9.0.0/16"}

    refusals = [code(ec2.delete_route, **route) for _ in range(70)]

    assert refusals[:50] == ["InvalidRoute.NotFound"] * 50
    assert "RequestLimitExceeded" in refusals[50:]
    for _ in range(60):
        ec2.create_tags(Resources=[here.id], Tags=[{"Key": "a", "Value": "b"}])


def test_no_throttling_unless_asked(client: Any) -> None:
    """The emulator's default."""
    ec2 = client(A)

    assert all(ec2.describe_vpcs()["Vpcs"] for _ in range(130))


def test_fault_strikes_the_chosen_calls(aws: Emulator, client: Any, code: Any) -> None:
    """A fault rule: action, account, region, nth."""
    rule = {"action": "Describe*", "account": A, "region": "us-east-1"}
    aws.settings(faults=[{**rule, "nth": 2, "error": "UnauthorizedOperation"}])
    ec2 = client(A)

    ec2.describe_vpcs()

    assert code(ec2.describe_route_tables) == "UnauthorizedOperation"
    ec2.describe_vpcs()
    client(B).describe_vpcs()


def test_fault_every_and_times(aws: Emulator, client: Any) -> None:
    """A fault rule: every, times."""
    rule = {"action": "DescribeVpcs", "every": 2, "times": 2, "error": "InternalError"}
    aws.settings(faults=[rule])
    ec2 = client(A)

    for _ in range(8):
        with contextlib.suppress(ec2.exceptions.ClientError):
            ec2.describe_vpcs()

    answers = [(c.error, c.status) for c in aws.calls() if c.action == "DescribeVpcs"]
    failed, fine = ("InternalError", 500), ("", 200)
    assert answers == [fine, failed, fine, failed, fine, fine, fine, fine]


def test_fault_by_seeded_chance(aws: Emulator, client: Any) -> None:
    """A fault rule: probability, the same calls for the same seed."""
    rule = {"action": "DescribeVpcs", "probability": 0.5, "seed": 7, "error": "Unavailable"}
    runs = []

    for _ in range(2):
        aws.settings(faults=[rule])
        aws.forget_calls()
        ec2 = client(A)
        for _ in range(20):
            with contextlib.suppress(ec2.exceptions.ClientError):
                ec2.describe_vpcs()
        runs.append([call.error for call in aws.calls() if call.action == "DescribeVpcs"])

    assert runs[0] == runs[1]
    assert set(runs[0]) == {"", "Unavailable"}


def test_read_only_role(aws: Emulator, client: Any, code: Any, here: SeededVpc) -> None:
    """A fault rule: role, mutating."""
    rule = {"role": "reader*", "mutating": True, "error": "UnauthorizedOperation"}
    aws.settings(faults=[rule])
    tags = {"Resources": [here.id], "Tags": [{"Key": "a", "Value": "b"}]}

    assert client(A, role="reader-1").describe_vpcs()["Vpcs"]
    assert code(client(A, role="reader-1").create_tags, **tags) == "UnauthorizedOperation"
    client(A, role="writer").create_tags(**tags)


@pytest.mark.parametrize(("drop", "done"), [("before", False), ("after", True)])
def test_dropped_connection(
    aws: Emulator, client: Any, here: SeededVpc, drop: str, done: bool
) -> None:
    """A fault rule: drop; after the call is carried out, only the reply is lost."""
    aws.settings(faults=[{"action": "CreateTags", "times": 1, "drop": drop}])
    ec2 = client(A)

    with pytest.raises(ConnectionClosedError):
        ec2.create_tags(Resources=[here.id], Tags=[{"Key": "a", "Value": "b"}])

    assert ("Tags" in ec2.describe_vpcs(VpcIds=[here.id])["Vpcs"][0]) == done
    dropped = [call for call in aws.calls() if call.action == "CreateTags"]
    assert [(call.status, call.error) for call in dropped] == [(0, "connection dropped")]


def test_fault_of_sts_and_service_quotas(aws: Emulator, client: Any, code: Any) -> None:
    """Each service's own error document."""
    quotas = client(A, service="service-quotas")
    aws.settings(faults=[{"service": "s*", "error": "AccessDeniedException"}])
    keys: Any = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    identity = boto3.client("sts", endpoint_url=aws.url, region_name="us-east-1", **keys)

    get = {"ServiceCode": "vpc", "QuotaCode": "L-7E9ECCDB"}
    assert code(quotas.get_service_quota, **get) == "AccessDeniedException"
    assert code(identity.get_caller_identity) == "AccessDeniedException"


def test_latency(aws: Emulator, client: Any) -> None:
    """latency_ms holds for each call."""
    ec2 = client(A)
    aws.settings(latency_ms=150)

    start = time.monotonic()
    ec2.describe_vpcs()

    assert time.monotonic() - start >= 0.15


def test_log_of_calls(aws: Emulator, client: Any, code: Any, here: SeededVpc) -> None:
    """Who called what, where; what it was answered. Seeding is not in it."""
    ec2 = client(A, role="worker")
    ec2.describe_vpcs()
    code(ec2.create_tags, Resources=["vpc-00000000"], Tags=[{"Key": "a", "Value": "b"}])
    code(ec2.delete_vpc, VpcId=here.id, DryRun=True)

    calls = aws.calls()

    assert [(c.service, c.action, c.mutating, c.dry_run, c.error) for c in calls] == [
        ("sts", "AssumeRole", False, False, ""),
        ("ec2", "DescribeVpcs", False, False, ""),
        ("ec2", "CreateTags", True, False, "InvalidVpcID.NotFound"),
        ("ec2", "DeleteVpc", True, True, "DryRunOperation"),
    ]
    assert {(c.account, c.region, c.role) for c in calls[1:]} == {(A, "us-east-1", "worker")}
    assert [c.number for c in calls] == [1, 2, 3, 4]
    assert [c.status for c in calls] == [200, 200, 400, 412]
    aws.forget_calls()
    assert aws.calls() == ()


def test_reset(aws: Emulator, seed: Seed, client: Any) -> None:
    """Nothing is left, and the settings are those of the start."""
    seed.peering(seed.vpc(A, "us-east-1", "10.1.0.0/16"), seed.vpc(B, "us-east-1", "10.2.0.0/16"))
    aws.settings(page_size=3, faults=[{"error": "InternalError"}])

    aws.reset()

    ec2 = client(A)
    assert ec2.describe_vpc_peering_connections()["VpcPeeringConnections"] == []
    assert [vpc["IsDefault"] for vpc in ec2.describe_vpcs()["Vpcs"]] == [True]
    assert aws.settings()["page_size"] == 0
    assert len(aws.calls()) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"no_such": 1},
        {"page_size": -1},
        {"page_size": "5"},
        {"throttle": 1},
        {"latency_ms": True},
        {"faults": [{"error": "X", "drop": "after"}]},
        {"faults": [{}]},
        {"faults": [{"drop": "sideways"}]},
        {"faults": [{"errors": "X"}]},
    ],
)
def test_settings_that_cannot_be(aws: Emulator, changes: Any) -> None:
    """A mistyped setting is an error, and changes nothing."""
    before = aws.settings()

    with pytest.raises(ValueError, match=r"."):
        aws.settings(**changes)

    assert aws.settings() == before


def test_fault_after_the_first_calls(aws: Emulator, client: Any, code: Any) -> None:
    """A fault rule: skip, then everything, as when an account is lost."""
    aws.settings(faults=[{"account": A, "skip": 2, "error": "Unavailable"}])
    ec2 = client(A)

    for _ in range(2):
        ec2.describe_vpcs()

    assert {code(ec2.describe_route_tables) for _ in range(3)} == {"Unavailable"}
    client(B).describe_vpcs()


def test_fault_whose_call_lands(aws: Emulator, client: Any, code: Any, here: SeededVpc) -> None:
    """A fault rule: lands, the call is carried out and its answer is an error all the same."""
    aws.settings(faults=[{"action": "CreateTags", "error": "InternalError", "lands": True}])
    ec2 = client(here.account)

    refused = code(ec2.create_tags, Resources=[here.id], Tags=[{"Key": "a", "Value": "b"}])

    assert refused == "InternalError"
    (vpc,) = ec2.describe_vpcs(VpcIds=[here.id])["Vpcs"]
    assert {"Key": "a", "Value": "b"} in vpc["Tags"]


def test_fault_that_only_delays(aws: Emulator, client: Any) -> None:
    """A fault rule: delay_ms."""
    aws.settings(faults=[{"action": "DescribeVpcs", "delay_ms": 200}])
    since = time.monotonic()

    client(A).describe_vpcs()

    assert time.monotonic() - since >= 0.2


def test_session_that_is_over_before_its_expiration(aws: Emulator, client: Any, code: Any) -> None:
    """A setting: session_seconds. EC2 says RequestExpired."""
    ec2 = client(A)
    ec2.describe_vpcs()
    aws.settings(session_seconds=0.05)
    time.sleep(0.1)

    assert code(ec2.describe_vpcs) == "RequestExpired"
