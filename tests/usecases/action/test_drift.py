"""Drift: one issue for each environment, kept up to date."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import load
from bot.errors import ExitCode, GitHubRefused
from bot.model.address import AccountId
from bot.model.github import DispatchEvent, ScheduleEvent
from bot.render.context import drift_marker
from tests.fakes import run as fake_run
from tests.usecases.action.stage import MERGE, MESH, Ran, Stage, dispatch, mesh_text, vpc

MARKER = drift_marker("meshes", "production")
TITLE, OPEN = "Drift in production", True


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def drift(stage: Stage, **inputs: str) -> Ran:
    stage.planned.clear()
    return stage.run(ScheduleEvent(), **inputs)


def settle(stage: Stage) -> None:
    """Bring AWS to the files."""
    mesh = load(stage.files).mesh
    fake_run.apply(stage.aws, mesh, None, fake_run.plan(stage.aws, mesh))


def test_drift_opens_an_issue_whose_body_is_the_plan(stage: Stage) -> None:
    ran = drift(stage)

    assert ran.code is ExitCode.SUCCESS
    assert ran.outputs["has-changes"] == "true"
    assert ran.outputs["failure-reason"] == ""
    assert stage.planned == [False], "the plan role reads"
    [(marker, (title, body, is_open))] = stage.github.issues.items()
    assert (marker, title, is_open) == (MARKER, TITLE, OPEN)
    assert body.startswith(f"{MARKER}\n### Drift in `production`: 9 to add")
    assert "**What to do**" in body
    assert ran.outputs["fingerprint"][:12] in body
    assert "[issue](https://github.example/acme/net/issues/1)" in ran.summary
    assert not (stage.github.comments)
    assert not (stage.github.checks)


def test_without_drift_there_is_no_issue(stage: Stage) -> None:
    settle(stage)

    ran = drift(stage)

    assert ran.outputs["has-changes"] == "false"
    assert stage.github.issues == {}


def test_an_issue_closes_when_the_drift_is_gone_and_comes_back_with_it(stage: Stage) -> None:
    drift(stage)
    settle(stage)

    drift(stage)

    title, body, is_open = stage.github.issues[MARKER]
    assert (title, is_open) == (TITLE, False)
    assert "### No drift in `production`" in body
    stage.aws.world.peerings.clear()
    drift(stage)
    assert stage.github.issues[MARKER][2] is OPEN
    assert len(stage.github.issues) == 1


def test_each_environment_has_an_issue_of_its_own(stage: Stage) -> None:
    stage.files |= {"meshes/b.yaml": mesh_text(0, 1, environment="edge")}

    drift(stage)

    assert set(stage.github.issues) == {MARKER, drift_marker("meshes", "edge")}
    edge = stage.github.issues[drift_marker("meshes", "edge")][1]
    assert "### Drift in `edge`" in edge
    assert str(vpc(2)) not in edge


def test_a_gap_is_told_in_the_issue_and_closes_nothing(stage: Stage) -> None:
    drift(stage)
    settle(stage)
    stage.aws.world.closed.add(AccountId(vpc(2).scope.account))

    ran = drift(stage)

    assert ran.code is ExitCode.SUCCESS
    _, body, is_open = stage.github.issues[MARKER]
    assert is_open
    assert "### Drift in `production`: not known" in body
    assert "could not be read" in body


def test_a_gap_alone_opens_no_issue(stage: Stage) -> None:
    settle(stage)
    stage.aws.world.closed.add(AccountId(vpc(2).scope.account))

    drift(stage)

    assert stage.github.issues == {}


def test_a_gap_elsewhere_keeps_no_issue_open(stage: Stage) -> None:
    stage.files = {
        MESH: mesh_text(0, 1),
        "meshes/b.yaml": mesh_text(2, environment="edge"),
    }
    drift(stage)
    settle(stage)
    stage.aws.world.closed.add(AccountId(vpc(2).scope.account))

    drift(stage)

    assert stage.github.issues[MARKER][2] is False


def test_the_issue_of_an_environment_that_is_gone_is_closed(stage: Stage) -> None:
    old = drift_marker("meshes", "old")
    others = drift_marker("elsewhere", "old")
    stage.github.issues = {m: ("Drift in old", f"{m}\nx", True) for m in (old, others)}

    drift(stage, environments="production")
    assert stage.github.issues[old][2], "only the environments that were asked for are judged"
    drift(stage)

    assert stage.github.issues[old][0] == "Drift in old"
    assert stage.github.issues[old][2] is False
    assert stage.github.issues[others][2], "another folder's"


def test_faults_are_told_and_no_issue_is_touched(stage: Stage) -> None:
    stage.files = {MESH: b"metadata: 1\n"}

    ran = drift(stage)

    assert ran.code is ExitCode.INVALID
    assert ran.outputs["failure-reason"] == "invalid-mesh"
    assert stage.github.asked == []


def test_a_missing_permission_for_issues_is_a_failure_here(stage: Stage) -> None:
    stage.github.failing = {"issue": GitHubRefused("no issues: write")}

    ran = drift(stage)

    assert ran.code is ExitCode.FAILURE
    assert ran.outputs["failure-reason"] == "github"
    assert ran.outputs["has-changes"] == "true"
    assert "::warning::no issues: write" in ran.log


def test_drift_can_be_asked_for_by_hand_on_the_default_branch_alone(stage: Stage) -> None:
    assert stage.run(dispatch(), command="drift").code is ExitCode.SUCCESS
    assert MARKER in stage.github.issues
    elsewhere = stage.run(DispatchEvent("refs/heads/other", "main"), command="drift")
    assert elsewhere.outputs["failure-reason"] == "unsupported-event"


def test_a_schedule_does_nothing_else(stage: Stage) -> None:
    ran = drift(stage, command="apply")

    assert ran.outputs["failure-reason"] == "unsupported-event"
    assert stage.planned == []


def test_another_checkout_is_refused(stage: Stage) -> None:
    stage.context = replace(stage.context, checkout_sha="9" * 40)

    ran = drift(stage)

    assert ran.code is ExitCode.USAGE
    assert MERGE[:12] in ran.log
