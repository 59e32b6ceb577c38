"""When people are told how far a run is: not too often, and not too seldom."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bot.engine.pace import CommentPace, LinePace


def lines(pace: LinePace, seconds: int, length: float) -> list[int]:
    """At which seconds of a work that takes ``length`` a line is said."""
    said: list[int] = []
    last: tuple[float, float] | None = None
    for now in range(seconds):
        share = min(1.0, now / length)
        if pace.due(now, share, last):
            said.append(now)
            last = now, share
    return said


def test_a_short_work_has_one_line_and_a_long_one_ten() -> None:
    assert lines(LinePace(), 20, 20) == [0]
    assert lines(LinePace(), 200, 200) == [0, 30, 60, 90, 120, 150, 180]
    long = lines(LinePace(), 1200, 1200)
    assert len(long) == 10
    assert all(120 <= b - a <= 121 for a, b in pairwise(long))


def test_a_work_that_stands_still_is_told_of_all_the_same() -> None:
    assert lines(LinePace(), 500, float("inf")) == [0, 120, 240, 360, 480]


def test_the_first_line_may_be_for_long_works_alone() -> None:
    assert lines(LinePace(after=10), 9, 9) == []
    assert lines(LinePace(after=10), 60, 100)[0] == 10


def edits(pace: CommentPace, length: int, comments: int = 1, estimate: float = 1.0) -> list[int]:
    """At which seconds of an apply comments are edited; the estimate is so much of the truth."""
    said: list[int] = []
    for now in range(length):
        last = said[-1] if said else None
        left = (length - now) * estimate
        if pace.due(now, left, last, len(said) * comments, comments):
            said.append(now)
    return said


def test_a_short_apply_is_told_of_in_the_end_alone() -> None:
    assert edits(CommentPace(), 20) == []


def test_a_long_apply_is_told_of_at_once_and_then_each_minute() -> None:
    assert edits(CommentPace(), 21) == [0]
    assert edits(CommentPace(), 200) == [0, 60, 120, 180]


def test_one_that_takes_longer_than_was_thought_is_told_of_then() -> None:
    assert edits(CommentPace(), 100, estimate=0) == [21, 81]


@pytest.mark.parametrize("comments", [1, 2, 3, 10, 20])
def test_there_are_never_more_edits_than_said_however_long_it_takes(comments: int) -> None:
    told = edits(CommentPace(most=20), 24 * 3600, comments)

    assert told
    assert len(told) * comments <= 20
    assert all(b - a >= 60 for a, b in pairwise(told))


def test_the_edits_there_are_reach_over_two_hours() -> None:
    assert edits(CommentPace(), 24 * 3600)[-1] > 2 * 3600


@pytest.mark.parametrize("comments", [0, 21])
def test_no_comment_and_too_many_are_not_edited(comments: int) -> None:
    assert edits(CommentPace(most=20), 600, comments) == []
