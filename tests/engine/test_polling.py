"""When AWS is asked about what is waited for: soon enough, and no more often than that."""

from __future__ import annotations

from itertools import pairwise

from bot.engine.execute.graph import Node, State
from bot.engine.execute.polling import (
    FIRST_WAIT,
    LATE,
    LATE_AT_LEAST,
    LATEST,
    Poll,
    Polls,
    Waits,
)
from bot.model.step import Condition, IdOf
from tests.engine.steps import EAST, WEST, address, node

ASK = "ec2:DescribeVpcPeeringConnections"
LONG, SHORT = 300.0, 1.0


def waiting(name: str, scope: object = EAST, not_before: float = 0.0) -> Node:
    assert scope in (EAST, WEST)
    until = Condition(
        IdOf(address(name)),
        frozenset({"active"}),
        frozenset({"failed"}),
        "vpc-peering-connection-id",
        "VpcPeeringConnectionId",
        "Status.Code",
        "Status.Message",
        not_before=not_before,
    )
    return node(name, EAST if scope == EAST else WEST, ASK, until=until)


def ask(polls: Polls, now: float, *came: Node) -> None:
    """One question, after which some no longer wait."""
    (poll,) = polls.due(now)
    for each in came:
        each.state = State.DONE
    poll.asked(now, answered=True)
    polls.changed()


def test_one_question_of_a_scope_serves_all_that_wait_there() -> None:
    polls = Polls()
    ids = {}
    for name in ("a", "b", "c"):
        polls.add(waiting(name), 0.0)
        ids[address(name)] = f"pcx-{name}"
    polls.add(waiting("d", WEST), 0.0)

    poll, other = polls.due(FIRST_WAIT)

    assert (poll.scope, other.scope) == (EAST, WEST)
    assert poll.params(ids) == {
        "Filters": [{"Name": "vpc-peering-connection-id", "Values": ["pcx-a", "pcx-b", "pcx-c"]}]
    }


def test_those_that_join_do_not_put_off_the_question() -> None:
    polls = Polls()
    for n in range(10):
        polls.add(waiting(f"{n}"), n * FIRST_WAIT / 10)

    assert polls.look_at == FIRST_WAIT


def test_questions_are_far_apart_early_in_a_long_run_and_close_at_its_end() -> None:
    for left, spacing in ((LONG, LATEST), (50.0, 50.0 * LATE), (SHORT, FIRST_WAIT)):
        polls = Polls()
        polls.pace(left, starved=False)
        polls.add(waiting("a"), 0.0)
        ask(polls, FIRST_WAIT)
        polls.add(waiting("b"), FIRST_WAIT)

        assert polls.look_at == FIRST_WAIT + max(spacing, FIRST_WAIT)


def test_answers_are_late_by_little_while_a_bucket_overflows() -> None:
    polls = Polls()
    polls.pace(LONG, starved=False)
    polls.add(waiting("a"), 0.0)
    ask(polls, FIRST_WAIT)
    assert polls.look_at == FIRST_WAIT + LATEST

    polls.pace(LONG, starved=True)

    assert polls.look_at == FIRST_WAIT + LATE_AT_LEAST * LONG


def test_what_takes_long_is_asked_about_ever_less_often() -> None:
    polls, now, times = Polls(), 0.0, []
    polls.add(waiting("a"), now)
    for _ in range(12):
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
    polls, now = Polls(Waits({(ASK, frozenset({"active"})): 4.0})), 0.0
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
                poll.asked(now, answered=True)
            polls.changed()
    assert now > 100

    polls.add(waiting("last"), now)

    assert polls.polls[EAST, ASK].next_at - now < 2.5


def test_a_question_that_failed_teaches_nothing() -> None:
    polls = Polls()
    each = waiting("a")
    polls.add(each, 0.0)
    (poll,) = polls.due(5.0)

    poll.asked(5.0, answered=False)

    assert not polls.waits.expected
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
