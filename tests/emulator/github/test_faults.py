"""Faults hit the calls they name, as often as they say."""

from __future__ import annotations

import json
import time

import pytest
import requests

from bot.emulator.github import EmulatorRefused, GitHub, Job
from tests.emulator.github.conftest import NAME, Client, Plain


def comments(gh: GitHub) -> list[str]:
    """Bodies of all comments there are."""
    return [c["body"] for c in gh.state(NAME)["comments"]]


@pytest.mark.parametrize(("after_write", "left"), [(True, ["b"]), (False, [])])
def test_error_before_or_after_the_write(
    gh: GitHub, http: Plain, pull: int, after_write: bool, left: list[str]
) -> None:
    gh.fault("error", method="POST", path="/comments$", status=502, after_write=after_write)

    reply = http("POST", f"/repos/{NAME}/issues/{pull}/comments", {"body": "b"})

    assert (reply.status_code, comments(gh)) == (502, left)


def test_error_after_write_and_a_client_that_retries_leave_two_comments(
    gh: GitHub, job: Job, pull: int
) -> None:
    from github import Auth, Github, GithubRetry

    gh.fault("error", method="POST", path="/comments$", status=502, after_write=True)
    retry = GithubRetry(total=2, backoff_factor=0)
    with Github(
        base_url=gh.url, auth=Auth.Token(job.token), retry=retry, seconds_between_writes=0
    ) as github:
        github.get_repo(NAME).get_pull(pull).create_issue_comment("b")

    assert comments(gh) == ["b", "b"]


def test_rule_skips_calls_then_hits_as_often_as_it_says(gh: GitHub, http: Plain) -> None:
    gh.fault("error", path="/branches$", status=503, skip=1, times=2)

    statuses = [http("GET", f"/repos/{NAME}/branches").status_code for _ in range(4)]

    assert statuses == [200, 503, 503, 200]


def test_rule_without_end_lasts_until_faults_are_cleared(gh: GitHub, http: Plain) -> None:
    gh.fault("forbidden", path="/branches$", times=0)

    statuses = [http("GET", f"/repos/{NAME}/branches").status_code for _ in range(3)]
    gh.clear_faults()

    assert statuses == [403, 403, 403]
    assert http("GET", f"/repos/{NAME}/branches").status_code == 200


@pytest.mark.parametrize("status", [403, 429])
def test_secondary_rate_limit_says_when_to_come_back(gh: GitHub, http: Plain, status: int) -> None:
    gh.fault("rate_limit", path="/branches$", status=status, retry_after=2)

    reply = http("GET", f"/repos/{NAME}/branches")

    assert (reply.status_code, reply.headers["Retry-After"]) == (status, "2")
    assert "secondary rate limit" in reply.json()["message"]


def test_created_comment_is_missing_from_the_next_lists(gh: GitHub, http: Plain, pull: int) -> None:
    gh.fault("lag", method="POST", path="/comments$", requests=2)
    path = f"/repos/{NAME}/issues/{pull}/comments"
    first = http("POST", path, {"body": "late"})
    http("POST", path, {"body": "at once"})

    seen = [[c["body"] for c in http("GET", path).json()] for _ in range(3)]

    assert first.status_code == 201
    assert seen == [["at once"], ["at once"], ["late", "at once"]]
    assert http("GET", first.json()["url"]).status_code == 200


def test_cut_body_is_no_json_but_a_good_reply_to_a_client(gh: GitHub, client: Client, job: Job,
                                                          http: Plain) -> None:  # fmt: skip
    gh.fault("cut", method="GET", path="/branches$", bytes=10, times=2)

    reply = http("GET", f"/repos/{NAME}/branches")

    assert (reply.status_code, len(reply.content)) == (200, 10)
    with pytest.raises(json.JSONDecodeError):
        list(client(job.token).get_repo(NAME).get_branches())


def test_dropped_connection_after_the_write(gh: GitHub, http: Plain, pull: int) -> None:
    gh.fault("drop", method="POST", path="/comments$", after_write=True)

    with pytest.raises(requests.ConnectionError):
        http("POST", f"/repos/{NAME}/issues/{pull}/comments", {"body": "b"})

    assert comments(gh) == ["b"]


def test_delay(gh: GitHub, http: Plain) -> None:
    gh.fault("delay", path="/branches$", seconds=0.2)
    started = time.monotonic()

    http("GET", f"/repos/{NAME}/branches")

    assert time.monotonic() - started >= 0.2


def test_unknown_fault_is_refused(gh: GitHub) -> None:
    with pytest.raises(EmulatorRefused, match="no fault of kind"):
        gh.fault("explosion")
