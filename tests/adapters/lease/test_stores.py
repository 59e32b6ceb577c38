"""DynamoDB and S3 keep a record on conditions, through boto3's own clients, over HTTP."""

from __future__ import annotations

import ast
import time
from dataclasses import replace
from pathlib import Path

import pytest

import bot.adapters.lease
from bot.adapters.aws.credentials import Keys, supplied_session
from bot.adapters.aws.initial import InitialIdentity, standard_identity
from bot.adapters.lease import Keeper, store
from bot.errors import AwsError
from bot.model.lease import LeaseRecord, LeaseSettings, Seen, Unreadable
from bot.model.lease_place import read_place
from bot.ports import LeaseStore
from tests.adapters.lease.rooms import KEY, LOCKS, TABLE, Rooms

RECORD = LeaseRecord("acme/net run 7", "a" * 32, "b" * 32, 1_700_000_000, 1_700_000_060)
NEXT = replace(RECORD, version="c" * 32)
EVERY = pytest.mark.parametrize("lock", LOCKS, ids=["dynamodb", "s3"])
QUICK = LeaseSettings(ttl=3, beat=0.2, retry=0.1, margin=1, skew=0.5)


def store_of(lock: str) -> LeaseStore:
    place = read_place(lock)
    assert place is not None
    return store(place, standard_identity(4))


@EVERY
def test_a_record_is_created_only_where_there_is_none(rooms: Rooms, lock: str) -> None:
    kept = store_of(lock)

    assert kept.read().content is None
    first = kept.write(RECORD, "")
    second = kept.write(NEXT, "")

    assert first is not None
    assert second is None
    assert kept.read() == replace(first, date=kept.read().date)
    assert rooms.get(lock) == RECORD.text


@EVERY
def test_it_is_written_and_deleted_over_exactly_what_was_read(rooms: Rooms, lock: str) -> None:
    kept = store_of(lock)
    first = kept.write(RECORD, "")
    assert first is not None
    second = kept.write(NEXT, first.mark)
    assert second is not None
    assert second.mark != first.mark

    assert kept.write(RECORD, first.mark) is None
    assert not kept.delete(first.mark)
    assert rooms.get(lock) == NEXT.text
    assert kept.delete(second.mark)
    assert rooms.get(lock) is None
    assert not kept.delete(second.mark)
    assert kept.write(RECORD, second.mark) is None, "nothing is there to be written over"


@EVERY
def test_every_answer_tells_the_time_of_the_store(rooms: Rooms, lock: str) -> None:
    kept = store_of(lock)
    now = time.time()

    written = kept.write(RECORD, "")

    assert written is not None
    for seen in (kept.read(), written):
        assert seen.date is not None
        assert seen.date == int(seen.date)
        assert abs(seen.date - now) < 30


@EVERY
@pytest.mark.parametrize("text", ["garbage", "x" * 20_000, "\x00", "{}"])
def test_what_somebody_else_stored_is_unreadable_and_can_be_deleted(
    rooms: Rooms, lock: str, text: str
) -> None:
    kept = store_of(lock)
    rooms.put(lock, text)

    seen = kept.read()

    assert isinstance(seen.content, Unreadable)
    assert kept.write(RECORD, "") is None
    rooms.put(lock, f"{text} ")
    assert not kept.delete(seen.mark), "it is another one by now"
    assert kept.delete(kept.read().mark)


def test_an_item_of_something_else_is_unreadable_and_only_it_is_deleted(rooms: Rooms) -> None:
    kept = store_of(LOCKS[0])
    for record in ({}, {"Record": {"N": "5"}}, {"Info": {"S": "{}"}}):
        rooms.dynamodb.put_item(TableName=TABLE, Item={"LockID": {"S": KEY}, **record})

        seen = kept.read()

        assert isinstance(seen.content, Unreadable)
        assert kept.write(RECORD, "") is None
        rooms.put(LOCKS[0], RECORD.text)
        assert not kept.delete(seen.mark)
        rooms.dynamodb.put_item(TableName=TABLE, Item={"LockID": {"S": KEY}, **record})
        assert kept.delete(seen.mark)
        assert rooms.get(LOCKS[0]) is None


@EVERY
def test_an_answer_that_is_lost_is_not_sent_for_again(rooms: Rooms, lock: str) -> None:
    kept = store_of(lock)
    for drop in ("before", "after"):
        rooms.aws.forget_calls()
        rooms.aws.settings(faults=[{"action": "Put*", "drop": drop, "times": 1}])

        with pytest.raises(AwsError, match="ConnectionClosedError"):
            kept.write(RECORD, "")

        assert len(rooms.calls()) == 1
        assert (rooms.get(lock) is not None) is (drop == "after")


@EVERY
def test_a_refusal_says_which_call_and_why(rooms: Rooms, lock: str) -> None:
    kept = store_of(lock)
    rooms.aws.settings(faults=[{"action": "Put*", "error": "AccessDenied"}])

    with pytest.raises(AwsError, match=r"(dynamodb:PutItem|s3:PutObject): AccessDenied: .+"):
        kept.write(RECORD, "")


@pytest.mark.parametrize("lock", ["dynamodb://no-such-table", "s3://no-such-bucket/x"])
def test_a_place_that_is_not_there_is_an_error(rooms: Rooms, lock: str) -> None:
    with pytest.raises(AwsError, match=r"ResourceNotFoundException|NoSuchBucket"):
        store_of(lock).read()


def test_a_region_is_needed(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    with pytest.raises(AwsError, match="NoRegionError"):
        store_of(LOCKS[0])
    assert store_of(f"{LOCKS[0]}?region=us-east-1").read().content is None


def test_every_request_is_signed_with_the_credentials_of_its_moment(rooms: Rooms) -> None:
    """A run may outlive the session that it started with."""
    issued: list[Keys] = []

    def supply() -> Keys:
        issued.append(Keys(f"AKIA{len(issued):016}", "secret", None))
        return issued[-1]

    place = read_place(LOCKS[0])
    assert place is not None
    kept = store(place, InitialIdentity(supplied_session(supply), "us-east-1", 4))
    for _ in range(3):
        kept.read()

    assert len(issued) >= 3


# --- an S3 that does not say whether there is an object


def test_an_object_that_may_not_be_looked_for_is_created_all_the_same(rooms: Rooms) -> None:
    rooms.aws.settings(faults=[{"action": "GetObject", "error": "AccessDenied", "times": 1}])
    kept = store_of(LOCKS[1])

    seen = kept.read()
    assert seen == Seen(None, date=seen.date, hidden=seen.hidden)
    assert seen.hidden
    assert seen.date is not None
    rooms.aws.settings(faults=[{"action": "GetObject", "error": "AccessDenied", "times": 1}])
    assert Keeper(kept, "me", QUICK).acquire() is None


@pytest.mark.parametrize("stored", ["", RECORD.text])
def test_an_object_that_may_not_be_read_is_an_error(rooms: Rooms, stored: str) -> None:
    if stored:
        rooms.put(LOCKS[1], stored)
    rooms.aws.settings(faults=[{"action": "GetObject", "error": "AccessDenied"}])
    held = Keeper(store_of(LOCKS[1]), "me", QUICK)

    with pytest.raises(AwsError, match="Allow s3:GetObject"):
        held.acquire()
    held.release()
    assert rooms.get(LOCKS[1]) == (stored or None)


def test_a_store_that_cannot_delete_on_a_condition_keeps_the_record(rooms: Rooms) -> None:
    held = Keeper(store_of(LOCKS[1]), "me", QUICK)
    assert held.acquire() is None
    rooms.aws.settings(faults=[{"action": "DeleteObject", "error": "NotImplemented"}])

    assert "NotImplemented" in held.release()
    assert rooms.get(LOCKS[1]) is not None


# --- with a keeper


@EVERY
def test_a_lease_is_taken_kept_and_given_back(rooms: Rooms, lock: str) -> None:
    first, second = (Keeper(store_of(lock), name, QUICK) for name in ("first", "second"))
    assert first.acquire() is None
    first.start()

    time.sleep(1.4 * QUICK.ttl)

    assert first.lost == ""
    assert first.enter() == ""
    first.leave()
    seen = second.acquire()
    assert seen is not None
    assert isinstance(seen.content, LeaseRecord)
    assert seen.content.holder == "first"
    assert first.release() == ""
    assert second.acquire() is None
    assert second.release() == ""
    assert rooms.get(lock) is None


@EVERY
def test_dropped_and_throttled_calls_do_not_lose_it(rooms: Rooms, lock: str) -> None:
    code = "ThrottlingException" if lock.startswith("dynamodb") else "SlowDown"
    rooms.aws.settings(
        faults=[
            {"action": "*", "probability": 0.15, "seed": 1, "drop": "after"},
            {"action": "*", "probability": 0.15, "seed": 2, "error": code, "status": 503},
        ]
    )
    held = Keeper(store_of(lock), "first", QUICK)
    assert held.acquire() is None
    held.start()

    for _ in range(20):
        assert held.enter() == ""
        held.leave()
        time.sleep(0.1)

    assert sum(bool(call.error) for call in rooms.calls()) > 3
    rooms.aws.settings(faults=[])
    assert held.release() == ""


# --- what is asked


def test_the_calls_that_are_made_are_the_documented_ones(rooms: Rooms) -> None:
    made = set()
    for lock in LOCKS:
        held = Keeper(store_of(lock), "first", QUICK)
        assert held.acquire() is None
        held.beat()
        held.release()
    made = {f"{call.service}:{call.action}" for call in rooms.calls()}
    folder = Path(bot.adapters.lease.__file__).parent
    named = {
        node.value
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and str(node.value).startswith(("dynamodb:", "s3:"))
        and " " not in str(node.value)
    }

    assert made == named
