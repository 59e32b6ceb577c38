"""What a container action meets on a runner: owners, shallow checkouts, odd paths, cancels."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.emulator.aws import Emulator
from tests.contract.github.checker import Contract
from tests.integration.hosted import MESH, NAME, Hosted, Prepared, hosted, mesh

APPLY_PERMISSIONS = {
    "actions": "read",
    "checks": "write",
    "contents": "read",
    "deployments": "write",
    "id-token": "write",
    "pull-requests": "write",
}
SOMEBODY = 12_345


@pytest.fixture
def story(aws_process: Emulator, tmp_path: Path) -> Iterator[Hosted]:
    with hosted(aws_process, tmp_path, Contract()) as made:
        yield made


def planning(story: Hosted, **inputs: Any) -> Prepared:
    """The job of a pull request that adds a VPC; its workspace is the merge, and shallow."""
    number = story.pull({MESH: mesh(*story.vpcs)})
    return story.prepare("pull_request", {"number": number}, **inputs)


def test_only_the_merge_commit_is_needed(story: Hosted) -> None:
    job = planning(story)
    (job.workspace / ".git" / "HEAD").read_text()

    ran = job.run()

    assert ran.exit_code == 0, ran.log
    # two of the three were there before: the base was read through the API
    assert "1 joining" in ran.summary or "joins because of" in ran.summary
    assert ran.summary.count("joins because of") == 1
    assert ran.outputs["plan-json-path"] == "meshbot-out/plan.json"
    assert (ran.workspace / "meshbot-out" / "plan.json").is_file()


def test_git_is_not_used(story: Hosted, tmp_path: Path) -> None:
    """An image without git, and a ``git`` in the workspace that would tell on us."""
    job = planning(story)
    trap = tmp_path / "git-was-called"
    for place in (job.workspace, tmp_path / "bin"):
        place.mkdir(exist_ok=True)
        (place / "git").write_text(f"#!/bin/sh\ntouch {trap}\nexit 1\n")
        (place / "git").chmod(0o755)
    job.variables["PATH"] = f"{tmp_path / 'bin'}:{job.workspace}"

    ran = job.run()

    assert ran.exit_code == 0, ran.log
    assert not trap.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to another user")
def test_a_workspace_of_another_user_is_no_obstacle(story: Hosted) -> None:
    """On a runner the workspace is the runner's user's and the container's user is root."""
    job = planning(story)
    for place in (job.workspace, *job.workspace.rglob("*")):
        os.chown(place, SOMEBODY, SOMEBODY)

    ran = job.run()

    assert ran.exit_code == 0, ran.log
    assert ran.outputs["has-changes"] == "true"
    assert (ran.workspace / "meshbot-out" / "report.html").is_file()


def test_faults_name_paths_relative_to_the_workspace_from_any_folder(story: Hosted) -> None:
    number = story.pull({MESH: mesh(*story.vpcs).replace("us-east-1", "mars-1", 1)})
    job = story.prepare("pull_request", {"number": number})

    ran = Prepared(Path("/"), job.variables, job.files).run()

    assert ran.exit_code == 3, ran.log
    [check] = story.checks()
    assert {a["path"] for a in check["annotations"]} == {MESH}
    assert str(job.workspace) not in ran.log + ran.summary + str(check)


@pytest.mark.parametrize("path", ["../elsewhere", "/etc", "meshes/../../x", "link", "meshes/link"])
def test_a_path_that_leads_out_of_the_workspace_is_refused(
    story: Hosted, tmp_path: Path, path: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mesh.yaml").write_text("secret: 1\n")
    job = planning(story, meshes=path)
    (job.workspace / "link").symlink_to(outside)
    (job.workspace / "meshes" / "link").symlink_to(outside)

    ran = job.run()

    assert ran.exit_code in (3, 64), ran.log
    assert ran.outputs["failure-reason"] in ("error", "invalid-mesh")
    assert "out of" in ran.log or "inside the repository" in ran.log
    assert "secret" not in ran.log
    assert story.aws.calls() == ()


def test_a_link_among_the_mesh_files_is_not_followed_out(story: Hosted, tmp_path: Path) -> None:
    job = planning(story)
    (tmp_path / "secret.yaml").write_text("secret: 1\n")
    (job.workspace / "meshes" / "x.yaml").symlink_to(tmp_path / "secret.yaml")

    ran = job.run()

    assert ran.exit_code == 3, ran.log
    assert "a symbolic link that leads out of the folder" in ran.log
    assert "a symbolic link that leads out of the folder" in ran.summary
    assert "secret: 1" not in ran.log + ran.summary


def test_a_planted_output_folder_is_not_written_through(story: Hosted, tmp_path: Path) -> None:
    job = planning(story)
    target = tmp_path / "target"
    target.mkdir()
    (job.workspace / "meshbot-out").symlink_to(target)

    ran = job.run()

    assert ran.exit_code == 1, ran.log
    assert ran.outputs["failure-reason"] == "error"
    assert list(target.iterdir()) == []


# --- cancelling


def mutating(story: Hosted) -> list[str]:
    return [call.action for call in story.aws.calls() if call.mutating]


def until_it_applies(story: Hosted, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 30
    while not mutating(story):
        assert process.poll() is None, process.stdout and process.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def merged(story: Hosted) -> tuple[Hosted, int]:
    """A merged pull request whose apply takes long."""
    for _ in range(5):
        story.vpc()
    number = story.pull({MESH: mesh(*story.vpcs)})
    planned = story.run("pull_request", {"number": number})
    assert planned.exit_code == 0, planned.log
    story.github.merge(NAME, number)
    story.aws.forget_calls()
    story.aws.settings(latency_ms=400)
    return story, number


def test_a_cancelled_apply_tells_what_it_did_within_six_seconds(
    merged: tuple[Hosted, int],
) -> None:
    """The runner sends SIGINT, SIGTERM 7.5 s later, and kills after 2.5 s more."""
    story, number = merged
    job = story.prepare("push", permissions=APPLY_PERMISSIONS, require_pull_request="false")

    with job.start() as process:
        until_it_applies(story, process)
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        log, _ = process.communicate(timeout=30)
        took = time.monotonic() - start
    ran = job.ended(process.returncode, log)

    assert took < 6
    assert ran.exit_code == 5, ran.log
    assert ran.outputs["failure-reason"] == "partial-apply"
    assert "Traceback" not in ran.log
    assert "the run was stopped" in ran.summary
    [comment] = story.comments(number)
    assert "the run was stopped" in comment
    before = len(mutating(story))
    time.sleep(1)
    assert len(mutating(story)) == before, "nothing goes on behind our back"

    story.aws.settings(latency_ms=0)
    again = story.run("push", permissions=APPLY_PERMISSIONS, require_pull_request="false")
    assert again.exit_code == 0, again.log
