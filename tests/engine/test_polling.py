"""When AWS is asked about what is waited for: soon enough, and no more often than that."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from bot.engine.execute.graph import Node, State
from bot.engine.execute.polling import Poll, Polls
from bot.engine.execute.waits import (
    BYSTANDING,
    FIRST_WAIT,
    LATE,
    LATE_AT_LEAST,
    LATE_IN_NEED,
    LATEST,
    PATIENCE,
    Expected,
    Waits,
)
from bot.model.address import Scope
from bot.model.step import Condition, IdOf, StepRef
from tests.engine.steps import EAST, WEST, address, node

ASK = "ec2:DescribeVpcPeeringConnections"
LONG, SHORT = 300.0, 1.0
NEVER = float("inf")
UP = frozenset({"active"})
SORT = (ASK, UP, False)


def waiting(
    name: str, scope: Scope = EAST, not_before: float = 0.0, needless: bool = False
) -> Node:
    until = Condition(
        IdOf(address(name)),
        UP,
        frozenset({"failed"}),
        "vpc-peering-connection-id",
        "VpcPeeringConnectionId",
        "Status.Code",
        "Status.Message",
        needless_after=StepRef(address(name), "visible") if needless else None,
        not_before=not_before,
    )
    return node(name, scope, ASK, until=until)


def known(seconds: float) -> Polls:
    """Polls of a run that has seen how long it takes; slack and spacing are the least."""
    return Polls(Waits({SORT: Expected(EAST, seconds, seen=True)}))


def ask(polls: Polls, now: float, *came: Node) -> None:
    """One question, after which some no longer wait."""
    (poll,) = polls.due(now)
    for each in came:
        each.state = State.DONE
    polls.asked(poll, now, answered=True)


def test_one_question_of_a_scope_serves_all_that_wait_there() -> None:
    polls = Polls()
    ids = {}
    for name in ("a", "b", "c"):
        polls.add(waiting(name), 0.0)
        ids[address(name)] = f"pcx-{name}"
    polls.add(waiting("d", WEST), 0.0)

    poll, other = polls.due(BYSTANDING * FIRST_WAIT)

    assert (poll.scope, other.scope) == (EAST, WEST)
    assert poll.params(ids) == {
        "Filters": [{"Name": "vpc-peering-connection-id", "Values": ["pcx-a", "pcx-b", "pcx-c"]}]
    }


def test_one_question_waits_for_all_that_soon_are_worth_it() -> None:
    polls = Polls()
    for n in range(3):
        polls.add(waiting(f"{n}"), n * FIRST_WAIT / 4)

    assert not list(polls.due(FIRST_WAIT))
    assert polls.look_at == FIRST_WAIT * 1.5


def test_those_that_join_put_off_the_question_by_no_more_than_the_slack() -> None:
    polls = Polls()
    for n in range(50):
        polls.add(waiting(f"{n}"), n * FIRST_WAIT / 10)

    assert not list(polls.due(FIRST_WAIT))
    assert polls.look_at == FIRST_WAIT + polls.waits.slack == 2 * FIRST_WAIT


def test_what_only_goes_wrong_puts_off_no_question() -> None:
    polls = Polls()
    polls.add(waiting("a"), 0.0)
    polls.add(waiting("a-refused", not_before=5.0, needless=True), 0.0)

    assert polls.look_at == FIRST_WAIT


def test_questions_are_far_apart_while_no_token_is_lost_and_close_at_the_end() -> None:
    for left, idle_in, spacing in (
        (LONG, NEVER, LATEST),
        (100.0, 4.0, LATE * 4.0),
        (4.0, NEVER, LATE * 4.0),
        (SHORT, NEVER, LATE * SHORT),
        (0.0, 0.0, FIRST_WAIT),
    ):
        polls = Polls()
        polls.add(waiting("a"), 0.0)
        ask(polls, FIRST_WAIT)
        polls.pace(left, idle_in)
        polls.add(waiting("b"), FIRST_WAIT)
        polls.changed()

        assert polls.look_at >= FIRST_WAIT + max(spacing, FIRST_WAIT)
        assert polls.look_at <= FIRST_WAIT + max(spacing, 3 * FIRST_WAIT)


def test_answers_are_late_by_little_while_a_bucket_overflows() -> None:
    polls = known(FIRST_WAIT)
    polls.pace(LONG, NEVER)
    polls.add(waiting("a"), 0.0)
    ask(polls, polls.look_at)
    asked_at = polls.polls[EAST, ASK].asked_at
    assert polls.look_at == asked_at + LATEST

    polls.pace(LONG, 0.0)

    assert polls.look_at == asked_at + LATE_AT_LEAST * LONG


def test_what_takes_long_may_be_told_late() -> None:
    polls = known(4.0)

    polls.pace(LONG, 0.0)

    assert polls.waits.slack == LATE_IN_NEED * 4.0


def test_one_scope_finds_out_and_the_others_wait_for_it() -> None:
    polls = Polls()
    scout, bystander = waiting("a"), waiting("b", WEST)
    polls.add(scout, 0.0)
    polls.add(bystander, 0.0)
    now, asked = 0.0, []
    while now < 2.9:
        now = polls.look_at
        asked += [poll.scope for poll in polls.due(now)]
        ask(polls, now)
    assert set(asked) == {EAST}

    ask(polls, polls.look_at, scout)

    (poll,) = polls.due(polls.look_at)
    assert poll.scope == WEST
    assert polls.look_at <= 2.9 * (1 + PATIENCE) ** 2


def test_the_others_ask_themselves_when_nothing_is_found_out() -> None:
    polls = Polls()
    scout, bystander = waiting("a"), waiting("b", WEST)
    polls.add(scout, 0.0)
    polls.add(bystander, 0.0)
    scout.state = State.CANCELLED  # its scope was lost
    polls.changed()

    assert polls.look_at == BYSTANDING * FIRST_WAIT
    ask(polls, polls.look_at)
    later = waiting("c")
    polls.add(later, polls.look_at)

    assert polls.waits.expected[SORT].scout == WEST


def test_things_between_two_scopes_are_not_timed_by_those_within_one() -> None:
    polls = Polls()
    within = waiting("a")
    polls.add(within, 0.0)
    ask(polls, FIRST_WAIT, within)
    across = waiting("b")
    wide = replace(across.ref.address, scopes=(EAST, WEST))
    across.ref = StepRef(wide, "active")

    polls.add(across, 1.0)

    assert polls.waits.expected[SORT].seen
    assert not polls.waits.expected[ASK, UP, True].seen


def test_what_takes_long_is_asked_about_ever_less_often() -> None:
    polls, now, times = Polls(), 0.0, []
    polls.add(waiting("a"), now)
    for _ in range(16):
        now = polls.look_at
        times.append(now)
        ask(polls, now)

    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps == sorted(gaps)
    assert gaps[-1] <= 15.0
    assert times[-1] > 10.0


def test_how_long_a_state_took_is_known_to_those_that_wait_later() -> None:
    polls = Polls()
    first, later = waiting("a"), waiting("b", WEST)
    polls.add(first, 0.0)
    while polls.look_at < 3.0:
        ask(polls, polls.look_at)
    ask(polls, polls.look_at, first)

    polls.add(later, 10.0)

    assert 11.5 < polls.look_at <= 13.5


def test_a_state_that_comes_sooner_again_is_asked_about_sooner() -> None:
    polls, now = known(4.0), 0.0
    for n in range(200):
        each = waiting(f"{n}")
        polls.add(each, now)
        now = polls.look_at
        ask(polls, now, each)

    polls.add(waiting("last"), now + 10)

    assert polls.look_at - (now + 10) < 0.5


def test_one_that_never_comes_does_not_put_off_the_others() -> None:
    polls, now = Polls(), 0.0
    polls.add(waiting("stuck", WEST), now)
    for n in range(200):
        each = waiting(f"{n}")
        polls.add(each, now)
        came_at = now + 1.0
        while each.state is State.READY:
            now = polls.look_at
            for poll in list(polls.due(now)):
                if poll.scope == EAST and now >= came_at:
                    each.state = State.DONE
                polls.asked(poll, now, answered=True)
    assert now > 100

    polls.add(waiting("last"), now)

    assert polls.polls[EAST, ASK].next_at - now < 2.5


def test_a_question_that_failed_teaches_nothing() -> None:
    polls = Polls()
    each = waiting("a")
    polls.add(each, 0.0)
    (poll,) = polls.due(5.0)

    poll.asked(5.0, answered=False)

    assert polls.waits.expected[SORT] == Expected(EAST)
    assert poll.next_at > 5.0


def test_what_only_goes_wrong_is_not_asked_about_at_first() -> None:
    polls = Polls()
    refusal, usual = waiting("a", not_before=5.0), waiting("b", WEST)
    polls.add(refusal, 0.0)
    polls.add(usual, 0.0)

    asked = list(polls.due(1.0))

    assert [poll.scope for poll in asked] == [WEST]
    assert polls.waiting
    refusal.state = usual.state = State.DONE
    assert not polls.waiting
    polls.changed()
    assert polls.look_at == float("inf")


def test_many_are_asked_for_without_a_filter() -> None:
    poll = Poll(EAST, ASK)
    ids = {}
    for n in range(201):
        poll.add(waiting(f"{n}"), 0.0)
        ids[address(f"{n}")] = f"pcx-{n}"

    assert poll.params(ids) == {}
