"""A merged pull request while its plan is applied: both emulators, a real thread, real HTTP."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.adapters import github
from bot.adapters.interruption import StopFlag
from bot.adapters.runner import RunnerFiles
from bot.emulator.aws import Emulator
from bot.emulator.runner import Ran
from bot.engine.pace import CommentPace, Paces
from bot.usecases.action.route import run
from bot.usecases.action.wiring import doors
from tests.contract.github.checker import Contract
from tests.integration.hosted import MESH, NAME, Hosted, hosted, mesh
from tests.integration.test_action_runner import APPLY_PERMISSIONS

MOST = 3
EDITS = r"/issues/comments/\d+$"


@pytest.fixture
def merged(
    aws_process: Emulator,
    service_models_loaded_once: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[Hosted, int]]:
    """A merged pull request, planned and reviewed, and an AWS that takes its time."""
    monkeypatch.setattr("bot.engine.execute.pacing.INTERVAL", 0.01)
    monkeypatch.setattr("bot.engine.execute.pacing.TELLING", 0.05)
    with hosted(aws_process, tmp_path, Contract()) as story:
        number = story.pull({MESH: mesh(*story.vpcs)})
        planned = story.run("pull_request", {"number": number})
        assert planned.exit_code == 0, planned.log
        story.github.merge(NAME, number)
        story.aws.settings(latency_ms=150)
        yield story, number


def apply(
    story: Hosted,
    monkeypatch: pytest.MonkeyPatch,
    most: int = MOST,
    stop: StopFlag | None = None,
    **inputs: Any,
) -> Ran:
    """The apply of the merge in this process, told of so often."""
    job = story.prepare("push", permissions=APPLY_PERMISSIONS, **inputs)
    with monkeypatch.context() as patched:
        for name, value in job.variables.items():
            patched.setenv(name, value)
        patched.chdir(job.workspace)
        out, context = io.StringIO(), github.action_context(os.environ)
        files = RunnerFiles(os.environ, out)
        paces = Paces(comment=CommentPace(worth=-1.0, every=0.05, stretch=0.0, most=most))
        made = replace(doors(context, os.environ, files, stop or StopFlag()), paces=paces)
        code = run(context, made)
    return job.ended(int(code), out.getvalue())


def edits(story: Hosted) -> list[tuple[int, str]]:
    """Status and heading of what was written into comments, in the order of GitHub's log."""
    return [
        (e["status"], e["request_body"]["body"].split("\n", 1)[1].splitlines()[0])
        for e in story.github.exchanges()
        if e["method"] == "PATCH" and "/issues/comments/" in e["path"]
    ]


def bodies(story: Hosted) -> list[str]:
    return [
        str(e["request_body"]["body"])
        for e in story.github.exchanges()
        if e["method"] == "PATCH" and "/issues/comments/" in e["path"]
    ]


APPLYING, APPLIED = "> [!NOTE]", "### Applied: 9 added, 0 changed, 0 destroyed"


@pytest.mark.parametrize("most", [1, 3])
def test_the_comment_says_applying_in_between_and_the_outcome_in_the_end(
    merged: tuple[Hosted, int], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    story, number = merged

    ran = apply(story, monkeypatch, most)

    assert ran.exit_code == 0, ran.log
    *between, last = edits(story)
    assert last == (200, APPLIED)
    assert set(between) == {(200, APPLYING)}
    assert len(between) <= most
    first = bodies(story)[0]
    assert "**Applying …** peerings 0/3, routes 0/6, about 5 s left ([the run](" in first
    assert "/actions/runs/" in first
    assert "`111111111111/us-east-1`: peerings 0/2, routes 0/2" in first
    assert "### Plan: 9 to add" in first
    [comment] = story.comments(number)
    assert comment.split("\n")[1] == APPLIED
    group = ran.log.partition("::group::Applying\n")[2].partition("::endgroup::")[0]
    assert group.startswith("peerings 0/3, routes 0/6, about 5 s left\n")
    assert "  333333333333/us-east-1: peerings 0/2, routes 0/2\n" in group
    assert ": peerings 3/3, routes 6/6\n" in group
    assert "::notice::The comment did not" not in ran.log


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_github_that_fails_on_these_edits_changes_nothing(
    merged: tuple[Hosted, int], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    story, number = merged
    story.github.fault("error", method="PATCH", path=EDITS, status=status, times=1)

    ran = apply(story, monkeypatch, most=1)

    assert ran.exit_code == 0, ran.log
    assert ran.outputs["failure-reason"] == ""
    assert edits(story) == [(status, APPLYING), (200, APPLIED)]
    assert ran.log.count("::notice::The comment did not always show how far the apply was.") == 1
    assert "Run the job again" not in ran.log
    [comment] = story.comments(number)
    assert comment.split("\n")[1] == APPLIED


def test_a_slow_github_does_not_hold_up_the_apply(
    merged: tuple[Hosted, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome comes last also when the answer to an edit is on its way for long."""
    story, number = merged
    story.github.fault("delay", method="PATCH", path=EDITS, seconds=4.5, times=1)
    story.aws.settings(latency_ms=0)

    ran = apply(story, monkeypatch)

    assert ran.exit_code == 0, ran.log
    group = ran.log.partition("::group::Applying\n")[2].partition("::endgroup::")[0]
    took = int(group.partition("Ended after ")[2].partition(" s")[0])
    assert took < 4
    assert edits(story)[-1] == (200, APPLIED)
    [comment] = story.comments(number)
    assert comment.split("\n")[1] == APPLIED


def test_a_stopped_run_tells_its_outcome_within_six_seconds_while_an_edit_hangs(
    merged: tuple[Hosted, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    story, number = merged
    story.github.fault("delay", method="PATCH", path=EDITS, seconds=4.5, times=1)
    story.aws.settings(latency_ms=600)
    stop, stopped = StopFlag(), list[float]()

    def stop_soon() -> None:
        while not edits(story):
            time.sleep(0.05)
        stopped.append(time.monotonic())
        stop.set()

    stopping = threading.Thread(target=stop_soon)
    stopping.start()
    ran = apply(story, monkeypatch, stop=stop)
    took = time.monotonic() - stopped[0]
    stopping.join()

    assert took < 6
    assert ran.exit_code == 5, ran.log
    assert edits(story)[0] == (200, APPLYING)
    [comment] = story.comments(number)
    assert "the run was stopped" in comment
    assert "Applying …" not in comment


def test_with_comments_off_none_is_edited(
    merged: tuple[Hosted, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    story, _ = merged

    ran = apply(story, monkeypatch, comment="never")

    assert ran.exit_code == 0, ran.log
    assert edits(story) == []
    assert "::group::Applying\n" in ran.log
