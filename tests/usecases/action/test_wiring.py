"""The action's real surroundings, as far as they need no network."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.adapters import aws
from bot.adapters.runner import RunnerFiles
from bot.errors import ExitCode, GitHubError, UsageError
from bot.model.github import ActionContext, Inputs, OtherEvent
from bot.model.session import RunOrigin
from bot.usecases.action import main
from bot.usecases.action.wiring import _connect
from tests.usecases.action.stage import pull_request, read_outputs

ROLE = "arn:aws:iam::111122223333:role/initial"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    return tmp_path


def test_an_event_that_is_refused_needs_nothing_else(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_EVENT_NAME", "pull_request_target")

    assert main() is ExitCode.FAILURE
    outputs = read_outputs((workspace / "output").read_text())
    assert outputs == {"failure-reason": "unsupported-event"}
    assert "pull_request_target is refused" in capsys.readouterr().out


class Connected:
    """What the connection to AWS was asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.signed_in: tuple[Any, ...] = ()
        self.origin = RunOrigin()
        self.tagged = False
        self.identity: Any = None
        monkeypatch.setattr(aws, "sign_in_with_web_identity", self._sign_in)
        monkeypatch.setattr(aws, "connect", self._connect)

    def _sign_in(self, *given: Any, mask: Any) -> str:
        self.signed_in, self.mask = given, mask
        return "an identity"

    def _connect(self, origin: RunOrigin, *, tagged: bool, identity: Any = None, **_: Any) -> None:
        self.origin, self.tagged, self.identity = origin, tagged, identity


def connect(inputs: Inputs, environ: dict[str, str]) -> None:
    context = ActionContext(
        OtherEvent(""), inputs, "acme/meshes", "0a1b", run_id="77", run_attempt="2"
    )
    _connect(replace(context, event=pull_request()), environ, RunnerFiles(environ, io.StringIO()))


def test_a_role_is_assumed_by_oidc(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = Connected(monkeypatch)

    connect(Inputs(role_to_assume=ROLE, aws_region="eu-west-1"), {"AWS_REGION": "us-west-2"})

    role, token, name, region = connected.signed_in
    assert (role, name, region) == (ROLE, "meshbot-acme.meshes-pr7-run77.2", "eu-west-1")
    assert connected.origin == RunOrigin("acme/meshes", 7, "77", "2", "0a1b")
    assert (connected.tagged, connected.identity) == (False, "an identity")
    supply: Callable[[], str] = token
    with pytest.raises(GitHubError, match="id-token: write"):
        supply()


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-east-2"}, "us-west-2"),
        ({"AWS_DEFAULT_REGION": "us-east-2"}, "us-east-2"),
        ({}, "us-east-1"),
    ],
)
def test_without_the_input_the_environments_region_counts(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], expected: str
) -> None:
    connected = Connected(monkeypatch)

    connect(Inputs(role_to_assume=ROLE), environ)

    assert connected.signed_in[3] == expected


def test_session_tags_are_an_input(monkeypatch: pytest.MonkeyPatch) -> None:
    connected = Connected(monkeypatch)

    connect(Inputs(session_tags="true"), {})
    assert connected.tagged
    with pytest.raises(UsageError, match="session-tags is `true` or `false`"):
        connect(Inputs(session_tags="yes"), {})


def test_without_a_role_it_is_boto3s_chain_in_the_region_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected, environ = Connected(monkeypatch), {"AWS_REGION": "us-west-2"}

    connect(Inputs(aws_region="eu-west-1"), environ)

    assert connected.signed_in == ()
    assert connected.identity is None
    assert environ == {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
