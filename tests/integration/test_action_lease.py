"""The action and the lease, through both emulators."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.emulator.aws import Emulator
from bot.emulator.runner import APPLY_PERMISSIONS
from bot.model.lease import LeaseRecord, read_record
from tests.adapters.lease.rooms import HOME, LOCKS, Rooms
from tests.contract.github.checker import Contract
from tests.integration.hosted import MESH, NAME, Hosted, hosted, mesh

LOCK = LOCKS[1]
ROLE = f"arn:aws:iam::{HOME}:role/meshbot-apply"


@pytest.fixture
def story(aws_process: Emulator, tmp_path: Path) -> Iterator[Hosted]:
    with hosted(aws_process, tmp_path, Contract()) as made:
        yield made


@pytest.fixture
def rooms(story: Hosted) -> Rooms:
    return Rooms.build(story.aws)


@pytest.fixture
def merged(story: Hosted) -> int:
    """A reviewed and merged pull request that adds a VPC."""
    number = story.pull({MESH: mesh(*story.vpcs)})
    planned = story.run("pull_request", {"number": number}, lock=LOCK)
    assert planned.exit_code == 0, planned.log
    story.github.merge(NAME, number)
    return number


def other(seconds: float) -> str:
    now = int(time.time())
    holder = "acme/other run 9 attempt 1 https://github.example/acme/other/actions/runs/9 @alice"
    return LeaseRecord(holder, "a" * 32, "b" * 32, now - 60, int(now + seconds)).text


def test_a_busy_lease_refuses_the_apply_and_says_who_has_it(
    story: Hosted, rooms: Rooms, merged: int
) -> None:
    rooms.put(LOCK, other(600))
    story.aws.forget_calls()

    ran = story.run("push", require_pull_request="false", lock=LOCK)

    assert ran.exit_code == 6, ran.log
    assert ran.outputs["failure-reason"] == "locked"
    assert "locked: another apply is under way" in ran.log
    [comment] = story.comments(merged)
    for shown in (ran.summary, comment):
        assert "acme/other run 9" in shown
        assert "meshbot unlock" in shown
        assert "No result: locked" in shown
    assert " @alice" not in comment, "nobody is mentioned"
    assert {call.service for call in story.aws.calls()} <= {"sts", "s3"}


@pytest.mark.parametrize("role", ["", ROLE], ids=["keys", "oidc"])
@pytest.mark.parametrize("event", ["push", "workflow_dispatch"])
def test_an_apply_takes_the_lease_before_it_plans_and_gives_it_back(
    story: Hosted, rooms: Rooms, merged: int, role: str, event: str
) -> None:
    story.aws.forget_calls()

    ran = story.run(
        event, require_pull_request="false", command="apply", lock=LOCK, role_to_assume=role
    )

    assert ran.exit_code == 0, ran.log
    called = [f"{c.service}:{c.action}" for c in story.aws.calls() if c.service != "sts"]
    assert called[:2] == ["s3:GetObject", "s3:PutObject"]
    assert called[-1] == "s3:DeleteObject"
    assert "ec2:CreateVpcPeeringConnection" in called
    assert rooms.get(LOCK) is None


def test_the_record_names_repository_run_and_address(
    story: Hosted, rooms: Rooms, merged: int
) -> None:
    job = story.prepare(
        "push", permissions=APPLY_PERMISSIONS, require_pull_request="false", lock=LOCK
    )
    story.aws.settings(latency_ms=300)

    with job.start() as process:
        text = None
        while text is None:
            assert process.poll() is None
            text = rooms.get(LOCK)
        log, _ = process.communicate(timeout=60)

    record = read_record(text)
    assert process.returncode == 0, log
    assert isinstance(record, LeaseRecord)
    run_id = job.variables["GITHUB_RUN_ID"]
    assert record.holder.startswith(f"{NAME} run {run_id} attempt 1 http")
    assert record.holder.endswith(f"/{NAME}/actions/runs/{run_id}/attempts/1")


def test_a_busy_lease_is_waited_for_when_asked(story: Hosted, rooms: Rooms, merged: int) -> None:
    rooms.put(LOCK, other(-2))  # expired, but not yet for long enough

    ran = story.run("push", require_pull_request="false", lock=LOCK, lock_wait="60")

    assert ran.exit_code == 0, ran.log
    assert "Waiting up to 60 s for the lease" in ran.log
    assert rooms.get(LOCK) is None


@pytest.mark.parametrize("inputs", [{"lock": "locks"}, {"lock": LOCK, "lock_wait": "long"}])
def test_an_input_that_means_nothing_is_an_error(
    story: Hosted, rooms: Rooms, merged: int, inputs: dict[str, Any]
) -> None:
    ran = story.run("push", require_pull_request="false", **inputs)

    assert ran.exit_code == 64, ran.log
    assert ran.outputs["failure-reason"] == "error"
    assert "The input lock" in ran.log


def test_a_lease_that_cannot_be_asked_for_is_a_failure_of_aws(
    story: Hosted, rooms: Rooms, merged: int
) -> None:
    story.aws.settings(faults=[{"service": "s3", "error": "AccessDenied"}])

    ran = story.run("push", require_pull_request="false", lock=LOCK)

    assert ran.exit_code == 1, ran.log
    assert ran.outputs["failure-reason"] == "aws"
    assert "nothing was changed without it" in ran.log
