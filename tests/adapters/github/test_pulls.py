"""Pull requests and history."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import responses

from bot.adapters.github.pulls import Pulls
from bot.model.github import PullRequest
from tests.adapters.github.api import API, REPO, session

SHA = "a" * 40


def pull(number: int, branch: str = "main", merged_at: str | None = "2026-01-02T03:04:05Z") -> Any:
    url = f"{REPO}/pulls/{number}"
    head, base = {"ref": "feature", "sha": SHA}, {"ref": branch, "sha": "b" * 40}
    state = "closed" if merged_at else "open"
    return {
        "number": number,
        "url": url,
        "state": state,
        "merged_at": merged_at,
        "user": {"login": "alice", "url": f"{API}/users/alice"},
        "head": head,
        "base": base,
    }


@responses.activate
def test_a_pull_request_tells_its_head_and_state() -> None:
    responses.get(f"{REPO}/pulls/7", json=pull(7, merged_at=None))
    responses.get(f"{REPO}/pulls/8", json=pull(8))

    pulls = Pulls(session())

    assert pulls.pull(7) == PullRequest(7, SHA, True, False, "alice", "main")
    assert pulls.pull(8) == PullRequest(8, SHA, False, True, "alice", "main")


@responses.activate
def test_only_pull_requests_into_the_branch_that_are_open_or_merged_bring_a_commit() -> None:
    waiting = pull(5, merged_at=None) | {"user": None}
    closed = pull(4, merged_at=None) | {"state": "closed"}
    found = [pull(9), pull(7), pull(3, "release"), closed, waiting]
    responses.get(f"{REPO}/commits/{SHA}/pulls", json=found)

    brought = Pulls(session()).of_commit(SHA, "main")

    assert [(p.number, p.merged, p.author) for p in brought] == [
        (5, False, ""),
        (7, True, "alice"),
        (9, True, "alice"),
    ]


@responses.activate
def test_open_pull_requests_are_listed_by_branch() -> None:
    responses.get(f"{REPO}/pulls", json=[pull(9, merged_at=None)])

    assert [p.number for p in Pulls(session()).open_into("main")] == [9]
    assert dict(parse_qsl(urlsplit(str(responses.calls[0].request.url)).query)) == {
        "state": "open", "base": "main", "sort": "updated", "direction": "desc", "per_page": "100",
    }  # fmt: skip


@responses.activate
def test_parents_come_in_order() -> None:
    url = f"{REPO}/git/commits/{SHA}"
    parents = [{"sha": "c" * 40, "url": url}, {"sha": "b" * 40, "url": url}]
    responses.get(url, json={"sha": SHA, "url": url, "parents": parents})

    assert Pulls(session()).parents(SHA) == ("c" * 40, "b" * 40)
