"""A pull request from a fork: offline, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import ExitCode, GitHubError, GitHubRefused
from tests.usecases.action.stage import (
    BASE,
    HEAD,
    MESH,
    THIRD_LINE,
    Ran,
    Stage,
    mesh_text,
    pull_request,
    vpc,
)

ENVIRONMENT_LINE = 10
READS = {"mesh_files", "parents"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    assert made.planned == []
    assert set(made.github.asked) <= READS
    assert not (made.github.comments)
    assert not (made.github.checks)
    assert not (made.github.issues)


def forked(stage: Stage, **inputs: str) -> Ran:
    return stage.run(pull_request(same_repository=False), **inputs)


def test_who_joins_is_told_with_what_it_asks_for(stage: Stage) -> None:
    ran = forked(stage)

    assert ran.code is ExitCode.SUCCESS
    assert ran.outputs == {
        "has-changes": "true",
        "creates": "2",
        "updates": "0",
        "deletes": "0",
        "failure-reason": "",
    }
    assert f"::notice file={MESH},line={THIRD_LINE},col=7::joins production: 2 peerings" in ran.log
    assert "### Mesh files: 2 peerings to add, 0 to destroy" in ran.summary
    assert "#### `production`: 1 joining, 2 peerings to add" in ran.summary
    assert f"blob/{HEAD}/{MESH}#L{THIRD_LINE}" in ran.summary
    assert f"+ {vpc(0)} ↔ {vpc(2)}" in ran.summary
    assert "```mermaid" in ran.summary


def test_who_leaves_is_told_on_the_line_of_the_environment(stage: Stage) -> None:
    stage.github.files[BASE] = {MESH: mesh_text(0, 1, 2)}
    stage.files = {MESH: mesh_text(0, 1)}

    ran = forked(stage)

    assert ran.outputs["deletes"] == "2"
    place = f"file={MESH},line={ENVIRONMENT_LINE},col=3"
    assert f"::notice {place}::{vpc(2)} leaves: 2 peerings" in ran.log
    assert f"- {vpc(1)} ↔ {vpc(2)}" in ran.summary
    assert "was removed" in ran.summary


def test_limits_of_the_base_are_told_and_do_not_fail(stage: Stage) -> None:
    stage.github.files[BASE] = {MESH: mesh_text(0, 1, 2)}
    stage.files = {MESH: mesh_text(0, extra="limits: {max_leaving_percent: 100}\n")}

    ran = forked(stage)

    assert ran.code is ExitCode.SUCCESS
    assert "2 of 3 members would leave production (max_leaving_percent: 50)" in ran.log
    assert "limit max_leaving_percent" in ran.summary.replace("`", "")
    assert "in force after the merge" in ran.summary


def test_an_environment_that_is_gone_is_named(stage: Stage) -> None:
    stage.files = {MESH: mesh_text(0, 1, environment="other")}

    ran = forked(stage)

    assert (ran.outputs["creates"], ran.outputs["deletes"]) == ("0", "0")
    assert "#### `production` (removed): 2 leaving, 1 peering to destroy" in ran.summary
    assert "#### `other` (new): 2 joining, 1 peering to add" in ran.summary


def test_the_same_mesh_in_other_words_is_no_change(stage: Stage) -> None:
    stage.files = {MESH: mesh_text(0, 1) + b"# remark\n"}

    ran = forked(stage)

    assert ran.outputs["has-changes"] == "false"
    assert "The mesh files ask for the same mesh as before" in ran.summary
    assert "mermaid" not in ran.summary


def test_faults_are_told_on_their_lines(stage: Stage) -> None:
    stage.files = {MESH: mesh_text(0, 1).replace(b"us-east-1", b"us-nowhere-1", 1)}

    ran = forked(stage)

    assert ran.code is ExitCode.INVALID
    assert ran.outputs == {"failure-reason": "invalid-mesh"}
    assert f"::error title=unknown-region,file={MESH},line=12" in ran.log
    assert "1 error in the mesh files" in ran.summary


@pytest.mark.parametrize("failure", [GitHubRefused("404"), GitHubError("502")])
def test_without_the_base_the_files_are_still_checked(stage: Stage, failure: GitHubError) -> None:
    stage.github.failing = {"mesh_files": failure}

    ran = forked(stage)

    assert ran.code is ExitCode.SUCCESS
    assert f"::warning::The base cannot be compared with: {failure}" in ran.log
    assert "The mesh files are valid" in ran.summary


def test_a_faulty_base_cannot_be_compared_with(stage: Stage) -> None:
    stage.github.files[BASE] = {MESH: b"metadata: 1\n"}

    ran = forked(stage)

    assert ran.code is ExitCode.SUCCESS
    assert "what was removed since is not known" in ran.log
    assert "The mesh files are valid" in ran.summary


def test_a_fork_cannot_apply(stage: Stage) -> None:
    ran = forked(stage, command="apply")

    assert ran.code is ExitCode.FAILURE
    assert ran.outputs["failure-reason"] == "unsupported-event"
