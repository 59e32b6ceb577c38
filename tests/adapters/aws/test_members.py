"""One AssumeRole per account: what is asked, kept, renewed, shared and remembered."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bot.adapters.aws import ConnectedAws, connect
from bot.adapters.aws.session_policy import INSPECTS, READS, WRITES, session_policy
from bot.errors import AwsError
from bot.model.address import AccountId, Region
from bot.model.session import RunOrigin, session_tags
from bot.model.step import Role
from tests.adapters.aws.conftest import EAST, ONE, ORIGIN, ROLES, TWO, WEST, Hands, scope
from tests.adapters.aws.scripted import REQUEST_ID, Asked, Reply, ScriptedAws, sts_error, vpcs


def test_member_role_is_assumed_with_name_suffix_and_external_id(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    role = Role(ONE, "network/mesh-bot", "mesh bot é", external_id="abc:1")

    list(aws.reader({ONE: role}).read(scope(), "ec2:DescribeVpcs"))

    assert scripted.last("AssumeRole").parameters == {
        "Version": "2011-06-15",
        "RoleArn": "arn:aws:iam::111111111111:role/network/mesh-bot",
        "RoleSessionName": "mesh-bot---acme.meshes-pr7-run42",
        "Policy": session_policy(writes=False),
        "ExternalId": "abc:1",
    }
    assert scripted.last("AssumeRole").key_id == "AKIAINITIAL"


def test_session_of_a_reading_role_may_only_read(aws: ConnectedAws, scripted: ScriptedAws) -> None:
    reading = {account: replace(role, writes=False) for account, role in ROLES.items()}

    list(aws.reader(reading).read(scope(), "ec2:DescribeVpcs"))

    assert allowed(scripted.last("AssumeRole")) == set(READS)
    with pytest.raises(ValueError, match="may only read"):
        aws.writer(reading)


def test_reader_and_writer_of_an_apply_share_a_session_that_may_also_write(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    list(aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs"))
    list(aws.writer(ROLES).poll(scope(), "ec2:DescribeVpcs"))

    assert scripted.count("AssumeRole") == 1
    assert allowed(scripted.last("AssumeRole")) == {*READS, *WRITES}


def allowed(asked: Asked) -> set[str]:
    """The actions that the session policy of an AssumeRole allows."""
    policy = asked.parameters["Policy"]
    assert len(policy) <= 2048
    (statement,) = json.loads(policy)["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")
    return set(statement["Action"])


@pytest.mark.parametrize(
    ("region", "arn"),
    [("cn-north-1", "arn:aws-cn:iam::"), ("us-gov-west-1", "arn:aws-us-gov:iam::")],
)
def test_role_is_of_the_partition_of_the_scope(
    region: str, arn: str, aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    list(aws.reader(ROLES).read(scope(ONE, Region(region)), "ec2:DescribeVpcs"))

    asked = scripted.last("AssumeRole")
    assert asked.parameters["RoleArn"].startswith(arn)
    assert asked.region == region  # the session's region, us-east-1, is in another partition


@pytest.mark.parametrize(("configured", "expected"), [("us-west-2", "us-west-2"), ("", WEST)])
def test_sts_is_asked_in_the_session_region_or_else_the_scope_region(
    configured: str, expected: str, scripted: ScriptedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    if configured:
        monkeypatch.setenv("AWS_DEFAULT_REGION", configured)

    list(connect().reader(ROLES).read(scope(ONE, WEST), "ec2:DescribeVpcs"))

    assert scripted.last("AssumeRole").region == expected
    assert scripted.last("DescribeVpcs").region == WEST


def test_one_account_is_signed_in_to_once_under_many_threads(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    def slowly(asked: Asked) -> Reply:
        time.sleep(0.05)
        return scripted.assumed(asked)

    scripted.script["AssumeRole"] = slowly
    reader = aws.reader(ROLES)
    questions = [(account, region) for account in ROLES for region in (EAST, WEST)] * 5

    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda at: [*reader.read(scope(*at), "ec2:DescribeVpcs")], questions)
        )

    assert [answer[0]["VpcId"] for answer in answers] == [f"vpc-of-{at[0]}" for at in questions]
    assert scripted.count("AssumeRole") == 2
    assert scripted.count("DescribeVpcs") == 4


def test_each_request_is_signed_as_the_account_of_its_scope_whichever_thread_sends_it(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    accounts = [AccountId(f"{number:012}") for number in range(1, 13)]
    writer = aws.writer(
        {account: Role(account, "r", "meshbot", writes=True) for account in accounts}
    )

    def polled(account: AccountId) -> str:
        return str(next(writer.poll(scope(account), "ec2:DescribeVpcs"))["VpcId"])

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(polled, accounts * 4))

    assert ids == [f"vpc-of-{account}" for account in accounts * 4]
    assert scripted.count("AssumeRole") == 12


def test_reader_and_writer_share_the_session_of_one_role_but_not_of_two(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    list(aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs"))
    list(aws.writer(ROLES).poll(scope(), "ec2:DescribeVpcs"))
    assert scripted.count("AssumeRole") == 1

    plan_role = replace(ROLES[ONE], name="mesh-plan")
    list(aws.reader({ONE: plan_role}).read(scope(), "ec2:DescribeVpcs"))

    assert scripted.count("AssumeRole") == 2
    assert scripted.last("AssumeRole").parameters["RoleArn"].endswith("role/mesh-plan")


def test_refusal_is_remembered_and_raised_for_each_scope_while_others_go_on(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    message = "User: <b>arn</b> is not authorized to perform: sts:AssumeRole"

    def answer(asked: Asked) -> Reply:
        if asked.account == ONE:
            return sts_error("AccessDenied", message)
        return scripted.assumed(asked)

    scripted.script["AssumeRole"] = answer
    reader, writer = aws.reader(ROLES), aws.writer(ROLES)

    for region in (EAST, WEST):
        with pytest.raises(AwsError) as caught:
            reader.read(scope(ONE, region), "ec2:DescribeVpcs")
        error = caught.value
        assert (error.scope, error.action) == (scope(ONE, region), "sts:AssumeRole")
        assert (error.code, error.message) == ("AccessDenied", message)
        assert error.request_id == REQUEST_ID
    with pytest.raises(AwsError, match="AccessDenied"):
        writer.write(scope(ONE), "ec2:DeleteVpc", VpcId="vpc-1")

    assert scripted.count("AssumeRole") == 1
    assert next(reader.read(scope(TWO), "ec2:DescribeVpcs"))["VpcId"] == f"vpc-of-{TWO}"
    assert scripted.count("DeleteVpc") == 0


def test_session_of_another_account_is_not_used(aws: ConnectedAws, scripted: ScriptedAws) -> None:
    scripted.script["AssumeRole"] = lambda asked: scripted.assumed(asked, account=TWO)

    with pytest.raises(AwsError, match="asked for a role of account 111111111111") as caught:
        aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs")

    assert caught.value.code == "AccountMismatch"
    assert scripted.count("DescribeVpcs") == 0


def test_account_without_a_role_is_an_error_of_its_scope_and_nothing_is_sent(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    with pytest.raises(AwsError, match="no mesh file names a role for account 222222222222"):
        aws.reader({ONE: ROLES[ONE]}).read(scope(TWO), "ec2:DescribeVpcs")

    assert not scripted.asked


def test_role_of_the_wrong_account_is_a_bug(aws: ConnectedAws) -> None:
    with pytest.raises(ValueError, match="the role given for 111111111111"):
        aws.reader({ONE: ROLES[TWO]}).read(scope(), "ec2:DescribeVpcs")


def test_credentials_are_renewed_shortly_before_they_expire(
    aws: ConnectedAws, scripted: ScriptedAws, clock: Hands
) -> None:
    writer = aws.writer(ROLES)

    def key_after(**time_passed: float) -> str:
        clock.move(**time_passed)
        list(writer.poll(scope(), "ec2:DescribeVpcs"))
        return scripted.last("DescribeVpcs").key_id

    assert key_after() == f"ASIA{ONE}N1"
    assert key_after(minutes=54) == f"ASIA{ONE}N1"
    assert key_after(minutes=2) == f"ASIA{ONE}N2"
    assert key_after(minutes=54) == f"ASIA{ONE}N2"
    assert scripted.count("AssumeRole") == 2


def test_credentials_are_renewed_between_the_pages_of_one_answer(
    aws: ConnectedAws, scripted: ScriptedAws, clock: Hands
) -> None:
    def page(asked: Asked) -> Reply:
        clock.move(minutes=58)
        return vpcs("vpc-1", following="" if "NextToken" in asked.parameters else "more")

    scripted.script["DescribeVpcs"] = page

    assert len([*aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs")]) == 2
    assert scripted.last("DescribeVpcs").key_id == f"ASIA{ONE}N2"


def test_failed_renewal_is_passed_over_while_the_old_credentials_hold(
    aws: ConnectedAws, scripted: ScriptedAws, clock: Hands
) -> None:
    writer = aws.writer(ROLES)
    list(writer.poll(scope(), "ec2:DescribeVpcs"))
    scripted.script["AssumeRole"] = lambda _: sts_error("AccessDenied")

    clock.move(minutes=56)
    list(writer.poll(scope(), "ec2:DescribeVpcs"))
    list(writer.poll(scope(), "ec2:DescribeVpcs"))
    assert scripted.count("AssumeRole") == 2  # not asked again at once

    clock.move(minutes=1)
    scripted.script["AssumeRole"] = scripted.assumed
    list(writer.poll(scope(), "ec2:DescribeVpcs"))
    assert scripted.last("DescribeVpcs").key_id == f"ASIA{ONE}N3"


def test_failed_renewal_of_expired_credentials_is_remembered(
    aws: ConnectedAws, scripted: ScriptedAws, clock: Hands
) -> None:
    writer = aws.writer(ROLES)
    list(writer.poll(scope(), "ec2:DescribeVpcs"))
    scripted.script["AssumeRole"] = lambda _: sts_error("AccessDenied")
    clock.move(hours=1)

    for _ in range(3):
        with pytest.raises(AwsError, match="AccessDenied"):
            writer.poll(scope(), "ec2:DescribeVpcs")

    assert scripted.count("AssumeRole") == 2
    assert scripted.count("DescribeVpcs") == 1


def test_sessions_carry_tags_when_asked_to(
    scripted: ScriptedAws, clock: Hands, aws: ConnectedAws
) -> None:
    list(aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs"))
    assert "Tags.member.1.Key" not in scripted.last("AssumeRole").parameters

    tagged = connect(ORIGIN, tagged=True, now=clock)
    list(tagged.reader(ROLES).read(scope(), "ec2:DescribeVpcs"))

    given = scripted.last("AssumeRole").parameters
    tags = {given[f"Tags.member.{n}.Key"]: given[f"Tags.member.{n}.Value"] for n in range(1, 5)}
    assert tags == {
        "Commit": "0a1b2c3d",
        "PullRequest": "7",
        "Repository": "acme/meshes",
        "Run": "42",
    }
    assert "TransitiveTagKeys.member.1" not in given


@pytest.mark.parametrize(
    ("code", "told"),
    [("AccessDenied", "allow sts:TagSession"), ("PackedPolicyTooLarge", "one small space")],
)
def test_refused_session_with_tags_is_told_what_the_tags_need(
    code: str, told: str, scripted: ScriptedAws, clock: Hands, aws: ConnectedAws
) -> None:
    message = "User: x is not authorized to perform: sts:TagSession on resource: y"
    scripted.script["AssumeRole"] = lambda _: sts_error(code, message)

    with pytest.raises(AwsError, match=told) as caught:
        connect(ORIGIN, tagged=True, now=clock).reader(ROLES).read(scope(), "ec2:DescribeVpcs")
    assert caught.value.message.startswith(message)
    assert (caught.value.code, caught.value.request_id) == (code, REQUEST_ID)

    with pytest.raises(AwsError) as caught:
        aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs")
    assert caught.value.message == message


def test_session_of_an_inspecting_role_may_look_at_roles_and_write_nothing(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    role = Role(ONE, "mesh-bot", "meshbot", inspects=True)

    arn = aws.identities.session(role, scope())
    list(aws.reader({ONE: role}).read(scope(), "ec2:DescribeVpcs"))

    assert arn == "arn:aws:sts::111111111111:assumed-role/r/s"
    assert scripted.count("AssumeRole") == 1
    assert allowed(scripted.last("AssumeRole")) == {*READS, *INSPECTS}


def test_longest_session_policy_and_tags_leave_room_in_what_sts_takes() -> None:
    longest = session_policy(writes=True, inspects=True)
    tags = session_tags(RunOrigin("o" * 39 + "/" + "r" * 100, 10**9, "9" * 20, "9", "c" * 40))

    # 2,048 characters of plain text; what STS packs is less than its plain text
    assert len(longest) + sum(len(key) + len(value) for key, value in tags) < 1280


def test_session_of_another_partition_is_not_used(aws: ConnectedAws, scripted: ScriptedAws) -> None:
    scripted.script["AssumeRole"] = lambda asked: scripted.assumed(asked, partition="aws-cn")

    with pytest.raises(AwsError, match="in the partition aws, STS answered") as caught:
        aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs")

    assert caught.value.code == "AccountMismatch"
    assert scripted.count("DescribeVpcs") == 0
