"""Writing: once, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.adapters.aws import ConnectedAws
from bot.errors import AwsError, LeaseLost
from bot.model.address import Scope
from tests.adapters.aws.conftest import ROLES, Hands, scope
from tests.adapters.aws.scripted import REQUEST_ID, Reply, ScriptedAws, ec2_error, vpcs

ROUTE = {
    "RouteTableId": "rtb-1",
    "DestinationCidrBlock": "10.0.0.0/16",
    "VpcPeeringConnectionId": "pcx-1",
}


def test_write_gives_the_answer(aws: ConnectedAws, scripted: ScriptedAws) -> None:
    scripted.script["CreateRoute"] = lambda _: Reply("<R><return>true</return></R>")

    assert aws.writer(ROLES).write(scope(), "ec2:CreateRoute", **ROUTE)["Return"] is True

    sent = scripted.last("CreateRoute").parameters
    assert {name: sent[name] for name in ROUTE} == ROUTE
    assert "DryRun" not in sent


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (ec2_error("RequestLimitExceeded", status=503), "RequestLimitExceeded"),
        (ec2_error("InternalError", status=500), "InternalError"),
        (Reply("<html>bad gateway", 502), "502"),
        (Reply(cut=True), "ConnectionClosedError"),
        (ec2_error("RouteLimitExceeded"), "RouteLimitExceeded"),
    ],
)
def test_write_is_sent_once_whatever_comes_back(
    fault: Reply, code: str, aws: ConnectedAws, scripted: ScriptedAws, no_waiting: list[float]
) -> None:
    scripted.script["CreateRoute"] = lambda _: fault

    with pytest.raises(AwsError) as caught:
        aws.writer(ROLES).write(scope(), "ec2:CreateRoute", **ROUTE)

    error = caught.value
    assert (error.scope, error.action, error.code) == (scope(), "ec2:CreateRoute", code)
    assert error.request_id == (REQUEST_ID if "Error" in fault.body else "")
    assert scripted.count("CreateRoute") == 1
    assert no_waiting == []


def test_equal_writes_are_all_sent(aws: ConnectedAws, scripted: ScriptedAws) -> None:
    scripted.script["CreateRoute"] = lambda _: Reply("<R><return>true</return></R>")
    writer = aws.writer(ROLES)

    for _ in range(3):
        writer.write(scope(), "ec2:CreateRoute", **ROUTE)

    assert scripted.count("CreateRoute") == 3


def test_poll_is_always_fresh(aws: ConnectedAws, scripted: ScriptedAws) -> None:
    scripted.script["DescribeVpcs"] = lambda _: vpcs(f"vpc-{scripted.count('DescribeVpcs')}")
    writer = aws.writer(ROLES)

    polled = [[*writer.poll(scope(), "ec2:DescribeVpcs")] for _ in range(3)]

    assert polled == [[{"VpcId": f"vpc-{number}"}] for number in (1, 2, 3)]


def test_poll_is_tried_again(
    aws: ConnectedAws, scripted: ScriptedAws, no_waiting: list[float]
) -> None:
    scripted.script["DescribeVpcs"] = lambda _: (
        vpcs("vpc-1") if scripted.count("DescribeVpcs") > 1 else ec2_error("RequestLimitExceeded")
    )

    assert [*aws.writer(ROLES).poll(scope(), "ec2:DescribeVpcs")] == [{"VpcId": "vpc-1"}]


def test_write_that_aws_does_not_have_is_a_bug(aws: ConnectedAws) -> None:
    with pytest.raises(ValueError, match="AWS has no call ec2:CreateMesh"):
        aws.writer(ROLES).write(scope(), "ec2:CreateMesh")


class Fenced:
    """A fence that notes what had been asked when it was entered, and refuses from then on."""

    def __init__(self, scripted: ScriptedAws, lets_through: int = 99) -> None:
        self.scripted, self.lets_through = scripted, lets_through
        self.asked_before: list[list[str]] = []
        self.inside = 0

    @contextmanager
    def __call__(self, scope: Scope, action: str) -> Iterator[None]:
        if len(self.asked_before) >= self.lets_through:
            raise LeaseLost(scope, action, "LeaseLost", "somebody took it")
        self.asked_before.append([asked.action for asked in self.scripted.asked])
        self.inside += 1
        yield
        self.inside -= 1


def test_the_fence_is_passed_when_signing_in_is_done(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    scripted.script["CreateRoute"] = lambda _: Reply("<R><return>true</return></R>")
    fence = Fenced(scripted)
    writer = aws.writer(ROLES, fence)

    writer.write(scope(), "ec2:CreateRoute", **ROUTE)
    list(writer.poll(scope(), "ec2:DescribeVpcs"))

    assert fence.asked_before == [["AssumeRole"]]
    assert fence.inside == 0


def test_the_fence_is_passed_again_with_a_renewed_session(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    scripted.script["CreateRoute"] = lambda _: ec2_error("RequestExpired")
    fence = Fenced(scripted, lets_through=1)

    with pytest.raises(LeaseLost):
        aws.writer(ROLES, fence).write(scope(), "ec2:CreateRoute", **ROUTE)

    assert [asked.action for asked in scripted.asked] == ["AssumeRole", "CreateRoute", "AssumeRole"]


def test_a_session_that_ends_before_the_fence_opens_is_not_renewed_behind_it(
    aws: ConnectedAws, scripted: ScriptedAws, clock: Hands
) -> None:
    scripted.script["CreateRoute"] = lambda _: Reply("<R><return>true</return></R>")

    class Slow(Fenced):
        @contextmanager
        def __call__(self, scope: Scope, action: str) -> Iterator[None]:
            clock.move(minutes=58)
            with super().__call__(scope, action):
                yield

    fence = Slow(scripted)

    aws.writer(ROLES, fence).write(scope(), "ec2:CreateRoute", **ROUTE)

    assert [asked.action for asked in scripted.asked] == ["AssumeRole", "CreateRoute"]
