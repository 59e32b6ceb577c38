"""Pull requests: merging three ways, conflicts, what belongs to a commit, reviews."""

from __future__ import annotations

import pytest

from bot.emulator.github import GitHub
from tests.emulator.github.conftest import EVERYTHING, NAME, Plain


def log(http: Plain, ref: str = "main") -> list[tuple[str, int]]:
    """First lines of messages, newest first, with the number of parents."""
    commits = http("GET", f"/repos/{NAME}/commits?sha={ref}").json()
    return [(c["commit"]["message"].split("\n")[0], len(c["parents"])) for c in commits]


@pytest.fixture
def two_commits(gh: GitHub) -> int:
    gh.push(NAME, "topic", {"one.txt": "1\n"}, message="one", author="alice")
    gh.push(NAME, "topic", {"two.txt": "2\n"}, message="two", author="alice")
    number = gh.open_pull(NAME, "topic", title="Topic", author="alice")
    gh.push(NAME, "main", {"main.txt": "m\n"}, message="on main")
    return number


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("merge", [("Merge pull request #1 from acme/topic", 2)]),
        ("squash", [("Topic (#1)", 1)]),
        ("rebase", [("two", 1), ("one", 1)]),
    ],
)
def test_merge_methods_and_the_pull_request_behind_each_commit(
    gh: GitHub, two_commits: int, method: str, expected: list[tuple[str, int]]
) -> None:
    job = gh.start_run(NAME, "push", {}, EVERYTHING)
    http = Plain(gh.url, job.token)
    reply = http("PUT", f"/repos/{NAME}/pulls/{two_commits}/merge", {"merge_method": method})

    tip = reply.json()["sha"]
    shown = [entry for entry in log(http) if entry[0] not in ("on main", "Initial commit")]
    assert [e for e in shown if method != "merge" or e[0].startswith("Merge")] == expected
    assert set(gh.files(NAME, "main")) >= {"one.txt", "two.txt", "main.txt"}
    landed = http("GET", f"/repos/{NAME}/commits/{tip}/pulls").json()
    assert [(p["number"], p["merge_commit_sha"] == tip) for p in landed] == [(two_commits, True)]
    pull = http("GET", f"/repos/{NAME}/pulls/{two_commits}").json()
    assert (pull["merged"], pull["state"], pull["mergeable"]) == (True, "closed", None)
    assert pull["merged_by"]["login"] == "github-actions[bot]"
    assert pull["commits"] == 2


def test_commit_pushed_directly_has_no_pull_request(gh: GitHub, http: Plain) -> None:
    sha = gh.push(NAME, "main", {"direct.txt": "1\n"})

    assert http("GET", f"/repos/{NAME}/commits/{sha}/pulls").json() == []


def test_conflict_cannot_be_merged(gh: GitHub, http: Plain, pull: int) -> None:
    gh.push(NAME, "main", {"meshes/prod.yaml": "a: 1\nb: 3\nc: 3\n"})

    shown = http("GET", f"/repos/{NAME}/pulls/{pull}").json()
    refused = http("PUT", f"/repos/{NAME}/pulls/{pull}/merge")

    assert (shown["mergeable"], shown["mergeable_state"]) == (False, "dirty")
    assert shown["merge_commit_sha"] is None
    assert refused.status_code == 405
    assert http("GET", f"/repos/{NAME}/pulls/{pull}/merge").status_code == 404


def test_changes_of_both_sides_in_one_file_are_merged(gh: GitHub, pull: int) -> None:
    gh.push(NAME, "main", {"meshes/prod.yaml": "first: 0\na: 1\nb: 2\nc: 3\n"})

    gh.merge(NAME, pull)

    merged = gh.files(NAME, "main")["meshes/prod.yaml"]
    assert merged == b"first: 0\na: 1\nb: 20\nc: 3\n"


def test_merge_refuses_a_head_that_moved(gh: GitHub, http: Plain, pull: int) -> None:
    before = http("GET", f"/repos/{NAME}/pulls/{pull}").json()["head"]["sha"]
    after = gh.push(NAME, "change", {"more.txt": "1\n"})

    refused = http("PUT", f"/repos/{NAME}/pulls/{pull}/merge", {"sha": before})

    assert refused.status_code == 409
    assert http("GET", f"/repos/{NAME}/pulls/{pull}").json()["head"]["sha"] == after


@pytest.mark.usefixtures("pull")
def test_second_pull_request_of_a_branch_and_an_empty_one_are_refused(http: Plain) -> None:
    body = {"title": "t", "head": "change", "base": "main"}

    again = http("POST", f"/repos/{NAME}/pulls", body)
    empty = http("POST", f"/repos/{NAME}/pulls", {**body, "head": "main"})

    assert (again.status_code, empty.status_code) == (422, 422)
    assert "already exists" in again.json()["errors"][0]["message"]
    assert "No commits between" in empty.json()["errors"][0]["message"]


def test_pull_request_from_a_fork_names_both_repositories(gh: GitHub, http: Plain) -> None:
    fork = gh.fork(NAME, "mallory")
    gh.push(fork, "evil", {"meshes/prod.yaml": "evil\n"}, author="mallory")
    number = gh.open_pull(NAME, "mallory:evil", author="mallory")

    pull = http("GET", f"/repos/{NAME}/pulls/{number}").json()

    assert pull["head"]["repo"]["id"] != pull["base"]["repo"]["id"]
    assert pull["head"]["repo"]["fork"] is True
    assert pull["head"]["label"] == "mallory:evil"
    assert pull["author_association"] == "NONE"
    assert [p["number"] for p in http("GET", f"/repos/{NAME}/pulls?head=mallory:evil").json()] == [
        number
    ]


def test_reviews_keep_the_commit_they_were_made_for(gh: GitHub, http: Plain, pull: int) -> None:
    old = http("GET", f"/repos/{NAME}/pulls/{pull}").json()["head"]["sha"]
    gh.review(NAME, pull, "bob", body="yes")
    new = gh.push(NAME, "change", {"more.txt": "1\n"})
    gh.review(NAME, pull, "carol", state="CHANGES_REQUESTED", body="no")

    reviews = http("GET", f"/repos/{NAME}/pulls/{pull}/reviews").json()

    assert [(r["user"]["login"], r["state"], r["commit_id"]) for r in reviews] == [
        ("bob", "APPROVED", old),
        ("carol", "CHANGES_REQUESTED", new),
    ]


def test_nobody_approves_their_own_pull_request(gh: GitHub, pull: int) -> None:
    alice = Plain(gh.url, gh.token("alice"))

    refused = alice("POST", f"/repos/{NAME}/pulls/{pull}/reviews", {"event": "APPROVE"})

    assert refused.status_code == 422
    assert "own pull request" in refused.json()["message"]
