"""Reading: pages, page sizes, memory, retries."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.adapters.aws import ConnectedAws
from bot.adapters.aws.clients import READ_ATTEMPTS
from bot.errors import AwsError
from tests.adapters.aws.conftest import ONE, ROLES, TWO, WEST, scope
from tests.adapters.aws.scripted import (
    REQUEST_ID,
    Asked,
    Reply,
    ScriptedAws,
    ec2_error,
    sts_error,
    vpcs,
)

EMPTY = Reply("<Response></Response>")


def test_items_of_all_pages_come_in_order(aws: ConnectedAws, scripted: ScriptedAws) -> None:
    pages = {
        "": vpcs("vpc-1", "vpc-2", following="p2"),
        "p2": vpcs(following="p3"),
        "p3": vpcs("vpc-3"),
    }
    scripted.script["DescribeVpcs"] = lambda asked: pages[asked.parameters.get("NextToken", "")]

    items = aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs")

    assert [item["VpcId"] for item in items] == ["vpc-1", "vpc-2", "vpc-3"]
    assert scripted.count("DescribeVpcs") == 3


@pytest.mark.parametrize(
    ("action", "size"),
    [
        ("DescribeVpcs", "1000"),
        ("DescribeVpcPeeringConnections", "1000"),
        ("DescribeRouteTables", "100"),
        ("DescribeSecurityGroups", "1000"),
        ("DescribeManagedPrefixLists", "100"),
        ("DescribeTags", "100"),  # botocore's model has no maximum
    ],
)
def test_pages_are_as_large_as_the_api_allows(
    action: str, size: str, aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    scripted.script[action] = lambda _: EMPTY

    assert not [*aws.reader(ROLES).read(scope(), f"ec2:{action}")]

    assert scripted.last(action).parameters["MaxResults"] == size


def test_question_by_id_has_no_page_size_but_its_pages_are_followed(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    scripted.script["DescribeVpcs"] = lambda asked: (
        vpcs("vpc-2") if "NextToken" in asked.parameters else vpcs("vpc-1", following="more")
    )

    items = [*aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs", VpcIds=["vpc-1", "vpc-2"])]

    assert len(items) == 2
    assert all("MaxResults" not in asked.parameters for asked in scripted.asked)


def test_empty_list_of_ids_is_a_bug_for_it_would_ask_for_everything(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    with pytest.raises(ValueError, match="VpcIds is empty"):
        aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs", VpcIds=[])

    assert not scripted.asked


def test_call_without_pages_gives_its_answer_once(aws: ConnectedAws, scripted: ScriptedAws) -> None:
    scripted.script["DescribeVpcAttribute"] = lambda _: Reply(
        "<R><vpcId>vpc-1</vpcId><enableDnsSupport><value>true</value></enableDnsSupport></R>"
    )

    items = aws.reader(ROLES).read(
        scope(), "ec2:DescribeVpcAttribute", VpcId="vpc-1", Attribute="enableDnsSupport"
    )

    assert [*items] == [{"VpcId": "vpc-1", "EnableDnsSupport": {"Value": True}}]


@pytest.mark.parametrize("action", ["ec2:DescribeNothing", "nonsense", "ec2:", ":DescribeVpcs"])
def test_call_that_aws_does_not_have_is_a_bug(action: str, aws: ConnectedAws) -> None:
    with pytest.raises(ValueError, match=r"no call ec2:DescribeNothing|service:Operation"):
        aws.reader(ROLES).read(scope(), action)


def test_equal_questions_are_asked_once_also_from_many_threads(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    def slowly(_: Asked) -> Reply:
        time.sleep(0.05)
        return vpcs("vpc-1")

    scripted.script["DescribeVpcs"] = slowly
    reader, start = aws.reader(ROLES), threading.Barrier(20)

    def read(_: int) -> list[Any]:
        start.wait()
        return [*reader.read(scope(), "ec2:DescribeVpcs", Filters=[{"Name": "a", "Values": ["b"]}])]

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(read, range(20)))

    assert answers == [[{"VpcId": "vpc-1"}]] * 20
    assert scripted.count("DescribeVpcs") == 1


def test_other_scope_other_parameters_and_other_reader_ask_again(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    reader = aws.reader(ROLES)
    for _ in range(2):
        list(reader.read(scope(ONE), "ec2:DescribeVpcs"))
        list(reader.read(scope(TWO), "ec2:DescribeVpcs"))
        list(reader.read(scope(ONE, WEST), "ec2:DescribeVpcs"))
        list(reader.read(scope(ONE), "ec2:DescribeVpcs", VpcIds=["vpc-1"]))
    assert scripted.count("DescribeVpcs") == 4

    list(aws.reader(ROLES).read(scope(ONE), "ec2:DescribeVpcs"))

    assert scripted.count("DescribeVpcs") == 5


def test_refused_read_has_the_words_of_aws_and_is_remembered(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    hostile = "You are not authorized. <script>alert(1)</script> | `x`"
    scripted.script["DescribeVpcs"] = lambda _: ec2_error("UnauthorizedOperation", hostile, 403)
    reader = aws.reader(ROLES)

    with pytest.raises(AwsError, match="UnauthorizedOperation"):
        reader.read(scope(), "ec2:DescribeVpcs")
    with pytest.raises(AwsError) as caught:
        reader.read(scope(), "ec2:DescribeVpcs")

    error = caught.value
    assert (error.scope, error.action) == (scope(), "ec2:DescribeVpcs")
    assert (error.code, error.message) == ("UnauthorizedOperation", hostile)
    assert error.request_id == REQUEST_ID
    assert scripted.count("DescribeVpcs") == 1


@pytest.mark.parametrize(
    ("fault", "rounds"),
    [
        (ec2_error("RequestLimitExceeded", status=503), 3),
        (ec2_error("InternalError", status=500), 1),
        (Reply(cut=True), 1),
    ],
)
def test_read_is_tried_again_a_bounded_number_of_times(
    fault: Reply, rounds: int, aws: ConnectedAws, scripted: ScriptedAws, no_waiting: list[float]
) -> None:
    scripted.script["DescribeVpcs"] = lambda _: fault

    with pytest.raises(AwsError, match=r"RequestLimitExceeded|InternalError|ConnectionClosedError"):
        aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs")

    assert scripted.count("DescribeVpcs") == READ_ATTEMPTS * rounds
    assert len(no_waiting) == READ_ATTEMPTS * rounds - 1
    assert max(no_waiting) <= 20


def test_throttled_sign_in_and_read_succeed_in_the_end(
    aws: ConnectedAws, scripted: ScriptedAws, no_waiting: list[float]
) -> None:
    def at_third(name: str, fault: Reply, good: Reply | None = None) -> None:
        def answer(asked: Asked) -> Reply:
            if scripted.count(name) < 3:
                return fault
            return good or scripted.assumed(asked)

        scripted.script[name] = answer

    at_third("AssumeRole", sts_error("Throttling", status=400))
    at_third("DescribeVpcs", ec2_error("RequestLimitExceeded", status=503), vpcs("vpc-1"))

    assert [*aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs")] == [{"VpcId": "vpc-1"}]


def test_parameters_that_aws_would_not_take_are_an_error_of_the_scope(
    aws: ConnectedAws, scripted: ScriptedAws
) -> None:
    with pytest.raises(AwsError, match="ParamValidationError"):
        aws.reader(ROLES).read(scope(), "ec2:DescribeVpcs", Nonsense=1)
