"""DynamoDB and S3: moto's, counted by AWS's names, and within reach of faults.

Conditions: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html and
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from bot.emulator.aws import Emulator

Client = Callable[..., Any]
HERE = "111111111111"


@pytest.fixture
def s3(client: Client) -> Any:
    made = client(HERE, service="s3")
    made.create_bucket(Bucket="bucket")
    return made


@pytest.fixture
def table(client: Client) -> Any:
    made = client(HERE, service="dynamodb")
    made.create_table(
        TableName="table",
        KeySchema=[{"AttributeName": "K", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "K", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return made


def test_s3_calls_are_counted_by_their_names(aws: Emulator, s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="a/b", Body=b"x")
    s3.get_object(Bucket="bucket", Key="a/b")["Body"].read()
    s3.delete_object(Bucket="bucket", Key="a/b")

    calls = [call for call in aws.calls() if call.service == "s3"]
    assert [(call.action, call.mutating) for call in calls] == [
        ("CreateBucket", True),
        ("PutObject", True),
        ("GetObject", False),
        ("DeleteObject", True),
    ]
    assert {call.account for call in calls} == {HERE}


def test_s3_answers_a_refusal_in_its_own_form(
    aws: Emulator, s3: Any, code: Callable[..., str]
) -> None:
    aws.settings(faults=[{"action": "PutObject", "error": "SlowDown", "status": 503}])

    assert code(s3.put_object, Bucket="bucket", Key="a", Body=b"x") == "SlowDown"
    aws.settings(faults=[])
    assert code(s3.get_object, Bucket="bucket", Key="a") == "NoSuchKey"


def test_s3_does_not_keep_a_client_waiting_for_the_go_ahead(s3: Any) -> None:
    """botocore waits a second for ``100 Continue`` before it sends a body."""
    start = time.monotonic()

    for _ in range(20):
        s3.put_object(Bucket="bucket", Key="a", Body=b"x")

    assert time.monotonic() - start < 15


def test_s3_writes_and_deletes_on_conditions(s3: Any, code: Callable[..., str]) -> None:
    given = {"Bucket": "bucket", "Key": "a"}
    first = s3.put_object(**given, Body=b"1", IfNoneMatch="*")["ETag"]
    second = s3.put_object(**given, Body=b"2", IfMatch=first)["ETag"]

    assert code(s3.put_object, **given, Body=b"3", IfNoneMatch="*") == "PreconditionFailed"
    assert code(s3.put_object, **given, Body=b"3", IfMatch=first) == "PreconditionFailed"
    assert code(s3.delete_object, **given, IfMatch=first) == "PreconditionFailed"
    s3.delete_object(**given, IfMatch=second)
    assert code(s3.put_object, **given, Body=b"3", IfMatch=second) == "NoSuchKey"


def test_dynamodb_writes_and_deletes_on_conditions(table: Any, code: Callable[..., str]) -> None:
    new: Any = {"TableName": "table", "ConditionExpression": "attribute_not_exists(K)"}
    item = {"K": {"S": "k"}, "V": {"S": "1"}}
    table.put_item(**new, Item=item)

    failed = "ConditionalCheckFailedException"
    assert code(table.put_item, **new, Item=item) == failed
    only = {"TableName": "table", "ConditionExpression": "V = :v", "Key": {"K": {"S": "k"}}}
    assert code(table.delete_item, **only, ExpressionAttributeValues={":v": {"S": "2"}}) == failed
    table.delete_item(**only, ExpressionAttributeValues={":v": {"S": "1"}})
    assert "Item" not in table.get_item(TableName="table", Key={"K": {"S": "k"}})


def test_faults_reach_both(aws: Emulator, s3: Any, table: Any, code: Callable[..., str]) -> None:
    aws.settings(faults=[{"service": "dynamodb", "error": "ThrottlingException"}])

    key = {"K": {"S": "k"}}
    assert code(table.get_item, TableName="table", Key=key) == "ThrottlingException"
    s3.put_object(Bucket="bucket", Key="a", Body=b"x")
