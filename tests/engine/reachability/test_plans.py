"""What plans say before and after, and what is looked at when an apply has ended."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from bot.model.change import Result
from bot.model.reachability import Reason, Tally
from bot.usecases.verify import afterwards
from tests.engine.reachability.drawn import (
    MESH,
    A,
    B,
    C,
    built,
    drop,
    member,
    mesh,
    peering,
    planned,
    put,
    ref,
    untagged,
    world,
)
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.faults import Rule
from tests.fakes.meshes import mesh_of

SECOND_ROUND = ("ec2:DescribeSubnets", "ec2:DescribeNetworkAcls")


def asked(aws: FakeAws) -> Counter[str]:
    return Counter(call.action for call in aws.calls if not call.mutating)


def test_a_plan_of_nothing_asks_nothing_more_and_says_nothing() -> None:
    aws = FakeAws(built())

    plan = run.plan(aws, MESH)

    assert (plan.changes, plan.reachability) == ((), ())
    assert not set(SECOND_ROUND) & asked(aws).keys()


def test_from_nothing_to_everything() -> None:
    (reach,) = planned(world()).reachability

    assert (reach.before, reach.after) == (Tally(0, 6), Tally(6, 6))
    assert [pair.before for pair in reach.pairs] == [False] * 6


def test_a_member_that_joins_adds_to_what_is_wanted() -> None:
    base = mesh(member(0), member(1))
    made = built(base, world(3))

    (reach,) = planned(made, MESH, base).reachability

    assert (reach.before, reach.after) == (Tally(2, 2), Tally(6, 6))
    new = {(pair.source, pair.peer) for pair in reach.pairs if pair.before is None}
    assert new == {(A, C), (C, A), (B, C), (C, B)}


def test_a_member_that_leaves_takes_from_what_is_wanted() -> None:
    made = built()

    (reach,) = planned(made, mesh(member(0), member(1)), MESH).reachability

    assert (reach.before, reach.after) == (Tally(6, 6), Tally(2, 2))


def test_an_environment_that_goes_has_nothing_wanted_after() -> None:
    made = built()

    (reach,) = planned(made, mesh_of({"meshes/net.yaml": {"environments": {}}}), MESH).reachability

    assert (reach.before, reach.after, reach.members) == (Tally(6, 6), Tally(), ())


def test_what_stays_unreachable_is_named_and_what_is_mended_is_not() -> None:
    made = built()
    drop(made, "rtb-00", "10.2.0.0/16")
    put(made, "rtb-01", "10.1.4.0/24", "tgw-1")

    (reach,) = planned(made).reachability

    assert (reach.before, reach.after) == (Tally(2, 6), Tally(4, 6))
    assert {(p.source, p.peer, p.before) for p in reach.exceptions} == {
        (A, B, False),
        (B, A, False),
    }


def test_what_another_environment_takes_away_is_told() -> None:
    """Its new route is more specific: the first environment has no change and loses a pair."""

    def files(**more: Any) -> dict[str, Any]:
        return {
            "one": {"vpcs": [member(0), member(1)]},
            "two": {"vpcs": [member(0), member(2, **more)]},
        }

    base = mesh_of({"meshes/n.yaml": {"environments": files(cidr_overrides=[])}})
    head = mesh_of({"meshes/n.yaml": {"environments": files(cidr_overrides=["10.1.7.0/24"])}})
    made = built(base)

    plan = planned(made, head, base)

    told = {reach.environment: reach for reach in plan.reachability}
    assert {name for change in plan.changes for name in change.environments} == {"two"}
    assert (told["one"].before, told["one"].after) == (Tally(2, 2), Tally(0, 2))
    (lost, back) = told["one"].exceptions
    assert lost.obstacle
    assert (lost.before, lost.obstacle.reason) == (True, Reason.SHADOWED)
    assert lost.obstacle.route == "10.1.7.0/24"
    assert back.obstacle == replace(lost.obstacle, back=True)


def test_an_environment_that_is_not_touched_is_not_asked_about() -> None:
    head = mesh_of(
        {
            "meshes/n.yaml": {
                "environments": {"one": [member(0), member(3)], "two": [member(1), member(2)]}
            }
        }
    )
    made = built(head, world(4))
    drop(made, "rtb-00", "10.3.0.0/16")
    aws = FakeAws(made)

    plan = run.plan(aws, head)

    assert [reach.environment for reach in plan.reachability] == ["one"]
    assert {c.scope for c in aws.calls if c.action in SECOND_ROUND} == {A.scope}
    assert ref(3).scope == A.scope


def test_a_dead_peering_that_is_replaced_takes_its_blackholes_along() -> None:
    made = built()
    peering(made, A, B).status = "deleted"

    (reach,) = planned(made).reachability

    assert (reach.before, reach.after) == (Tally(4, 6), Tally(6, 6))


def test_a_plan_says_the_same_whatever_the_order_of_answers() -> None:
    made = built()
    untagged(made, "rtb-01")
    drop(made, "rtb-01", "10.1.0.0/16")
    drop(made, "rtb-10", "10.2.0.0/16")

    plans = [
        run.plan(FakeAws(made.copy(), shuffle=Random(seed)), MESH)  # noqa: S311  any order
        for seed in range(4)
    ]

    assert len({plan.reachability for plan in plans}) == 1
    assert plans[0].reachability[0].exceptions


# --- the end of an apply


def test_all_is_asked_anew_when_a_plan_comes_without_what_it_was_made_from() -> None:
    made = world()
    aws = FakeAws(made)
    report = run.apply(aws, MESH, None, run.plan(aws, MESH))
    made.let_pass(60)
    later = FakeAws(made)

    told = afterwards(later, MESH, report)

    assert told.reachability[0].after == Tally(6, 6)
    assert told.reachability[0].before is None
    assert asked(later) == {
        "sts:AssumeRole": 3,
        "ec2:DescribeVpcs": 3,
        "ec2:DescribeRouteTables": 3,
        "ec2:DescribeVpcPeeringConnections": 3,
    }


def test_what_was_broken_meanwhile_is_told() -> None:
    made = world()
    aws = FakeAws(made)
    report = run.apply(aws, MESH, None, run.plan(aws, MESH))
    made.let_pass(60)
    drop(made, "rtb-01", "10.1.0.0/16")

    (reach,) = afterwards(FakeAws(made), MESH, report).reachability

    assert {p.obstacle.subnet for p in reach.exceptions if p.obstacle} == {"subnet-01"}


def test_nothing_is_asked_after_an_interruption_or_when_nothing_was_applied() -> None:
    made = world()
    aws = FakeAws(made)
    report = run.apply(aws, MESH, None, run.plan(aws, MESH))
    silent = FakeAws(made, rules=[Rule("*")])
    stop = threading.Event()
    stop.set()
    first, *rest = report.outcomes
    cut = replace(report, outcomes=(*rest, replace(first, result=Result.INTERRUPTED)))
    failed = replace(
        report, outcomes=tuple(replace(o, result=Result.FAILED) for o in report.outcomes)
    )

    assert afterwards(silent, MESH, report, stop=stop) == report
    assert afterwards(silent, MESH, cut) == cut
    assert afterwards(silent, MESH, failed) == failed
    assert silent.calls == []


def test_a_bug_in_the_look_afterwards_does_not_take_the_report_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = world()
    aws = FakeAws(made)
    report = run.apply(aws, MESH, None, run.plan(aws, MESH))

    def buggy(*_: object) -> None:
        raise KeyError("vpc-1")

    monkeypatch.setattr("bot.usecases.verify.found_now", buggy)
    told = afterwards(FakeAws(made), MESH, report)

    assert told.outcomes == report.outcomes
    assert told.warnings[-1].startswith("Who reaches whom now was not found out: a bug of meshbot")
    assert "KeyError" in caplog.text


def test_scopes_that_cannot_be_read_then_are_unknown_and_fail_nothing() -> None:
    made = world()
    aws = FakeAws(made)
    report = run.apply(aws, MESH, None, run.plan(aws, MESH))

    told = afterwards(FakeAws(made, rules=[Rule("ec2:DescribeVpcs")]), MESH, report)

    assert told.succeeded
    assert {p.obstacle.reason for p in told.reachability[0].exceptions if p.obstacle} == {
        Reason.UNKNOWN
    }
