"""Two live peerings of one pair: AWS refuses the second, yet a plan must not be lost in them."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from bot.model.address import VpcRef
from bot.model.change import Action, Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.mesh import Mesh
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.meshes import mesh_of
from tests.fakes.world import FakePeering, FakeRoute, World, scope

ONE, TWO = "111111111111", "222222222222"
A = VpcRef(scope(ONE, "us-east-1"), "vpc-0000000a")
B = VpcRef(scope(TWO, "us-east-1"), "vpc-0000000b")
SECOND = "pcx-0000000f"


def mesh(*vpcs: VpcRef) -> Mesh:
    members: list[dict[str, Any]] = [
        {"account_id": v.scope.account, "region": v.scope.region, "vpc_id": v.vpc_id} for v in vpcs
    ]
    return mesh_of({"meshes/net.yaml": {"environments": {"prod": members}}})


def world_with_twin(status: str, *, ours: bool, id_: str = SECOND) -> tuple[World, str]:
    """A mesh of A and B as peerd builds it, and a second peering; answers the first one's id."""
    world = World()
    for number, vpc in enumerate((A, B), 1):
        world.vpc(vpc, f"10.{number}.0.0/16")
        world.table(f"rtb-{number:08x}", vpc)
    peerd.build(mesh(A, B), world)
    (first,) = world.peerings.values()
    tags = {where: dict(held) for where, held in first.tags.items()} if ours else {}
    world.peerings[id_] = FakePeering(id_, B, A, status, tags=tags)
    return world, first.id


def duplicates(plan: Plan) -> list[Diagnostic]:
    return [d for d in plan.diagnostics if d.code == "duplicate-peering"]


def routes(world: World) -> set[str]:
    return {r.target for t in world.tables.values() for r in t.routes if r.target != "local"}


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("status", ["pending-acceptance", "provisioning", "active"])
def test_both_are_named_and_nothing_is_changed(status: str, ours: bool) -> None:
    world, first = world_with_twin(status, ours=ours)

    plan = run.plan(FakeAws(world), mesh(A, B))

    (told,) = duplicates(plan)
    assert told.severity is Severity.WARNING
    assert f"{first} (active) counts" in told.summary
    assert f"{SECOND} ({status}) is left as it is" in told.summary
    assert told.location is not None
    assert told.environments == {"prod"}
    assert plan.changes == ()


@pytest.mark.parametrize(
    ("status", "ours", "why"),
    [
        ("pending-acceptance", True, "it is the most advanced"),
        ("active", False, "its tags are ours"),
        ("active", True, "its id comes first"),
    ],
)
def test_it_says_why_one_counts(status: str, ours: bool, why: str) -> None:
    world, _ = world_with_twin(status, ours=ours)

    (told,) = duplicates(run.plan(FakeAws(world), mesh(A, B)))

    assert why in told.summary


def test_routes_stay_with_the_active_one_that_they_lead_to() -> None:
    world, first = world_with_twin("active", ours=True, id_="pcx-0")
    assert first > "pcx-0", "the other one counts"

    plan = run.plan(FakeAws(world), mesh(A, B))

    assert "pcx-0 (active) counts" in duplicates(plan)[0].summary
    assert [c for c in plan.changes if c.address.kind == "route"] == []
    assert routes(world) == {first}


def test_a_missing_route_leads_to_the_one_that_counts() -> None:
    world, first = world_with_twin("active", ours=True)
    world.tables["rtb-00000001"].routes = [
        r for r in world.tables["rtb-00000001"].routes if r.target == "local"
    ]
    plan = run.plan(FakeAws(world), mesh(A, B))

    run.apply(FakeAws(world), mesh(A, B), None, plan)

    assert routes(world) == {first}
    assert run.plan(FakeAws(world), mesh(A, B)).changes == ()


def test_a_route_to_one_that_carries_nothing_moves_to_the_active_one() -> None:
    world, first = world_with_twin("pending-acceptance", ours=True)
    table = world.tables["rtb-00000001"]
    table.routes = [r for r in table.routes if r.target == "local"]
    table.routes.append(FakeRoute("10.2.0.0/16", SECOND))
    plan = run.plan(FakeAws(world), mesh(A, B))
    assert [(c.address.kind, c.action) for c in plan.changes] == [("route", Action.UPDATE)]

    report = run.apply(FakeAws(world), mesh(A, B), None, plan)

    assert report.succeeded
    assert routes(world) == {first}
    assert run.plan(FakeAws(world), mesh(A, B)).changes == ()


def test_those_that_nobody_wants_go_one_after_the_other() -> None:
    world, first = world_with_twin("active", ours=True)
    now, before = mesh(A), mesh(A, B)
    gone = []

    for _ in range(2):
        plan = run.plan(FakeAws(world), now, before)
        gone.append([c.id for c in plan.changes if c.address.kind == "vpc_peering_connection"])
        assert [f"{gone[-1][0]} (active) is deleted" in d.summary for d in duplicates(plan)] == (
            [True] if len(gone) == 1 else []
        )
        run.apply(FakeAws(world), now, before, plan)
        world.let_pass(60)

    assert gone == [[first], [SECOND]]
    assert not any(p.live for p in world.peerings.values())
    assert run.plan(FakeAws(world), now, before).changes == ()


def test_what_counts_does_not_depend_on_the_order_of_answers() -> None:
    texts = set()
    for order in permutations(("pcx-1", "pcx-2", "pcx-3")):
        world, first = world_with_twin("active", ours=True)
        template = world.peerings[first]
        world.peerings = {id_: replace(template, id=id_) for id_ in order}
        plan = run.plan(FakeAws(world), mesh(A, B))
        texts.add((duplicates(plan)[0].summary, plan.fingerprint))

    assert len(texts) == 1


def test_those_of_others_between_vpcs_of_nobody_are_not_told() -> None:
    world, _ = world_with_twin("active", ours=False)
    for held in world.peerings.values():
        held.tags = {}

    assert duplicates(run.plan(FakeAws(world), mesh(A))) == []
