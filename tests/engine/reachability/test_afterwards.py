"""The look at the end of an apply: few questions, and as true as if everything were asked anew."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.change import Plan, Report, Result
from bot.model.mesh import Mesh
from bot.model.reachability import EnvironmentReach, Reason, Tally
from bot.usecases.verify import afterwards
from tests.engine.reachability.drawn import MESH, A, B, C, built, drop, peering, put, world
from tests.engine.reachability.test_security_groups import entry, grouped
from tests.engine.reachability.test_security_groups import mesh as ruled
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.faults import Rule
from tests.fakes.world import World
from tests.properties.cases import bounded, randoms

TABLES, PEERINGS = "ec2:DescribeRouteTables", "ec2:DescribeVpcPeeringConnections"
RULES = "ec2:DescribeSecurityGroupRules"
FAILING = (
    "ec2:CreateVpcPeeringConnection",
    "ec2:AcceptVpcPeeringConnection",
    "ec2:CreateTags",
    "ec2:CreateRoute",
    "ec2:DeleteRoute",
    "ec2:ReplaceRoute",
    "ec2:DeleteVpcPeeringConnection",
)


def applied(made: World, mesh: Mesh = MESH, base: Mesh | None = None, *rules: Rule) -> Report:
    """The report of an apply, before the look."""
    aws = FakeAws(made, rules=list(rules))
    report = run.apply(aws, mesh, base, run.plan(aws, mesh, base, applying=True))
    made.let_pass(60)
    return report


def questions(aws: FakeAws) -> Counter[str]:
    return Counter(call.action for call in aws.calls)


def told(made: World, report: Report, mesh: Mesh = MESH) -> EnvironmentReach:
    (reach,) = afterwards(FakeAws(made), mesh, report).reachability
    return reach


def with_all_asked(report: Report) -> Report:
    """As if the plan came without what it was made from."""
    return replace(report, plan=replace(report.plan, known=None))


def test_an_apply_ends_with_one_question_a_scope() -> None:
    made = world()
    report = applied(made)
    later = FakeAws(made)

    (reach,) = afterwards(later, MESH, report).reachability

    assert (reach.before, reach.after) == (None, Tally(6, 6))
    assert questions(later) == {"sts:AssumeRole": 3, TABLES: 3}


def test_a_plan_that_is_not_applied_keeps_nothing() -> None:
    made = world()

    assert run.plan(FakeAws(made), MESH).known is None
    assert run.plan(FakeAws(built()), MESH, applying=True).known is None


def test_what_happened_to_a_route_meanwhile_is_told() -> None:
    made = world()
    report = applied(made)
    drop(made, "rtb-01", "10.1.0.0/16")
    put(made, "rtb-20", "10.0.0.0/17", "tgw-1")

    reach = told(made, report)

    assert {(p.source, p.obstacle.reason) for p in reach.exceptions if p.obstacle} == {
        (A, Reason.NO_ROUTE),
        (B, Reason.NO_ROUTE),
        (C, Reason.SHADOWED),
        (A, Reason.SHADOWED),
    }


def test_a_peering_that_somebody_deleted_meanwhile_is_told() -> None:
    """Its routes are blackholes, and then the peerings are asked about after all."""
    made = world()
    report = applied(made)
    peering(made, A, B).status = "deleted"
    later = FakeAws(made)

    (reach,) = afterwards(later, MESH, report).reachability

    assert {(p.source, p.peer) for p in reach.exceptions} == {(A, B), (B, A)}
    for pair in reach.exceptions:
        assert pair.obstacle
        assert (pair.obstacle.reason, pair.obstacle.target) == (Reason.NO_PEERING, "deleted")
    assert questions(later) == {"sts:AssumeRole": 3, TABLES: 3, PEERINGS: 2}


def test_of_a_peering_that_failed_aws_is_asked_how_it_stands() -> None:
    """It is active although the change failed, for its tags did."""
    made = world()
    report = applied(made, MESH, None, Rule("ec2:CreateTags"))
    assert report.count(Result.FAILED) == 3
    later = FakeAws(made)

    (reach,) = afterwards(later, MESH, report).reachability

    assert reach.after == Tally(6, 6)
    assert questions(later)[PEERINGS] == 3


def test_what_was_there_before_is_known_still() -> None:
    made = built()
    drop(made, "rtb-00", "10.2.0.0/16")
    report = applied(made)
    assert [o.change.address.kind for o in report.outcomes] == ["route"]
    later = FakeAws(made)

    (reach,) = afterwards(later, MESH, report).reachability

    assert reach.after == Tally(6, 6)
    assert questions(later) == {"sts:AssumeRole": 3, TABLES: 3}


def test_scopes_that_cannot_be_read_then_are_unknown_and_fail_nothing() -> None:
    made = world()
    report = applied(made)

    ended = afterwards(FakeAws(made, rules=[Rule(TABLES, scope=A.scope)]), MESH, report)

    assert ended.succeeded
    assert {p.obstacle.reason for p in ended.reachability[0].exceptions if p.obstacle} == {
        Reason.UNKNOWN
    }
    assert ended.reachability[0].after == Tally(2, 6)


def test_a_gap_of_the_plan_stays_one() -> None:
    made = world()
    aws = FakeAws(made, rules=[Rule("ec2:DescribeVpcs", scope=C.scope)])
    plan = run.plan(aws, MESH, applying=True)
    report = run.apply(aws, MESH, None, plan)
    later = FakeAws(made)

    (reach,) = afterwards(later, MESH, report).reachability

    assert reach.after == Tally(2, 6)
    assert questions(later)[TABLES] == 2


@pytest.mark.parametrize("refused", [False, True])
def test_rules_are_read_again_where_some_were_changed(refused: bool) -> None:
    made = grouped()
    mesh = ruled(entry(direction="both"))
    rules = [Rule("ec2:AuthorizeSecurityGroupIngress")] if refused else []
    report = applied(made, mesh, None, *rules)
    later = FakeAws(made)

    (reach,) = afterwards(later, mesh, report).reachability

    assert report.count(Result.APPLIED) == 2 - refused
    assert reach.after == Tally(6 - refused, 6)
    assert questions(later)[RULES] == 2


def damage(rnd: Random, made: World) -> None:
    """What others do while an apply ends."""
    for _ in range(rnd.randrange(3)):
        match rnd.randrange(3):
            case 0 if made.peerings:
                peer = rnd.choice(list(made.peerings.values()))
                peer.status = rnd.choice(["deleted", "active"])
            case 1:
                table = rnd.choice(list(made.tables.values()))
                table.routes[:] = [
                    r for r in table.routes if r.target == "local" or rnd.random() < 0.5
                ]
            case _:
                put(made, rnd.choice(list(made.tables)), f"10.{rnd.randrange(3)}.0.0/20", "tgw-1")


@bounded(60)
@given(
    randoms,
    st.lists(st.tuples(st.sampled_from(FAILING), st.sampled_from([A, B, C])), max_size=2),
    st.booleans(),
)
def test_it_finds_what_asking_everything_anew_finds(
    rnd: Random, faults: list[tuple[str, object]], shrinks: bool
) -> None:
    made = built() if shrinks or rnd.random() < 0.5 else world()
    for peer in list(made.peerings.values()):
        if rnd.random() < 0.3:
            peer.status = rnd.choice(["deleted", "failed", "pending-acceptance"])
    damage(rnd, made)
    rules = [Rule(action, scope=vpc.scope) for action, vpc in faults]  # type: ignore[attr-defined]
    report = applied(made, MESH, None, *rules)
    damage(rnd, made)

    found = afterwards(FakeAws(made), MESH, report).reachability

    assert found == afterwards(FakeAws(made), MESH, with_all_asked(report)).reachability


def test_plans_that_differ_in_what_they_know_alone_are_equal() -> None:
    plan = run.plan(FakeAws(world()), MESH, applying=True)

    assert plan.known is not None
    assert plan == replace(plan, known=None)
    assert isinstance(plan, Plan)
