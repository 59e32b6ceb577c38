"""Payloads as GitHub documents them, and as nobody should send them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.github.events import parse_event, read_event
from bot.model.github import DispatchEvent, OtherEvent, PullRequestEvent, PushEvent

HEAD, BASE = "a" * 40, "b" * 40
REPOSITORY = {"id": 35129377, "full_name": "acme/net", "default_branch": "main"}
PULL_REQUEST: dict[str, Any] = {
    "action": "synchronize",
    "number": 7,
    "before": "c" * 40,
    "after": HEAD,
    "pull_request": {
        "number": 7,
        "state": "open",
        "head": {"ref": "add-vpc", "sha": HEAD, "repo": REPOSITORY},
        "base": {"ref": "main", "sha": BASE, "repo": REPOSITORY},
    },
    "repository": REPOSITORY,
}
PUSH: dict[str, Any] = {
    "ref": "refs/heads/main",
    "before": BASE,
    "after": HEAD,
    "created": False,
    "deleted": False,
    "forced": False,
    "repository": REPOSITORY,
}
DISPATCH: dict[str, Any] = {"ref": "refs/heads/main", "inputs": None, "repository": REPOSITORY}
PAYLOADS = {"pull_request": PULL_REQUEST, "push": PUSH, "workflow_dispatch": DISPATCH}


def changed(payload: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A payload with one value replaced."""
    copied = copy.deepcopy(payload)
    *way, last = path.split(".")
    place = copied
    for step in way:
        place = place[step]
    place[last] = value
    return copied


def test_a_pull_request_of_the_same_repository() -> None:
    assert parse_event("pull_request", PULL_REQUEST) == PullRequestEvent(
        "synchronize", 7, HEAD, BASE, "main", "main", same_repository=True
    )


@pytest.mark.parametrize(
    "repository", [None, REPOSITORY | {"id": 99}, {"full_name": "acme/net"}, {"id": "35129377"}]
)
def test_a_fork_is_told_by_the_repositorys_id(repository: object) -> None:
    event = parse_event("pull_request", changed(PULL_REQUEST, "pull_request.head.repo", repository))

    assert isinstance(event, PullRequestEvent)
    assert not event.same_repository


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"title": {"from": "x"}}, False), ({"base": {"ref": {"from": "old"}}}, True)],
)
def test_an_edit_of_the_base_is_told_from_others(changes: object, expected: bool) -> None:
    payload = changed(changed(PULL_REQUEST, "action", "edited"), "changes", changes)

    event = parse_event("pull_request", payload)

    assert isinstance(event, PullRequestEvent)
    assert event.base_changed is expected


def test_a_push() -> None:
    assert parse_event("push", PUSH) == PushEvent("refs/heads/main", "main", BASE, HEAD)


def test_a_push_of_a_new_branch_has_nothing_before() -> None:
    event = parse_event("push", changed(PUSH, "before", "0" * 40))

    assert isinstance(event, PushEvent)
    assert event.before == ""


def test_a_dispatch() -> None:
    assert parse_event("workflow_dispatch", DISPATCH) == DispatchEvent("refs/heads/main", "main")


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("pull_request", "pull_request", None),
        ("pull_request", "pull_request.number", True),
        ("pull_request", "pull_request.number", 0),
        ("pull_request", "pull_request.number", "7"),
        ("pull_request", "pull_request.head.sha", "main"),
        ("pull_request", "pull_request.head.sha", f"{HEAD}\n"),
        ("pull_request", "pull_request.base.sha", "../.."),
        ("pull_request", "pull_request.base.repo", None),
        ("pull_request", "action", ["opened"]),
        ("push", "after", HEAD.upper()),
        ("push", "ref", None),
        ("push", "repository", {}),
        ("workflow_dispatch", "repository.default_branch", 5),
    ],
)
def test_a_payload_that_lacks_something_is_no_event(name: str, path: str, value: object) -> None:
    event = parse_event(name, changed(PAYLOADS[name], path, value))

    assert isinstance(event, OtherEvent)
    assert event.fault


@pytest.mark.parametrize("text", ["", "[", "[]", "null", "[" * 100_000, '{"a": 1'])
def test_a_file_that_is_no_payload_is_no_event(tmp_path: Path, text: str) -> None:
    file = tmp_path / "event.json"
    file.write_text(text)

    event = read_event("push", str(file))

    assert isinstance(event, OtherEvent)
    assert event.fault


def test_a_payload_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(PUSH))

    assert read_event("push", str(file)) == PushEvent("refs/heads/main", "main", BASE, HEAD)
    assert isinstance(read_event("push", str(tmp_path / "none.json")), OtherEvent)


@pytest.mark.parametrize("name", ["pull_request_target", "issue_comment", "workflow_run", ""])
def test_other_events_are_not_even_read(name: str) -> None:
    assert read_event(name, "/nowhere") == OtherEvent(name)
