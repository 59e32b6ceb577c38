"""Push and dispatch: what is applied, what is refused, and what the pull request is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import load
from bot.errors import ExitCode, GitHubError, GitHubRefused
from bot.model.address import AccountId
from bot.model.github import OtherEvent
from tests.fakes import run as fake_run
from tests.fakes.faults import Rule
from tests.usecases.action.stage import (
    BASE,
    HEAD,
    MERGE,
    MESH,
    Stage,
    dispatch,
    mesh_text,
    push,
    vpc,
)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def peerings(stage: Stage) -> int:
    return sum(peering.status == "active" for peering in stage.aws.world.peerings.values())


def build(stage: Stage, *numbers: int) -> None:
    """AWS as a mesh file with these members asks for."""
    mesh = load({MESH: mesh_text(*numbers)}).mesh
    fake_run.apply(stage.aws, mesh, None, fake_run.plan(stage.aws, mesh))


def shrunk(stage: Stage) -> None:
    """All three members were applied, and now two of them leave."""
    build(stage, 0, 1, 2)
    stage.github.files[BASE] = {MESH: mesh_text(0, 1, 2)}
    stage.files = {MESH: mesh_text(0)}


def test_a_push_applies_and_tells_the_pull_request(stage: Stage) -> None:
    stage.review()

    ran = stage.run(push())

    assert ran.code is ExitCode.SUCCESS
    assert stage.planned == [False, True]
    assert peerings(stage) == 3
    assert ran.outputs["failure-reason"] == ""
    assert ran.outputs["creates"] == "9"
    assert "Applied: 9 added" in stage.github.comments[7]
    assert "Applied: 9 added" in ran.summary
    assert len(stage.github.checks) == 1
    assert [(d.environment, d.sha, d.succeeded) for d in stage.github.deployments] == [
        ("production", MERGE, True)
    ]


def test_a_second_push_of_the_same_has_nothing_to_apply(stage: Stage) -> None:
    stage.review()
    stage.run(push())
    calls = len(stage.aws.calls)

    ran = stage.run(push())

    assert ran.code is ExitCode.SUCCESS
    assert ran.outputs["has-changes"] == "false"
    assert not [call for call in stage.aws.calls[calls:] if call.mutating]
    assert "Nothing to apply" in ran.summary
    assert "Applied: 9 added" in stage.github.comments[7]
    assert len(stage.github.deployments) == 1


def test_a_first_push_has_no_base(stage: Stage) -> None:
    stage.review()
    stage.github.brought[BASE] = (7,)
    stage.github.asked.clear()

    ran = stage.run(push(before=""))

    assert ran.code is ExitCode.SUCCESS
    assert "mesh_files" not in stage.github.asked
    assert peerings(stage) == 3


def test_a_push_beyond_the_limits_is_refused(stage: Stage) -> None:
    shrunk(stage)
    stage.review()

    ran = stage.run(push())

    assert ran.code is ExitCode.REFUSED
    assert ran.outputs["failure-reason"] == "limits"
    assert peerings(stage) == 3
    assert "it is over a limit, and no review approved that" in stage.github.comments[7]
    assert stage.github.deployments == []


def test_a_dispatch_approves_exactly_the_refused_plan(stage: Stage) -> None:
    shrunk(stage)
    stage.review()
    fingerprint = stage.run(push()).outputs["fingerprint"]

    other = stage.run(dispatch(), command="apply", expect_fingerprint="0" * 64)
    untouched = peerings(stage)
    approved = stage.run(dispatch(), command="apply", expect_fingerprint=fingerprint)

    assert (other.code, other.outputs["failure-reason"]) == (ExitCode.REFUSED, "stale-plan")
    assert untouched == 3
    assert approved.code is ExitCode.SUCCESS
    assert peerings(stage) == 0


@pytest.mark.parametrize("given", ["0" * 11, "x" * 64, "0" * 65])
def test_a_text_that_is_no_fingerprint_applies_nothing(stage: Stage, given: str) -> None:
    ran = stage.run(dispatch(), command="apply", expect_fingerprint=given)

    assert ran.code is ExitCode.USAGE
    assert peerings(stage) == 0


def test_a_fingerprint_belongs_to_apply(stage: Stage) -> None:
    ran = stage.run(dispatch(), command="plan", expect_fingerprint="0" * 64)

    assert ran.code is ExitCode.USAGE


def test_a_failed_change_ends_with_partial_apply(stage: Stage) -> None:
    stage.review()
    where = vpc(2).scope
    stage.aws.rules.append(Rule("ec2:CreateRoute", where))

    ran = stage.run(push())

    assert ran.code is ExitCode.PARTIAL
    assert ran.outputs["failure-reason"] == "partial-apply"
    assert "Partly applied" in stage.github.comments[7]
    assert "UnauthorizedOperation" in ran.summary


def test_a_gap_at_apply_ends_with_partial_apply(stage: Stage) -> None:
    stage.review()
    stage.aws.world.closed.add(AccountId(vpc(2).scope.account))

    ran = stage.run(push())

    assert ran.code is ExitCode.PARTIAL
    assert peerings(stage) == 1


def test_github_failing_after_an_apply_hides_nothing(stage: Stage) -> None:
    stage.review()
    stage.github.failing = {"comment": GitHubError("502")}

    ran = stage.run(push())

    assert peerings(stage) == 3
    assert ran.outputs["creates"] == "9"
    assert ran.code is ExitCode.FAILURE
    assert ran.outputs["failure-reason"] == "github"


def test_github_failing_after_a_partial_apply_keeps_its_exit_code(stage: Stage) -> None:
    stage.review()
    stage.aws.world.closed.add(AccountId(vpc(2).scope.account))
    stage.github.failing = {"comment": GitHubError("502")}

    ran = stage.run(push())

    assert ran.code is ExitCode.PARTIAL
    assert ran.outputs["failure-reason"] == "partial-apply"


@pytest.mark.parametrize("door", ["comment", "applied", "deployed"])
def test_no_right_to_tell_or_remember_is_a_notice(stage: Stage, door: str) -> None:
    stage.review()
    stage.github.failing = {door: GitHubRefused("no such permission")}

    ran = stage.run(push())

    assert ran.code is ExitCode.SUCCESS
    assert peerings(stage) == 3
    assert "::notice::no such permission" in ran.log


@pytest.mark.parametrize("door", ["own_checks", "plan_files"])
def test_no_right_to_read_the_record_is_a_refusal_that_says_so(stage: Stage, door: str) -> None:
    stage.review()
    stage.github.failing = {door: GitHubRefused("no such permission")}

    ran = stage.run(push())

    assert (ran.code, ran.outputs["failure-reason"]) == (ExitCode.REFUSED, "unreviewed")
    assert peerings(stage) == 0
    assert "#7: no such permission" in stage.github.comments[7]


@pytest.mark.parametrize(
    "door", ["branch_head", "applied", "commits_touching", "pulls_of", "own_checks", "plan_files"]
)
def test_github_failing_before_the_apply_applies_nothing(stage: Stage, door: str) -> None:
    stage.review()
    stage.github.failing = {door: GitHubError("502")}

    ran = stage.run(push())

    assert (ran.code, ran.outputs["failure-reason"]) == (ExitCode.FAILURE, "github")
    assert peerings(stage) == 0


def test_invalid_files_apply_nothing_and_are_told_on_their_lines(stage: Stage) -> None:
    stage.merge()
    stage.files = {MESH: mesh_text(0, 1).replace(b"us-east-1", b"us-nowhere-1", 1)}

    ran = stage.run(push())

    assert ran.code is ExitCode.INVALID
    assert ran.outputs["failure-reason"] == "invalid-mesh"
    assert f"::error title=unknown-region,file={MESH},line=12" in ran.log
    assert "1 error in the mesh files" in stage.github.comments[7]
    assert stage.planned == []


@pytest.mark.parametrize(
    "event",
    [
        push(ref="refs/heads/feature"),
        push(ref="refs/tags/main"),
        push(ref="main"),
        push(deleted=True),
        dispatch("refs/heads/feature"),
        dispatch("refs/tags/v1"),
        OtherEvent("pull_request_target"),
        OtherEvent("issue_comment"),
        OtherEvent("schedule"),
        OtherEvent(""),
        OtherEvent("push", "the payload has no ref"),
    ],
)
def test_anything_else_is_refused(stage: Stage, event: object) -> None:
    ran = stage.run(event)  # type: ignore[arg-type]

    assert ran.code is ExitCode.FAILURE
    assert ran.outputs == {"failure-reason": "unsupported-event"}
    assert "::error::" in ran.log
    assert stage.github.asked == []
    assert stage.planned == []


def test_a_dispatch_plans_unless_told_otherwise(stage: Stage) -> None:
    ran = stage.run(dispatch())

    assert ran.code is ExitCode.SUCCESS
    assert stage.planned == [False]
    assert peerings(stage) == 0
    assert stage.github.comments == {}
    assert "Plan: 9 to add" in ran.summary


def test_a_dispatch_narrows_to_environments(stage: Stage) -> None:
    other = mesh_text(0, 2, environment="edge")
    stage.files = {MESH: mesh_text(0, 1), "meshes/edge.yaml": other}

    stage.review()

    ran = stage.run(dispatch(), command="apply", environments="edge\n")

    assert ran.code is ExitCode.SUCCESS
    assert peerings(stage) == 1
    assert stage.aws.world.live_between(vpc(0), vpc(2))
    assert [d.environment for d in stage.github.deployments] == ["edge"]


def test_another_checkout_than_the_events_is_not_applied(stage: Stage) -> None:
    stage.context = replace(stage.context, checkout_sha=HEAD)

    pushed, dispatched = stage.run(push()), stage.run(dispatch(), command="apply")

    assert pushed.code is ExitCode.USAGE
    assert dispatched.code is ExitCode.USAGE
    assert stage.planned == []
