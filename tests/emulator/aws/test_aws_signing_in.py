"""AssumeRole and AssumeRoleWithWebIdentity.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from bot.emulator.aws import Emulator

ROLE = "arn:aws:iam::444444444444:role/some/path/worker"


@pytest.fixture
def sts(aws: Emulator) -> Any:
    keys: Any = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return boto3.client("sts", endpoint_url=aws.url, region_name="eu-west-1", **keys)


def _identity(aws: Emulator, answer: Any) -> Any:
    got = answer["Credentials"]
    return boto3.client(
        "sts",
        endpoint_url=aws.url,
        region_name="eu-west-1",
        aws_access_key_id=got["AccessKeyId"],
        aws_secret_access_key=got["SecretAccessKey"],
        aws_session_token=got["SessionToken"],
    )


def test_role_of_any_account(aws: Emulator, sts: Any) -> None:
    """API_AssumeRole: credentials of the role, in its account; GetCallerIdentity tells."""
    answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="me@1")

    found = _identity(aws, answer).get_caller_identity()

    assert found["Account"] == "444444444444"
    assert found["Arn"] == "arn:aws:sts::444444444444:assumed-role/worker/me@1"
    assert answer["AssumedRoleUser"]["Arn"] == found["Arn"]


def test_denied_account_and_denied_role(aws: Emulator, sts: Any, code: Any) -> None:
    """API_AssumeRole, errors: AccessDenied, as an account's trust policy gives it."""
    aws.settings(unassumable=["444444444444", "arn:aws:iam::555555555555:role/one"])
    five = "arn:aws:iam::555555555555:role/"

    assert code(sts.assume_role, RoleArn=ROLE, RoleSessionName="me") == "AccessDenied"
    assert code(sts.assume_role, RoleArn=five + "one", RoleSessionName="me") == "AccessDenied"
    assert sts.assume_role(RoleArn=five + "two", RoleSessionName="me")["Credentials"]


def test_external_id(aws: Emulator, sts: Any, code: Any) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html: a role may want an
    ExternalId."""
    aws.settings(external_ids={"444444444444": "secret"})
    role = {"RoleArn": ROLE, "RoleSessionName": "me"}

    assert code(sts.assume_role, **role) == "AccessDenied"
    assert code(sts.assume_role, **role, ExternalId="guess") == "AccessDenied"
    assert sts.assume_role(**role, ExternalId="secret")["Credentials"]


def test_chained_roles_last_an_hour(aws: Emulator, sts: Any, code: Any) -> None:
    """API_AssumeRole: "role chaining limits your … session to a maximum of one hour"; a longer
    DurationSeconds fails."""
    first = _identity(aws, sts.assume_role(RoleArn=ROLE, RoleSessionName="me"))
    role = {"RoleArn": ROLE, "RoleSessionName": "me"}

    assert code(first.assume_role, **role, DurationSeconds=3601) == "ValidationError"
    assert first.assume_role(**role, DurationSeconds=3600)["Credentials"]
    assert sts.assume_role(**role, DurationSeconds=7200)["Credentials"]


def _token(**claims: Any) -> str:
    parts = [json.dumps({"alg": "RS256"}), json.dumps(claims), "signature"]
    return ".".join(base64.urlsafe_b64encode(p.encode()).decode().rstrip("=") for p in parts)


def test_web_identity(aws: Emulator, code: Any) -> None:
    """API_AssumeRoleWithWebIdentity: no credentials needed; errors: InvalidIdentityToken,
    ExpiredToken."""
    aws.settings(oidc_audience="sts.amazonaws.com")
    config = Config(signature_version=UNSIGNED)
    sts = boto3.client("sts", endpoint_url=aws.url, region_name="eu-west-1", config=config)
    role = {"RoleArn": ROLE, "RoleSessionName": "me"}
    sign_in = sts.assume_role_with_web_identity
    later = time.time() + 60

    got = sign_in(**role, WebIdentityToken=_token(aud="sts.amazonaws.com", exp=later))

    assert _identity(aws, got).get_caller_identity()["Account"] == "444444444444"
    other = _token(aud="elsewhere", exp=later)
    assert code(sign_in, **role, WebIdentityToken=other) == "InvalidIdentityToken"
    assert code(sign_in, **role, WebIdentityToken="no token") == "InvalidIdentityToken"
    old = _token(aud="sts.amazonaws.com", exp=1)
    assert code(sign_in, **role, WebIdentityToken=old) == "ExpiredTokenException"
    assert [c.service for c in aws.calls() if c.action == "AssumeRoleWithWebIdentity"] == [
        "sts"
    ] * 4


@pytest.mark.parametrize(
    ("arn", "name"),
    [("arn:aws:iam::12:role/x", "me"), (ROLE, "x y"), (ROLE, "x" * 65)],
    ids=["account", "space", "long"],
)
def test_malformed_requests(sts: Any, code: Any, arn: str, name: str) -> None:
    """API_AssumeRole: RoleArn; RoleSessionName is 2 to 64 of [\\w+=,.@-]."""
    assert code(sts.assume_role, RoleArn=arn, RoleSessionName=name) == "ValidationError"
