"""One issue of ours for each marker, whatever happens."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import responses

from bot.adapters.github.issues import Issues
from bot.adapters.github.viewer import Viewer
from bot.errors import GitHubError, GitHubRefused
from tests.adapters.github.api import BOT, REPO, Waits, body, sent, session, viewer

ISSUES = f"{REPO}/issues"
MARKER = "<!-- meshbot:drift:v1 key=meshes environment=production -->"
BODY = f"{MARKER}\nDrift"
TITLE = "Drift in production"
PAGE = "https://github.example/acme/net/issues/"


def issue(
    number: int, text: str | None = BODY, login: str | None = BOT, **more: Any
) -> dict[str, Any]:
    return {
        "number": number,
        "url": f"{ISSUES}/{number}",
        "html_url": f"{PAGE}{number}",
        "title": TITLE,
        "body": text,
        "state": "open",
        "user": {"login": login, "id": 1} if login else None,
        **more,
    }


def issues(waits: Waits | None = None) -> Issues:
    opened = session(waits)
    return Issues(opened, Viewer(opened))


def put(*, wanted: bool = True, waits: Waits | None = None, title: str = TITLE) -> str:
    return issues(waits).put(MARKER, title, BODY, wanted=wanted)


@responses.activate
def test_the_first_drift_opens_an_issue() -> None:
    viewer()
    responses.get(ISSUES, json=[])
    responses.post(ISSUES, json=issue(5), status=201)
    responses.get(ISSUES, json=[issue(5)])

    assert put() == f"{PAGE}5"
    assert body(sent("POST", "/issues")[0]) == {"title": TITLE, "body": BODY}


@responses.activate
def test_an_issue_is_updated_wherever_it_stands_open_or_closed() -> None:
    viewer()
    pages = {"Link": f'<{ISSUES}?page=2>; rel="next"'}
    strangers = [issue(n, BODY, "mallory") for n in range(1, 101)]
    responses.get(ISSUES, json=strangers, headers=pages)
    responses.get(ISSUES, json=[issue(205, f"{MARKER}\r\nold", state="closed")])
    responses.patch(f"{ISSUES}/205", json=issue(205))

    assert put() == f"{PAGE}205"
    assert "state=all" in str(sent("GET", "/issues")[0].request.url)
    assert body(sent("PATCH")[0]) == {"body": BODY, "state": "open", "state_reason": "reopened"}
    assert not sent("POST", "/issues")


@responses.activate
def test_an_issue_closes_with_its_last_words_and_stays_closed() -> None:
    viewer()
    responses.get(ISSUES, json=[issue(5, f"{MARKER}\nold")])
    responses.patch(f"{ISSUES}/5", json=issue(5))

    put(wanted=False)

    assert body(sent("PATCH")[0]) == {"body": BODY, "state": "closed", "state_reason": "completed"}


@responses.activate
@pytest.mark.parametrize("there", [[], [issue(5, f"{MARKER}\nold", state="closed")]])
def test_nothing_is_written_where_nothing_is_open(there: list[Any]) -> None:
    viewer()
    responses.get(ISSUES, json=there)

    put(wanted=False)

    assert not sent("PATCH")
    assert not sent("POST", "/issues")


@responses.activate
def test_a_title_that_a_person_changed_is_put_right_or_left() -> None:
    viewer()
    responses.get(ISSUES, json=[issue(5, title="mine")])
    responses.patch(f"{ISSUES}/5", json=issue(5))

    put(title="")
    assert not sent("PATCH")
    put()
    assert body(sent("PATCH")[0]) == {"title": TITLE}


@responses.activate
@pytest.mark.parametrize(
    "foreign",
    [
        issue(1, BODY, "mallory"),
        issue(1, BODY, None),
        issue(1, f"> {BODY}"),
        issue(1, None),
        issue(1, BODY, html_url="https://github.example/acme/net/pull/1"),
    ],
)
def test_an_issue_that_only_looks_like_ours_is_left_alone(foreign: Any) -> None:
    viewer()
    responses.get(ISSUES, json=[foreign])
    responses.post(ISSUES, json=issue(5), status=201)

    assert put() == f"{PAGE}5"
    assert not sent("PATCH")


@responses.activate
def test_doubles_are_closed_and_the_oldest_stays() -> None:
    viewer()
    responses.get(ISSUES, json=[issue(9), issue(3), issue(6, state="closed")])
    responses.patch(f"{ISSUES}/9", json=issue(9))

    assert put() == f"{PAGE}3"
    [patched] = sent("PATCH")
    assert body(patched) == {"state": "closed", "state_reason": "not_planned"}


@responses.activate
@pytest.mark.parametrize(
    "lost", [{"status": 502, "json": {}}, {"body": '{"number": 5,', "status": 201}]
)
def test_a_lost_answer_is_looked_for_before_opening_again(lost: dict[str, Any]) -> None:
    viewer()
    responses.get(ISSUES, json=[])
    responses.post(ISSUES, **lost)
    responses.get(ISSUES, json=[])
    responses.get(ISSUES, json=[issue(5)])
    waits = Waits()

    assert put(waits=waits) == f"{PAGE}5"
    assert len(sent("POST", "/issues")) == 1
    assert waits.seconds == [1.0, 2.0]


@responses.activate
def test_a_post_that_never_arrived_is_sent_again() -> None:
    viewer()
    responses.get(ISSUES, json=[])
    responses.post(ISSUES, body=requests.ConnectionError("gone"))
    responses.post(ISSUES, json=issue(5), status=201)

    assert put() == f"{PAGE}5"
    assert len(sent("POST", "/issues")) == 2


@responses.activate
def test_opening_gives_up_in_the_end() -> None:
    viewer()
    responses.get(ISSUES, json=[])
    responses.post(ISSUES, status=502, json={"message": "Bad Gateway"})

    with pytest.raises(GitHubError, match="open an issue"):
        put()
    assert len(sent("POST", "/issues")) == 3


@responses.activate
def test_an_issue_deleted_meanwhile_is_opened_anew() -> None:
    viewer()
    responses.get(ISSUES, json=[issue(5, f"{MARKER}\nold")])
    responses.patch(f"{ISSUES}/5", status=410, json={"message": "This issue was deleted"})
    responses.get(ISSUES, json=[])
    responses.post(ISSUES, json=issue(6), status=201)
    responses.get(ISSUES, json=[issue(6)])

    assert put() == f"{PAGE}6"


@responses.activate
def test_a_missing_permission_is_a_refusal() -> None:
    viewer()
    responses.get(ISSUES, json=[])
    responses.post(ISSUES, status=403, json={"message": "Resource not accessible by integration"})

    with pytest.raises(GitHubRefused, match="needs `issues: write`"):
        put()


@responses.activate
def test_open_issues_are_known_by_how_they_start_and_the_list_is_asked_for_once() -> None:
    viewer()
    other = MARKER.replace("production", "edge")
    closed = MARKER.replace("production", "old")
    responses.get(
        ISSUES,
        json=[issue(1), issue(2, other), issue(3, closed, state="closed"), issue(4, "<!-- x -->")],
    )
    ours = issues()

    assert ours.open_with(MARKER.partition("production")[0]) == (other, MARKER)
    ours.put(MARKER, TITLE, BODY, wanted=True)
    assert len(sent("GET", "/issues")) == 1
