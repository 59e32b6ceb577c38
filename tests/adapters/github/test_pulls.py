"""Pull requests and history."""

from __future__ import annotations

from typing import Any

import responses

from bot.adapters.github.pulls import Pulls
from bot.model.github import PullRequest
from tests.adapters.github.api import REPO, session

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
        "head": head,
        "base": base,
    }


@responses.activate
def test_a_pull_request_tells_its_head_and_state() -> None:
    responses.get(f"{REPO}/pulls/7", json=pull(7, merged_at=None))
    responses.get(f"{REPO}/pulls/8", json=pull(8))

    pulls = Pulls(session())

    assert pulls.pull(7) == PullRequest(7, SHA, open=True)
    assert pulls.pull(8) == PullRequest(8, SHA, open=False)


@responses.activate
def test_only_pull_requests_merged_into_the_branch_brought_a_commit() -> None:
    found = [pull(9), pull(7), pull(3, "release"), pull(4, merged_at=None)]
    responses.get(f"{REPO}/commits/{SHA}/pulls", json=found)

    assert Pulls(session()).merged(SHA, "main") == (7, 9)


@responses.activate
def test_parents_come_in_order() -> None:
    url = f"{REPO}/git/commits/{SHA}"
    parents = [{"sha": "c" * 40, "url": url}, {"sha": "b" * 40, "url": url}]
    responses.get(url, json={"sha": SHA, "url": url, "parents": parents})

    assert Pulls(session()).parents(SHA) == ("c" * 40, "b" * 40)
