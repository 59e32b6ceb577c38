"""The initial identity: the standard chain's failures, OIDC, STS's endpoints, secrets."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from bot.adapters.aws import ConnectedAws, connect, sign_in_with_web_identity
from bot.adapters.aws.initial import standard_identity
from bot.errors import AwsError, BotError
from tests.adapters.aws.conftest import ONE, ROLES, Hands, scope
from tests.adapters.aws.scripted import (
    SECRET,
    TOKEN,
    Asked,
    Reply,
    ScriptedAws,
    sts_error,
    vpcs,
)

INITIAL_ROLE = "arn:aws:iam::999999999999:role/meshbot"
OIDC_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvOm8vciJ9.c2lnbmF0dXJl"  # noqa: S105


def read_error() -> AwsError:
    with pytest.raises(AwsError) as caught:
        connect().reader(ROLES).read(scope(), "ec2:DescribeVpcs")
    return caught.value


def test_no_credentials_at_all_says_what_to_set(
    scripted: ScriptedAws, no_credentials: None
) -> None:
    error = read_error()

    assert (error.code, error.action, error.scope) == (
        "NoCredentialsError",
        "sts:AssumeRole",
        scope(),
    )
    assert "AWS_PROFILE" in error.message
    assert "role-to-assume" in error.message
    assert not scripted.asked


@pytest.fixture
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)


def test_unknown_profile(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")

    with pytest.raises(AwsError, match="nobody") as caught:
        connect()

    assert caught.value.code == "ProfileNotFound"


def test_missing_token_file_of_the_standard_chain(
    scripted: ScriptedAws, no_credentials: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "missing"))
    monkeypatch.setenv("AWS_ROLE_ARN", INITIAL_ROLE)

    assert read_error().code == "FileNotFoundError"


def test_expired_initial_credentials(scripted: ScriptedAws) -> None:
    message = "The security token included in the request is expired"
    scripted.script["AssumeRole"] = lambda _: sts_error("ExpiredToken", message)

    error = read_error()

    assert (error.code, error.message) == ("ExpiredToken", message)


def test_endpoint_that_nobody_serves(
    credentials: None, monkeypatch: pytest.MonkeyPatch, no_waiting: list[float]
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://user:hidden@127.0.0.1:{port}")

    error = read_error()

    assert error.code == "EndpointConnectionError"
    assert "AWS_ENDPOINT_URL" in error.message
    assert "hidden" not in str(error)
    assert len(no_waiting) == 3


def test_endpoint_that_is_no_url(credentials: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")

    assert read_error().code == "InvalidEndpoint"


def test_silent_endpoint_is_given_up(
    scripted: ScriptedAws, monkeypatch: pytest.MonkeyPatch, no_waiting: list[float]
) -> None:
    monkeypatch.setattr("bot.adapters.aws.clients.READ_TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")

        error = read_error()

    assert error.code == "ReadTimeoutError"
    assert len(no_waiting) == 3


def test_answer_that_is_not_aws(scripted: ScriptedAws, no_waiting: list[float]) -> None:
    scripted.script["AssumeRole"] = lambda _: Reply("<html>welcome to the hotel's network", 200)

    assert read_error().code == "ResponseParserError"


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("eu-west-1", "https://sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com"),
    ],
)
def test_sts_endpoint_is_regional_whatever_the_environment_says(
    region: str, expected: str, credentials: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "legacy")

    assert standard_identity(4).sts(region).meta.endpoint_url == expected


def test_oidc_token_opens_the_initial_role_that_opens_the_member_role(
    scripted: ScriptedAws, no_credentials: None, clock: Hands
) -> None:
    identity = sign_in_with_web_identity(
        INITIAL_ROLE, OIDC_TOKEN, "meshbot pr", "eu-west-1", now=clock
    )

    list(connect(identity=identity, now=clock).reader(ROLES).read(scope(), "ec2:DescribeVpcs"))

    signed_in = scripted.asked[0]
    assert signed_in.action == "AssumeRoleWithWebIdentity"
    assert signed_in.parameters["WebIdentityToken"] == OIDC_TOKEN
    assert signed_in.parameters["RoleSessionName"] == "meshbot-pr"
    assert signed_in.key_id == ""  # nothing to sign with yet
    assert [asked.key_id for asked in scripted.asked[1:]] == ["ASIA999999999999N1", f"ASIA{ONE}N1"]
    assert scripted.last("AssumeRole").region == "eu-west-1"


def test_initial_session_is_renewed_with_a_fresh_token(
    scripted: ScriptedAws, no_credentials: None, clock: Hands
) -> None:
    tokens = iter(["first-token", "second-token"])
    identity = sign_in_with_web_identity(
        INITIAL_ROLE, lambda: next(tokens), "meshbot", "us-east-1", now=clock
    )
    writer = connect(identity=identity, now=clock).writer(ROLES)
    list(writer.poll(scope(), "ec2:DescribeVpcs"))

    clock.move(minutes=57)
    list(writer.poll(scope(), "ec2:DescribeVpcs"))

    sign_ins = [a for a in scripted.asked if a.action == "AssumeRoleWithWebIdentity"]
    assert [a.parameters["WebIdentityToken"] for a in sign_ins] == ["first-token", "second-token"]
    assert scripted.last("AssumeRole").key_id == "ASIA999999999999N2"


def test_refused_token_is_an_error_at_once_that_does_not_show_it(
    scripted: ScriptedAws, no_credentials: None
) -> None:
    scripted.script["AssumeRoleWithWebIdentity"] = lambda _: sts_error(
        "InvalidIdentityToken", f"Not our provider's: {OIDC_TOKEN}"
    )

    with pytest.raises(AwsError) as caught:
        sign_in_with_web_identity(INITIAL_ROLE, OIDC_TOKEN, "meshbot", "us-east-1")

    error = caught.value
    assert (error.code, error.scope) == ("InvalidIdentityToken", None)
    assert error.action == "sts:AssumeRoleWithWebIdentity"
    assert error.message.startswith("Not our provider's: *** (check the input audience")


def test_token_that_cannot_be_had(scripted: ScriptedAws, no_credentials: None) -> None:
    def supply() -> str:
        raise BotError("GitHub said 503")

    with pytest.raises(AwsError, match="no OIDC token to sign in with: GitHub said 503"):
        sign_in_with_web_identity(INITIAL_ROLE, supply, "meshbot", "us-east-1")


def test_no_secret_is_logged_even_when_everything_is(
    scripted: ScriptedAws, no_credentials: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("botocore").setLevel(logging.NOTSET)

    identity = sign_in_with_web_identity(INITIAL_ROLE, OIDC_TOKEN, "meshbot", "us-east-1")
    list(connect(identity=identity).reader(ROLES).read(scope(), "ec2:DescribeVpcs"))
    logging.getLogger("bot").debug("that the log is read")

    assert "that the log is read" in caplog.text
    for secret in (OIDC_TOKEN, SECRET, TOKEN, "secretOfTheInitialIdentity"):
        assert secret not in caplog.text


def test_no_secret_is_in_a_repr_or_an_error(
    aws: ConnectedAws, scripted: ScriptedAws, held: Callable[[object], str]
) -> None:
    def echo(asked: Asked) -> Reply:
        return sts_error(
            "SignatureDoesNotMatch", f"should have been x-amz-security-token:{TOKEN} x"
        )

    reader, writer = aws.reader(ROLES), aws.writer(ROLES)
    list(reader.read(scope(), "ec2:DescribeVpcs"))
    scripted.script["DescribeVpcs"] = echo
    with pytest.raises(AwsError) as caught:
        writer.poll(scope(), "ec2:DescribeVpcs")

    assert caught.value.code == "SignatureDoesNotMatch"
    assert TOKEN not in str(caught.value) + caught.value.message
    for thing in (aws, reader, writer):
        shown = held(thing)
        assert SECRET not in shown
        assert TOKEN not in shown


@pytest.fixture
def held() -> Callable[[object], str]:
    """The repr of a thing and of all that its attributes lead to in the adapter."""

    def shown(thing: object, depth: int = 6) -> str:
        text = repr(thing)
        if depth and (type(thing).__module__ or "").startswith("bot."):
            names = getattr(thing, "__slots__", None) or vars(thing)
            return text + "".join(shown(getattr(thing, name), depth - 1) for name in names)
        if depth and isinstance(thing, dict):
            return text + "".join(shown(value, depth - 1) for value in thing.values())
        return text

    return shown


def test_long_run_never_signs_with_what_has_expired(
    scripted: ScriptedAws, no_credentials: None, clock: Hands
) -> None:
    issued: dict[str, datetime] = {}

    def assumed(asked: Asked) -> Reply:
        refused = expired(asked)
        issued[f"ASIA{asked.account}N{scripted.count(asked.action)}"] = clock()
        return refused or scripted.assumed(asked)

    def expired(asked: Asked) -> Reply | None:
        """As STS and EC2 judge what a request was signed with."""
        if asked.key_id and clock() - issued[asked.key_id] >= scripted.life:
            return sts_error(
                "ExpiredToken", "The security token included in the request is expired"
            )
        return None

    for action in ("AssumeRole", "AssumeRoleWithWebIdentity"):
        scripted.script[action] = assumed
    scripted.script["DescribeVpcs"] = lambda asked: expired(asked) or vpcs("vpc-1")
    tokens = (f"token-{number}" for number in count(1))
    identity = sign_in_with_web_identity(
        INITIAL_ROLE, lambda: next(tokens), "meshbot", "us-east-1", now=clock
    )
    writer = connect(identity=identity, now=clock).writer(ROLES)

    for _ in range(50):  # ten hours
        assert [item["VpcId"] for item in writer.poll(scope(), "ec2:DescribeVpcs")] == ["vpc-1"]
        clock.move(minutes=12)

    sign_ins = [a for a in scripted.asked if a.action == "AssumeRoleWithWebIdentity"]
    used = [asked.parameters["WebIdentityToken"] for asked in sign_ins]
    assert used == [f"token-{number}" for number in range(1, len(used) + 1)]
    assert len(used) >= 10


@pytest.mark.parametrize(
    ("partition", "region", "asked_in"),
    [
        ("aws-cn", "us-east-1", "cn-north-1"),
        ("aws-us-gov", "eu-west-1", "us-gov-west-1"),
        ("aws-cn", "cn-northwest-1", "cn-northwest-1"),
        ("aws", "eu-west-1", "eu-west-1"),
    ],
)
def test_sign_in_is_asked_for_in_the_partition_of_the_role(
    partition: str, region: str, asked_in: str, scripted: ScriptedAws, no_credentials: None
) -> None:
    arn = f"arn:{partition}:iam::999999999999:role/meshbot"

    identity = sign_in_with_web_identity(arn, OIDC_TOKEN, "meshbot", region)

    assert identity.region == asked_in


@pytest.mark.parametrize(
    ("code", "advice"), [("AccessDenied", "aud and sub"), ("InvalidIdentityToken", "com.cn")]
)
def test_refused_sign_in_says_what_to_compare(
    code: str, advice: str, scripted: ScriptedAws, no_credentials: None
) -> None:
    scripted.script["AssumeRoleWithWebIdentity"] = lambda _: sts_error(code, "Not authorized")

    with pytest.raises(AwsError, match=advice) as caught:
        sign_in_with_web_identity(INITIAL_ROLE, OIDC_TOKEN, "meshbot", "us-east-1")

    assert caught.value.code == code
