"""One comment of ours, whatever happens."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import responses

from bot.adapters.github.comments import Comments
from bot.adapters.github.viewer import Viewer
from bot.errors import GitHubError, GitHubRefused
from tests.adapters.github.api import API, MARKER, REPO, Waits, body, comment, sent, session, viewer

COMMENTS = f"{REPO}/issues/7/comments"
BODY = f"{MARKER}\nPlan: 1 to add"
URL = "https://github.example/acme/net/pull/7#issuecomment-"


def put(*, create: bool = True, waits: Waits | None = None) -> str:
    opened = session(waits)
    return Comments(opened, Viewer(opened)).put(7, MARKER, BODY, create=create)


@responses.activate
def test_the_first_comment_is_posted() -> None:
    viewer()
    responses.get(COMMENTS, json=[])
    responses.post(COMMENTS, json=comment(5, BODY), status=201)
    responses.get(COMMENTS, json=[comment(5, BODY)])

    assert put() == f"{URL}5"
    assert body(sent("POST", "comments")[0]) == {"body": BODY}


@responses.activate
def test_our_comment_is_edited_in_place_wherever_it_stands() -> None:
    viewer()
    next_page = {"Link": f'<{COMMENTS}?page=2&per_page=100>; rel="next"'}
    strangers = [comment(n, "hello", "someone") for n in range(1, 101)]
    responses.get(COMMENTS, json=strangers, headers=next_page)
    responses.get(COMMENTS, json=[comment(205, f"{MARKER}\r\nold")])
    responses.patch(f"{REPO}/issues/comments/205", json=comment(205, BODY))

    assert put() == f"{URL}205"
    assert not sent("POST", "comments")
    assert len(sent("PATCH")) == 1


@responses.activate
@pytest.mark.parametrize(
    "foreign",
    [
        comment(1, BODY, "mallory"),
        comment(1, BODY, "github-actions"),
        comment(1, BODY, None),
        comment(1, f"quote:\n{BODY}"),
        comment(1, f"> {BODY}"),
        comment(1, MARKER.replace("meshes", "other")),
        comment(1, None),
    ],
)
def test_a_comment_that_only_looks_like_ours_is_left_alone(foreign: object) -> None:
    viewer()
    responses.get(COMMENTS, json=[foreign])
    responses.post(COMMENTS, json=comment(5, BODY), status=201)

    assert put() == f"{URL}5"
    assert not sent("PATCH")
    assert not sent("DELETE")


@responses.activate
def test_nothing_is_posted_when_only_an_old_comment_is_to_be_edited() -> None:
    viewer()
    responses.get(COMMENTS, json=[])

    assert put(create=False) == ""
    assert not sent("POST", "comments")


@responses.activate
def test_duplicates_are_reduced_to_the_oldest() -> None:
    viewer()
    responses.get(COMMENTS, json=[comment(n, BODY) for n in (9, 3, 6)])
    responses.delete(f"{REPO}/issues/comments/6", status=204)
    responses.delete(f"{REPO}/issues/comments/9", status=404, json={"message": "Not Found"})

    assert put() == f"{URL}3"
    assert len(sent("DELETE")) == 2
    assert not sent("PATCH")  # it says what it should already


@responses.activate
def test_two_runs_that_post_at_once_leave_one_comment() -> None:
    viewer()
    responses.get(COMMENTS, json=[])
    responses.post(COMMENTS, json=comment(8, BODY), status=201)
    responses.get(COMMENTS, json=[comment(4, f"{MARKER}\nother"), comment(8, BODY)])
    responses.patch(f"{REPO}/issues/comments/4", json=comment(4, BODY))
    responses.delete(f"{REPO}/issues/comments/8", status=204)

    assert put() == f"{URL}4"


@responses.activate
@pytest.mark.parametrize(
    "lost", [{"status": 502, "json": {}}, {"body": '{"id": 5,', "status": 201}]
)
def test_a_lost_answer_is_looked_for_before_posting_again(lost: dict[str, Any]) -> None:
    viewer()
    responses.get(COMMENTS, json=[])
    responses.post(COMMENTS, **lost)
    responses.get(COMMENTS, json=[])
    responses.get(COMMENTS, json=[])
    responses.get(COMMENTS, json=[comment(5, BODY)])
    waits = Waits()

    assert put(waits=waits) == f"{URL}5"
    assert len(sent("POST", "comments")) == 1
    assert waits.seconds == [1.0, 2.0, 4.0]


@responses.activate
def test_a_post_that_never_arrived_is_sent_again() -> None:
    viewer()
    responses.get(COMMENTS, json=[])
    responses.post(COMMENTS, body=requests.ConnectionError("gone"))
    responses.post(COMMENTS, json=comment(5, BODY), status=201)

    assert put() == f"{URL}5"
    assert len(sent("POST", "comments")) == 2


@responses.activate
def test_posting_gives_up_in_the_end() -> None:
    viewer()
    responses.get(COMMENTS, json=[])
    responses.post(COMMENTS, status=502, json={"message": "Bad Gateway"})

    with pytest.raises(GitHubError, match="write a comment on pull request #7"):
        put()
    assert len(sent("POST", "comments")) == 3


@responses.activate
def test_a_comment_deleted_meanwhile_is_written_anew() -> None:
    viewer()
    responses.get(COMMENTS, json=[comment(5, f"{MARKER}\nold")])
    responses.patch(f"{REPO}/issues/comments/5", status=404, json={"message": "Not Found"})
    responses.get(COMMENTS, json=[])
    responses.post(COMMENTS, json=comment(6, BODY), status=201)
    responses.get(COMMENTS, json=[comment(6, BODY)])

    assert put() == f"{URL}6"


@responses.activate
def test_a_missing_permission_is_a_refusal() -> None:
    viewer()
    responses.get(COMMENTS, json=[])
    responses.post(COMMENTS, status=403, json={"message": "Resource not accessible by integration"})

    with pytest.raises(GitHubRefused, match="needs `pull-requests: write`"):
        put()


@responses.activate
def test_graphql_without_an_answer_is_an_error() -> None:
    responses.post(f"{API}/graphql", json={"errors": [{"message": "no"}], "data": None})

    with pytest.raises(GitHubError, match="say whose the token is"):
        put()
