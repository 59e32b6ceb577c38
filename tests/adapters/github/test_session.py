"""What is repeated, for how long, and what failures come to."""

from __future__ import annotations

import threading

import pytest
import requests
import responses

from bot.adapters.github.session import PAUSES, TooLate, Uncertain, open_session
from bot.errors import GitHubError, GitHubRefused, UsageError
from tests.adapters.github.api import API, REPO, Waits, comment, sent, session

PULL = f"{REPO}/pulls/7"
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}


def title(waits: Waits, *, repeatable: bool = True) -> str:
    """One GET, as any exchange."""
    open_ = session(waits)
    return open_.call(
        "show pull request #7",
        lambda: open_.repository.get_pull(7).title,
        repeatable=repeatable,
    )


def found() -> None:
    responses.get(PULL, json={"title": "Add a VPC", "number": 7, "url": PULL})


@responses.activate
def test_an_answer_is_passed_on() -> None:
    found()

    assert title(Waits()) == "Add a VPC"
    assert sent("GET")[0].request.headers["Authorization"] == "token t0ken"


@responses.activate
@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_tried_again(status: int) -> None:
    responses.get(PULL, status=status, body="<html>oops</html>")
    responses.get(PULL, status=status, json={"message": "Server Error"})
    found()
    waits = Waits()

    assert title(waits) == "Add a VPC"
    assert waits.seconds == list(PAUSES[:2])


@responses.activate
def test_a_server_that_stays_down_is_an_error_that_says_so() -> None:
    responses.get(PULL, status=502, json={"message": "Bad Gateway"})

    with pytest.raises(GitHubError, match=r"could not show pull request #7 \(502: Bad Gateway\)"):
        title(Waits())
    assert len(sent("GET")) == 1 + len(PAUSES)


@responses.activate
@pytest.mark.parametrize("body", ['{"title": "Add', '{"title": "Add a V', "["])
def test_a_cut_body_is_tried_again_and_then_an_error(body: str) -> None:
    responses.get(PULL, body=body, content_type="application/json")

    with pytest.raises(Uncertain, match="JSONDecodeError"):
        title(Waits())
    assert len(sent("GET")) == 1 + len(PAUSES)


@responses.activate
@pytest.mark.parametrize("fault", [requests.ConnectionError("gone"), requests.Timeout("slow")])
def test_a_lost_connection_is_tried_again(fault: Exception) -> None:
    responses.get(PULL, body=fault)
    found()

    assert title(Waits()) == "Add a VPC"


@responses.activate
def test_what_must_not_happen_twice_is_not_tried_again() -> None:
    responses.get(PULL, status=502, json={})

    with pytest.raises(Uncertain):
        title(Waits(), repeatable=False)
    assert len(sent("GET")) == 1


@responses.activate
@pytest.mark.parametrize("status", [403, 404])
def test_a_missing_permission_is_a_refusal(status: int) -> None:
    message = {"message": "Resource not accessible by integration"}
    responses.get(PULL, status=status, json=message)

    with pytest.raises(GitHubRefused, match="Resource not accessible by integration"):
        title(Waits())
    assert len(sent("GET")) == 1


@responses.activate
@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [(403, {"Retry-After": "7"}, 7.0), (429, {"Retry-After": "7"}, 7.0), (403, {}, 60.0)],
)
@pytest.mark.parametrize("repeatable", [True, False])
def test_a_secondary_rate_limit_is_waited_for(
    status: int, headers: dict[str, str], wait: float, repeatable: bool
) -> None:
    responses.get(PULL, status=status, json=SECONDARY, headers=headers)
    found()
    waits = Waits()

    assert title(waits, repeatable=repeatable) == "Add a VPC"
    assert waits.seconds == [wait]


@responses.activate
def test_a_rate_limit_is_not_waited_for_for_ever() -> None:
    responses.get(PULL, status=403, json=SECONDARY, headers={"Retry-After": "60"})
    waits = Waits()

    with pytest.raises(GitHubError, match="too long to wait"):
        title(waits)
    assert waits.seconds == [60.0, 60.0, 60.0]


@responses.activate
def test_a_primary_limit_an_hour_away_fails_at_once() -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}
    responses.get(PULL, status=403, json={"message": "API rate limit exceeded"}, headers=headers)
    waits = Waits()

    with pytest.raises(GitHubError, match="too long to wait"):
        title(waits)
    assert waits.seconds == []


@responses.activate
def test_an_answer_on_another_host_is_not_followed() -> None:
    elsewhere = "http://elsewhere.example:80/pulls/7"
    responses.get(PULL, status=301, headers={"Location": elsewhere})

    with pytest.raises(GitHubError):
        title(Waits())
    assert not sent("GET", "elsewhere")


@responses.activate
def test_the_next_page_on_another_host_is_not_followed() -> None:
    comments = f"{REPO}/issues/7/comments"
    link = {"Link": '<http://elsewhere.example/issues/7/comments?page=2>; rel="next"'}
    responses.get(comments, json=[comment(1, "hello")], headers=link)
    open_ = session()

    with pytest.raises(GitHubError):
        open_.call("list", lambda: list(open_.repository.get_issue(7).get_comments()))
    assert not sent("GET", "elsewhere")


@responses.activate
@pytest.mark.parametrize("body", [[], "text", {"title": 5}, {"title": {"a": 1}}])
def test_an_answer_of_an_odd_shape_is_a_github_error(body: object) -> None:
    responses.get(PULL, json=body)
    open_ = session()

    with pytest.raises(GitHubError):
        open_.call("show", lambda: open_.repository.get_pull(7).title + "")


@pytest.mark.parametrize(
    ("url", "token", "repository"),
    [
        ("ftp://api.github.com", "t", "acme/net"),
        ("https://user@api.github.com", "t", "acme/net"),
        ("https:///x", "t", "acme/net"),
        (API, "", "acme/net"),
        (API, "t", "acme"),
        (API, "t", "acme/"),
    ],
)
def test_an_environment_that_cannot_be_used_is_a_usage_error(
    url: str, token: str, repository: str
) -> None:
    with pytest.raises(UsageError):
        open_session(url, token, repository)


def test_without_an_address_it_is_githubs_own() -> None:
    assert open_session("", "t", "acme/net").github.requester.base_url == "https://api.github.com"


# What can be left out


@responses.activate
@pytest.mark.parametrize(
    ("status", "answer"), [(502, {"message": "Bad Gateway"}), (403, SECONDARY), (429, SECONDARY)]
)
def test_what_can_be_left_out_is_tried_once(status: int, answer: dict[str, str]) -> None:
    responses.get(PULL, status=status, json=answer, headers={"Retry-After": "1"})
    waits = Waits()
    open_ = open_session(API, "t0ken", "acme/net", sleep=waits, until=threading.Event())

    with pytest.raises(GitHubError) as raised:
        open_.call("show pull request #7", lambda: open_.repository.get_pull(7).title)
    assert "Run the job again" not in str(raised.value)
    assert (len(sent("GET")), waits.seconds) == (1, [])


@responses.activate
def test_nothing_is_sent_once_it_is_too_late() -> None:
    found()
    until = threading.Event()
    open_ = open_session(API, "t0ken", "acme/net", until=until).needing("pull-requests: write")

    assert open_.call("show it", lambda: open_.repository.get_pull(7).title) == "Add a VPC"
    until.set()
    with pytest.raises(TooLate, match="was not asked to show it"):
        open_.call("show it", lambda: open_.repository.get_pull(7).title)
    assert len(sent("GET")) == 1
