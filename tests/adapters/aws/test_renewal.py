"""A session that AWS calls over before its time is renewed, and the call is sent once more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier, Event

import pytest

from bot.adapters.aws import ConnectedAws, connect, sign_in_with_web_identity
from bot.errors import AwsError
from bot.model.address import AccountId
from bot.model.step import Role
from tests.adapters.aws.conftest import ONE, ROLES, Hands, scope
from tests.adapters.aws.scripted import Asked, Reply, ScriptedAws, ec2_error, sts_error, vpcs

INITIAL_ROLE = "arn:aws:iam::999999999999:role/meshbot"
ROUTE = {"RouteTableId": "rtb-1", "DestinationCidrBlock": "10.0.0.0/16"}
CREATED = Reply("<R><return>true</return></R>")


def refusing(scripted: ScriptedAws, action: str, code: str, *key_ids: str) -> None:
    """Refuse an action's calls that these keys signed."""
    fine = vpcs("vpc-1") if action.startswith("Describe") else CREATED

    def answer(asked: Asked) -> Reply:
        return ec2_error(code) if asked.key_id in key_ids else fine

    scripted.script[action] = answer


@pytest.mark.parametrize("code", ["RequestExpired", "ExpiredToken", "InvalidClientTokenId"])
def test_a_write_is_sent_once_more_with_a_new_session(
    code: str, aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    refusing(scripted, "CreateRoute", code, f"ASIA{ONE}N1")

    assert aws.writer(ROLES).write(scope(), "ec2:CreateRoute", **ROUTE)["Return"] is True

    sent = [asked.key_id for asked in scripted.asked if asked.action == "CreateRoute"]
    assert sent == [f"ASIA{ONE}N1", f"ASIA{ONE}N2"]
    assert scripted.count("AssumeRole") == 2


def test_a_read_is_asked_once_more_with_a_new_session(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    refusing(scripted, "DescribeVpcs", "RequestExpired", f"ASIA{ONE}N1")

    assert [*aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs")] == [{"VpcId": "vpc-1"}]

    assert scripted.count("AssumeRole") == 2


def test_a_new_session_that_is_refused_too_is_the_end_of_the_call(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    scripted.script["CreateRoute"] = lambda _: ec2_error("RequestExpired")

    with pytest.raises(AwsError, match="RequestExpired"):
        aws.writer(ROLES).write(scope(), "ec2:CreateRoute", **ROUTE)

    assert scripted.count("CreateRoute") == 2
    assert scripted.count("AssumeRole") == 2


def test_renewals_of_one_session_are_bounded(aws: ConnectedAws, scripted: ScriptedAws) -> None:
    scripted.script["CreateRoute"] = lambda _: ec2_error("RequestExpired")
    writer = aws.writer(ROLES)

    for _ in range(30):
        with pytest.raises(AwsError, match="RequestExpired"):
            writer.write(scope(), "ec2:CreateRoute", **ROUTE)

    assert scripted.count("AssumeRole") <= 11


def test_a_refusal_of_the_call_itself_renews_nothing(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    scripted.script["CreateRoute"] = lambda _: ec2_error("UnauthorizedOperation")

    with pytest.raises(AwsError, match="UnauthorizedOperation"):
        aws.writer(ROLES).write(scope(), "ec2:CreateRoute", **ROUTE)

    assert scripted.count("CreateRoute") == 1
    assert scripted.count("AssumeRole") == 1


@pytest.mark.parametrize("minutes", [-5, 5])
def test_a_clock_that_differs_by_what_aws_lets_pass_renews_in_time(
    minutes: int, aws: ConnectedAws, scripted: ScriptedAws, clock: Hands
) -> None:
    """AWS's clock is ahead of ours, or behind; its sessions last an hour of its own."""
    theirs = Hands()
    theirs.move(minutes=minutes)
    scripted.now = theirs
    ends: dict[str, datetime] = {}

    def described(asked: Asked) -> Reply:
        number = asked.key_id.partition("N")[2]
        over = theirs() >= ends.setdefault(number, issued[number])
        return ec2_error("RequestExpired") if over else vpcs("vpc-1")

    issued: dict[str, datetime] = {}

    def assumed(asked: Asked) -> Reply:
        reply = scripted.assumed(asked)
        issued[str(scripted.count("AssumeRole"))] = theirs() + timedelta(hours=1)
        return reply

    scripted.script["AssumeRole"] = assumed
    scripted.script["DescribeVpcs"] = described
    writer = aws.writer(ROLES)

    for _ in range(30):
        list(writer.poll(scope(), "ec2:DescribeVpcs"))
        for hands in (clock, theirs):
            hands.move(minutes=7)

    assert scripted.count("DescribeVpcs") == 30, "none was refused and sent again"


def test_an_initial_session_that_is_over_is_opened_anew_with_a_fresh_token(
    scripted: ScriptedAws, clock: Hands
) -> None:
    tokens = iter(["first-token", "second-token"])
    identity = sign_in_with_web_identity(
        INITIAL_ROLE, lambda: next(tokens), "meshbot", "us-east-1", now=clock
    )

    def assumed(asked: Asked) -> Reply:
        if asked.key_id == "ASIA999999999999N1":
            return sts_error("ExpiredToken", "The security token included is expired")
        return scripted.assumed(asked)

    scripted.script["AssumeRole"] = assumed

    list(connect(identity=identity, now=clock).reader(ROLES).read(scope(), "ec2:DescribeVpcs"))

    sign_ins = [a for a in scripted.asked if a.action == "AssumeRoleWithWebIdentity"]
    assert [a.parameters["WebIdentityToken"] for a in sign_ins] == ["first-token", "second-token"]
    assert [a.key_id for a in scripted.asked if a.action == "AssumeRole"] == [
        "ASIA999999999999N1",
        "ASIA999999999999N2",
    ]


def test_accounts_whose_sign_ins_are_refused_at_once_open_one_new_initial_session(
    scripted: ScriptedAws, clock: Hands
) -> None:
    identity = sign_in_with_web_identity(
        INITIAL_ROLE, lambda: "token", "meshbot", "us-east-1", now=clock
    )
    accounts = [AccountId(f"{111111111111 + number}") for number in range(24)]
    all_asked = Barrier(len(accounts), timeout=20)

    def assumed(asked: Asked) -> Reply:
        if asked.key_id == "ASIA999999999999N1":
            all_asked.wait()
            return sts_error("ExpiredToken", "The security token included is expired")
        return scripted.assumed(asked)

    scripted.script["AssumeRole"] = assumed
    roles = {account: Role(account, "mesh-bot", "meshbot") for account in accounts}
    reader = connect(identity=identity, now=clock).reader(roles)

    with ThreadPoolExecutor(len(accounts)) as pool:
        list(pool.map(lambda a: list(reader.read(scope(a), "ec2:DescribeVpcs")), accounts))

    assert scripted.count("AssumeRoleWithWebIdentity") == 2


def test_a_read_that_is_throttled_longer_than_botocore_tries_succeeds(
    aws: ConnectedAws, scripted: ScriptedAws, no_waiting: list[float]
) -> None:
    refusals = iter([ec2_error("RequestLimitExceeded", status=503)] * 9)
    scripted.script["DescribeVpcs"] = lambda _: next(refusals, vpcs("vpc-1"))

    assert [*aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs")] == [{"VpcId": "vpc-1"}]

    assert scripted.count("DescribeVpcs") == 10
    assert len(no_waiting) == 9


def test_a_throttled_sign_in_is_tried_as_often(
    aws: ConnectedAws, scripted: ScriptedAws, no_waiting: list[float]
) -> None:
    refusals = iter([sts_error("Throttling", status=400)] * 9)
    scripted.script["AssumeRole"] = lambda asked: next(refusals, None) or scripted.assumed(asked)

    list(aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs"))

    assert scripted.count("AssumeRole") == 10


def test_a_write_that_is_throttled_is_left_to_the_engine(
    aws: ConnectedAws, scripted: ScriptedAws, no_waiting: list[float]
) -> None:
    scripted.script["CreateRoute"] = lambda _: ec2_error("RequestLimitExceeded", status=503)

    with pytest.raises(AwsError, match="RequestLimitExceeded"):
        aws.writer(ROLES).write(scope(), "ec2:CreateRoute", **ROUTE)

    assert scripted.count("CreateRoute") == 1
    assert no_waiting == []


def test_nobody_waits_for_a_renewal_while_the_old_session_holds(
    aws: ConnectedAws, scripted: ScriptedAws, clock: Hands
) -> None:
    reader = aws.writer(ROLES)
    list(reader.poll(scope(), "ec2:DescribeVpcs"))
    clock.move(minutes=57)
    renewing, over = Event(), Event()

    def hanging(asked: Asked) -> Reply:
        renewing.set()
        over.wait(20)
        return scripted.assumed(asked)

    scripted.script["AssumeRole"] = hanging
    with ThreadPoolExecutor(1) as pool:
        renewal = pool.submit(lambda: list(reader.poll(scope(), "ec2:DescribeVpcs")))
        assert renewing.wait(20)

        list(reader.poll(scope(), "ec2:DescribeVpcs"))

        assert not renewal.done()
        over.set()
    used = [asked.key_id for asked in scripted.asked if asked.action == "DescribeVpcs"]
    assert used == [f"ASIA{ONE}N1", f"ASIA{ONE}N1", f"ASIA{ONE}N2"]
