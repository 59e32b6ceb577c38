"""What looks like a secret goes; what helps to understand a failure stays."""

from __future__ import annotations

import time

import pytest

from bot.adapters.redaction import without_secrets

KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvIn0.c2lnbmF0dXJl-_"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"x-amz-security-token:{KEY}\nhost:sts", "x-amz-security-token:***\nhost:sts"),
        (f"{{'X-Amz-Security-Token': '{KEY}', 'a': 1}}", "{'X-Amz-Security-Token': '***', 'a': 1}"),
        (f"…?X-Amz-Security-Token={KEY}&b=2", "…?X-Amz-Security-Token=***&b=2"),
        (f"<SecretAccessKey>{KEY}</SecretAc", "<SecretAccessKey>***</SecretAc"),
        (f'{{"SessionToken": "{KEY}", "x": 1}}', '{"SessionToken": "***", "x": 1}'),
        (f"aws_secret_access_key = {KEY}", "aws_secret_access_key = ***"),
        (f"aws_secret_access_key     =     {KEY}", "aws_secret_access_key     =     ***"),
        (rf"{{\"SessionToken\": \"{KEY}\"}}", r"{\"SessionToken\": \"***\"}"),
        (rf"\"x-amz-security-token\":\"{KEY}\"", r"\"x-amz-security-token\":\"***\""),
        (f"SessionToken&quot;:&quot;{KEY}&quot;", "SessionToken&quot;:&quot;***&quot;"),
        (f"AWS_SESSION_TOKEN={KEY}", "AWS_SESSION_TOKEN=***"),
        (f"token {JWT} is bad", "token *** is bad"),
        ("remote: ghs_16C7e42F292c6912E7710c838347Ae178B4a", "remote: ***"),
        ("github_pat_11ABCDEFG0123456789_abcdef", "***"),
        (f"Authorization: Bearer {KEY}", "Authorization: Bearer ***"),
        ("at http://me:pw@host:1/x", "at http://***@host:1/x"),
        ('proxy "http://me:p@ss:w/rd@host"', 'proxy "http://***@host"'),
    ],
)
def test_secrets_go(text: str, clean: str) -> None:
    assert without_secrets(text) == clean


@pytest.mark.parametrize(
    "text",
    [
        "User: arn:aws:sts::111122223333:assumed-role/SSO/jane@acme.com is not authorized",
        "The security token included in the request is invalid",
        "https://sts.us-east-1.amazonaws.com/ cannot be reached; ask net@acme.com",
        "role mesh-plan in 111122223333 (AccessDenied, request 7a62c49f-347e-4fc4-9331)",
        "The job needs `id-token: write`",
        "SecretAccessKey is missing",
    ],
)
def test_the_rest_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_long_hostile_text_is_read_in_time() -> None:
    began = time.process_time()

    for text in ("//" * 50_000, "bearer " * 20_000, "SessionToken" * 10_000, "eyJ" * 30_000):
        without_secrets(text)

    assert time.process_time() - began < 2
