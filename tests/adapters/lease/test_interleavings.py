"""Two runs never both believe to hold the lease, in whatever order their requests arrive."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from bot.model.lease import LeaseRecord
from tests.adapters.lease.memory import World
from tests.adapters.lease.turns import (
    ANSWERED,
    NOT_SENT,
    SETTINGS,
    UNANSWERED,
    Actor,
    drained,
)

DEAD = LeaseRecord("dead", "d" * 32, "e" * 32, 900_000, 900_060)


def at_most_one(actors: list[Actor]) -> None:
    believers = [actor.name for actor in actors if actor.believes]
    assert len(believers) <= 1, believers


def played(world: World, order: Iterable[int], fates: dict[int, int]) -> list[Actor]:
    """Two contenders take turns in this order; the n-th operation of all has its fate."""
    actors = [Actor(world, "one", 0.0, 0), Actor(world, "two", 1234.5, 0)]
    for number, turn in enumerate(order):
        actors[turn].step(fates.get(number, ANSWERED))
        at_most_one(actors)
    drained(actors, lambda: at_most_one(actors))
    return actors


def fresh(stored: str) -> World:
    world = World()
    if stored:
        world.put(stored)
    return world


STORED = pytest.mark.parametrize("stored", ["", DEAD.text], ids=["free", "expired"])


@STORED
def test_of_two_contenders_one_wins_in_every_order(stored: str) -> None:
    for order in itertools.product((0, 1), repeat=6):
        world = fresh(stored)

        actors = played(world, order, {})

        [holder] = [actor for actor in actors if actor.believes]
        assert world.record
        assert world.record.holder == holder.name


@STORED
@pytest.mark.parametrize("fate", [UNANSWERED, NOT_SENT])
def test_an_answer_that_is_lost_makes_no_second_holder_in_any_order(stored: str, fate: int) -> None:
    for order in itertools.product((0, 1), repeat=5):
        for number in range(5):
            world = fresh(stored)

            actors = played(world, order, {number: fate})

            [holder] = [actor for actor in actors if actor.believes]
            assert world.record
            assert world.record.holder == holder.name


moves = st.lists(
    st.tuples(
        st.integers(0, 2),  # whose turn
        st.sampled_from([ANSWERED] * 6 + [UNANSWERED, NOT_SENT]),
        st.sampled_from([0.0, 0.3, 2.0, 15.0, 30.0, 45.0, 66.0, 70.0]),  # time that passes first
        st.floats(-SETTINGS.skew / 2, SETTINGS.skew / 2),  # what the store's Date is off by
    ),
    min_size=12,
    max_size=60,
)


@settings(max_examples=300)
@given(moves=moves, stored=st.sampled_from(["", DEAD.text]), releases=st.booleans())
def test_three_runs_with_slow_machines_and_lost_answers_never_share_it(
    moves: list[tuple[int, int, float, float]], stored: str, releases: bool
) -> None:
    world = fresh(stored)
    actors = [
        Actor(world, name, ahead, beats=4, tries=9, releases=releases)
        for name, ahead in (("one", 0.0), ("two", -77_777.7), ("three", 1e6))
    ]
    holders = set()

    for turn, fate, seconds, skew in moves:
        world.now += seconds
        at_most_one(actors)
        world.skew = skew
        actors[turn].step(fate)
        at_most_one(actors)
        holders |= {actor.name for actor in actors if actor.believes}

    event(f"{len(holders)} held it one after the other")
    drained(actors, lambda: at_most_one(actors))
