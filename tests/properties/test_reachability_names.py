"""The reason that is told does not depend on ids, which AWS draws by lot."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from random import Random
from typing import TypeVar

from hypothesis import event, given

from bot.model.address import VpcRef
from bot.model.reachability import Obstacle
from bot.model.verification import Verification
from bot.usecases.verify import verify
from tests.fakes.aws import FakeAws
from tests.fakes.world import World
from tests.properties.cases import bounded, build_with_peerd, draw_case, likely, randoms
from tests.properties.test_reachability import add_subnets, break_something, mesh_files

T = TypeVar("T")


def renamed(rnd: Random, world: World) -> World:
    """The same world, in which route tables, subnets, ACLs and peerings have changed ids."""
    made = deepcopy(world)
    tables, subnets, acls, peerings = (
        _swapped(rnd, held) for held in (made.tables, made.subnets, made.acls, made.peerings)
    )
    made.tables = _moved(made.tables, tables)
    made.subnets = _moved(made.subnets, subnets)
    made.acls = _moved(made.acls, acls)
    made.peerings = _moved(made.peerings, peerings)
    for subnet in made.subnets.values():
        subnet.table = tables.get(subnet.table, "")
        subnet.acl = acls.get(subnet.acl, "")
    for table in made.tables.values():
        for route in table.routes:
            route.target = peerings.get(route.target, route.target)
    return made


def _swapped(rnd: Random, held: Mapping[str, object]) -> dict[str, str]:
    ids = sorted(held)
    others = list(ids)
    rnd.shuffle(others)
    return dict(zip(ids, others, strict=True))


def _moved(held: dict[str, T], names: Mapping[str, str]) -> dict[str, T]:
    """Whether it is the main table, and all else, stays what it was."""
    found = {}
    for id_, item in held.items():
        item.id = names[id_]  # type: ignore[attr-defined]
        found[names[id_]] = item
    return found


def told(found: Verification) -> dict[tuple[str, VpcRef, VpcRef], Obstacle | None]:
    """What is said of each pair, without ids, save which IP blocks and VPC it is about."""
    return {
        (reach.environment, pair.source, pair.peer): pair.obstacle
        and Obstacle(pair.obstacle.reason, pair.obstacle.vpc, back=pair.obstacle.back)
        for reach in found.reachability
        for pair in reach.pairs
    }


@bounded(120)
@given(randoms)
def test_renaming_ids_never_changes_the_reason(rnd: Random) -> None:
    case = draw_case(rnd, 5)
    head = mesh_files(case)
    for ref in case.world.vpcs:  # more tables, of which the first one is the main one
        for n in range(rnd.randint(0, 2)):
            case.world.table(f"rtb-more-{ref.vpc_id}-{n}", ref, eligible=likely(rnd, 50))
    add_subnets(rnd, case)
    build_with_peerd(rnd, case)
    for _ in range(rnd.randint(1, 8)):
        break_something(rnd, case)

    before = told(verify(FakeAws(case.world), head))
    after = told(verify(FakeAws(renamed(rnd, case.world)), head))

    for obstacle in before.values():
        event(str(obstacle and obstacle.reason))
    assert after == before
