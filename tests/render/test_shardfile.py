"""What a shard leaves comes back as it was, and nothing else is accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

from bot.engine.review import Verdict
from bot.kinds import KINDS
from bot.model.change import Outcome, Plan, Report, Result
from bot.model.shard import Shard
from bot.render.planfile import PlanFileError, plan_json
from bot.render.rebuilt import SPECS
from bot.render.shardfile import Reviewing, ShardFile, read_shard, shard_json
from tests.engine.test_shards import mesh, planned

PLAN = planned(mesh(a=(1, 2, 3)))
SHARD = Shard(1, 2, ("a",))


def left(**more: Any) -> ShardFile:
    return ShardFile("plan", SHARD, "a" * 40, "b" * 40, "c" * 64, PLAN, **more)


def applied() -> ShardFile:
    first, second, *rest = PLAN.changes
    outcomes = (
        Outcome(first, Result.APPLIED),
        Outcome(second, Result.FAILED, "ec2:CreateRoute: no", "mend it"),
        *(Outcome(c, Result.SKIPPED, because_of=second.address) for c in rest),
    )
    report = Report(PLAN, outcomes, ("tags were not written",), "somebody took it")
    verdicts = (Verdict("a", (first,), refused=True),)
    reviewing = Reviewing((7, 9), verdicts, ("x",), {7: "expired"}, "limits")
    return replace(left(report=report, reviewing=reviewing), command="apply")


def test_a_plan_comes_back_as_it_was() -> None:
    read = read_shard(shard_json(left()).encode())

    assert read.plan is not None
    assert plan_json(read.plan) == plan_json(PLAN)
    assert read.plan.mesh == PLAN.mesh
    assert replace(read, plan=None) == replace(left(), plan=None)


def test_an_outcome_comes_back_as_it_was() -> None:
    before, read = applied(), read_shard(shard_json(applied()).encode())

    assert before.report
    assert read.report
    told = [(o.change.canonical, o.result, o.error, o.advice) for o in before.report.outcomes]
    assert [(o.change.canonical, o.result, o.error, o.advice) for o in read.report.outcomes] == told
    assert read.report.outcomes[-1].because_of == before.report.outcomes[-1].because_of
    assert (read.report.warnings, read.report.lease_lost) == (
        before.report.warnings,
        before.report.lease_lost,
    )
    assert [c.address for v in read.reviewing.verdicts for c in v.beyond] == [
        PLAN.changes[0].address
    ]
    assert replace(read.reviewing, verdicts=()) == replace(before.reviewing, verdicts=())


def test_a_failure_comes_back_without_a_plan() -> None:
    file = ShardFile("apply", SHARD, failure=("aws", "it said no"))

    assert read_shard(shard_json(file).encode()) == file


def test_every_field_of_a_report_is_thought_of() -> None:
    assert {f.name for f in fields(Report)} == {
        "plan",
        "outcomes",
        "warnings",
        "lease_lost",
        "reachability",
        "ids",  # for the end of the apply itself
    }


def test_the_changes_of_every_kind_can_be_read() -> None:
    assert set(SPECS) == {kind.NAME for kind in KINDS}


def plan_without_changes(data: dict[str, Any]) -> None:
    data["plan"]["changes"] = []


def another_address(data: dict[str, Any]) -> None:
    data["plan"]["changes"][0]["address"] = "route.nowhere"


def an_outcome_of_something_else(data: dict[str, Any]) -> None:
    data["outcome"]["outcomes"][0]["address"] = "route.111111111111/us-east-1/rtb-1/10.0.0.0/8"


def two_outcomes_of_one_change(data: dict[str, Any]) -> None:
    data["outcome"]["outcomes"].append(data["outcome"]["outcomes"][0])


def another_field(data: dict[str, Any]) -> None:
    data["more"] = True


def a_number_for_a_name(data: dict[str, Any]) -> None:
    data["environments"] = [1]


def no_such_shard(data: dict[str, Any]) -> None:
    data["shard"] = "3-of-2"


def a_picture_of_nothing(data: dict[str, Any]) -> None:
    data["members"][0]["vpc"] = "../../etc/passwd"


@pytest.mark.parametrize(
    "harm",
    [
        plan_without_changes,
        another_address,
        an_outcome_of_something_else,
        two_outcomes_of_one_change,
        another_field,
        a_number_for_a_name,
        no_such_shard,
        a_picture_of_nothing,
    ],
)
def test_a_file_that_was_changed_is_refused(harm: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(shard_json(applied()))
    harm(data)

    with pytest.raises(PlanFileError):
        read_shard(json.dumps(data).encode())


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"shard": NaN}', b"\xff\xfe", b"[" * 100_000]
)
def test_what_is_no_file_of_a_shard_is_refused(content: bytes) -> None:
    with pytest.raises(PlanFileError):
        read_shard(content)


def test_a_change_that_says_more_than_its_kind_is_refused() -> None:
    data = json.loads(shard_json(ShardFile("plan", SHARD, plan=Plan())))
    data["plan"]["changes"] = [
        {
            "action": "create",
            "kind": "bucket_policy",
            "address": "bucket_policy.111111111111/us-east-1/b",
            "before": None,
            "after": {},
            "environments": ["a"],
            "declared_at": [],
            "origin": "changed",
            "reason": "",
        }
    ]

    with pytest.raises(PlanFileError):
        read_shard(json.dumps(data).encode())
