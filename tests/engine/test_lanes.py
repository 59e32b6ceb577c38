"""Calls wait for their bucket, their place and their time, and hold up nobody else."""

from __future__ import annotations

from dataclasses import replace

from bot.engine.execute.graph import State
from bot.engine.execute.lanes import Lanes
from bot.engine.execute.rates import Rate
from bot.model.address import Scope
from bot.model.step import Slot, StepRef
from tests.engine.steps import EAST, WEST, address, call, names

ONE = {"ec2:CreateRoute": Rate(3, 1), "ec2:CreateVpcPeeringConnection": Rate(100, 100)}
REQUEST = "ec2:CreateVpcPeeringConnection"


def place(name: str, scope: Scope = EAST) -> Slot:
    return Slot("unaccepted requests", scope, 1, StepRef(address(name), "accept"))


def released(name: str) -> StepRef:
    return StepRef(address(name), "accept")


def test_a_full_lane_holds_up_no_other() -> None:
    lanes = Lanes(ONE)
    for n in range(100):
        lanes.add(call(f"east {n}"))
    lanes.add(call("west", WEST))

    first = names(list(lanes.take(0.0, 2)))

    assert first == ["east 0", "west"]


def test_lanes_take_turns_when_there_is_room_for_few() -> None:
    lanes = Lanes({})
    for n in range(3):
        lanes.add(call(f"east {n}"))
        lanes.add(call(f"west {n}", WEST))

    taken = [name for time in (0.0, 1.0, 2.0) for name in names(list(lanes.take(time, 2)))]

    assert taken == ["east 0", "west 0", "east 1", "west 1", "east 2", "west 2"]


def test_a_call_without_a_place_stands_aside_for_those_that_need_none() -> None:
    lanes = Lanes(ONE)
    lanes.add(call("a", action=REQUEST, slot=place("a")))
    lanes.add(call("b", action=REQUEST, slot=place("b")))
    lanes.add(call("c", action=REQUEST))

    assert names([c for t in (0.0, 1.0) for c in lanes.take(t, 9)]) == ["a", "c"]
    assert lanes.wake_at(1.0) is None
    assert not lanes.empty

    lanes.slots.release(released("a"))

    assert lanes.wake_at(1.0) is not None
    assert names(list(lanes.take(2.0, 9))) == ["b"]
    assert lanes.empty


def test_places_are_counted_for_each_scope() -> None:
    lanes = Lanes(ONE)
    lanes.add(call("a", EAST, REQUEST, slot=place("a")))
    lanes.add(call("b", WEST, REQUEST, slot=place("b", WEST)))

    assert names(list(lanes.take(0.0, 9))) == ["a", "b"]


def test_a_cancelled_call_takes_neither_token_nor_place_nor_time() -> None:
    lanes = Lanes(ONE)
    waiting = [call(name, action=REQUEST, slot=place(name)) for name in "abc"]
    for each in waiting:
        lanes.add(each)
    assert names([c for t in (0.0, 1.0) for c in lanes.take(t, 9)]) == ["a"]

    waiting[1].nodes[0].state = State.CANCELLED
    lanes.slots.release(released("a"))

    assert names(list(lanes.take(2.0, 9))) == ["c"]
    assert lanes.empty


def test_nothing_is_left_waiting_when_all_that_stood_aside_is_cancelled() -> None:
    lanes = Lanes(ONE)
    waiting = [call(name, action=REQUEST, slot=place(name)) for name in "abc"]
    for each in waiting:
        lanes.add(each)
    list(lanes.take(0.0, 9))
    list(lanes.take(1.0, 9))

    for each in waiting[1:]:
        each.nodes[0].state = State.CANCELLED
    lanes.slots.release(released("a"))
    list(lanes.take(2.0, 9))

    assert lanes.empty


def test_a_call_that_waits_for_a_time_goes_first_when_it_comes() -> None:
    lanes = Lanes({})
    lanes.postpone(call("later"), 5.0)
    lanes.add(call("now"))
    assert names(list(lanes.take(0.0, 9))) == ["now"]
    assert lanes.wake_at(1.0) == 5.0
    lanes.add(call("next"))

    assert names([c for t in (5.0, 6.0) for c in lanes.take(t, 9)]) == ["later", "next"]


def test_an_empty_bucket_says_when_it_wakes() -> None:
    lanes = Lanes(ONE)
    for name in "abc":
        lanes.add(call(name))
    taken = [c for t in (0.0, 0.2, 0.21) for c in lanes.take(t, 9)]

    wake = lanes.wake_at(0.21)

    assert names(taken) == ["a"]
    assert wake is not None
    assert 0.21 < wake <= 1.1
    assert names(list(lanes.take(wake, 9))) == ["b"]


def test_parties_take_turns_at_places_that_become_free() -> None:
    lanes = Lanes(ONE)

    def request(name: str, party: Scope) -> None:
        lanes.add(call(name, action=REQUEST, slot=replace(place(name), party=party)))

    for name in ("a1", "a2", "a3"):
        request(name, EAST)
    for name in ("b1", "b2", "b3"):
        request(name, WEST)
    order = [name for time in range(6) for name in names(list(lanes.take(float(time), 9)))]
    lanes.slots.release(released("a1"), done=True)
    for time in range(6, 12):
        taken = names(list(lanes.take(float(time), 9)))
        order += taken
        for name in taken:
            lanes.slots.release(released(name), done=True)

    assert order == ["a1", "a2", "b1", "a3", "b2", "b3"]


def test_a_call_that_is_set_aside_goes_when_its_account_is_known() -> None:
    lanes = Lanes(ONE)
    lanes.add(call("a"))
    (taken,) = lanes.take(0.0, 9)

    lanes.set_aside(taken)

    assert list(lanes.take(5.0, 9)) == []
    assert not lanes.empty
    lanes.account_known(EAST.account)
    assert names(list(lanes.take(5.0, 9))) == ["a"]
    assert lanes.empty
