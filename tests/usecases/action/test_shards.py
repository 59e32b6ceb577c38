"""Inputs of shards that make no sense, and results that a report must not overlook."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import AwsError, ExitCode, Locked
from bot.model.github import MergeGroupEvent, PullRequest, ScheduleEvent
from bot.usecases.action.gathering import Gathered
from bot.usecases.action.reporting import Whole
from tests.usecases.action.stage import (
    BASE,
    HEAD,
    MERGE,
    MESH,
    OLDER,
    Ran,
    Stage,
    dispatch,
    mesh_text,
    pull_request,
    push,
)

OTHER = "meshes/other.yaml"
APART = {MESH: mesh_text(0, 1), OTHER: mesh_text(2, environment="lonely")}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, files=dict(APART))


def left(stage: Stage, ran: Ran, shard: str) -> None:
    """The artifact of a shard is there."""
    stage.github.shards[f"meshbot-shard-{shard}"] = (
        stage.folder / ran.outputs["shard-path"]
    ).read_bytes()


def of_both(stage: Stage, event: object, command: str) -> list[Ran]:
    made = []
    for number in (1, 2):
        ran = stage.run(event, command=command, shard=f"{number}-of-2")  # type: ignore[arg-type]
        left(stage, ran, f"{number}-of-2")
        made.append(ran)
    return made


@pytest.mark.parametrize(
    ("event", "inputs"),
    [
        (ScheduleEvent(), {}),
        (MergeGroupEvent("checks_requested", HEAD, "", BASE, "main", "main"), {}),
        (pull_request(), {"command": "report"}),
        (pull_request(), {"command": "validate"}),
        (pull_request(), {"command": "shards"}),
        (dispatch(), {"command": "drift"}),
        (dispatch(), {"command": "apply", "expect_fingerprint": "0" * 12}),
        (pull_request(), {"shard": "two"}),
        (pull_request(), {"shard": "1-of-9"}),
    ],
)
def test_a_shard_where_there_are_none_is_a_usage_error(
    stage: Stage, event: object, inputs: dict[str, str]
) -> None:
    ran = stage.run(event, **{"shard": "1-of-2"} | inputs)  # type: ignore[arg-type]

    assert ran.code is ExitCode.USAGE
    assert ran.outputs["failure-reason"] == "error"
    assert stage.planned == []


@pytest.mark.parametrize(
    "inputs", [{"max_shards": "0"}, {"max_shards": "many"}, {"environments": "production"}]
)
def test_the_matrix_is_of_everything_and_of_a_number(stage: Stage, inputs: dict[str, str]) -> None:
    assert stage.run(push(), command="shards", **inputs).code is ExitCode.USAGE


def test_the_matrix_of_a_push_is_asked_of_nobody_but_github(stage: Stage) -> None:
    ran = stage.run(push(), command="shards")

    assert ran.code is ExitCode.SUCCESS
    names = [entry["environments"] for entry in json.loads(ran.outputs["matrix"])["include"]]
    assert names == ["lonely", "production"]
    assert stage.planned == []


def test_a_fork_has_no_matrix_and_its_report_validates(stage: Stage) -> None:
    event = pull_request(same_repository=False)

    assert stage.run(event, command="shards").outputs["matrix"] == ""
    assert stage.run(event, command="report").code is ExitCode.SUCCESS
    assert stage.github.checks == []


def test_a_shard_that_fails_says_why_and_the_report_repeats_it(stage: Stage) -> None:
    left(stage, stage.run(pull_request(), command="plan", shard="1-of-2"), "1-of-2")
    stage.plan_failure = AwsError(None, "sts:AssumeRole", "AccessDenied", "not you")

    failed = stage.run(pull_request(), command="plan", shard="2-of-2", environments="production")
    left(stage, failed, "2-of-2")
    told = stage.run(pull_request(), command="report")

    assert (failed.code, failed.outputs["failure-reason"]) == (ExitCode.FAILURE, "aws")
    assert (told.code, told.outputs["failure-reason"]) == (ExitCode.FAILURE, "aws")
    assert len(stage.github.checks) == 1
    assert "AccessDenied: not you" in stage.github.comments[7]
    assert "fingerprint" not in told.outputs


def test_shards_of_an_older_plan_are_not_taken_for_this_one(stage: Stage) -> None:
    of_both(stage, pull_request(), "plan")
    stage.files[OTHER] = mesh_text(2, environment="lonely", extra="# changed\n")

    told = stage.run(pull_request(), command="report")

    assert told.code is ExitCode.FAILURE
    assert "planned other mesh files" in stage.github.comments[7]


def test_an_apply_of_a_commit_that_was_overtaken_reports_that_there_was_nothing(
    stage: Stage,
) -> None:
    stage.files = dict(APART)
    stage.github.files[MERGE] = dict(APART)
    stage.github.files[OLDER] = dict(APART)
    stage.github.line = [BASE, OLDER, MERGE]
    whole = stage.run(push(), require_pull_request="false")
    early = replace(push(), after=OLDER)

    for ran in of_both(stage, early, "apply"):
        assert (ran.code, ran.outputs["failure-reason"]) == (ExitCode.SUCCESS, "")
    told = stage.run(early, command="report")

    assert whole.code is ExitCode.SUCCESS
    assert told.code is ExitCode.SUCCESS
    assert "is superseded by" in told.log


def test_without_any_result_the_pull_request_is_told_so(stage: Stage) -> None:
    stage.merge()

    told = stage.run(push(), command="report")

    assert (told.code, told.outputs["failure-reason"]) == (ExitCode.FAILURE, "error")
    assert "No shard left anything" in stage.github.comments[7]
    assert stage.github.deployments == []


def test_an_apply_that_does_not_say_how_it_ended_is_missing(stage: Stage) -> None:
    stage.merge()
    of_both(stage, pull_request(), "plan")
    for name, content in stage.github.shards.items():
        planned = json.loads(content) | {"command": "apply", "outcome": None}
        stage.github.shards[name] = json.dumps(planned).encode()

    told = stage.run(push(), command="report")

    assert told.code is ExitCode.FAILURE
    assert "does not say how its plan ended" in stage.github.comments[7]


def test_the_pull_request_of_the_commit_is_told_of_a_shard_that_knew_nobody(stage: Stage) -> None:
    stage.merge()
    left(stage, stage.run(push(), command="apply", shard="2-of-2"), "2-of-2")
    merged = PullRequest(8, OLDER, open=False, merged=True, author="bob", branch="main")
    stage.github.pulls[8] = merged
    stage.github.brought[MERGE] = (8,)
    stage.plan_failure = AwsError(None, "sts:AssumeRole", "AccessDenied", "not you")
    left(stage, stage.run(push(), command="apply", shard="1-of-2"), "1-of-2")

    stage.run(push(), command="report")

    assert stage.github.comments.keys() == {7, 8}
    assert stage.github.comments[7] == stage.github.comments[8]
    assert "AccessDenied: not you" in stage.github.comments[8]
    assert "Refused: `production` was not applied" in stage.github.comments[8]
    assert "Partly applied" not in stage.github.comments[8], "nothing was"


@pytest.mark.parametrize("locked", [("1-of-2",), ("1-of-2", "2-of-2")])
def test_a_shard_that_did_not_get_the_lease_makes_the_verdict_locked(
    stage: Stage, locked: tuple[str, ...]
) -> None:
    """Nothing of it was tried: that is worse than a part which failed, and never success."""
    for number, name in ((1, "lonely"), (2, "production")):
        shard = f"{number}-of-2"
        stage.plan_failure = Locked("busy: somebody else is at work") if shard in locked else None
        ran = stage.run(
            push(), command="apply", shard=shard, environments=name, require_pull_request="false"
        )
        left(stage, ran, shard)
        assert (ran.code is ExitCode.LOCKED) is (shard in locked)

    told = stage.run(push(), command="report")

    assert (told.code, told.outputs["failure-reason"]) == (ExitCode.LOCKED, "locked")
    assert "somebody else is at work" in told.summary


# --- attempts of a run


def test_a_result_of_an_earlier_attempt_is_told_as_that(stage: Stage) -> None:
    """GitHub keeps it, whether its job was not run again or was and left nothing."""
    for number, name in ((1, "lonely"), (2, "production")):
        ran = stage.run(
            push(),
            command="apply",
            shard=f"{number}-of-2",
            environments=name,
            require_pull_request="false",
        )
        left(stage, ran, f"{number}-of-2")
        stage.context = replace(stage.context, run_attempt="2")

    told = stage.run(push(), command="report", require_pull_request="false")

    said = "Shard 1-of-2: its result is of attempt 1 of this run, and this is attempt 2."
    assert told.log.count("::warning::" + said) == 1
    assert "Shard 2-of-2: its" not in told.log
    assert Whole.of(Gathered((), (), (said,))).report.warnings == (said,), "the outcome says it too"


def test_results_of_this_attempt_are_told_without_a_word(stage: Stage) -> None:
    stage.context = replace(stage.context, run_attempt="3")
    of_both(stage, pull_request(), "plan")

    told = stage.run(pull_request(), command="report")

    assert told.code is ExitCode.SUCCESS
    assert "attempt" not in told.log


@pytest.mark.parametrize(("run", "attempt"), [("78", 1), ("", 1), ("77", 2)])
def test_a_result_of_another_run_or_of_no_attempt_yet_is_none(
    stage: Stage, run: str, attempt: int
) -> None:
    of_both(stage, pull_request(), "plan")
    name = "meshbot-shard-2-of-2"
    other = json.loads(stage.github.shards[name]) | {"run": run, "attempt": attempt}
    stage.github.shards[name] = json.dumps(other).encode()

    told = stage.run(pull_request(), command="report")

    assert told.code is ExitCode.FAILURE
    assert f"it is of attempt {attempt} of the run" in stage.github.comments[7]
