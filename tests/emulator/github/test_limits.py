"""Lists, sizes and rules that GitHub documents for comments, issues, checks and deployments."""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.github import GitHub, Job
from tests.emulator.github.conftest import NAME, Client, Plain


def head_of(gh: GitHub) -> str:
    """The pull request's head commit."""
    return str(gh.state(NAME)["refs"]["refs/heads/change"])


def test_lists_are_paged_with_links(gh: GitHub, client: Client, job: Job, pull: int) -> None:
    ids = [gh.comment(NAME, pull, "carol", f"c{n}") for n in range(65)]
    http = Plain(gh.url, job.token)
    path = f"/repos/{NAME}/issues/{pull}/comments"

    first, last = http("GET", path), http("GET", f"{path}?page=3")
    huge = http("GET", f"{path}?per_page=100")

    assert (len(first.json()), len(last.json()), len(huge.json())) == (30, 5, 65)
    assert set(first.links) == {"next", "last"}
    assert set(last.links) == {"first", "prev"}
    assert first.links["next"]["url"].startswith(gh.url)
    assert huge.links == {}
    comments = client(job.token).get_repo(NAME).get_pull(pull).get_issue_comments()
    assert [comment.id for comment in comments] == ids


@pytest.mark.parametrize(("length", "status"), [(65536, 201), (65537, 422)])
def test_body_of_a_comment(http: Plain, pull: int, length: int, status: int) -> None:
    # Characters, not bytes.
    reply = http("POST", f"/repos/{NAME}/issues/{pull}/comments", {"body": "ü" * length})

    assert reply.status_code == status


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": " \n"}, {"body": 7}, {"body": None}])
def test_comment_without_a_text_is_refused(http: Plain, pull: int, body: dict[str, Any]) -> None:
    assert http("POST", f"/repos/{NAME}/issues/{pull}/comments", body).status_code == 422


def test_comment_of_another_user_may_be_changed_by_writers_only(gh: GitHub, pull: int) -> None:
    theirs = gh.comment(NAME, pull, "alice", "a")
    path = f"/repos/{NAME}/issues/comments/{theirs}"
    carol, bob = (Plain(gh.url, gh.token(who)) for who in ("carol", "bob"))

    assert carol("PATCH", path, {"body": "x"}).status_code == 403
    assert carol("DELETE", path).status_code == 403
    assert bob("PATCH", path, {"body": "y"}).json()["user"]["login"] == "alice"


def test_deleted_comment_is_not_found(gh: GitHub, http: Plain, pull: int) -> None:
    comment = http("POST", f"/repos/{NAME}/issues/{pull}/comments", {"body": "b"}).json()
    gh.call("delete_comment", name=NAME, comment=comment["id"])

    path = f"/repos/{NAME}/issues/comments/{comment['id']}"
    assert http("PATCH", path, {"body": "c"}).status_code == 404
    assert gh.state(NAME)["comments"] == []


def test_issues_are_filtered(gh: GitHub, http: Plain) -> None:
    path = f"/repos/{NAME}/issues"
    for title, labels in (("one", ["drift", "prod"]), ("two", ["drift"]), ("three", [])):
        http("POST", path, {"title": title, "labels": labels})
    http("PATCH", f"{path}/3", {"state": "closed"})

    def titles(query: str) -> list[str]:
        return [i["title"] for i in http("GET", f"{path}?{query}").json()]

    assert titles("labels=drift") == ["one"]
    assert titles("labels=drift&state=all&direction=asc") == ["one", "two"]
    assert titles("state=closed") == ["two"]
    assert titles("creator=github-actions%5Bbot%5D") == ["three", "one"]
    assert titles("creator=alice") == ["Change b"]


NOTE = {"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "notice", "message": "m"}


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"output": {"title": "t", "summary": "s" * 65535}}, 201),
        ({"output": {"title": "t", "summary": "s" * 65536}}, 422),
        ({"output": {"title": "t", "summary": "s", "text": "t" * 65536}}, 422),
        ({"output": {"title": "t", "summary": "s", "annotations": [NOTE] * 50}}, 201),
        ({"output": {"title": "t", "summary": "s", "annotations": [NOTE] * 51}}, 422),
        ({"output": {"title": "t"}}, 422),
        ({"output": {"title": "t", "summary": "s", "annotations": [NOTE | {"end_line": 0}]}}, 422),
        (
            {"output": {"title": "t", "summary": "s",
                        "annotations": [NOTE | {"end_line": 2, "start_column": 1}]}},
            422,
        ),
        ({"status": "completed"}, 422),
        ({"conclusion": "fine"}, 422),
        ({"conclusion": "neutral"}, 201),
    ],
)  # fmt: skip
def test_fields_of_a_check_run(
    gh: GitHub, http: Plain, fields: dict[str, Any], status: int
) -> None:
    body = {"name": "n", "head_sha": head_of(gh), **fields}

    reply = http("POST", f"/repos/{NAME}/check-runs", body)

    assert reply.status_code == status
    if fields.get("conclusion") == "neutral":
        assert reply.json()["status"] == "completed"


def test_annotations_of_an_update_are_added(gh: GitHub, http: Plain) -> None:
    output = {"title": "t", "summary": "s", "annotations": [NOTE] * 50}
    body = {"name": "n", "head_sha": head_of(gh), "output": output}
    made = http("POST", f"/repos/{NAME}/check-runs", body).json()

    http("PATCH", f"/repos/{NAME}/check-runs/{made['id']}", {"output": output})

    shown = http("GET", f"/repos/{NAME}/check-runs/{made['id']}").json()
    assert shown["output"]["annotations_count"] == 100
    page = http("GET", f"/repos/{NAME}/check-runs/{made['id']}/annotations?per_page=100").json()
    assert len(page) == 100


def test_latest_check_runs_are_one_for_each_name_and_app(gh: GitHub, http: Plain) -> None:
    sha = head_of(gh)
    body = {"name": "n", "head_sha": sha, "conclusion": "failure"}
    http("POST", f"/repos/{NAME}/check-runs", body)
    newest = http("POST", f"/repos/{NAME}/check-runs", body).json()["id"]
    foreign = gh.call("check_run", name=NAME, sha=sha, check="n")
    path = f"/repos/{NAME}/commits/{sha}/check-runs"

    latest = http("GET", path).json()["check_runs"]
    every = http("GET", f"{path}?filter=all").json()
    own = http("GET", f"{path}?app_id=15368&check_name=n").json()["check_runs"]

    assert {run["id"] for run in latest} == {newest, foreign}
    assert every["total_count"] == 3
    assert [run["id"] for run in own] == [newest]
    refused = http("PATCH", f"/repos/{NAME}/check-runs/{foreign}", {"conclusion": "success"})
    assert refused.status_code == 403


def test_check_run_needs_a_commit(http: Plain) -> None:
    body = {"name": "n", "head_sha": "0" * 40}

    assert http("POST", f"/repos/{NAME}/check-runs", body).status_code == 422


def test_check_runs_list_pull_requests_of_own_branches_only(gh: GitHub, http: Plain) -> None:
    fork = gh.fork(NAME, "mallory")
    theirs = gh.push(fork, "evil", {"x.txt": "1\n"}, author="mallory")
    gh.open_pull(NAME, "mallory:evil", author="mallory")

    def numbers(sha: str) -> list[int]:
        body = {"name": "n", "head_sha": sha}
        made = http("POST", f"/repos/{NAME}/check-runs", body).json()
        return [pull["number"] for pull in made["pull_requests"]]

    assert (numbers(head_of(gh)), numbers(theirs)) == ([1], [])


def deploy(http: Plain, **fields: Any) -> Any:
    """Create a deployment."""
    return http("POST", f"/repos/{NAME}/deployments", {"ref": "main", **fields})


def test_deployment_of_a_branch_that_is_behind_is_merged_instead(gh: GitHub, http: Plain) -> None:
    gh.push(NAME, "main", {"new.txt": "1\n"})

    merged = deploy(http, ref="change", required_contexts=[])
    made = deploy(http, ref="change", required_contexts=[], auto_merge=False)

    assert (merged.status_code, set(merged.json())) == (202, {"message"})
    assert (made.status_code, made.json()["sha"]) == (201, head_of(gh))


def test_deployment_waits_for_checks_unless_told_otherwise(gh: GitHub, http: Plain) -> None:
    sha = gh.state(NAME)["refs"]["refs/heads/main"]
    http("POST", f"/repos/{NAME}/check-runs",
         {"name": "n", "head_sha": sha, "status": "in_progress"})  # fmt: skip

    assert deploy(http).status_code == 409
    assert deploy(http, required_contexts=[]).status_code == 201


def test_success_makes_earlier_deployments_of_the_environment_inactive(http: Plain) -> None:
    def succeed(environment: str, **fields: Any) -> str:
        made = deploy(http, required_contexts=[], environment=environment, **fields).json()
        url = f"/repos/{NAME}/deployments/{made['id']}/statuses"
        http("POST", url, {"state": "success"})
        return url

    old, other = succeed("staging"), succeed("qa")
    production = succeed("live", production_environment=True)
    succeed("staging")
    succeed("live")

    def states(url: str) -> list[str]:
        return [status["state"] for status in http("GET", url).json()]

    assert states(old) == ["inactive", "success"]
    assert (states(other), states(production)) == (["success"], ["success"])


def test_deployments_are_newest_first_and_filtered(http: Plain) -> None:
    ids = [
        deploy(http, required_contexts=[], environment=environment, task="meshbot").json()["id"]
        for environment in ("prod", "edge", "prod")
    ]
    path = f"/repos/{NAME}/deployments"

    found = http("GET", f"{path}?environment=prod&task=meshbot").json()

    assert [d["id"] for d in found] == [ids[2], ids[0]]
    assert http("GET", f"{path}?environment=none-such").json() == []


def test_artifacts_are_found_by_name_and_expire(gh: GitHub, http: Plain, job: Job) -> None:
    path = f"/repos/{NAME}/actions/artifacts"
    old = gh.upload_artifact(NAME, job.run_id, "plan", {"plan.json": b"1"})
    new = gh.upload_artifact(NAME, job.run_id, "plan", {"plan.json": b"2"})
    gh.upload_artifact(NAME, job.run_id, "report", {"report.html": b"3"})

    found = http("GET", f"{path}?name=plan").json()

    assert [a["id"] for a in found["artifacts"]] == [new, old]
    assert found["artifacts"][0]["workflow_run"]["head_sha"] == head_of(gh)
    gh.call("expire_artifact", name=NAME, artifact=old)
    assert http("GET", f"{path}/{old}").json()["expired"] is True
    assert http("GET", f"{path}/{old}/zip").status_code == 410


def test_archives_are_on_another_host_that_refuses_the_token(
    gh: GitHub, http: Plain, job: Job
) -> None:
    made = gh.upload_artifact(NAME, job.run_id, "plan", {"plan.json": b"{}"})
    url = http("GET", f"/repos/{NAME}/actions/artifacts/{made}/zip").headers["Location"]

    assert not url.startswith(gh.url)
    assert http("GET", url).status_code == 400
    assert Plain("", "")("GET", url).content.startswith(b"PK")
