"""A pull request from somebody's fork: a token that reads, no OIDC, no AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.emulator.aws import Emulator
from bot.emulator.runner import Ran
from tests.contract.github.checker import Contract
from tests.integration.hosted import MESH, NAME, Hosted, hosted, mesh

FORK = "mallory/network"


@pytest.fixture
def story(aws_process: Emulator, tmp_path: Path) -> Iterator[Hosted]:
    with hosted(aws_process, tmp_path, Contract()) as made:
        made.github.fork(NAME, "mallory")
        yield made
        assert made.written() == [], "a fork's run writes nothing"
        assert aws_process.calls() == (), "and asks AWS nothing"
        oidc = [e for e in made.github.exchanges() if e["api"] == "oidc"]
        assert oidc == []


def forked(story: Hosted, files: dict[str, str | None], **inputs: Any) -> Ran:
    story.github.push(FORK, "change", files, author="mallory")
    number = story.github.open_pull(NAME, "mallory:change", author="mallory")
    return story.run("pull_request", {"number": number}, **inputs)


def test_the_graph_is_compared_offline(story: Hosted) -> None:
    story.aws.forget_calls()

    ran = forked(
        story,
        {MESH: mesh(*story.vpcs)},
        role_to_assume="arn:aws:iam::111111111111:role/meshbot-plan",
    )

    assert ran.exit_code == 0, ran.log
    assert ran.outputs["has-changes"] == "true"
    assert (ran.outputs["creates"], ran.outputs["deletes"]) == ("2", "0")
    assert ran.outputs["failure-reason"] == ""
    assert f"::notice file={MESH},line=17,col=7::joins production: 2 peerings" in ran.log
    assert "### Mesh files: 2 peerings to add, 0 to destroy" in ran.summary
    assert story.vpcs[2].id in ran.summary


def test_everything_may_go_and_nothing_is_done(story: Hosted) -> None:
    ran = forked(story, {MESH: None})

    assert ran.exit_code == 0, ran.log
    assert ran.outputs["deletes"] == "1"
    assert "#### `production` (removed): 2 leaving, 1 peering to destroy" in ran.summary
    assert "would be left without members" in ran.summary


def test_a_fault_ends_with_3(story: Hosted) -> None:
    ran = forked(story, {MESH: mesh(*story.vpcs).replace("us-east-1", "mars-1", 1)})

    assert ran.exit_code == 3
    assert ran.outputs == {"failure-reason": "invalid-mesh"}
    assert f"file={MESH},line=12" in ran.log


def test_a_pull_request_that_touches_no_mesh_is_fine(story: Hosted) -> None:
    ran = forked(story, {"README.md": "Their network.\n"})

    assert ran.exit_code == 0, ran.log
    assert ran.outputs["has-changes"] == "false"


def test_a_repository_that_the_token_cannot_read_leaves_validation(story: Hosted) -> None:
    story.github.fault("forbidden", method="GET", path="/git/", times=0)

    ran = forked(story, {MESH: mesh(*story.vpcs)})

    assert ran.exit_code == 0, ran.log
    assert "The base cannot be compared with" in ran.log
    assert "The mesh files are valid" in ran.summary
