"""Session names and tags: STS takes them all, and they lead to the run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.model.session import RunOrigin, session_name, session_tags

ORIGIN = RunOrigin("acme/meshes", 7, "42", "1", "0a1b2c3d")

run_ids = st.one_of(st.integers(1, 10**20).map(str), st.text())
origins = st.builds(
    RunOrigin, st.text(), st.integers(-1, 10**30), run_ids, st.text(max_size=5), st.text()
)


@pytest.mark.parametrize(
    ("name", "origin", "expected"),
    [
        ("peerd", ORIGIN, "peerd-acme.meshes-pr7-run42"),
        ("peerd", replace(ORIGIN, run_attempt="3"), "peerd-acme.meshes-pr7-run42.3"),
        ("peerd", replace(ORIGIN, pull_request=0), "peerd-acme.meshes-run42"),
        ("peerd", replace(ORIGIN, repository=""), "peerd-pr7-run42"),
        ("peerd", replace(ORIGIN, repository="a/b"), "peerd-a.b-pr7-run42"),
        ("peerd", RunOrigin(), "peerd"),
        ("", ORIGIN, "acme.meshes-pr7-run42"),
        ("", RunOrigin(), "meshbot"),
        ("p", RunOrigin(), "p-"),
        ("näme x", replace(ORIGIN, repository="ac me/mésh"), "n-me-x-ac-me.m-sh-pr7-run42"),
        # the owner goes first
        (
            "peerd",
            replace(ORIGIN, repository="o" * 39 + "/meshes-of-the-world"),
            "peerd-meshes-of-the-world-pr7-run42",
        ),
        # then the end of the repository
        ("peerd", replace(ORIGIN, repository=f"acme/{'r' * 100}"), f"peerd-{'r' * 48}-pr7-run42"),
        # then, too short to tell anything, all of it; then the end of the name
        ("n" * 52, ORIGIN, "n" * 52 + "-pr7-run42"),
        ("n" * 64, ORIGIN, "n" * 54 + "-pr7-run42"),
    ],
)
def test_name_keeps_pull_request_and_run_whole(name: str, origin: RunOrigin, expected: str) -> None:
    assert session_name(name, origin) == expected
    assert len(expected) <= 64


@given(st.text(), origins)
def test_name_is_always_one_that_sts_takes(name: str, origin: RunOrigin) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_+=,.@-]{2,64}", session_name(name, origin))


@given(st.text(), origins, origins)
def test_two_runs_never_have_one_name(name: str, one: RunOrigin, other: RunOrigin) -> None:
    assume(one.run_id and other.run_id and one.run_id != other.run_id)

    assert session_name(name, one) != session_name(name, other)


@given(origins)
def test_run_of_another_repository_changes_nothing_behind_it(origin: RunOrigin) -> None:
    """Nothing that the repository is called can pass for another pull request or run."""
    assume(origin.run_id)
    tail = session_name("", replace(origin, repository=""))

    assert session_name("x", origin).endswith(f"-{tail}")


def test_name_is_a_name_of_itself() -> None:
    once = session_name("meshbot", ORIGIN)

    assert session_name(once) == once


def test_tags_are_what_is_known() -> None:
    assert dict(session_tags(ORIGIN)) == {
        "Commit": "0a1b2c3d",
        "PullRequest": "7",
        "Repository": "acme/meshes",
        "Run": "42",
    }
    assert session_tags(RunOrigin()) == ()


@given(origins)
def test_tags_are_always_ones_that_sts_takes(origin: RunOrigin) -> None:
    for key, value in session_tags(origin):
        assert re.fullmatch(r"[A-Za-z]{1,128}", key)
        assert re.fullmatch(r"[A-Za-z0-9 _.:/=+@-]{1,256}", value)
