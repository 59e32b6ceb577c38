"""The pull-request flow: what is planned, and who is told what."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import AwsError, ExitCode, GitHubError, GitHubRefused
from bot.model.address import AccountId
from bot.model.github import AnnotationLevel, Conclusion, PullRequest
from tests.usecases.action.stage import (
    BASE,
    HEAD,
    MESH,
    OLDER,
    THIRD_LINE,
    Stage,
    mesh_text,
    pull_request,
    vpc,
)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def build(stage: Stage, *numbers: int) -> None:
    """AWS as the base's mesh file asks for."""
    from bot.config import load
    from tests.fakes import run

    mesh = load({MESH: mesh_text(*numbers)}).mesh
    run.apply(stage.aws, mesh, None, run.plan(stage.aws, mesh))


def test_a_pull_request_is_planned_and_told_everywhere(stage: Stage) -> None:
    build(stage, 0, 1)

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.SUCCESS
    assert stage.planned == [False]
    assert stage.github.comments[7].startswith("<!-- meshbot:v1 key=meshes -->\n")
    assert "Plan: 6 to add, 0 to change, 0 to destroy" in stage.github.comments[7]
    assert "Plan: 6 to add" in ran.summary
    assert "meshbot:v1" not in ran.summary
    assert [(c.head_sha, c.conclusion) for c in stage.github.checks] == [(HEAD, Conclusion.SUCCESS)]
    assert stage.github.checks[0].title == "Plan: 6 to add, 0 to change, 0 to destroy"
    assert "meshbot:v1" not in stage.github.checks[0].summary
    assert ran.outputs | {"fingerprint": "", "comment-url": ""} == {
        "has-changes": "true",
        "creates": "6",
        "updates": "0",
        "deletes": "0",
        "fingerprint": "",
        "plan-json-path": "meshbot-out/plan.json",
        "report-html-path": "meshbot-out/report.html",
        "comment-url": "",
        "failure-reason": "",
    }
    assert ran.outputs["comment-url"].endswith("#issuecomment-1")
    kept = json.loads((stage.folder / "meshbot-out/plan.json").read_text())
    assert kept["fingerprint"] == ran.outputs["fingerprint"]
    assert "<html" in (stage.folder / "meshbot-out/report.html").read_text()


def test_a_pull_request_changes_nothing_in_aws(stage: Stage) -> None:
    stage.run(pull_request())

    assert stage.aws.calls
    assert not [call for call in stage.aws.calls if call.mutating]
    assert {role.name for role in stage.aws.roles} == {"peerd-bot-plan"}


def test_a_member_that_joins_gets_a_notice_on_its_line(stage: Stage) -> None:
    build(stage, 0, 1)

    stage.run(pull_request())

    notes = [n for n in stage.github.checks[0].annotations if n.place]
    assert [(n.place.line, n.level, n.message) for n in notes if n.place] == [
        (THIRD_LINE, AnnotationLevel.NOTICE, "joins production: 2 peerings, 4 routes")
    ]


def test_the_merge_commits_first_parent_is_the_base(stage: Stage) -> None:
    stage.github.files[OLDER] = {MESH: mesh_text(0)}

    stage.run(pull_request(base_sha=OLDER))

    assert "joins production" in str(stage.github.checks[0].annotations)
    assert len([n for n in stage.github.checks[0].annotations if n.place]) == 1


@pytest.mark.parametrize("held", [HEAD, "e" * 40])
def test_without_the_merge_commit_the_events_base_counts(stage: Stage, held: str) -> None:
    stage.github.files[OLDER] = {MESH: mesh_text(0)}
    stage.context = replace(stage.context, checkout_sha=held)

    stage.run(pull_request(base_sha=OLDER))

    assert len([n for n in stage.github.checks[0].annotations if n.place]) == 2


def test_faults_are_told_on_their_lines_and_nothing_is_planned(stage: Stage) -> None:
    stage.files = {MESH: mesh_text(0, 1).replace(b"us-east-1", b"us-nowhere-1", 1)}

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.INVALID
    assert ran.outputs == {
        "failure-reason": "invalid-mesh",
        "comment-url": ran.outputs["comment-url"],
    }
    assert stage.planned == []
    check = stage.github.checks[0]
    assert check.conclusion is Conclusion.FAILURE
    assert [(n.level, n.place and (n.place.file, n.place.line)) for n in check.annotations] == [
        (AnnotationLevel.FAILURE, (MESH, 12))
    ]
    assert "1 error in the mesh files" in stage.github.comments[7]
    assert "1 error in the mesh files" in ran.summary


def test_limits_refuse_but_the_plan_is_shown(stage: Stage) -> None:
    build(stage, 0, 1, 2)
    stage.github.files[BASE] = {MESH: mesh_text(0, 1, 2)}
    stage.files = {MESH: mesh_text(0)}

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.REFUSED
    assert ran.outputs["failure-reason"] == "limits"
    assert ran.outputs["deletes"] != "0"
    assert stage.github.checks[0].conclusion is Conclusion.FAILURE
    assert "to destroy" in stage.github.comments[7]


def test_the_last_mesh_file_may_be_removed_in_a_pull_request(stage: Stage) -> None:
    build(stage, 0, 1)
    stage.files = {}

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.REFUSED
    assert ran.outputs["deletes"] == "3"


def test_a_gap_makes_the_check_neutral(stage: Stage) -> None:
    stage.aws.world.closed.add(AccountId(vpc(2).scope.account))

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.SUCCESS
    assert stage.github.checks[0].conclusion is Conclusion.NEUTRAL


def test_a_late_run_leaves_the_comment_alone(stage: Stage) -> None:
    stage.github.pulls[7] = PullRequest(7, "f" * 40, open=True)

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.SUCCESS
    assert stage.github.comments == {}
    assert "has moved on" in ran.log


def test_a_late_run_leaves_a_merged_pull_requests_outcome_alone(stage: Stage) -> None:
    stage.github.pulls[7] = PullRequest(7, HEAD, open=False)
    stage.github.comments[7] = "the outcome"

    stage.run(pull_request())

    assert stage.github.comments[7] == "the outcome"


NOTE = b"# nothing but a remark\n"


def test_no_changes_write_no_new_comment_in_mode_changes(stage: Stage) -> None:
    build(stage, 0, 1)
    stage.files = {MESH: mesh_text(0, 1) + NOTE}

    ran = stage.run(pull_request(), comment="changes")

    assert ran.outputs["has-changes"] == "false"
    assert stage.github.comments == {}
    assert "comment-url" not in ran.outputs


def test_no_changes_put_an_old_comment_right_in_mode_changes(stage: Stage) -> None:
    build(stage, 0, 1)
    stage.files = {MESH: mesh_text(0, 1) + NOTE}
    stage.github.comments[7] = "Plan: 3 to add"

    stage.run(pull_request(), comment="changes")

    assert "No changes" in stage.github.comments[7]


def test_mode_never_writes_no_comment_but_a_check(stage: Stage) -> None:
    stage.run(pull_request(), comment="never")

    assert stage.github.comments == {}
    assert len(stage.github.checks) == 1


def test_a_missing_permission_is_a_notice_and_annotations_go_to_the_log(stage: Stage) -> None:
    build(stage, 0, 1)
    stage.github.failing = {
        "report": GitHubRefused("no checks: write"),
        "comment": GitHubRefused("no pull-requests: write"),
    }

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.SUCCESS
    assert ran.outputs["failure-reason"] == ""
    assert "::notice::no checks: write" in ran.log
    assert "::notice::no pull-requests: write" in ran.log
    assert f"::notice file={MESH},line={THIRD_LINE}" in ran.log


def test_a_plan_that_could_not_be_told_ends_with_github(stage: Stage) -> None:
    stage.github.failing = {"comment": GitHubError("502")}

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.FAILURE
    assert ran.outputs["failure-reason"] == "github"
    assert ran.outputs["has-changes"] == "true"
    assert len(stage.github.checks) == 1


def test_a_failure_of_aws_is_told_and_fails_the_check(stage: Stage) -> None:
    stage.plan_failure = AwsError(None, "sts:AssumeRole", "AccessDenied", "<b>@everyone</b>")
    stage.github.comments[7] = "Plan: 3 to add"

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.FAILURE
    assert ran.outputs["failure-reason"] == "aws"
    assert stage.github.checks[0].conclusion is Conclusion.FAILURE
    assert "Plan: 3 to add" not in stage.github.comments[7]
    assert "AccessDenied" in stage.github.comments[7]
    assert "`<b>@everyone</b>`" in stage.github.comments[7]


def test_the_base_cannot_be_read(stage: Stage) -> None:
    stage.github.failing = {"mesh_files": GitHubError("cut body")}

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.FAILURE
    assert ran.outputs["failure-reason"] == "github"
    assert stage.planned == []


def test_a_pull_request_without_mesh_changes_gets_its_check_at_once(stage: Stage) -> None:
    stage.files = {MESH: mesh_text(0, 1)}

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.SUCCESS
    assert ran.outputs == {
        "has-changes": "false",
        "creates": "0",
        "updates": "0",
        "deletes": "0",
        "failure-reason": "",
    }
    assert stage.planned == []
    assert stage.github.comments == {}
    [check] = stage.github.checks
    assert (check.conclusion, check.title) == (Conclusion.SUCCESS, "No mesh changes")


def test_a_comment_from_before_the_mesh_change_was_taken_back_is_put_right(stage: Stage) -> None:
    stage.files = {MESH: mesh_text(0, 1)}
    stage.github.comments[7] = "Plan: 3 to add"

    stage.run(pull_request())

    assert "No mesh changes" in stage.github.comments[7]
    stage.github.comments[7] = "Plan: 3 to add"
    stage.run(pull_request(), comment="never")
    assert stage.github.comments[7] == "Plan: 3 to add"


def test_faulty_files_that_were_so_before_do_not_stop_another_change(stage: Stage) -> None:
    stage.files = stage.github.files[BASE] = {MESH: b"metadata: [\n"}

    assert stage.run(pull_request()).code is ExitCode.SUCCESS
    assert stage.planned == []


def test_no_mesh_files_at_all_are_no_success(stage: Stage) -> None:
    stage.files = stage.github.files[BASE] = {}

    ran = stage.run(pull_request())

    assert ran.code is ExitCode.FAILURE
    assert ran.outputs["failure-reason"] == "nothing-selected"


@pytest.mark.parametrize(
    "event",
    [
        pull_request("closed"),
        pull_request("labeled"),
        pull_request("converted_to_draft"),
        pull_request("edited"),
        pull_request("closed", same_repository=False),
    ],
)
def test_other_activities_do_nothing_and_succeed(stage: Stage, event: object) -> None:
    ran = stage.run(event)  # type: ignore[arg-type]

    assert ran.code is ExitCode.SUCCESS
    assert ran.outputs == {"failure-reason": ""}
    assert "::notice::" in ran.log
    assert stage.planned == []


@pytest.mark.parametrize(
    "event",
    [
        pull_request("synchronize"),
        pull_request("reopened"),
        pull_request("ready_for_review"),
        pull_request("edited", base_changed=True),
    ],
)
def test_activities_that_may_change_the_plan_are_planned(stage: Stage, event: object) -> None:
    stage.run(event)  # type: ignore[arg-type]

    assert stage.planned == [False]


def test_validate_asks_aws_nothing(stage: Stage) -> None:
    stage.github.comments[7] = "1 error in the mesh files"

    ran = stage.run(pull_request(), command="validate")

    assert ran.code is ExitCode.SUCCESS
    assert stage.planned == []
    assert stage.github.checks[0].title == "The mesh files are valid"
    assert "are valid" in stage.github.comments[7]


def test_an_environment_that_is_nowhere_is_nothing_selected(stage: Stage) -> None:
    ran = stage.run(pull_request(), environments="production, tpyo")

    assert ran.code is ExitCode.FAILURE
    assert ran.outputs["failure-reason"] == "nothing-selected"
    assert "tpyo" in ran.log


def test_no_environment_at_all_is_nothing_selected(stage: Stage) -> None:
    stage.files = {}
    stage.github.files[BASE] = {}

    ran = stage.run(pull_request())

    assert ran.outputs["failure-reason"] == "nothing-selected"


@pytest.mark.parametrize(
    ("inputs", "code", "reason"),
    [
        ({"command": "apply"}, ExitCode.FAILURE, "unsupported-event"),
        ({"command": "destroy"}, ExitCode.USAGE, "error"),
        ({"comment": "sometimes"}, ExitCode.USAGE, "error"),
        ({"meshes": "../elsewhere"}, ExitCode.USAGE, "error"),
    ],
)
def test_inputs_that_make_no_sense_are_refused(
    stage: Stage, inputs: dict[str, str], code: ExitCode, reason: str
) -> None:
    ran = stage.run(pull_request(), **inputs)

    assert ran.code is code
    assert ran.outputs["failure-reason"] == reason
    assert stage.planned == []


def test_a_bug_never_looks_like_success(stage: Stage) -> None:
    def bug() -> None:
        raise ZeroDivisionError

    stage.after_plan = bug

    with pytest.raises(ZeroDivisionError):
        stage.run(pull_request())

    assert "failure-reason<<" in (stage.folder / "output").read_text()
    assert "\nerror\n" in (stage.folder / "output").read_text()
