"""A GitHub for each test, every exchange of which must conform to GitHub's own description."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import requests
from github import Auth, Github

from bot.emulator.github import GitHub, Job, running
from tests.contract.github.checker import Contract, exchange_violations

NAME = "acme/network"
EVERYTHING = {
    "actions": "read", "checks": "write", "contents": "write", "deployments": "write",
    "issues": "write", "pull-requests": "write", "id-token": "write",
}  # fmt: skip
Client = Callable[[str], Github]


@pytest.fixture(scope="session")
def contract() -> Contract:
    """GitHub's description."""
    return Contract()


@pytest.fixture
def gh(contract: Contract) -> Iterator[GitHub]:
    """An emulator with one repository; checks the whole conversation at the end."""
    with running() as github:
        github.create_repository(
            NAME,
            {"meshes/prod.yaml": "a: 1\nb: 2\nc: 3\n", "README.md": "hello\n"},
            roles={"alice": "write", "bob": "write", "carol": "read"},
        )
        yield github
        assert exchange_violations(contract, github.exchanges(), wrong_on_purpose=True) == []


@pytest.fixture
def client(gh: GitHub) -> Iterator[Client]:
    """PyGithub with a token, without its waiting between writes."""
    opened: list[Github] = []

    def connect(token: str) -> Github:
        made = Github(
            base_url=gh.url, auth=Auth.Token(token), retry=None,
            seconds_between_requests=0, seconds_between_writes=0,
        )  # fmt: skip
        opened.append(made)
        return made

    yield connect
    for made in opened:
        made.close()


@dataclass(frozen=True)
class Plain:
    """HTTP without a client library."""

    url: str
    token: str

    def __call__(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """One request; ``path`` begins with a slash or is a whole URL."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return requests.request(
            method, path if "://" in path else self.url + path, json=body, timeout=10,
            headers={**sent, **(headers or {})}, allow_redirects=False,
        )  # fmt: skip


@pytest.fixture
def pull(gh: GitHub) -> int:
    """An open pull request of alice that changes the mesh."""
    gh.push(NAME, "change", {"meshes/prod.yaml": "a: 1\nb: 20\nc: 3\n"}, author="alice")
    return gh.open_pull(NAME, "change", title="Change b", author="alice")


@pytest.fixture
def job(gh: GitHub, pull: int) -> Job:
    """A job of the pull request's workflow run that may do everything."""
    return gh.start_run(NAME, "pull_request", {"number": pull}, EVERYTHING)


@pytest.fixture
def http(gh: GitHub, job: Job) -> Plain:
    """Plain HTTP with the job's token."""
    return Plain(gh.url, job.token)
