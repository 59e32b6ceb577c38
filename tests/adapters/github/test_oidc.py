"""The OIDC token: asked for with the audience, masked, never shown."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import responses

from bot.adapters.github.oidc import token_supplier
from bot.errors import GitHubError
from tests.adapters.github.api import Waits, sent

PLACE = "http://127.0.0.1:9/token"
URL = f"{PLACE}?api-version=2.0"
ENVIRON = {"ACTIONS_ID_TOKEN_REQUEST_URL": URL, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-secret"}


def supply(masked: list[str] | None = None) -> str:
    mask = (masked if masked is not None else []).append
    return token_supplier(ENVIRON, "sts.amazonaws.com", mask, Waits())()


@responses.activate
def test_a_token_is_asked_for_and_masked() -> None:
    responses.get(PLACE, json={"value": "jwt", "count": 3})
    masked: list[str] = []

    assert supply(masked) == "jwt"
    assert masked == ["jwt"]
    request = sent("GET")[0].request
    assert request.url == f"{URL}&audience=sts.amazonaws.com"
    assert request.headers["Authorization"] == "Bearer bearer-secret"


@responses.activate
@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"body": requests.ConnectionError("x")}, {"body": "{"}]
)
def test_a_passing_fault_is_tried_again(fault: dict[str, Any]) -> None:
    responses.get(PLACE, **fault)
    responses.get(PLACE, json={"value": "jwt"})

    assert supply() == "jwt"


@responses.activate
@pytest.mark.parametrize(
    "answer", [{"status": 403}, {"json": {}}, {"json": []}, {"json": {"value": 5}}, {"status": 302}]
)
def test_no_token_is_an_error_without_secrets(answer: dict[str, Any]) -> None:
    responses.get(PLACE, **answer)

    with pytest.raises(GitHubError) as caught:
        supply()
    assert "secret" not in str(caught.value)
    assert URL not in str(caught.value)
    assert len(sent("GET")) == 1


@pytest.mark.parametrize("missing", sorted(ENVIRON))
def test_without_the_permission_the_error_names_the_line_to_add(missing: str) -> None:
    environ = {name: value for name, value in ENVIRON.items() if name != missing}

    with pytest.raises(GitHubError, match="Add `id-token: write`"):
        token_supplier(environ, "sts.amazonaws.com", lambda _: None)()
