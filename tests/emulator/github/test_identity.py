"""Who a token is, what it may do, and OIDC."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
import requests
from github import Auth, Github, GithubException

from bot.emulator.github import GitHub, Job
from tests.emulator.github.conftest import EVERYTHING, NAME, Client, Plain

HEAD = "refs/heads/change"


def test_actions_token_is_the_bot_and_no_user(http: Plain, client: Client, job: Job) -> None:
    refused = http("GET", "/user")

    assert refused.status_code == 403
    assert refused.json()["message"] == "Resource not accessible by integration"
    _, answer = client(job.token).requester.graphql_query("{ viewer { login databaseId } }", {})
    assert answer["data"]["viewer"] == {"login": "github-actions[bot]", "databaseId": 41898282}


@pytest.mark.parametrize(
    ("method", "path", "body", "permission"),
    [
        ("GET", "contents/README.md", None, "contents: read"),
        ("GET", "commits/{sha}/pulls", None, "pull-requests: read"),
        ("POST", "issues/1/comments", {"body": "b"}, "pull-requests: write"),
        ("POST", "issues/1/comments", {"body": "b"}, "issues: write"),
        ("POST", "issues", {"title": "t"}, "issues: write"),
        ("POST", "check-runs", {"name": "n", "head_sha": "{sha}"}, "checks: write"),
        ("GET", "commits/{sha}/check-runs", None, "checks: read"),
        ("GET", "deployments", None, "deployments: read"),
        ("GET", "actions/artifacts", None, "actions: read"),
        ("PUT", "pulls/1/merge", {}, "contents: write"),
    ],
)
def test_operation_needs_its_permission(
    gh: GitHub, pull: int, method: str, path: str, body: object, permission: str
) -> None:
    sha = gh.state(NAME)["refs"][HEAD]
    name, _, access = permission.partition(": ")
    sent = {k: v.format(sha=sha) for k, v in body.items()} if isinstance(body, dict) else None
    weaker = {n: a for n, a in EVERYTHING.items() if n not in ("issues", "pull-requests", name)}
    weaker |= {name: "read"} if access == "write" else {}

    def status(permissions: dict[str, str]) -> int:
        job = gh.start_run(NAME, "pull_request", {"number": pull}, permissions)
        url = f"/repos/{NAME}/{path.format(sha=sha)}"
        return Plain(gh.url, job.token)(method, url, sent).status_code

    assert status(weaker) == 403
    assert status({name: access}) in (200, 201)


def test_comments_on_an_issue_are_not_covered_by_pull_requests(gh: GitHub, pull: int) -> None:
    issue = gh.call("create_issue", name=NAME, title="t")
    job = gh.start_run(NAME, "push", {}, {"pull-requests": "write"})
    http = Plain(gh.url, job.token)

    def statuses(number: int) -> list[int]:
        path = f"/repos/{NAME}/issues/{number}/comments"
        return [http("POST", path, {"body": "b"}).status_code, http("GET", path).status_code]

    assert statuses(issue) == [403, 403]
    assert statuses(pull) == [201, 200]
    # Of a pull request's issue only comments and labels are covered.
    assert http("GET", f"/repos/{NAME}/issues/{pull}").status_code == 403


def test_readers_change_their_own_issues_only(gh: GitHub, pull: int) -> None:
    carol = Plain(gh.url, gh.token("carol"))
    own = carol("POST", f"/repos/{NAME}/issues", {"title": "t", "labels": ["x"]}).json()

    assert own["labels"] == []
    path = f"/repos/{NAME}/issues"
    assert carol("PATCH", f"{path}/{own['number']}", {"state": "closed"}).status_code == 200
    assert carol("PATCH", f"{path}/{pull}", {"state": "closed"}).status_code == 403
    assert carol("PATCH", f"/repos/{NAME}/pulls/{pull}", {"title": "x"}).status_code == 403


def test_token_of_a_run_for_a_fork_reads_only_and_has_no_oidc(gh: GitHub) -> None:
    fork = gh.fork(NAME, "mallory")
    sha = gh.push(fork, "evil", {"x.txt": "1\n"}, author="mallory")
    number = gh.open_pull(NAME, "mallory:evil", author="mallory")

    job = gh.start_run(NAME, "pull_request", {"number": number}, EVERYTHING)
    http = Plain(gh.url, job.token)

    assert not any(name.startswith("ACTIONS_ID_TOKEN") for name in job.environment)
    assert http("GET", f"/repos/{NAME}/pulls/{number}").status_code == 200
    comment = http("POST", f"/repos/{NAME}/issues/{number}/comments", {"body": "b"})
    check = http("POST", f"/repos/{NAME}/check-runs", {"name": "n", "head_sha": sha})
    assert (comment.status_code, check.status_code) == (403, 403)


def test_users_follow_their_role(gh: GitHub, pull: int) -> None:
    bob, carol, eve = (Plain(gh.url, gh.token(who)) for who in ("bob", "carol", "eve"))
    merge, comments = f"/repos/{NAME}/pulls/{pull}/merge", f"/repos/{NAME}/issues/{pull}/comments"

    assert eve("GET", f"/repos/{NAME}").status_code == 404
    assert carol("POST", comments, {"body": "b"}).status_code == 201
    assert carol("PUT", merge).status_code == 403
    sha = gh.state(NAME)["refs"][HEAD]
    check = bob("POST", f"/repos/{NAME}/check-runs", {"name": "n", "head_sha": sha})
    assert check.status_code == 403
    assert "GitHub App" in check.json()["message"]
    assert bob("PUT", merge).status_code == 200


def test_wrong_missing_and_finished_tokens_are_refused(gh: GitHub, job: Job, pull: int) -> None:
    path = f"/repos/{NAME}/pulls/{pull}"

    assert Plain(gh.url, "wrong")("GET", path).status_code == 401
    assert Plain(gh.url, "")("GET", path).status_code == 404
    assert Plain(gh.url, job.token)("GET", path).status_code == 200
    gh.call("finish_run", name=NAME, run=job.run_id)
    assert Plain(gh.url, job.token)("GET", path).status_code == 401


def test_token_of_another_repository_finds_nothing(gh: GitHub, pull: int) -> None:
    gh.create_repository("acme/other", {"a": "1\n"})
    job = gh.start_run("acme/other", "push", {}, EVERYTHING)

    found = Plain(gh.url, job.token)("GET", f"/repos/{NAME}/pulls/{pull}")

    assert found.status_code == 404


def test_a_request_without_user_agent_is_refused(http: Plain) -> None:
    assert http("GET", "/rate_limit", headers={"User-Agent": ""}).status_code == 403


def test_only_comments_of_the_viewer_are_the_viewers(gh: GitHub, client: Client, job: Job,
                                                     pull: int) -> None:  # fmt: skip
    own = client(job.token).get_repo(NAME).get_pull(pull).create_issue_comment("marker")
    forged = gh.comment(NAME, pull, "carol", "marker")
    query = """query($n: Int!, $after: String) {
      repository(owner: "acme", name: "network") { pullRequest(number: $n) {
        comments(first: 1, after: $after) {
          nodes { id fullDatabaseId body viewerDidAuthor isMinimized author { login __typename } }
          pageInfo { hasNextPage endCursor } } } } }"""

    found: list[Any] = []
    comments: dict[str, Any] = {"pageInfo": {"endCursor": None}}
    for _ in range(2):
        _, answer = client(job.token).requester.graphql_query(
            query, {"n": pull, "after": comments["pageInfo"]["endCursor"]}
        )
        comments = answer["data"]["repository"]["pullRequest"]["comments"]
        found += comments["nodes"]

    assert comments["pageInfo"]["hasNextPage"] is False
    assert [(c["fullDatabaseId"], c["viewerDidAuthor"], c["author"]["login"]) for c in found] == [
        (str(own.id), True, "github-actions"),
        (str(forged), False, "carol"),
    ]


def test_graphql_refuses_unknown_fields_and_missing_permissions(gh: GitHub, pull: int) -> None:
    job = gh.start_run(NAME, "push", {}, {"contents": "read"})
    http = Plain(gh.url, job.token)

    wrong = http("POST", "/graphql", {"query": "{ viewer { name_of_no_field } }"}).json()
    query = '{ repository(owner: "acme", name: "network") { pullRequest(number: 1) { title } } }'
    refused = http("POST", "/graphql", {"query": query}).json()

    assert "Cannot query field" in wrong["errors"][0]["message"]
    assert refused["errors"][0]["type"] == "FORBIDDEN"
    assert refused["data"]["repository"]["pullRequest"] is None


def test_minimized_comment_is_shown_as_such(gh: GitHub, http: Plain, pull: int) -> None:
    created = http("POST", f"/repos/{NAME}/issues/{pull}/comments", {"body": "b"}).json()
    mutation = """mutation($id: ID!) {
      minimizeComment(input: {subjectId: $id, classifier: OUTDATED})
      { minimizedComment { isMinimized minimizedReason } } }"""

    body = {"query": mutation, "variables": {"id": created["node_id"]}}
    answer = http("POST", "/graphql", body).json()

    shown = answer["data"]["minimizeComment"]["minimizedComment"]
    assert shown == {"isMinimized": True, "minimizedReason": "outdated"}


@pytest.mark.parametrize(
    ("event", "settings", "about"),
    [
        ("pull_request", {}, "pull_request"),
        ("push", {}, "ref:refs/heads/main"),
        ("push", {"environment": "prod"}, "environment:prod"),
    ],
)
def test_oidc_token_is_signed_and_says_what_runs(
    gh: GitHub, pull: int, event: str, settings: dict[str, str], about: str
) -> None:
    wanted = {"number": pull} if event == "pull_request" else {}
    job = gh.start_run(NAME, event, wanted, EVERYTHING, **settings)
    url = job.environment["ACTIONS_ID_TOKEN_REQUEST_URL"]
    bearer = job.environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]

    answer = Plain(gh.url, bearer)("GET", f"{url}&audience=sts.amazonaws.com").json()

    keys = requests.get(f"{gh.url}/.well-known/jwks", timeout=10).json()["keys"]
    key = jwt.PyJWK(keys[0]).key
    claims = jwt.decode(answer["value"], key, ["RS256"], audience="sts.amazonaws.com")
    assert claims["sub"] == f"repo:{NAME}:{about}"
    assert claims["repository_id"] == job.environment["GITHUB_REPOSITORY_ID"]
    assert claims["run_id"] == str(job.run_id)


def test_oidc_needs_the_request_token_of_that_run(gh: GitHub, job: Job) -> None:
    url = job.environment["ACTIONS_ID_TOKEN_REQUEST_URL"]

    assert Plain(gh.url, job.token)("GET", url).status_code == 401
    other = gh.start_run(NAME, "push", {}, {"id-token": "write"})
    bearer = other.environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]
    assert Plain(gh.url, bearer)("GET", url).status_code == 401


def test_oidc_subject_with_ids(gh: GitHub) -> None:
    job = gh.start_run(NAME, "push", {}, EVERYTHING, immutable_subject=True)
    url = job.environment["ACTIONS_ID_TOKEN_REQUEST_URL"]
    bearer = job.environment["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]

    value = Plain(gh.url, bearer)("GET", url).json()["value"]

    claims = jwt.decode(value, options={"verify_signature": False})
    ids = [job.environment[f"GITHUB_REPOSITORY{part}_ID"] for part in ("_OWNER", "")]
    assert claims["sub"] == f"repo:acme@{ids[0]}/network@{ids[1]}:ref:refs/heads/main"
    assert claims["aud"] == "https://github.com/acme"


def test_pygithub_reports_a_refusal_as_its_exception(gh: GitHub, pull: int) -> None:
    job = gh.start_run(NAME, "push", {}, {"contents": "read", "pull-requests": "read"})
    with Github(base_url=gh.url, auth=Auth.Token(job.token), seconds_between_writes=0) as github:
        found = github.get_repo(NAME).get_pull(pull)

        with pytest.raises(GithubException) as caught:
            found.create_issue_comment("b")

    assert caught.value.status == 403


def test_database_id_of_a_new_comment_does_not_fit_graphql(http: Plain, pull: int) -> None:
    # GitHub's schema has Int, 32 bits wide, and added fullDatabaseId for what is beyond.
    created = http("POST", f"/repos/{NAME}/issues/{pull}/comments", {"body": "b"}).json()
    query = "query($id: ID!) { node(id: $id) { ... on IssueComment { fullDatabaseId %s } } }"

    def ask(more: str) -> Any:
        body = {"query": query % more, "variables": {"id": created["node_id"]}}
        return http("POST", "/graphql", body).json()

    assert created["id"] > 2**31
    assert ask("")["data"]["node"] == {"fullDatabaseId": str(created["id"])}
    answer = ask("databaseId")
    assert answer["data"]["node"]["databaseId"] is None
    assert "32-bit" in answer["errors"][0]["message"]
