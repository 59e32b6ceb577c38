"""Event payloads against octokit's schemas of what GitHub delivers."""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.github import EmulatorRefused, GitHub
from tests.contract.github.checker import webhook_violations
from tests.emulator.github.conftest import EVERYTHING, NAME


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ("pull_request", {"number": 1}),
        ("pull_request", {"number": 1, "action": "synchronize"}),
        ("pull_request", {"number": 1, "action": "reopened"}),
        ("pull_request_review", {"number": 1}),
        ("push", {}),
        ("push", {"ref": "refs/heads/change", "before": "0" * 40}),
        ("workflow_dispatch", {"inputs": {"command": "apply"}, "actor": "bob"}),
        ("workflow_dispatch", {}),
        ("merge_group", {"pulls": [1]}),
    ],
)
@pytest.mark.parametrize("owner", ["User", "Organization"])
def test_payload_conforms(
    gh: GitHub, pull: int, event: str, wanted: dict[str, Any], owner: str
) -> None:
    name = NAME
    if owner == "Organization":
        gh.call("create_account", login="corp", type="Organization")
        name = "corp/network"
        gh.create_repository(name, {"a": "1\n"}, author="alice")
        gh.push(name, "change", {"a": "2\n"}, author="alice")
        pull = gh.open_pull(name, "change", author="alice")
    gh.review(name, pull, "bob", body="fine")

    payload = gh.event(name, event, **wanted)

    assert webhook_violations(event, payload) == []
    assert payload["repository"]["full_name"] == name
    assert ("organization" in payload) is (owner == "Organization")


def test_a_violation_is_seen(gh: GitHub, pull: int) -> None:
    payload = gh.event(NAME, "pull_request", number=pull)
    del payload["pull_request"]["head"]["sha"]

    assert webhook_violations("pull_request", payload) != []


def test_merged_pull_request_is_closed_in_its_event(gh: GitHub, pull: int) -> None:
    tip = gh.merge(NAME, pull, by="bob")

    payload = gh.event(NAME, "pull_request", number=pull, action="closed", actor="bob")

    assert webhook_violations("pull_request", payload) == []
    assert payload["pull_request"]["merged"] is True
    assert payload["pull_request"]["merge_commit_sha"] == tip
    assert payload["sender"]["login"] == "bob"
    job = gh.start_run(NAME, "pull_request", {"number": pull, "action": "closed"})
    assert (job.sha, job.environment["GITHUB_REF"]) == (tip, "refs/heads/main")


def test_push_names_the_changed_files_of_each_commit(gh: GitHub) -> None:
    before = gh.push(NAME, "main", {"meshes/new.yaml": "x\n"})
    gh.push(NAME, "main", {"README.md": "bye\n"}, author="bob")
    after = gh.push(NAME, "main", {"meshes/new.yaml": None}, author="bob")

    payload = gh.event(NAME, "push", before=before, after=after)

    assert [c["modified"] for c in payload["commits"]] == [["README.md"], []]
    assert payload["head_commit"]["removed"] == ["meshes/new.yaml"]
    assert (payload["before"], payload["after"]) == (before, after)
    assert payload["pusher"]["name"] == "bob"


def test_schedule_runs_on_the_default_branch(gh: GitHub) -> None:
    tip = gh.state(NAME)["refs"]["refs/heads/main"]

    job = gh.start_run(NAME, "schedule", {"cron": "1 2 * * *"})

    assert job.payload["schedule"] == "1 2 * * *"
    assert (job.sha, job.environment["GITHUB_REF"]) == (tip, "refs/heads/main")


def test_pull_request_runs_on_the_test_merge(gh: GitHub, pull: int) -> None:
    gh.push(NAME, "main", {"other.txt": "from main\n"})

    job = gh.start_run(NAME, "pull_request", {"number": pull}, EVERYTHING)

    refs = gh.state(NAME)["refs"]
    assert job.sha == refs[f"refs/pull/{pull}/merge"] == job.environment["GITHUB_SHA"]
    assert job.environment["GITHUB_REF"] == f"refs/pull/{pull}/merge"
    assert job.environment["GITHUB_HEAD_REF"] == "change"
    assert job.payload["pull_request"]["head"]["sha"] == refs["refs/heads/change"]
    merged = gh.files(NAME, job.sha)
    assert merged["other.txt"] == b"from main\n"
    assert merged["meshes/prod.yaml"] == b"a: 1\nb: 20\nc: 3\n"


def test_merge_group_contains_base_and_every_queued_pull_request(gh: GitHub, pull: int) -> None:
    gh.push(NAME, "two", {"two.txt": "2\n"}, author="bob")
    second = gh.open_pull(NAME, "two", author="bob")

    job = gh.start_run(NAME, "merge_group", {"pulls": [pull, second]})

    group = job.payload["merge_group"]
    assert group["base_sha"] == gh.state(NAME)["refs"]["refs/heads/main"]
    assert job.sha == group["head_sha"]
    files = gh.files(NAME, group["head_ref"])
    assert files["two.txt"] == b"2\n"
    assert files["meshes/prod.yaml"] == b"a: 1\nb: 20\nc: 3\n"


def test_no_workflow_runs_for_a_pull_request_with_a_conflict(gh: GitHub, pull: int) -> None:
    gh.push(NAME, "main", {"meshes/prod.yaml": "a: 1\nb: 99\nc: 3\n"})

    with pytest.raises(EmulatorRefused, match="conflict"):
        gh.start_run(NAME, "pull_request", {"number": pull})
