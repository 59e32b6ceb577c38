"""A lease is taken, kept, lost and given back."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from threading import Timer
from typing import Any

import pytest

from bot.adapters.lease import steady
from bot.adapters.lease.keeper import GIVEN_BACK, Clocks, Keeper
from bot.errors import AwsError
from bot.model.lease import LeaseRecord, LeaseSettings, Unreadable
from tests.adapters.lease.memory import LOST, UNSENT, MemoryStore, World, once

SETTINGS = LeaseSettings(ttl=60, beat=15, retry=2, margin=20, skew=5, fresh=1)


def clocks(world: World, ahead: float = 0.0) -> Clocks:
    """A runner whose clocks are off; waiting lets the world's time pass."""

    def pause(seconds: float) -> None:
        world.now += seconds

    return Clocks(lambda: world.now - 5000 + ahead, lambda: world.now + ahead, pause)


def keeper(world: World, name: str = "first", ahead: float = 0.0, **store: Any) -> Keeper:
    return Keeper(MemoryStore(world, **store), name, SETTINGS, clocks(world, ahead))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def held(world: World) -> Keeper:
    made = keeper(world)
    assert made.acquire() is None
    return made


# --- taking it


def test_a_free_lease_is_taken_until_its_expiry(world: World, held: Keeper) -> None:
    record = world.record

    assert record
    assert record.holder == "first"
    assert world.now + 60 <= record.expires <= world.now + 63
    assert abs(record.since - world.now) <= 1
    assert held.lost == ""


def test_a_busy_one_is_left_alone_and_its_holder_told(world: World, held: Keeper) -> None:
    before = world.text

    seen = keeper(world, "second").acquire()

    assert seen
    assert isinstance(seen.content, LeaseRecord)
    assert seen.content.holder == "first"
    assert world.text == before


@pytest.mark.parametrize("ahead", [-86_400.0, 0.0, 86_400.0])
def test_expiry_is_judged_by_the_clock_of_the_store(
    world: World, held: Keeper, ahead: float
) -> None:
    second = keeper(world, "second", ahead=ahead)
    world.now += 60

    assert second.acquire() is not None

    world.now += 10
    assert second.acquire() is None
    assert world.record
    assert world.record.holder == "second"
    assert second.lost == ""
    assert "could not be renewed in time" in held.lost


def test_without_a_date_the_local_clock_stands_in(world: World) -> None:
    world.dated = False
    first, second = keeper(world), keeper(world, "second", ahead=3)
    assert first.acquire() is None

    world.now += 55
    assert second.acquire() is not None
    world.now += 20
    assert second.acquire() is None


@pytest.mark.parametrize("text", ["garbage", "{}", ""])
def test_a_record_that_cannot_be_read_is_never_overwritten(world: World, text: str) -> None:
    world.put(text or "[]")
    world.now += 1e9

    seen = keeper(world).acquire()

    assert seen
    assert isinstance(seen.content, Unreadable)


@pytest.mark.parametrize("error", [LOST, UNSENT])
@pytest.mark.parametrize("nth", [1, 2])
def test_an_answer_that_is_lost_while_taking_it_is_made_good_by_looking(
    world: World, error: AwsError, nth: int
) -> None:
    operation = "write" if nth == 1 else "read"
    first = keeper(world, after=once(operation, error))

    assert first.acquire() is None
    assert first.lost == ""
    assert isinstance(first.store, MemoryStore)
    assert first.store.operations.count("write") == 1, "nothing is written twice"
    assert first.beat() == SETTINGS.beat


def test_trust_counts_from_the_write_whose_answer_was_lost(world: World) -> None:
    first = keeper(world, after=once("write", LOST))
    start = world.now

    assert first.acquire() is None

    world.now = start + SETTINGS.ttl - SETTINGS.margin - 0.01
    assert first.lost == ""
    world.now += 0.02
    assert first.lost


def test_a_refusal_ends_the_attempt_at_once(world: World) -> None:
    denied = AwsError(None, "memory:Read", "AccessDeniedException", "no")
    first = keeper(world, before=lambda _: denied)

    with pytest.raises(AwsError, match="AccessDenied"):
        first.acquire()


def test_a_store_that_stays_away_is_given_up(world: World) -> None:
    first = keeper(world, before=lambda _: UNSENT)

    with pytest.raises(AwsError, match="ConnectTimeoutError"):
        first.acquire()
    assert first.lost, "nothing may be sent"
    assert first.enter()


# --- keeping it


def test_every_beat_moves_the_expiry(world: World, held: Keeper) -> None:
    for _ in range(20):
        world.now += SETTINGS.beat
        assert held.beat() == SETTINGS.beat
        assert world.record
        assert world.record.expires >= world.now + SETTINGS.ttl
        assert held.lost == ""
    assert keeper(world, "second").acquire() is not None


def test_it_is_lost_when_it_was_not_renewed_for_too_long(world: World, held: Keeper) -> None:
    held.store = MemoryStore(world, before=lambda _: UNSENT)
    start = world.now

    world.now += SETTINGS.beat
    assert held.beat() == SETTINGS.retry
    assert held.lost == ""
    world.now = start + SETTINGS.ttl - SETTINGS.margin + 0.1

    assert "could not be renewed in time" in held.lost
    assert "ConnectTimeoutError" in held.lost
    held.store = MemoryStore(world)
    held.beat()
    assert held.lost, "what was lost once stays lost: the apply has stopped"


def test_trust_counts_from_before_the_renewal_was_sent(world: World, held: Keeper) -> None:
    def slow(_: str) -> None:
        world.now += 30

    held.store = MemoryStore(world, before=slow)
    sent = world.now
    held.beat()

    world.now = sent + SETTINGS.ttl - SETTINGS.margin + 0.1
    assert held.lost


def test_a_lost_answer_to_a_renewal_is_made_good_by_looking(world: World, held: Keeper) -> None:
    held.store = MemoryStore(world, after=once("write", LOST))
    world.now += SETTINGS.beat
    sent = world.now

    assert held.beat() == SETTINGS.retry
    world.now += SETTINGS.retry
    assert held.beat() == 0, "our own record is there: renew it at once"
    assert held.beat() == SETTINGS.beat
    world.now = sent + SETTINGS.ttl - SETTINGS.margin - 0.1
    assert held.lost == ""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda world: world.put(LeaseRecord("thief", "f" * 32, "e" * 32, 1, 2).text), "thief"),
        (lambda world: world.put("garbage"), "overwritten"),
        (lambda world: world.clear(), "deleted"),
    ],
)
@pytest.mark.parametrize("by", ["beat", "confirmation"])
def test_it_is_lost_at_once_when_the_store_says_so(
    world: World, held: Keeper, change: Any, why: str, by: str
) -> None:
    change(world)

    if by == "beat":
        held.beat()
    else:
        assert why in held.enter()

    assert why in held.lost
    assert why in held.enter()


# --- confirming it


def reads(held: Keeper) -> int:
    assert isinstance(held.store, MemoryStore)
    return held.store.operations.count("read")


def test_many_calls_share_a_confirmation_for_a_second(world: World, held: Keeper) -> None:
    before = reads(held)

    for _ in range(50):
        assert held.enter() == ""
        world.now += 0.01
    assert reads(held) == before + 1
    world.now += SETTINGS.fresh
    assert held.enter() == ""
    assert reads(held) == before + 2


def test_an_answer_of_a_slow_store_counts(world: World, held: Keeper) -> None:
    """Each answer is older than a confirmation may be when it arrives; the call goes on."""
    assert isinstance(held.store, MemoryStore)
    asked = 0

    def slow(_: str) -> None:
        nonlocal asked
        asked += 1
        assert asked < 5, "the store is asked for ever"
        world.now += SETTINGS.fresh * 2

    held.store.before = slow

    assert held.enter() == ""
    assert asked == 1


def test_a_confirmation_that_does_not_come_holds_the_call_until_the_lease_is_lost(
    world: World,
) -> None:
    quick = LeaseSettings(ttl=3, beat=0.5, margin=1, retry=0.01)
    held = Keeper(MemoryStore(world), "first", quick, clocks(world))
    assert held.acquire() is None

    def away(_: str) -> AwsError:
        world.now += 0.3
        return UNSENT

    held.store = MemoryStore(world, before=away)

    assert "could not be renewed in time" in held.enter()


def test_a_record_of_ours_with_another_version_confirms_it(world: World, held: Keeper) -> None:
    assert world.record
    world.put(replace(world.record, version="c" * 32).text)

    assert held.enter() == ""
    assert held.beat() == SETTINGS.beat


# --- giving it back


def test_it_is_given_back_and_nothing_more_is_let_through(world: World, held: Keeper) -> None:
    assert held.release() == ""

    assert world.text == ""
    assert held.lost == GIVEN_BACK
    assert held.enter() == GIVEN_BACK
    assert held.release() == ""


def test_somebody_elses_record_is_not_deleted(world: World, held: Keeper) -> None:
    other = LeaseRecord("other", "f" * 32, "e" * 32, 1, 2)
    world.put(other.text)

    held.release()

    assert world.record == other


def test_it_is_given_back_after_a_renewal_whose_answer_was_lost(world: World, held: Keeper) -> None:
    held.store = MemoryStore(world, after=once("write", LOST))
    held.beat()

    assert held.release() == ""
    assert world.text == ""


def test_it_is_left_to_expire_while_a_call_is_under_way(world: World, held: Keeper) -> None:
    assert held.enter() == ""

    assert "a call was still under way" in held.release()
    assert world.record
    held.leave()


def test_a_lease_that_was_lost_is_left_to_expire(world: World, held: Keeper) -> None:
    world.now += SETTINGS.ttl
    assert held.lost

    assert held.release() == ""
    assert world.record


def test_a_failure_to_give_it_back_says_when_it_is_free(world: World, held: Keeper) -> None:
    held.store = MemoryStore(world, before=lambda _: UNSENT)

    left = held.release()

    assert "ConnectTimeoutError" in left
    assert "it is free after 1970-01-12T" in left


def test_giving_back_does_not_wait_for_a_store_that_hangs(world: World, held: Keeper) -> None:
    hanging = threading.Event()

    def hang(_: str) -> None:
        hanging.wait(20)

    held.settings = replace(SETTINGS, patience=0.05)
    held.store = MemoryStore(world, before=hang)
    start = time.monotonic()

    left = held.release()
    hanging.set()

    assert time.monotonic() - start < 5
    assert "no answer within 0.05 s" in left


def test_giving_back_takes_no_more_than_is_left_for_it(world: World, held: Keeper) -> None:
    hanging = threading.Event()

    def hang(_: str) -> None:
        hanging.wait(20)

    held.store = MemoryStore(world, before=hang)
    start = time.monotonic()

    left = held.release(0.05)
    hanging.set()

    assert time.monotonic() - start < SETTINGS.patience
    assert "no answer within 0.05 s" in left


def test_what_was_written_before_taking_it_failed_is_taken_away(world: World) -> None:
    def after(operation: str) -> AwsError | None:
        if operation == "write":
            raise KeyboardInterrupt
        return None

    first = keeper(world, after=after)
    with pytest.raises(KeyboardInterrupt):
        first.acquire()
    assert world.record

    assert first.release() == ""
    assert world.text == ""


def test_without_anything_written_nothing_is_asked_in_the_end(world: World) -> None:
    first = keeper(world, "second")

    assert first.release() == ""
    assert isinstance(first.store, MemoryStore)
    assert first.store.operations == []


# --- the thread


def test_a_second_signal_does_not_keep_it_from_being_given_back(world: World) -> None:
    """The first one raised KeyboardInterrupt, the next come while the store is slow."""
    slow = keeper(world, before=lambda what: time.sleep(0.4) if what == "delete" else None)
    assert slow.acquire() is None
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    timers = [Timer(at, os.kill, (os.getpid(), signal.SIGTERM)) for at in (0.1, 0.2)]
    try:
        for timer in timers:
            timer.start()
        left = slow.release()
    finally:
        for timer in timers:
            timer.join()
        signal.signal(signal.SIGTERM, before)

    assert left == ""
    assert world.record is None


def test_a_thread_renews_it_until_it_is_given_back() -> None:
    world, quick = World(time.time()), LeaseSettings(ttl=3, beat=0.05, margin=1)
    held = Keeper(MemoryStore(world), "first", quick)
    assert held.acquire() is None
    first = world.text

    held.start()
    deadline = time.monotonic() + 10
    while world.text == first:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    assert held.release() == ""
    assert world.text == ""
    time.sleep(0.2)
    assert world.text == "", "no renewal comes after the end"


def test_the_steady_clock_goes_on() -> None:
    assert 0 <= steady() - steady() + 1 <= 1
