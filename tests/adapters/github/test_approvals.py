"""Records, artifacts, deployments, reviews and history, exchange by exchange."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import responses

from bot.adapters.github import artifacts as artifacts_module
from bot.adapters.github.artifacts import Artifacts
from bot.adapters.github.deployments import Deployments, spelt
from bot.adapters.github.history import History
from bot.adapters.github.records import Records
from bot.adapters.github.reviews import Reviews
from bot.adapters.github.viewer import Viewer
from bot.errors import GitHubError, GitHubRefused
from bot.model.github import Conclusion
from bot.model.record import Deployment, OwnCheck, Relation, Review, ReviewState
from tests.adapters.github.api import API, BOT, REPO, body, sent, session, viewer
from tests.adapters.github.test_archive import archive

SHA, OTHER = "a" * 40, "b" * 40
STORE = "http://127.0.0.1:9/store/1.zip"


def run(number: int, **changed: Any) -> dict[str, Any]:
    """A check run of ours."""
    return {
        "id": number,
        "url": f"{REPO}/check-runs/{number}",
        "name": "meshbot",
        "head_sha": SHA,
        "status": "completed",
        "conclusion": "success",
        "output": {"title": "t", "summary": "s", "text": f"text {number}"},
        "app": {"slug": "github-actions", "id": 1, "url": f"{API}/apps/github-actions"},
    } | changed


def checks(*runs: dict[str, Any], login: str = BOT) -> tuple[OwnCheck, ...]:
    viewer(login)
    listed = {"total_count": len(runs), "check_runs": list(runs)}
    responses.get(f"{REPO}/commits/{SHA}/check-runs", json=listed)
    opened = session()
    return Records(opened, Viewer(opened)).on(SHA, "meshbot")


@responses.activate
def test_own_check_runs_come_newest_first() -> None:
    found = checks(run(3), run(9), run(5))

    assert [(check.id, check.text) for check in found] == [
        (9, "text 9"), (5, "text 5"), (3, "text 3"),
    ]  # fmt: skip


@responses.activate
@pytest.mark.parametrize(
    "changed",
    [
        {"app": {"slug": "other-ci", "id": 2, "url": f"{API}/apps/other-ci"}},
        {"app": None},
        {"name": "meshbot / plan"},
        {"head_sha": OTHER},
        {"status": "in_progress", "conclusion": None},
    ],
)
def test_another_apps_name_or_commit_is_not_ours(changed: dict[str, Any]) -> None:
    assert checks(run(3, **changed)) == ()


@responses.activate
def test_a_persons_token_has_no_check_runs_of_its_own() -> None:
    assert checks(run(3), login="github-actions") == ()


@responses.activate
def test_a_check_run_gets_other_words() -> None:
    responses.get(f"{REPO}/check-runs/3", json=run(3))
    responses.patch(f"{REPO}/check-runs/3", json=run(3))
    opened = session()

    Records(opened, Viewer(opened)).rewrite(
        OwnCheck(3, "old"), Conclusion.ACTION_REQUIRED, "title", "summary", "text"
    )

    assert body(sent("PATCH")[0]) == {
        "status": "completed",
        "conclusion": "action_required",
        "output": {"title": "title", "summary": "summary", "text": "text"},
    }


def artifact(number: int, name: str = "meshbot-plan", **changed: Any) -> dict[str, Any]:
    url = f"{REPO}/actions/artifacts/{number}"
    return {"id": number, "name": name, "expired": False, "url": url} | changed


def run_with(*artifacts: dict[str, Any]) -> None:
    url = f"{REPO}/actions/runs/77"
    responses.get(url, json={"id": 77, "url": url, "artifacts_url": f"{url}/artifacts"})
    listed = {"total_count": len(artifacts), "artifacts": list(artifacts)}
    responses.get(f"{url}/artifacts", json=listed)


def stored(number: int, content: bytes, location: str = STORE, status: int = 200) -> None:
    zipped = f"{REPO}/actions/artifacts/{number}/zip"
    responses.get(zipped, status=302, headers={"Location": location})
    responses.get(location, body=content, status=status)


def plan_files() -> list[bytes]:
    return list(Artifacts(session()).plan_files("77", "meshbot-plan"))


@responses.activate
def test_an_artifact_is_fetched_from_its_store_without_the_token() -> None:
    run_with(artifact(4, "other"), artifact(5), artifact(6))
    stored(5, archive(("plan.json", b"old")), f"{STORE}?5")
    stored(6, archive(("plan.json", b"new"), ("report.html", b"")), f"{STORE}?6")

    assert plan_files() == [b"new", b"old"]
    fetched = sent("GET", "/store/")
    assert len(fetched) == 2
    assert all("Authorization" not in call.request.headers for call in fetched)


@responses.activate
def test_an_expired_artifact_is_refused() -> None:
    run_with(artifact(5, expired=True))

    with pytest.raises(GitHubRefused, match="has expired"):
        plan_files()


@responses.activate
@pytest.mark.parametrize(
    ("content", "location", "status"),
    [
        (b"no archive", STORE, 200),
        (archive(("../plan.json", b"")), STORE, 200),
        (archive(("plan.json", b"x")), STORE, 404),
        (archive(("plan.json", b"x")), STORE, 302),
        (archive(("plan.json", b"x")), "ftp://127.0.0.1/x", 200),
        (b"0" * 2_000, STORE, 200),
    ],
)
def test_what_is_no_artifact_of_ours_is_refused(
    content: bytes, location: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts_module, "MAX_ARCHIVE", 1_000)
    run_with(artifact(5))
    stored(5, content, location, status)

    with pytest.raises(GitHubRefused):
        plan_files()


def shard_files() -> dict[str, bytes]:
    return Artifacts(session()).shard_files("77", "shard-")


@responses.activate
def test_of_each_shard_the_newest_file_is_fetched() -> None:
    named = {4: "shard-1", 5: "other", 6: "shard-2", 7: "shard-1"}
    run_with(*(artifact(number, name) for number, name in named.items()))
    stored(6, archive(("shard.json", b"two")), f"{STORE}?6")
    stored(7, archive(("shard.json", b"one again")), f"{STORE}?7")

    assert shard_files() == {"shard-1": b"one again", "shard-2": b"two"}


@responses.activate
@pytest.mark.parametrize("fault", ["too many", "too large together", "no shard.json", "expired"])
def test_shards_beyond_what_can_be_are_refused(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts_module, "MOST_SHARDS", 1 if fault == "too many" else 9)
    monkeypatch.setattr(artifacts_module, "MAX_SHARDS_SIZE", 9 if "together" in fault else 99)
    run_with(artifact(4, "shard-1"), artifact(5, "shard-2", expired=fault == "expired"))
    for number in (4, 5):
        name = "plan.json" if fault == "no shard.json" else "shard.json"
        stored(number, archive((name, b"12345")), f"{STORE}?{number}")

    with pytest.raises(GitHubRefused):
        shard_files()


@responses.activate
def test_a_missing_permission_names_itself() -> None:
    message = {"message": "Resource not accessible by integration"}
    responses.get(f"{REPO}/actions/runs/77", status=403, json=message)

    with pytest.raises(GitHubRefused, match="`actions: read`"):
        plan_files()


def deployment(
    number: int, name: str = "production", login: str = BOT, **changed: Any
) -> dict[str, Any]:
    url = f"{REPO}/deployments/{number}"
    return {
        "id": number,
        "url": url,
        "sha": f"{number:040d}",
        "environment": spelt(name),
        "payload": {"version": 1, "environment": name},
        "creator": {"login": login, "url": f"{API}/users/x"},
        "statuses_url": f"{url}/statuses",
    } | changed


def statuses(number: int, *states: str, login: str = BOT) -> None:
    url = f"{REPO}/deployments/{number}/statuses"
    creator = {"login": login, "url": f"{API}/users/x"}
    responses.get(url, json=[{"state": state, "creator": creator, "url": url} for state in states])


def applied(*deployments: dict[str, Any]) -> dict[str, str]:
    viewer()
    responses.get(f"{REPO}/deployments", json=list(deployments))
    opened = session()
    return Deployments(opened, Viewer(opened)).applied("meshbot")


@responses.activate
def test_the_newest_success_of_each_environment_counts() -> None:
    statuses(9, "failure")
    statuses(8, "inactive", "success")
    statuses(6, "success")

    found = applied(deployment(9), deployment(8), deployment(7), deployment(6, "edge"))

    assert found == {"production": f"{8:040d}", "edge": f"{6:040d}"}


@responses.activate
@pytest.mark.parametrize(
    "changed",
    [
        {"login": "mallory"},
        {"creator": None},
        {"environment": "mesh/other"},
        {"environment": "production"},
        {"payload": {"version": 2, "environment": "production"}},
        {"payload": "production"},
        {"payload": {}},
    ],
)
def test_a_deployment_of_others_does_not_count(changed: dict[str, Any]) -> None:
    statuses(9, "success")

    assert applied(deployment(9, **changed)) == {}


@responses.activate
def test_a_status_of_others_does_not_count() -> None:
    statuses(9, "success", login="mallory")

    assert applied(deployment(9)) == {}


@responses.activate
def test_a_deployment_is_recorded_with_its_end() -> None:
    responses.post(f"{REPO}/deployments", json=deployment(9, "Prod"), status=201)
    url = f"{REPO}/deployments/9/statuses"
    responses.post(url, json={"state": "success", "url": url}, status=201)
    made = Deployment(
        "meshbot", "Prod", SHA, True, "Applied: " + "x" * 200, "f" * 64, "https://run"
    )
    opened = session()

    Deployments(opened, Viewer(opened)).record(made)

    first, second = (body(call) for call in sent("POST"))
    assert first == {
        "ref": SHA,
        "task": "meshbot",
        "auto_merge": False,
        "required_contexts": [],
        "payload": {"version": 1, "environment": "Prod", "fingerprint": "f" * 64},
        "environment": "mesh/~50rod",
        "description": first["description"],
        "transient_environment": False,
        "production_environment": False,
    }
    assert len(first["description"]) == 140
    assert (second["state"], second["target_url"]) == ("success", "https://run")


def test_names_stay_apart_whatever_github_makes_of_them() -> None:
    names = [
        "prod",
        "Prod",
        "PROD",
        "prod/eu",
        "prod~2feu",
        "prod ",
        "é",
        "~",
        "x" * 256,
        "x" * 255,
    ]

    spellings = [spelt(name) for name in names]

    assert len({spelling.lower() for spelling in spellings}) == len(names)
    assert all(len(spelling) <= 255 and spelling.isascii() for spelling in spellings)


def reviews(*nodes: Any, after: str | None = None) -> dict[str, Any]:
    page = {"nodes": list(nodes), "pageInfo": {"hasNextPage": bool(after), "endCursor": after}}
    return {"data": {"repository": {"pullRequest": {"reviews": page}}}}


def review(login: str, kind: str = "User", edited: str | None = None) -> dict[str, Any]:
    return {
        "author": {"__typename": kind, "login": login} if login else None,
        "state": "APPROVED",
        "body": "b",
        "commit": {"oid": SHA},
        "lastEditedAt": edited,
    }


@responses.activate
def test_reviews_come_over_all_pages_and_bots_are_nobody() -> None:
    first = reviews(review("bob"), review("github-actions", "Bot"), after="cursor")
    responses.post(f"{API}/graphql", json=first)
    second = reviews(None, review(""), review("carol", edited="2026-01-02T03:04:05Z"))
    responses.post(f"{API}/graphql", json=second)

    found = Reviews(session()).of(7)

    def made(author: str, edited: bool = False) -> Review:
        return Review(author, ReviewState.APPROVED, SHA, "b", edited)

    assert found == (made("bob"), made(""), made(""), made("carol", edited=True))
    assert [body(call)["variables"]["after"] for call in sent("POST")] == [None, "cursor"]


@responses.activate
@pytest.mark.parametrize(
    ("permission", "may"),
    [("admin", True), ("maintain", True), ("write", True), ("read", False), ("none", False)],
)
def test_writers_may_write(permission: str, may: bool) -> None:
    url = f"{REPO}/collaborators/bob/permission"
    responses.get(url, json={"permission": permission, "role_name": "owner"})

    assert Reviews(session()).may_write("bob") is may


@responses.activate
def test_nobodys_login_may_not_write() -> None:
    responses.get(f"{REPO}/collaborators/ghost/permission", status=404, json={"message": "no"})

    assert Reviews(session()).may_write("ghost") is False


def commits(*shas: str) -> list[dict[str, str]]:
    return [{"sha": sha, "url": f"{REPO}/commits/{sha}"} for sha in shas]


def compared(*shas: str, total: int = 0, status: str = "ahead") -> None:
    found = {"status": status, "total_commits": total or len(shas), "commits": commits(*shas)}
    url = f"{REPO}/compare/{OTHER}...{SHA}"
    responses.get(url, json=found | {"url": url})


@responses.activate
def test_commits_that_touch_the_meshes_come_oldest_first() -> None:
    compared("1" * 40, "2" * 40, SHA)
    listed = commits(SHA, "1" * 40, *(f"{n:040x}" for n in range(0x1000, 0x1000 + 150)))
    responses.get(f"{REPO}/commits", json=listed)

    found = History(session()).commits_touching(OTHER, SHA, "meshes")

    assert found == ("1" * 40, SHA)
    assert dict(parse_qsl(urlsplit(str(sent("GET", "/commits?")[0].request.url)).query)) == {
        "sha": SHA, "path": "meshes", "per_page": "100",
    }  # fmt: skip


@responses.activate
def test_nothing_new_is_not_looked_through() -> None:
    compared(status="identical")

    assert History(session()).commits_touching(OTHER, SHA, "meshes") == ()
    assert not sent("GET", "/commits?")


@responses.activate
def test_too_long_a_history_is_not_guessed_at() -> None:
    compared(SHA, total=2_001)

    with pytest.raises(GitHubError, match="expect-fingerprint"):
        History(session()).commits_touching(OTHER, SHA, "meshes")


@responses.activate
@pytest.mark.parametrize("status", list(Relation))
def test_a_comparison_says_how_commits_stand(status: Relation) -> None:
    compared(status=str(status))

    assert History(session()).relation(OTHER, SHA) is status
