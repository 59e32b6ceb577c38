"""What a command was started for in a job of GitHub Actions, by variables anybody may set."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.origin import run_origin
from bot.model.session import RunOrigin, session_name

JOB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/meshes",
    "GITHUB_RUN_ID": "42",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_REF": "refs/heads/main",
    "GITHUB_SHA": "0a1b2c3d",
}


def test_a_laptop_says_nothing() -> None:
    assert run_origin({"HOME": "/home/me", "GITHUB_REPOSITORY": "acme/meshes"}) == RunOrigin()
    assert session_name("peerd", run_origin({})) == "peerd"


def test_the_environment_of_the_process_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "42")

    assert run_origin() == RunOrigin(run_id="42")


@pytest.mark.parametrize(
    ("ref", "name"),
    [
        ("refs/pull/7/merge", "peerd-acme.meshes-pr7-run42"),
        ("refs/pull/7/head", "peerd-acme.meshes-pr7-run42"),
        ("refs/heads/main", "peerd-acme.meshes-run42"),
        ("refs/heads/refs/pull/7/merge", "peerd-acme.meshes-run42"),
        ("refs/pull/7/merge\n", "peerd-acme.meshes-run42"),
        ("refs/pull/\N{ARABIC-INDIC DIGIT SEVEN}/merge", "peerd-acme.meshes-run42"),
        (f"refs/pull/{'7' * 5000}/merge", "peerd-acme.meshes-run42"),
    ],
)
def test_the_ref_names_the_pull_request(ref: str, name: str) -> None:
    assert session_name("peerd", run_origin({**JOB, "GITHUB_REF": ref})) == name


@pytest.mark.parametrize(
    ("payload", "number"),
    [
        ({"pull_request": {"number": 7}}, 7),
        ({"pull_request": {"number": True}}, 0),
        ({"pull_request": {"number": "7"}}, 0),
        ({"pull_request": 7}, 0),
        ({"issue": {"number": 7}}, 0),
        ([7], 0),
    ],
)
def test_else_the_payload_names_it(payload: object, number: int, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payload))

    assert run_origin({**JOB, "GITHUB_EVENT_PATH": str(file)}).pull_request == number


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\ud800", "9" * 10_000])
def test_a_payload_that_is_none_is_no_failure(text: str, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))

    assert run_origin({**JOB, "GITHUB_EVENT_PATH": str(file)}).pull_request == 0
    assert run_origin({**JOB, "GITHUB_EVENT_PATH": str(tmp_path)}).pull_request == 0
    assert run_origin({**JOB, "GITHUB_EVENT_PATH": "no\0file"}).pull_request == 0


@given(st.fixed_dictionaries({name: st.text() for name in JOB}), st.text())
def test_whatever_they_hold_sts_takes_the_name(given_: dict[str, str], name: str) -> None:
    named = session_name(name, run_origin(given_))

    assert re.fullmatch(r"[A-Za-z0-9_+=,.@-]{2,64}", named)
