"""Drift by schedule: issues that come, stay one, go and come back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.emulator.aws import Emulator
from bot.emulator.runner import Ran
from tests.contract.github.checker import Contract
from tests.integration.hosted import (
    BOT,
    DRIFT_PERMISSIONS,
    HEADER,
    MESH,
    NAME,
    Hosted,
    environment,
    hosted,
)

APPLY_PERMISSIONS = {
    "actions": "read",
    "checks": "write",
    "contents": "read",
    "deployments": "write",
    "pull-requests": "write",
}


@pytest.fixture
def story(aws_process: Emulator, tmp_path: Path) -> Iterator[Hosted]:
    with hosted(aws_process, tmp_path, Contract()) as made:
        yield made


def drift(story: Hosted) -> Ran:
    return story.run("schedule", permissions=DRIFT_PERMISSIONS)


def delete_peerings(story: Hosted) -> None:
    for vpc in story.vpcs:
        ec2 = story.seed.ec2(vpc.account, vpc.region)
        for found in ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]:
            if found["Status"]["Code"] == "active":
                ec2.delete_vpc_peering_connection(
                    VpcPeeringConnectionId=found["VpcPeeringConnectionId"]
                )


def test_an_issue_for_its_whole_life(story: Hosted) -> None:
    story.aws.forget_calls()

    opened = drift(story)

    assert opened.exit_code == 0, opened.log
    assert opened.outputs["failure-reason"] == ""
    assert opened.outputs["has-changes"] == "true"
    assert not [call for call in story.aws.calls() if call.mutating]
    [issue] = story.issues()
    assert (issue["title"], issue["state"], issue["user"]["login"]) == (
        "Drift in production",
        "open",
        BOT,
    )
    assert "### Drift in `production`: 3 to add, 0 to change, 0 to destroy" in issue["body"]
    assert story.vpcs[0].id in issue["body"]
    assert f"issues/{issue['number']}" in opened.summary

    ran = story.run(
        "push", permissions=APPLY_PERMISSIONS | {"id-token": "write"}, require_pull_request="false"
    )
    assert ran.exit_code == 0, ran.log
    assert drift(story).outputs["has-changes"] == "false"
    [closed] = story.issues()
    assert (closed["state"], closed["state_reason"]) == ("closed", "completed")
    assert "### No drift in `production`" in closed["body"]

    delete_peerings(story)
    assert drift(story).exit_code == 0
    [again] = story.issues()
    assert (again["number"], again["state"]) == (issue["number"], "open")
    assert "### Drift in `production`" in again["body"]


def test_a_write_whose_answer_is_lost_while_lists_lag_leaves_one_issue(story: Hosted) -> None:
    story.github.fault("error", method="POST", path="/issues$", after_write=True, lag=2)

    ran = drift(story)

    assert ran.exit_code == 0, ran.log
    assert [issue["state"] for issue in story.issues()] == ["open"]
    assert drift(story).exit_code == 0
    assert len(story.issues()) == 1


def test_issues_of_others_and_copied_markers_are_left_alone(story: Hosted) -> None:
    drift(story)
    [ours] = story.issues()
    for number in range(130):
        story.github.call("create_issue", name=NAME, title=f"t{number}", body=ours["body"])

    drift(story)

    issues = story.issues()
    assert len(issues) == 131
    assert [i["number"] for i in issues if i["user"]["login"] == BOT] == [ours["number"]]
    assert all(i["state"] == "open" for i in issues)


def test_an_issue_for_each_environment_and_a_gap_closes_nothing(story: Hosted) -> None:
    one, two, three = story.vpcs
    story.github.push(
        NAME, "main", {MESH: HEADER + environment(one, two) + environment(two, three, name="edge")}
    )
    drift(story)
    assert [issue["title"] for issue in story.issues()] == ["Drift in edge", "Drift in production"]
    story.aws.settings(unassumable=[three.account])

    ran = drift(story)

    assert ran.exit_code == 0, ran.log
    edge = next(issue for issue in story.issues() if issue["title"] == "Drift in edge")
    assert edge["state"] == "open"
    assert "could not be read" in edge["body"]


def test_without_the_permission_it_fails_and_says_which(story: Hosted) -> None:
    ran = story.run("schedule", permissions={"contents": "read"})

    assert ran.exit_code == 1
    assert ran.outputs["failure-reason"] == "github"
    assert "issues: write" in ran.log
    assert "Plan: 3 to add" in ran.summary
    assert "Traceback" not in ran.log
