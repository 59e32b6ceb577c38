"""Approval with everything around it faked: ranges, overrides, late runs, marks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import ExitCode, GitHubError, GitHubRefused
from bot.model.address import AccountId
from bot.model.github import (
    CheckRun,
    Conclusion,
    MergeGroupEvent,
    PullRequest,
    ReviewEvent,
)
from bot.model.record import Deployment, Review, ReviewState
from bot.render.record import read_record
from tests.fakes.faults import Rule
from tests.usecases.action.stage import (
    BASE,
    HEAD,
    MERGE,
    MESH,
    OLDER,
    Stage,
    dispatch,
    mesh_text,
    pull_request,
    push,
    vpc,
)
from tests.usecases.action.test_converge import build, peerings, shrunk

NEWER, QUEUE = "e" * 40, "f" * 40


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def deployed(sha: str, environment: str = "production", task: str = "meshbot") -> Deployment:
    return Deployment(task, environment, sha, succeeded=True)


def approval(fingerprint: str, author: str = "bob") -> Review:
    return Review(author, ReviewState.APPROVED, HEAD, f"meshbot approve {fingerprint}")


# --- records


def test_a_plan_is_recorded_with_what_binds_it(stage: Stage) -> None:
    ran = stage.run(pull_request())

    (check,) = stage.github.checks
    record = read_record(check.text)
    assert record
    assert (check.name, check.head_sha) == ("meshbot", HEAD)
    assert (record.number, record.head, record.base, record.branch) == (7, HEAD, BASE, "main")
    assert (record.fingerprint, record.run_id) == (ran.outputs["fingerprint"], "77")
    assert set(record.fingerprints) == {"production"}


def test_two_folders_of_meshes_have_two_checks_and_two_lines_of_deployments(stage: Stage) -> None:
    stage.files = {"net/a.yaml": mesh_text(0, 1)}
    stage.github.files[BASE] = {"net/a.yaml": mesh_text(0)}
    stage.github.deployments.append(deployed(MERGE))
    stage.review(meshes="net")

    ran = stage.run(push(), meshes="net")

    assert stage.github.checks[0].name == "meshbot (net)"
    assert ran.code is ExitCode.SUCCESS
    assert stage.github.deployments[-1].task == "meshbot:net"


def test_the_record_of_another_branch_is_not_this_ones(stage: Stage) -> None:
    stage.run(pull_request(base_branch="release"))
    stage.merge()

    ran = stage.run(push())

    assert ran.outputs["failure-reason"] == "unreviewed"
    assert "recorded for another branch" in stage.github.comments[7]


def test_the_newest_record_of_a_head_wins(stage: Stage) -> None:
    stage.files = {MESH: mesh_text(0, 1)}
    stage.run(pull_request())
    stage.files = {MESH: mesh_text(0, 1, 2)}
    stage.review()

    ran = stage.run(push())

    assert ran.code is ExitCode.SUCCESS
    assert peerings(stage) == 3


def test_a_plan_whose_digest_is_another_is_not_the_recorded_one(stage: Stage) -> None:
    stage.review()
    stage.github.artifacts["77"] = [stage.github.artifacts["77"][0] + b" "]

    ran = stage.run(push())

    assert (ran.code, ran.outputs["failure-reason"]) == (ExitCode.REFUSED, "unreviewed")
    assert peerings(stage) == 0


# --- ranges and bases


def test_what_was_reviewed_before_the_last_apply_counts_no_more(stage: Stage) -> None:
    stage.review()
    stage.run(push())
    for identifier in list(stage.aws.world.peerings):
        del stage.aws.world.peerings[identifier]
    stage.github.line.append(NEWER)
    stage.github.brought[NEWER] = ()
    stage.github.history[NEWER] = (MERGE,)
    stage.github.files |= {NEWER: stage.files, MERGE: stage.files}
    stage.context = replace(stage.context, sha=NEWER)

    ran = stage.run(push(before=MERGE, after=NEWER))

    assert (ran.code, ran.outputs["failure-reason"]) == (ExitCode.REFUSED, "unreviewed")
    assert peerings(stage) == 0


def test_limits_are_those_of_the_last_applied_commit(stage: Stage) -> None:
    shrunk(stage)
    loose = "limits: {max_leaving_members: 9, max_leaving_percent: 100}\n"
    stage.files = {MESH: mesh_text(0, extra=loose)}
    stage.github.files[OLDER] = {MESH: mesh_text(0, 1, 2, extra=loose)}
    stage.github.line.insert(0, OLDER)
    stage.review()

    strict = stage.run(push())
    stage.github.deployments.append(deployed(OLDER))
    stage.github.brought[BASE] = (7,)
    relaxed = stage.run(push())

    assert (strict.code, strict.outputs["failure-reason"]) == (ExitCode.REFUSED, "limits")
    assert relaxed.code is ExitCode.SUCCESS


def test_a_gap_is_no_success_to_start_from(stage: Stage) -> None:
    stage.review()
    stage.aws.world.closed.add(AccountId(vpc(2).scope.account))

    ran = stage.run(push())

    assert ran.code is ExitCode.PARTIAL
    assert [d.succeeded for d in stage.github.deployments] == [False]


def test_a_failure_is_no_success_to_start_from(stage: Stage) -> None:
    stage.review()
    stage.aws.rules.append(Rule("ec2:CreateRoute", vpc(2).scope))

    stage.run(push())

    assert [(d.sha, d.succeeded) for d in stage.github.deployments] == [(MERGE, False)]


def test_a_push_that_asks_for_nothing_new_moves_the_base(stage: Stage) -> None:
    build(stage, 0, 1, 2)
    stage.github.brought[MERGE] = ()

    ran = stage.run(push())

    assert ran.code is ExitCode.SUCCESS
    assert [d.sha for d in stage.github.deployments] == [MERGE]


def test_a_run_older_than_what_was_applied_does_nothing(stage: Stage) -> None:
    stage.github.line.append(NEWER)
    stage.github.files[NEWER] = stage.files
    stage.github.deployments.append(deployed(NEWER))

    late = stage.run(push())

    assert late.code is ExitCode.SUCCESS
    assert f"superseded by {NEWER[:12]}" in late.log
    assert stage.planned == []


def test_an_answer_that_lags_behind_the_event_is_not_taken_for_the_newest(stage: Stage) -> None:
    stage.review()
    stage.github.branch_head = lambda branch: BASE  # type: ignore[method-assign]

    ran = stage.run(push())

    assert ran.code is ExitCode.SUCCESS
    assert [d.sha for d in stage.github.deployments] == [MERGE]


def test_a_commit_that_is_gone_is_told_and_nothing_is_taken_for_reviewed(stage: Stage) -> None:
    stage.review()
    stage.github.failing["commits_touching"] = GitHubRefused("no such commit")

    ran = stage.run(push())

    assert (ran.code, ran.outputs["failure-reason"]) == (ExitCode.REFUSED, "unreviewed")
    assert "::warning::no such commit" in ran.log


@pytest.mark.parametrize("given", ["yes", "False ", "0", "TRUE"])
def test_a_require_pull_request_that_is_neither_applies_nothing(stage: Stage, given: str) -> None:
    stage.review()

    ran = stage.run(push(), require_pull_request=given.strip() or given)

    assert ran.code is ExitCode.USAGE
    assert peerings(stage) == 0


def test_limits_hold_also_where_no_pull_request_is_required(stage: Stage) -> None:
    shrunk(stage)
    stage.github.brought[MERGE] = ()
    stage.github.files[MERGE] = stage.files

    ran = stage.run(push(), require_pull_request="false")

    assert (ran.code, ran.outputs["failure-reason"]) == (ExitCode.REFUSED, "limits")
    assert peerings(stage) == 3


# --- overrides


def test_a_plan_run_again_sees_the_approval_that_was_given(stage: Stage) -> None:
    shrunk(stage)
    first = stage.run(pull_request())
    stage.github.given_reviews = [approval(first.outputs["fingerprint"])]
    stage.github.writers = {"bob"}

    again = stage.run(pull_request("reopened"))

    assert (first.code, again.code) == (ExitCode.REFUSED, ExitCode.SUCCESS)
    assert stage.github.checks[-1].conclusion is Conclusion.SUCCESS
    assert "(limits approved by bob)" in stage.github.checks[-1].title


def test_a_plan_beyond_a_quota_is_judged_like_one_beyond_a_limit(stage: Stage) -> None:
    stage.aws.quotas.peerings = 1

    planned = stage.run(pull_request())
    record = read_record(stage.github.checks[-1].text)
    stage.merge()
    merged = stage.run(push())
    stage.github.given_reviews = [approval(planned.outputs["fingerprint"])]
    stage.github.writers = {"bob"}
    approved = stage.run(push())

    assert (planned.code, planned.outputs["failure-reason"]) == (ExitCode.REFUSED, "limits")
    assert stage.github.checks[0].conclusion is Conclusion.FAILURE
    assert record
    assert record.refused == ("production",)
    assert (merged.code, merged.outputs["failure-reason"]) == (ExitCode.REFUSED, "limits")
    assert approved.code is ExitCode.PARTIAL  # AWS refuses what is too much, the rest is there
    assert 0 < peerings(stage) < 3
    stage.aws.quotas.peerings = 50
    assert stage.run(push()).code is ExitCode.SUCCESS


def test_a_review_of_a_stale_or_harmless_plan_changes_nothing(stage: Stage) -> None:
    event = ReviewEvent("submitted", 7, HEAD, "main", same_repository=True)
    none = stage.run(event)
    stage.run(pull_request())
    harmless = stage.run(event)
    fork = stage.run(replace(event, same_repository=False))

    assert {none.code, harmless.code, fork.code} == {ExitCode.SUCCESS}
    assert "rewrite" not in stage.github.asked
    assert "comment" in stage.github.asked
    assert stage.planned == [False]


# --- the merge queue


def queued(head_ref: str = f"refs/heads/gh-readonly-queue/main/pr-7-{BASE}") -> MergeGroupEvent:
    return MergeGroupEvent("checks_requested", QUEUE, head_ref, BASE, "main", "main")


def test_a_group_of_squashed_commits_is_known_by_their_subjects(stage: Stage) -> None:
    stage.run(pull_request())
    stage.github.line = [BASE, QUEUE]
    stage.context = replace(stage.context, sha=QUEUE)

    unknown = stage.run(queued("refs/heads/gh-readonly-queue/main/pr-8-x"))
    stage.github.subjects[QUEUE] = "Add the third VPC (#7)"
    known = stage.run(queued("refs/heads/gh-readonly-queue/main/pr-8-x"))
    by_ref = stage.run(queued())

    assert (unknown.code, unknown.outputs["failure-reason"]) == (ExitCode.REFUSED, "stale-plan")
    assert {known.code, by_ref.code} == {ExitCode.SUCCESS}
    assert [(c.head_sha, c.conclusion) for c in stage.github.checks[1:]] == [
        (QUEUE, Conclusion.FAILURE), (QUEUE, Conclusion.SUCCESS), (QUEUE, Conclusion.SUCCESS),
    ]  # fmt: skip
    assert not [call for call in stage.aws.calls if call.mutating]


def test_a_group_beyond_its_limits_fails_in_the_pull_request_and_not_in_the_queue(
    stage: Stage,
) -> None:
    shrunk(stage)
    stage.run(pull_request())
    stage.github.line = [BASE, QUEUE]

    assert stage.run(queued()).code is ExitCode.SUCCESS


def test_a_group_without_mesh_changes_passes_at_once(stage: Stage) -> None:
    stage.files = stage.github.files[BASE]

    ran = stage.run(queued())

    assert ran.code is ExitCode.SUCCESS
    assert stage.planned == []
    assert stage.github.checks[0].conclusion is Conclusion.SUCCESS


# --- a dispatch run again


def test_only_a_later_attempt_may_apply_the_rest(stage: Stage) -> None:
    fingerprint = stage.run(dispatch(), command="plan").outputs["fingerprint"]
    stage.aws.rules.append(Rule("ec2:CreateRoute", vpc(2).scope))
    wanted = {"command": "apply", "expect_fingerprint": fingerprint[:12]}
    first = stage.run(dispatch(), **wanted)
    stage.aws.rules.clear()

    same_attempt = stage.run(dispatch(), **wanted)
    stage.context = replace(stage.context, run_attempt="2")
    later = stage.run(dispatch(), **wanted)

    assert first.code is ExitCode.PARTIAL
    assert (same_attempt.code, same_attempt.outputs["failure-reason"]) == (
        ExitCode.REFUSED, "stale-plan",
    )  # fmt: skip
    assert later.code is ExitCode.SUCCESS


def test_a_history_too_long_to_judge_does_not_stop_what_was_approved(stage: Stage) -> None:
    stage.github.failing["commits_touching"] = GitHubError("more than 2,000 commits")
    fingerprint = stage.run(dispatch(), command="plan").outputs["fingerprint"]

    judged = stage.run(dispatch(), command="apply")
    approved = stage.run(dispatch(), command="apply", expect_fingerprint=fingerprint)

    assert (judged.code, judged.outputs["failure-reason"]) == (ExitCode.FAILURE, "github")
    assert approved.code is ExitCode.SUCCESS


# --- stale marks


def other_pull(stage: Stage, *members: int, environment: str = "production") -> CheckRun:
    """Pull request 8, planned and open."""
    head = "8" * 40
    stage.github.pulls[8] = PullRequest(8, head, True, author="carol", branch="main")
    held, stage.files = stage.files, {MESH: mesh_text(*members, environment=environment)}
    stage.github.history[MERGE] = (BASE, head)
    stage.context = replace(stage.context, run_id="88")
    stage.run(pull_request(number=8, head_sha=head))
    stage.github.history[MERGE] = (BASE, HEAD)
    stage.files, stage.context = held, replace(stage.context, run_id="77")
    return stage.github.checks[-1]


def test_an_open_pull_request_is_marked_stale_when_its_base_moved(stage: Stage) -> None:
    build(stage, 0, 1)
    other_pull(stage, 0)
    stage.review()

    stage.run(push())

    marked = stage.github.checks[0]
    record = read_record(marked.text)
    assert record
    assert marked.conclusion is Conclusion.ACTION_REQUIRED
    assert record.stale
    assert stage.github.comments[8].splitlines()[1] == "> [!CAUTION]"
    assert "stale" not in stage.github.comments[7]


def test_a_failure_to_mark_is_told_and_the_apply_stands(stage: Stage) -> None:
    stage.review()
    stage.github.failing["open_pulls"] = GitHubRefused("may not list")

    ran = stage.run(push())

    assert ran.code is ExitCode.SUCCESS
    assert "may not list" in ran.log


def test_a_pull_request_of_another_environment_stays_as_it_is(stage: Stage) -> None:
    check = other_pull(stage, 0, 1, environment="edge")
    stage.review()

    stage.run(push())

    assert stage.github.checks[0] == check
