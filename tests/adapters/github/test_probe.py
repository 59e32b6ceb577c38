"""The token is tried with reads alone, and whatever GitHub says is an answer."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import responses

from bot.adapters.github.probe import probe_token
from bot.model.doctor import TokenFacts
from tests.adapters.github.api import API, REPO, sent

ENVIRON = {"GITHUB_API_URL": API, "GITHUB_REPOSITORY": "acme/net", "GITHUB_TOKEN": "t0ken"}
PATHS = {
    "contents": "commits",
    "pull-requests": "pulls",
    "checks": "commits/trunk%2F1/check-runs",
    "actions": "actions/artifacts",
    "deployments": "deployments",
    "issues": "issues",
}
ALL = tuple(PATHS)


def repository(*, private: bool = True, headers: dict[str, str] | None = None) -> None:
    answer = {"private": private, "default_branch": "trunk/1"}
    responses.get(REPO, json=answer, headers=headers or {})


def reads(*refused: str, status: int = 403) -> None:
    for permission, path in PATHS.items():
        body: Any = {"message": "Resource not accessible by integration"}
        if permission in refused:
            responses.get(f"{REPO}/{path}", json=body, status=status)
        else:
            responses.get(f"{REPO}/{path}", json=[])


@responses.activate
def test_each_permission_is_tried_with_one_small_read() -> None:
    repository()
    reads("issues", "checks")

    facts = probe_token(ENVIRON)

    assert facts.repository == "acme/net"
    assert facts.allowed == ("contents", "pull-requests", "actions", "deployments")
    assert set(facts.refused) == {"issues", "checks"}
    assert "Resource not accessible" in facts.refused["issues"]
    assert "`issues: read`" in facts.refused["issues"]
    assert (facts.scopes, facts.public, facts.problem) == (None, False, "")
    assert len(sent("GET")) == len(responses.calls) == 1 + len(PATHS)


@responses.activate
def test_classic_token_tells_its_scopes() -> None:
    repository(private=False, headers={"X-OAuth-Scopes": "repo, workflow"})
    reads()

    facts = probe_token(ENVIRON)

    assert (facts.scopes, facts.public) == (frozenset({"repo", "workflow"}), True)
    assert facts.allowed == ALL


@responses.activate
def test_empty_repository_may_be_read() -> None:
    repository(headers={"X-OAuth-Scopes": ""})
    reads("contents", status=409)

    facts = probe_token(ENVIRON)

    assert (facts.allowed, facts.refused, facts.scopes) == (ALL, {}, frozenset())


@responses.activate
def test_bad_token_is_a_problem() -> None:
    responses.get(REPO, json={"message": "Bad credentials"}, status=401)

    facts = probe_token(ENVIRON)

    assert "Bad credentials" in facts.problem
    assert "t0ken" not in repr(facts)


@pytest.mark.parametrize(
    ("environ", "problem"),
    [
        ({}, "GITHUB_TOKEN is not set"),
        ({"GITHUB_TOKEN": "t"}, "GITHUB_REPOSITORY is not set"),
        ({"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "acme"}, "not owner/name"),
        ({**ENVIRON, "GITHUB_API_URL": "ftp://x"}, "not the address of an API"),
    ],
)
def test_nothing_is_asked_where_nothing_can_be(environ: dict[str, str], problem: str) -> None:
    assert problem in probe_token(environ).problem


def test_job_knows_whether_it_may_ask_for_an_oidc_token() -> None:
    facts = probe_token({"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": "https://x"})

    assert facts == TokenFacts(
        in_actions=True, oidc=True, problem="GITHUB_TOKEN is not set: GitHub was not asked"
    )


@responses.activate
def test_input_of_the_action_comes_before_the_variable() -> None:
    repository()
    reads()

    probe_token({**ENVIRON, "INPUT_GITHUB-TOKEN": "the input"})

    sent_with = {str(call.request.headers["Authorization"]) for call in sent("GET")}
    assert sent_with == {"token the input"}
    assert isinstance(responses.calls[0].response, requests.Response)
