"""What commands call their sessions in AWS: on a laptop, and in a job of GitHub Actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.adapters.aws import members
from bot.adapters.aws.clients import call
from tests.integration.laptop import Laptop, member

JOB = {
    "GITHUB_REPOSITORY": "acme/meshes",
    "GITHUB_REF": "refs/pull/7/merge",
    "GITHUB_RUN_ID": "42",
    "GITHUB_RUN_ATTEMPT": "2",
}


@pytest.fixture
def names(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the sessions that are asked for from now on, of a mesh of two VPCs."""
    laptop.mesh(production=[member(vpc) for vpc in laptop.vpcs(2)])
    asked: set[str] = set()

    def noting(client: Any, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        asked.add(str(parameters["RoleSessionName"]))
        return call(client, operation, parameters)

    monkeypatch.setattr(members, "call", noting)
    return asked


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("verify",), ("doctor",)])
def test_in_a_job_they_carry_repository_pull_request_and_run(
    laptop: Laptop, names: set[str], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    for variable, value in JOB.items():
        monkeypatch.setenv(variable, value)

    laptop.run(*command)

    assert names == {"peerd-acme.meshes-pr7-run42.2"}


def test_on_a_laptop_they_are_those_of_the_files(laptop: Laptop, names: set[str]) -> None:
    laptop.ok("plan")

    assert names == {"peerd"}
