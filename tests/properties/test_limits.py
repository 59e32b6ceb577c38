"""Limits at their edges: refused exactly when the product's section on safety says."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import FailureReason, Refused
from bot.model.change import Plan
from bot.usecases.plan import check_safe
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.meshes import mesh_of
from tests.fakes.world import World, scope

Files = dict[str, dict[str, Any]]
PATH = "meshes/net.yaml"
EVERYTHING = {
    "max_leaving_members": 100,
    "max_leaving_percent": 100,
    "max_other_deletes": 1000,
    "max_route_delete_percent": 100,
    "allow_empty_environment": True,
}


def member(number: int, **more: Any) -> dict[str, Any]:
    """A member, its scope by its number."""
    accounts, regions = ("111111111111", "222222222222"), ("us-east-1", "eu-west-1")
    where = {"account_id": accounts[number % 2], "region": regions[number // 2 % 2]}
    return {**where, "vpc_id": f"vpc-{number:08x}", **more}


def files(*members: dict[str, Any], **more: Any) -> Files:
    """One file with one environment."""
    limits = more.pop("limits", {})
    return {PATH: {"limits": limits, "environments": {"prod": {"vpcs": list(members), **more}}}}


def planned(base: Files, head: Files, *, told: bool = True) -> Plan:
    """The plan from a world that peerd built of ``base``; ``told``: the base is given."""
    world, before = World(), mesh_of(base)
    for environment in before.environments.values():
        for item in environment.members:
            number = int(item.vpc.vpc_id[4:], 16)
            assert scope(item.vpc.scope.account, item.vpc.scope.region) == item.vpc.scope
            world.vpc(item.vpc, f"10.{number}.0.0/16")
            world.table(f"rtb-{number:08x}", item.vpc)
    peerd.build(before, world)
    return run.plan(FakeAws(world), mesh_of(head), before if told else None)


def codes(plan: Plan) -> list[str]:
    """Which limits the plan is over."""
    return sorted(refusal.code.removeprefix("limit-") for refusal in plan.refusals)


def leaving(members: int, leave: int, **limits: Any) -> Plan:
    """So many of so many members leave."""
    everybody = [member(n) for n in range(members)]
    base = files(*everybody, limits=limits)
    return planned(base, files(*everybody[leave:], limits=limits))


@pytest.mark.parametrize(
    ("members", "leave", "limits", "refused"),
    [
        (10, 3, {}, []),
        (10, 4, {}, ["max-leaving-members"]),
        (10, 4, {"max_leaving_members": 4}, []),
        (10, 1, {"max_leaving_members": 0}, ["max-leaving-members"]),
        (4, 2, {}, []),
        (4, 3, {}, ["max-leaving-percent"]),
        (5, 3, {}, ["max-leaving-percent"]),
        (4, 1, {"max_leaving_percent": 25}, []),
        (4, 1, {"max_leaving_percent": 24.9}, ["max-leaving-percent"]),
        (4, 1, {"max_leaving_percent": 0}, ["max-leaving-percent"]),
        (3, 3, {"max_leaving_percent": 100}, ["allow-empty-environment"]),
        (3, 3, {"max_leaving_percent": 100, "allow_empty_environment": True}, []),
        (8, 8, {}, ["allow-empty-environment", "max-leaving-members", "max-leaving-percent"]),
    ],
)
def test_leaving_is_refused_at_the_edge(
    members: int, leave: int, limits: dict[str, Any], refused: list[str]
) -> None:
    assert codes(leaving(members, leave, **limits)) == refused


def test_tombstones_leave_like_removed_lines() -> None:
    everybody = [member(n) for n in range(10)]
    buried = [member(n, state="absent") for n in range(4)]

    plan = planned(files(*everybody), files(*buried, *everybody[4:]))

    assert codes(plan) == ["max-leaving-members"]


def test_a_removed_environment_leaves_whole() -> None:
    everybody = [member(n) for n in range(3)]
    base = files(*everybody)
    base[PATH]["environments"]["kept"] = {"vpcs": [member(3), member(4)]}
    head: Files = {PATH: {"environments": {"kept": base[PATH]["environments"]["kept"]}}}

    assert codes(planned(base, head)) == ["allow-empty-environment", "max-leaving-percent"]


def test_limits_are_those_of_the_base() -> None:
    everybody = [member(n) for n in range(10)]
    strict, loose = files(*everybody), files(*everybody, limits=EVERYTHING)

    raised = planned(strict, files(*everybody[4:], limits=EVERYTHING))
    lowered = planned(loose, files(*everybody[4:]))

    assert codes(raised) == ["max-leaving-members"]
    assert codes(lowered) == []


def test_without_a_base_limits_are_those_of_the_file() -> None:
    everybody = [member(n) for n in range(10)]

    strict = planned(files(*everybody), files(*everybody[4:]), told=False)
    loose = planned(files(*everybody), files(*everybody[4:], limits=EVERYTHING), told=False)

    assert codes(strict) == ["max-leaving-members"]
    assert codes(loose) == []


def hubs(count: int) -> list[dict[str, Any]]:
    """The first is the hub."""
    return [member(0, role="hub"), *(member(n) for n in range(1, count))]


@pytest.mark.parametrize(
    ("members", "limits", "refused"),
    [
        (8, {}, []),  # 28 connections become 7: 21 deleted
        (9, {}, ["max-other-deletes"]),  # 36 become 8
        (8, {"max_other_deletes": 21}, []),
        (8, {"max_other_deletes": 20}, ["max-other-deletes"]),
        (3, {"max_other_deletes": 0}, ["max-other-deletes"]),
    ],
)
def test_connections_deleted_though_no_member_leaves(
    members: int, limits: dict[str, Any], refused: list[str]
) -> None:
    base = files(*hubs(members), limits=limits)
    head = files(*hubs(members), limits=limits, topology="hub-and-spoke")

    assert codes(planned(base, head)) == refused


def test_a_new_file_has_the_defaults() -> None:
    base = files(*hubs(9))
    head = files(*hubs(9), topology="hub-and-spoke", limits=EVERYTHING)
    elsewhere: Files = {"meshes/old.yaml": {"environments": {"other": [member(20), member(21)]}}}
    world = World()
    for item in mesh_of(base).environments["prod"].members:
        number = int(item.vpc.vpc_id[4:], 16)
        world.vpc(item.vpc, f"10.{number}.0.0/16")
    peerd.build(mesh_of(base), world)

    plan = run.plan(FakeAws(world), mesh_of(head | elsewhere), mesh_of(elsewhere))

    assert codes(plan) == ["max-other-deletes"]


@pytest.mark.parametrize(
    ("kept", "limits", "refused"),
    [
        # twelve routes: four to vpc 1 in two tables, one to each other peer in each table
        (1, {}, []),
        (0, {}, ["max-route-delete-percent"]),
        (3, {"max_route_delete_percent": 0}, ["max-route-delete-percent"]),
        (3, {"max_route_delete_percent": 16}, ["max-route-delete-percent"]),
        (3, {"max_route_delete_percent": 17}, []),
        (4, {"max_route_delete_percent": 0}, []),
    ],
)
def test_routes_deleted_though_their_peering_stays(
    kept: int, limits: dict[str, Any], refused: list[str]
) -> None:
    blocks = [f"10.1.{n}.0/24" for n in range(4)]
    base = files(member(0), member(1, cidr_overrides=blocks), member(2), limits=limits)
    narrowed = member(1, cidr_overrides=blocks[:kept])

    plan = planned(base, files(member(0), narrowed, member(2), limits=limits))

    assert plan.summary.delete == 2 * (4 - kept)
    assert codes(plan) == refused


def test_an_override_is_bound_to_the_fingerprint() -> None:
    plan = leaving(10, 4)

    with pytest.raises(Refused) as limits:
        check_safe(plan, None)
    with pytest.raises(Refused) as stale:
        check_safe(plan, leaving(10, 5).fingerprint)

    check_safe(plan, plan.fingerprint)
    assert limits.value.reason is FailureReason.LIMITS
    assert plan.fingerprint in str(limits.value)
    assert stale.value.reason is FailureReason.STALE_PLAN
    check_safe(leaving(10, 3), None)


def test_another_environments_excess_does_not_refuse_a_narrowed_plan() -> None:
    base = files(*(member(n) for n in range(10)))
    base[PATH]["environments"]["other"] = {"vpcs": [member(20), member(21), member(22)]}
    head = files(*(member(n) for n in range(4, 10)))
    head[PATH]["environments"]["other"] = {"vpcs": [member(20), member(21)]}
    whole = planned(base, head)

    assert codes(whole) == ["max-leaving-members"]
    world = World()
    for _, environment in mesh_of(base):
        for item in environment.members:
            world.vpc(item.vpc, f"10.{int(item.vpc.vpc_id[4:], 16)}.0.0/16")
    peerd.build(mesh_of(base), world)
    assert run.plan(FakeAws(world), mesh_of(head), mesh_of(base), "other").refusals == ()
