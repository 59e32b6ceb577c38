"""What a record says, who may take the lease, and why two can never believe to hold it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.lease import (
    LONGEST_HOLDER,
    LONGEST_TEXT,
    LeaseRecord,
    LeaseSettings,
    Reading,
    Seen,
    Standing,
    Unreadable,
    expiry,
    read_record,
    standing,
)
from bot.model.lease_place import Backend, LeasePlace, read_place

SETTINGS = LeaseSettings()
TOKEN, VERSION = "a" * 32, "0123456789abcdef" * 2
RECORD = LeaseRecord("acme/net run 7", TOKEN, VERSION, 1_700_000_000, 1_700_000_060)
times = st.integers(0, 253_402_300_799)  # until the year 9999
tokens = st.text("0123456789abcdef", min_size=32, max_size=32)


# --- the record


@given(st.text(min_size=1, max_size=LONGEST_HOLDER), tokens, tokens, times, times)
def test_a_record_is_read_as_it_was_written(
    holder: str, token: str, version: str, since: int, expires: int
) -> None:
    record = LeaseRecord(holder, token, version, since, expires)

    assert read_record(record.text) == record
    assert "\n" not in record.text
    assert record.text.isascii()


def test_a_long_holder_is_cut_so_that_the_record_can_be_read() -> None:
    written = LeaseRecord("x" * 10_000, TOKEN, VERSION, 1, 2)

    read = read_record(written.text)

    assert isinstance(read, LeaseRecord)
    assert read.holder == "x" * LONGEST_HOLDER


def broken(**changes: Any) -> str:
    value = {**json.loads(RECORD.text), **changes}
    return json.dumps({k: v for k, v in value.items() if v is not ...})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "[" * 5000,
        "9" * 5000,
        " " * (LONGEST_TEXT + 1) + RECORD.text,
        broken(format=2),
        broken(format=True),
        broken(format="1"),
        broken(format=...),
        broken(holder=""),
        broken(holder=["x"]),
        broken(holder="x" * (LONGEST_HOLDER + 1)),
        broken(token="A" * 32),
        broken(token="a" * 31),
        broken(token=f"{TOKEN}\n"),
        broken(version=None),
        broken(expires="2026-02-30T00:00:00Z"),
        broken(expires="2026-02-03T00:00:00+00:00"),
        broken(expires="2026-02-03T00:00:00Z\n"),
        broken(expires="0000-01-01T00:00:00Z"),
        broken(expires=float("nan")),
        broken(expires=1_700_000_060),
        broken(since=...),
    ],
)
def test_what_is_odd_is_held_by_somebody_unknown_for_ever(text: str) -> None:
    read = read_record(text)

    assert isinstance(read, Unreadable)
    assert standing(Seen(read, "mark"), math.inf, SETTINGS) is Standing.UNREADABLE


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats(), st.lists).map(json.dumps))
def test_no_text_is_taken_for_a_lease_by_mistake(text: str) -> None:
    assert isinstance(read_record(text), Unreadable)


def test_further_keys_are_left_to_later_versions() -> None:
    assert read_record(broken(note="x")) == RECORD


# --- who may take it


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (-60.0, Standing.HELD),
        (0.0, Standing.HELD),
        (SETTINGS.skew, Standing.HELD),
        (SETTINGS.skew + 0.1, Standing.EXPIRED),
        (1e9, Standing.EXPIRED),
    ],
)
def test_a_lease_is_expired_only_after_the_time_for_clocks_that_differ(
    after: float, expected: Standing
) -> None:
    assert standing(Seen(RECORD, "m"), RECORD.expires + after, SETTINGS) is expected
    assert standing(Seen(None), RECORD.expires + after, SETTINGS) is Standing.FREE


moments = st.floats(0, 100, allow_nan=False) | st.sampled_from([0.0, 0.001, 0.25, 0.999])


@given(
    start=st.floats(0, 1e6, allow_nan=False),
    holder=st.tuples(moments, moments, moments),
    contender=st.tuples(moments, moments, moments),
    clocks=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
    share=st.floats(0, 1),
)
def test_nobody_takes_a_lease_that_its_holder_trusts(
    start: float,
    holder: tuple[float, float, float],
    contender: tuple[float, float, float],
    clocks: tuple[float, float],
    share: float,
) -> None:
    """Whatever the runners' clocks, the delays, and two of the store's machines that differ."""
    mine, theirs = clocks  # what each reader's own clock adds to the true time
    slow, fast = -SETTINGS.skew * share, SETTINGS.skew * (1 - share)
    ask, answer, wait = holder
    answered = start + ask
    held = Reading(math.floor(answered + slow), start + mine, answered + answer + mine)
    sent = answered + answer + wait
    record = LeaseRecord("x", TOKEN, VERSION, 0, expiry(held, sent + mine, SETTINGS))

    ask, answer, wait = contender
    asked = sent + wait
    seen_at = asked + ask
    seen = Reading(math.floor(seen_at + fast), asked + theirs, seen_at + answer + theirs)
    # when, by the contender's clock, the lease is over: never before the holder's time to live
    over = record.expires + SETTINGS.skew - seen.date + seen.received
    assert over - theirs >= sent + SETTINGS.ttl - 1e-6
    decided = over + 0.001
    stands = standing(Seen(record, "m"), seen.earliest(decided), SETTINGS)
    assert stands is Standing.EXPIRED, "it is taken at last"


def test_settings_that_could_not_keep_a_lease_are_refused() -> None:
    for wrong in ({"beat": 50.0}, {"margin": 0.0}, {"margin": 60.0}, {"beat": 0.0}):
        with pytest.raises(ValueError, match="renewed before it counts as lost"):
            LeaseSettings(**wrong)


# --- where it is


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", None),
        ("none", None),
        ("dynamodb://locks", LeasePlace(Backend.DYNAMODB, "locks")),
        ("dynamodb://locks/net/prod", LeasePlace(Backend.DYNAMODB, "locks", "net/prod")),
        (
            "dynamodb://my.lock_table?region=eu-west-1",
            LeasePlace(Backend.DYNAMODB, "my.lock_table", "meshbot", "eu-west-1"),
        ),
        (
            "s3://bucket/a/lock.json?region=us-gov-west-1",
            LeasePlace(Backend.S3, "bucket", "a/lock.json", "us-gov-west-1"),
        ),
    ],
)
def test_a_place_is_read_and_told_again(text: str, place: LeasePlace | None) -> None:
    assert read_place(text) == place
    assert place is None or read_place(str(place)) == place


@pytest.mark.parametrize(
    "text",
    [
        "None",
        "locks",
        "ftp://x/y",
        "dynamodb://",
        "dynamodb://ab",
        "dynamodb://locks/",
        "dynamodb://locks/a b",
        "dynamodb://locks?region=",
        "dynamodb://locks?region=eu-west-1&x=1",
        "dynamodb://locks?zone=1",
        "dynamodb://locks\n",
        "s3://bucket",
        "s3://bucket/",
        "s3://bucket//x",
        "s3://Bucket/x",
        "s3://bucket/x*",
        "s3://bucket/x?region=eu-west-1\n",
        "s3://búcket/x",
    ],
)
def test_a_place_that_is_none_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r"dynamodb://TABLE.*s3://BUCKET/KEY"):
        read_place(text)
