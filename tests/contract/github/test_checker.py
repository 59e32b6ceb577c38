"""The contract checker finds what departs from GitHub's description, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.github.checker import Contract, document, exchange_violations

CONTRACT = Contract()
COMMENTS = "/repos/o/r/issues/1/comments"
ERROR = {"message": "m", "documentation_url": "https://docs.github.com/rest"}


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "expected"),
    [
        ("GET", COMMENTS, "per_page=100&page=2", None, ""),
        ("GET", COMMENTS, "perpage=100", None, "query parameter perpage is not described"),
        ("GET", COMMENTS, "page=x", None, "query parameter page: "),
        ("GET", COMMENTS, "page=1&page=2", None, "query parameter page is sent twice"),
        ("GET", "/repos/o/r/issues/one/comments", "", None, "path parameter issue_number: "),
        ("GET", "/repos/o/r/issues", "state=opened", None, "query parameter state: "),
        ("GET", COMMENTS, "", {"body": "b"}, "request: has a body"),
        ("POST", COMMENTS, "", {"body": "b"}, ""),
        ("POST", COMMENTS, "", None, "request: the body is missing"),
        ("POST", COMMENTS, "", {}, 'request: .: "body" is a required property'),
        ("POST", COMMENTS, "", {"body": "b", "text": "t"}, "property text is not described"),
        ("POST", "/repos/o/r/check-runs", "",
         {"name": "n", "head_sha": "s", "output": {"title": "t", "summary": "s", "anotations": []}},
         "request.output: property anotations is not described"),
        ("POST", "/repos/o/r/check-runs", "",
         {"name": "n", "head_sha": "s", "conclusion": "fine"}, "request: conclusion: "),
        ("POST", "/repos/o/r/deployments", "", {"ref": "r", "payload": {"any": "thing"}}, ""),
        ("POST", "/repos/o/r/issues", "", {"title": "t", "labels": ["a", {"name": "b"}]}, ""),
        ("GET", "/repos/o/r/no/such/thing", "", None, "not an operation"),
        ("DELETE", "/repos/o/r/issues/1", "", None, "not an operation"),
    ],
)  # fmt: skip
def test_requests(method: str, path: str, query: str, body: Any, expected: str) -> None:
    found = CONTRACT.violations(method, path, query, body, 404, ERROR)

    if expected:
        assert any(expected in problem for problem in found), found
    else:
        assert found == []


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (201, {"id": 1}, '"node_id" is a required property'),
        (200, {}, "reply 200: this status is not described"),
        (422, {"message": "m"}, '"documentation_url" is a required property'),
        (401, ERROR, ""),
        (401, {}, "an error has a message"),
        (502, "<html>", ""),
        (418, ERROR, "this status is not described"),
    ],
)
def test_replies(status: int, body: Any, expected: str) -> None:
    found = CONTRACT.violations("POST", COMMENTS, "", {"body": "b"}, status, body)

    if expected:
        assert any(expected in problem for problem in found), found
    else:
        assert found == []


def test_nullable_enums_take_null_and_wrong_formats_are_seen() -> None:
    schema = document("openapi.json")["components"]["schemas"]["check-run"]["properties"]

    assert None in schema["conclusion"]["enum"]
    assert schema["conclusion"]["type"] == ["string", "null"]


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/repos/o/r/commits/main", "repos/get-commit"),
        ("/repos/o/r/commits/heads/a/b", "repos/get-commit"),
        ("/repos/o/r/commits/main/check-runs", "checks/list-for-ref"),
        ("/repos/o/r/commits/0123/pulls", "repos/list-pull-requests-associated-with-commit"),
        ("/repos/o/r/issues/comments/1", "issues/get-comment"),
        ("/repos/o/r/contents/a/b/c.yaml", "repos/get-content"),
        ("/repos/o/r/branches/a%2Fb", "repos/get-branch"),
        ("/user/keys", None),
    ],
)
def test_paths_find_their_operation(path: str, operation: str | None) -> None:
    assert CONTRACT.operation_id("GET", path) == operation


def test_exchanges_of_other_interfaces_and_faulty_replies_are_left_out() -> None:
    good = {"api": "rest", "method": "GET", "path": COMMENTS, "query": "", "status": 200,
            "fault": "cut", "request_body": None, "response_body": "[{"}  # fmt: skip
    bad = {**good, "query": "x=1"}
    other = {**bad, "api": "graphql"}

    assert exchange_violations(CONTRACT, [good, other]) == []
    assert len(exchange_violations(CONTRACT, [bad])) == 1


def test_requests_wrong_on_purpose_are_left_out_only_when_refused() -> None:
    refused = {"api": "rest", "method": "POST", "path": COMMENTS, "query": "", "status": 422,
               "fault": None, "request_body": {}, "response_body": ERROR}  # fmt: skip

    assert exchange_violations(CONTRACT, [refused], wrong_on_purpose=True) == []
    assert len(exchange_violations(CONTRACT, [refused])) == 1
    taken = {**refused, "status": 404}
    assert len(exchange_violations(CONTRACT, [taken], wrong_on_purpose=True)) == 1
