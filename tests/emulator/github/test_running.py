"""The emulator as a process, its control endpoint and its record."""

from __future__ import annotations

import pytest
import requests

from bot.emulator.github import EmulatorRefused, GitHub, running
from tests.emulator.github.conftest import NAME, Plain


def test_as_a_process_it_serves_and_stops() -> None:
    with running(process=True) as gh:
        sha = gh.create_repository(NAME, {"a": "1\n"})
        job = gh.start_run(NAME, "push")

        shown = Plain(gh.url, job.token)("GET", f"/repos/{NAME}/branches/main").json()

        assert shown["commit"]["sha"] == sha == job.sha
        assert [e["path"] for e in gh.exchanges()] == [f"/repos/{NAME}/branches/main"]
        assert gh.exchanges()[0]["response_body"] == shown
    with pytest.raises(requests.ConnectionError):
        requests.get(gh.url, timeout=5)


def test_without_recording_the_log_has_no_bodies() -> None:
    with running(record=False) as gh:
        requests.get(f"{gh.url}/rate_limit?a=b", timeout=5)

        assert gh.exchanges() == [
            {"api": "rest", "method": "GET", "path": "/rate_limit", "query": "a=b", "login": None,
             "authorized": False, "status": 200, "fault": None}
        ]  # fmt: skip


def test_record_has_both_bodies_and_who_asked(gh: GitHub, http: Plain, pull: int) -> None:
    gh.forget_exchanges()

    http("POST", f"/repos/{NAME}/issues/{pull}/comments", {"body": "b"})

    (exchange,) = gh.exchanges()
    assert exchange["request_body"] == {"body": "b"}
    assert exchange["response_body"]["body"] == "b"
    assert (exchange["login"], exchange["status"]) == ("github-actions[bot]", 201)
    # The token itself is not kept.
    assert http.token not in str(exchange)


def test_reset_forgets_everything(gh: GitHub, http: Plain) -> None:
    gh.reset()

    assert gh.state() == {}
    assert http("GET", "/rate_limit").status_code == 401


def test_one_story_gives_the_same_names_twice() -> None:
    def story() -> tuple[str, int]:
        with running() as gh:
            gh.create_repository(NAME, {"a": "1\n"})
            gh.push(NAME, "x", {"a": "2\n"})
            number = gh.open_pull(NAME, "x")
            return gh.merge(NAME, number), gh.comment(NAME, number, "alice", "b")

    assert story() == story()


@pytest.mark.parametrize("verb", ["_repository", "none_such", "__init__"])
def test_unknown_verbs_are_refused(gh: GitHub, verb: str) -> None:
    with pytest.raises(EmulatorRefused):
        gh.call(verb, name=NAME)


def test_what_cannot_be_done_is_said(gh: GitHub) -> None:
    with pytest.raises(EmulatorRefused, match="no repository acme/none"):
        gh.push("acme/none", "main", {})
    with pytest.raises(EmulatorRefused, match="no event 'issue_comment'"):
        gh.event(NAME, "issue_comment")


def test_unknown_paths_and_broken_json_are_refused(gh: GitHub, http: Plain, pull: int) -> None:
    path = f"/repos/{NAME}/issues/{pull}/comments"
    broken = requests.post(
        gh.url + path, data=b"{", timeout=5, headers={"Authorization": f"Bearer {http.token}"}
    )

    assert broken.status_code == 400
    assert "Problems parsing JSON" in broken.text
    gh.forget_exchanges()  # neither is an exchange the description knows
    assert http("GET", "/nothing/here").status_code == 404
    gh.forget_exchanges()
