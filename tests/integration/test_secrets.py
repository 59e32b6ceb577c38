"""No secret is shown anywhere, whatever fails, with debug on; on a runner each is masked first.

Secrets are GitHub's tokens, the OIDC token, secret keys and session tokens.
Anywhere is: both outputs, Python's log at DEBUG, the job summary, step outputs, kept files, the
crash log, and all that was sent to GitHub.
"""

from __future__ import annotations

import json
import logging
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.adapters import github
from bot.emulator.aws import Emulator
from bot.emulator.runner import APPLY_PERMISSIONS, PLAN_PERMISSIONS
from bot.errors import ExitCode
from tests.contract.github.checker import Contract
from tests.integration.hosted import MESH, NAME, Hosted, hosted, mesh
from tests.integration.laptop import A, Laptop, member
from tests.integration.secrets import Watch, watch

ROLE = "arn:aws:iam::999999999999:role/meshbot"
CANARY = "canary/9+fdY4kqJHwz0pVbN2sXc7LmTgRuEo5Ai8"


@pytest.fixture(autouse=True)
def debug_ends_with_the_test() -> Iterator[None]:
    logger = logging.getLogger("bot")
    level, handlers = logger.level, list(logger.handlers)
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers


@pytest.fixture
def crashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where crash logs go."""
    folder = tmp_path / "crashes"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits before trying again."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    connect = partial(github.connect, seconds_between_writes=0)
    quick = lambda environ, sleep: connect(environ, sleep=lambda _: None)  # noqa: E731
    monkeypatch.setattr("bot.usecases.action.wiring.github.connect", quick)


def leaked(watching: Watch, places: dict[str, str]) -> list[str]:
    """Where a secret is, as itself or in another spelling of it."""
    assert watching.known, "a run without secrets proves nothing"
    shown = {"printed": watching.shown(), **places}
    spellings = {s for secret in watching.known for s in (secret, json.dumps(secret)[1:-1])}
    return [where for where, text in shown.items() if any(s in text for s in spellings)]


def texts(folder: Path) -> str:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return "\n".join(path.read_text("utf-8", "replace") for path in files)


# --- on a runner


@dataclass
class Stage:
    """A repository, and one run of the action in this process."""

    story: Hosted
    watching: Watch
    monkeypatch: pytest.MonkeyPatch
    crashes: Path
    caplog: pytest.LogCaptureFixture
    bug: bool = False
    """Whether one is expected."""

    def run(self, event: str = "pull_request", **inputs: str) -> int:
        """A run with debug on; checks afterwards that nothing leaked."""
        story, applying = self.story, event != "pull_request"
        wanted = {} if applying else {"number": story.pull({MESH: mesh(*story.vpcs)})}
        given = {"role_to_assume": ROLE, "debug": "true", **inputs}
        permissions = APPLY_PERMISSIONS if applying else PLAN_PERMISSIONS
        job = story.prepare(event, wanted, permissions, **given)
        for name, value in {**job.variables, "AWS_SECRET_ACCESS_KEY": CANARY}.items():
            self.monkeypatch.setenv(name, value)
        self.monkeypatch.chdir(job.workspace)
        request_token = job.variables["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
        self.watching.known |= {job.variables["INPUT_GITHUB-TOKEN"], request_token, CANARY}
        self.watching.expected = True
        code = self.watching.run("action")
        places = {
            "log": self.caplog.text,
            "crash log": texts(self.crashes),
            "summary and outputs": "".join(path.read_text() for path in job.files.values()),
            "kept files": texts(job.workspace),
            "GitHub": json.dumps(story.github.state(NAME)),
            "sent to GitHub": json.dumps([e.get("body") for e in story.github.exchanges()]),
        }
        assert leaked(self.watching, places) == []
        assert self.watching.unmasked == []
        bug = "unexpected failure" in self.watching.shown()
        assert bug is self.bug, texts(self.crashes)
        return code


@pytest.fixture
def stage(
    aws_process: Emulator,
    service_models_loaded_once: None,
    states_asked_for_soon: None,
    impatient: None,
    tmp_path: Path,
    crashes: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Stage]:
    caplog.set_level(logging.DEBUG)
    with hosted(aws_process, tmp_path, Contract()) as story:
        yield Stage(story, watch(monkeypatch), monkeypatch, crashes, caplog)


def masked(stage: Stage) -> set[str]:
    return set(re.findall(r"^::add-mask::(.*)$", stage.watching.out.getvalue(), re.MULTILINE))


def test_plan_masks_every_secret_it_is_given(stage: Stage) -> None:
    assert stage.run() == ExitCode.SUCCESS

    assert masked(stage) == stage.watching.known
    assert len(stage.watching.known) == 3 + 1 + 2 * (1 + 3)  # OIDC; the initial role, the members
    assert "sts:AssumeRole" in stage.watching.err.getvalue(), "debug was on"


def test_apply_masks_every_secret_it_is_given(stage: Stage) -> None:
    assert stage.run("push", require_pull_request="false") == ExitCode.SUCCESS

    assert masked(stage) == stage.watching.known
    assert "ec2:CreateVpcPeeringConnection" in stage.watching.err.getvalue()


def test_secrets_of_a_session_that_is_not_used_are_masked_too(stage: Stage) -> None:
    def elsewhere(action: str, _: str, body: bytes) -> bytes | None:
        return body.replace(b"sts::999999999999", b"sts::666666666666")

    stage.watching.answering = elsewhere

    assert stage.run() == ExitCode.FAILURE
    assert stage.watching.known <= masked(stage)


def aws_fault(**fault: Any) -> Callable[[Stage], None]:
    def told(stage: Stage) -> None:
        stage.story.aws.settings(faults=[fault])

    return told


def github_fault(kind: str, path: str, **rule: Any) -> Callable[[Stage], None]:
    return lambda stage: stage.story.github.fault(kind, path=path, times=0, **rule)


def cut(wanted: str) -> Callable[[Stage], None]:
    """AWS's answers to an action end in the middle of a line, the keys still whole."""

    def answering(action: str, _: str, body: bytes) -> bytes | None:
        return body[: body.rfind(b"</SessionToken>") + 3] if action == wanted else None

    return lambda stage: setattr(stage.watching, "answering", answering)


def quoted(stage: Stage) -> None:
    """AWS refuses a signature, and shows the request that it was over."""

    def answering(action: str, token: str, _: bytes) -> bytes | None:
        if not action.startswith("Describe"):
            return None
        words = f"The Canonical String should have been 'POST\n/\n\nx-amz-security-token:{token}\n'"
        code = "<Code>SignatureDoesNotMatch</Code>"
        error = f"<Errors><Error>{code}<Message>{words}</Message></Error></Errors>"
        return f"<Response>{error}<RequestID>r</RequestID></Response>".encode()

    stage.watching.answering, stage.watching.status = answering, 403


def crash(stage: Stage) -> None:
    """A bug whose message has what it was working with."""

    def answering(action: str, token: str, _: bytes) -> bytes | None:
        if action.startswith("Describe"):
            held = {"X-Amz-Security-Token": token, "Authorization": f"Bearer {CANARY}"}
            raise RuntimeError(f"no such header: {held} in <SecretAccessKey>{CANARY}</Secret…")
        return None

    stage.watching.answering, stage.bug = answering, True


FAILURES = {
    "STS refuses GitHub's token": aws_fault(
        action="AssumeRoleWithWebIdentity", error="AccessDenied", message="not you"
    ),
    "STS refuses a member role": aws_fault(action="AssumeRole", error="AccessDenied"),
    "STS drops the connection": aws_fault(action="AssumeRoleWithWebIdentity", drop="after"),
    "EC2 drops the connection": aws_fault(action="DescribeVpcs", drop="after"),
    "credentials expire": aws_fault(action="Describe*", error="ExpiredToken"),
    "an answer of STS is cut": cut("AssumeRoleWithWebIdentity"),
    "an answer of STS about a member is cut": cut("AssumeRole"),
    "EC2 quotes the request": quoted,
    "a bug": crash,
    "GitHub gives no OIDC token": github_fault("error", "/idtoken"),
    "GitHub has no comments": github_fault("error", "/comments"),
    "GitHub has nothing": github_fault("error", ""),
    "GitHub's answers are cut": github_fault("cut", "/repos/"),
    "GitHub forbids": github_fault("forbidden", "check-runs"),
}


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
def test_failure_of_a_plan_shows_no_secret(stage: Stage, fail: Callable[[Stage], None]) -> None:
    fail(stage)

    stage.run()


@pytest.mark.parametrize(
    "fail",
    [
        aws_fault(action="CreateVpcPeeringConnection", error="UnauthorizedOperation"),
        aws_fault(action="CreateRoute", drop="after"),
        github_fault("error", "/deployments"),
    ],
    ids=["refused", "lost", "no deployments"],
)
def test_failure_of_an_apply_shows_no_secret(stage: Stage, fail: Callable[[Stage], None]) -> None:
    fail(stage)

    stage.run("push", require_pull_request="false")


def test_bug_is_told_without_its_message(stage: Stage) -> None:
    crash(stage)

    assert stage.run() == ExitCode.FAILURE
    assert "no such header" in texts(stage.crashes)
    assert "no such header" not in stage.watching.shown()


# --- on a laptop


@pytest.fixture
def desk(
    laptop: Laptop, impatient: None, crashes: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Laptop, Watch]:
    """A laptop with something to do, signed in by a key that is known."""
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
    watching = watch(monkeypatch)
    watching.known.add(CANARY)
    return laptop, watching


Desk = tuple[Laptop, Watch]


@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"action": "AssumeRole", "error": "AccessDenied", "account": A},
        {"action": "Describe*", "drop": "after"},
        {"action": "Create*", "error": "UnauthorizedOperation"},
    ],
    ids=["fine", "refused", "lost", "half"],
)
def test_command_shows_no_secret(
    command: str, fault: dict[str, Any], desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    laptop, watching = desk
    caplog.set_level(logging.DEBUG)
    laptop.fault(*[fault] * bool(fault))
    more = {"plan": ["--out", "plan.json"], "apply": ["--yes"], "drift": []}[command]

    watching.run(command, "--debug", *more)

    assert watching.shown().strip()
    assert "unexpected failure" not in watching.shown()
    assert "::add-mask::" not in watching.out.getvalue(), "there is no runner to tell"
    assert leaked(watching, {"log": caplog.text, "files": texts(laptop.folder)}) == []


PASSWORD = "p@ss:w%2Frd"  # noqa: S105


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_ENDPOINT_URL": f"http://me:{PASSWORD}@127.0.0.1:9"},
        {"AWS_ENDPOINT_URL": f"http://me:{PASSWORD}@:x"},
        {"AWS_ENDPOINT_URL": f"me:{PASSWORD}@nowhere"},
        {"HTTP_PROXY": f"http://me:{PASSWORD}@127.0.0.1:9", "NO_PROXY": ""},
        {"HTTP_PROXY": f"http://me:{PASSWORD}@:x", "NO_PROXY": ""},
    ],
    ids=["endpoint", "broken endpoint", "endpoint without scheme", "proxy", "broken proxy"],
)
def test_password_in_an_address_is_not_shown(
    variables: dict[str, str],
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    _, watching = desk
    caplog.set_level(logging.DEBUG)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    code = watching.run("plan", "--debug")

    shown = watching.shown() + caplog.text
    assert (code == ExitCode.FAILURE) or "could not be read" in shown, shown
    assert not [part for part in (PASSWORD, "p@ss", "w%2Frd") if part in shown]


def test_password_in_the_address_of_github_is_not_shown(stage: Stage) -> None:
    stage.monkeypatch.setenv("GITHUB_API_URL", "unused")
    prepare = stage.story.prepare

    def with_password(*given: Any, **more: Any) -> Any:
        job = prepare(*given, **more)
        address = job.variables["GITHUB_API_URL"].replace("://", f"://me:{PASSWORD}@")
        job.variables["GITHUB_API_URL"] = address
        return job

    stage.monkeypatch.setattr(stage.story, "prepare", with_password)
    stage.watching.known.add(PASSWORD)

    assert stage.run() == ExitCode.USAGE
    assert "GITHUB_API_URL" in stage.watching.shown()
