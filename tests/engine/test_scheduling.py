"""However calls are scheduled, the end and the report are those of one call after another."""

from __future__ import annotations

import copy
import heapq
import threading
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from bot.engine.execute import Settings, execute
from bot.engine.execute.rates import Rate
from bot.model.address import AccountId
from bot.model.change import Action, Plan, Report
from bot.model.ownership import SUPPORT
from bot.model.step import Role
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.dispatcher import SimulatedDispatcher
from tests.fakes.ec2 import Delays
from tests.fakes.faults import Rule
from tests.fakes.world import World
from tests.properties.cases import bounded
from tests.properties.test_scale import reference

T = TypeVar("T")

REFUSABLE = (
    "ec2:CreateVpcPeeringConnection",
    "ec2:AcceptVpcPeeringConnection",
    "ec2:CreateRoute",
    "ec2:CreateTags",
    "ec2:DeleteRoute",
    "ec2:DeleteVpcPeeringConnection",
)


class Unruly(SimulatedDispatcher):
    """Every call takes a time of its own, so that they end in any order."""

    def __init__(self, world: World, random: Random) -> None:
        super().__init__(world.clock)
        self.random = random

    def submit(self, work: Callable[[], T], token: object) -> None:
        """Starts a call that ends when chance says."""
        self.serial += 1
        ends = self.clock.now + self.random.choice((0.001, 0.05, 0.3, 2.0)) * self.random.random()
        heapq.heappush(self.flying, (ends, self.serial, work, token))


def outcome(
    world: World, plan: Plan, rules: list[Rule], settings: Settings, random: Random | None
) -> tuple[object, object]:
    """The end state and the report, without the ids that AWS gave and the time."""
    aws = FakeAws(world, Delays(0.3, 0.5, 0.2, 0.1), rules=copy.deepcopy(rules), throttle=True)
    dispatcher = SimulatedDispatcher(world.clock) if random is None else Unruly(world, random)
    report = execute(
        plan,
        aws.writer(roles(world)),
        dispatcher,
        applied_at="now",
        stop=threading.Event(),
        settings=settings,
    )
    world.let_pass(60.0)
    assert rules or report.succeeded
    return state(world), told(world, report)


def roles(world: World) -> dict[AccountId, Role]:
    """A role that may write, in every account."""
    accounts = {vpc.scope.account for vpc in world.vpcs}
    return {account: Role(account, "bot", "bot", writes=True) for account in accounts}


def state(world: World) -> object:
    """What is there, with each peering called by its ends."""
    names = {p.id: f"{p.requester}>{p.accepter}" for p in world.peerings.values()}
    peerings = {
        names[p.id]: (p.status, {scope: dict(tags) for scope, tags in p.tags.items()})
        for p in world.peerings.values()
    }
    tables = {
        table.id: (
            sorted((r.destination, names.get(r.target, r.target)) for r in table.routes),
            table.tags,
        )
        for table in world.tables.values()
    }
    return peerings, tables


def told(world: World, report: Report) -> object:
    """Every outcome and warning, with ids replaced."""
    names = {p.id: f"{p.requester}>{p.accepter}" for p in world.peerings.values()}

    def named(text: str) -> str:
        for id_, name in names.items():
            text = text.replace(id_, name)
        return text

    outcomes = [
        (str(o.change.address), o.result, named(o.error), o.because_of) for o in report.outcomes
    ]
    return outcomes, [named(warning) for warning in report.warnings]


@st.composite
def faults(draw: Any) -> list[Rule]:
    """Actions that are not allowed, everywhere or in one scope."""
    world, _ = reference(6, tables=1, spread=4)
    scopes = sorted({vpc.scope for vpc in world.vpcs})
    return [
        Rule(draw(st.sampled_from(REFUSABLE)), scope=draw(st.sampled_from([None, *scopes])))
        for _ in range(draw(st.integers(0, 2)))
    ]


@bounded(25)
@given(
    faults(),
    st.randoms(use_true_random=False),
    st.integers(1, 64),
    st.sampled_from([Rate(50, 5), Rate(5, 5), Rate(3, 2), Rate(200, 100)]),
)
def test_any_scheduling_ends_as_one_call_after_another(
    rules: list[Rule], random: Random, concurrency: int, rate: Rate
) -> None:
    world, mesh = reference(6, tables=1, spread=4)
    plan = run.plan(FakeAws(world), mesh)
    rates = dict.fromkeys(REFUSABLE, rate)

    sequential = outcome(world.copy(), plan, rules, Settings(concurrency=1), None)
    unruly = outcome(world.copy(), plan, rules, Settings(concurrency, rates=rates), random)

    assert unruly == sequential


@bounded(15)
@given(faults(), st.randoms(use_true_random=False), st.integers(1, 64))
def test_so_does_taking_a_mesh_apart(rules: list[Rule], random: Random, concurrency: int) -> None:
    world, mesh = reference(6, tables=1, spread=4)
    built = FakeAws(world)
    run.apply(built, mesh, None, run.plan(built, mesh))
    smaller = reference(3, tables=1, spread=4)[1]
    plan = run.plan(FakeAws(world), smaller, mesh)
    assert plan.changes

    sequential = outcome(world.copy(), plan, rules, Settings(concurrency=1), None)
    unruly = outcome(world.copy(), plan, rules, Settings(concurrency), random)

    assert unruly == sequential


@bounded(15)
@given(faults(), st.randoms(use_true_random=False), st.integers(1, 64))
def test_so_does_mending_tags_on_both_sides(
    rules: list[Rule], random: Random, concurrency: int
) -> None:
    world, mesh = reference(6, tables=1, spread=4)
    built = FakeAws(world)
    run.apply(built, mesh, None, run.plan(built, mesh))
    for peering in world.peerings.values():
        for tags in peering.tags.values():
            del tags[SUPPORT]
    plan = run.plan(FakeAws(world), mesh)
    assert all(change.action is Action.UPDATE for change in plan.changes)
    tagging = [Rule("ec2:CreateTags", scope=rule.scope) for rule in rules]

    sequential = outcome(world.copy(), plan, tagging, Settings(concurrency=1), None)
    unruly = outcome(world.copy(), plan, tagging, Settings(concurrency), random)

    assert unruly == sequential
