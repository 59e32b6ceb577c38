"""How environments are divided, and which shards make a whole."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from random import Random
from typing import Any

import pytest

from bot.engine.shard_union import NotOneWhole, check_division, check_own, union
from bot.engine.shards import chosen, divided, groups, home_scopes
from bot.errors import Refused, UsageError
from bot.model.address import VpcRef
from bot.model.change import Plan
from bot.model.mesh import Mesh
from bot.model.ownership import CREATED, ENVIRONMENT, SERVICE_NAME
from bot.model.shard import Shard, numbered
from bot.usecases.plan import make_plan
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.meshes import mesh_of
from tests.fakes.world import World, scope

ACCOUNTS = ("111111111111", "222222222222")


def member(number: int, **more: Any) -> dict[str, Any]:
    where = {"account_id": ACCOUNTS[number % 2], "region": "us-east-1"}
    return {**where, "vpc_id": f"vpc-{number:08x}", **more}


def mesh(**environments: Any) -> Mesh:
    """Each environment with these VPCs, or as its long form says."""
    long = {
        name: [member(n) for n in held] if isinstance(held, range | tuple) else held
        for name, held in environments.items()
    }
    return mesh_of({"meshes/net.yaml": {"environments": long}})


def names(shards: Collection[Shard]) -> list[tuple[str, ...]]:
    return [shard.environments for shard in shards]


def test_environments_with_a_common_vpc_stay_together_at_any_remove() -> None:
    head = mesh(a=(1, 2), b=(3, 4), c=(2, 5), d=(5, 6), e=(7,))

    assert groups(head, None) == (("a", "c", "d"), ("b",), ("e",))


@pytest.mark.parametrize("state", ["absent", "abandoned"])
def test_a_tombstone_ties_as_a_member_does(state: str) -> None:
    head = mesh(a=(1, 2), b={"vpcs": [member(2, state=state), member(3)]})

    assert groups(head, None) == (("a", "b"),)


def test_what_the_base_tied_is_tied_and_what_it_had_is_there() -> None:
    head, base = mesh(a=(1, 2), b=(3, 4)), mesh(b=(2, 3), gone=(8, 9))

    assert groups(head, base) == (("a", "b"), ("gone",))


def test_the_same_vpc_id_elsewhere_is_another_vpc() -> None:
    other = member(1) | {"region": "eu-west-1"}

    assert groups(mesh(a=(1, 2), b={"vpcs": [other]}), None) == (("a",), ("b",))


def test_shards_are_balanced_numbered_by_name_and_the_same_in_any_order() -> None:
    held = {"big": range(20), "m1": range(20, 30), "m2": range(30, 40), "s": range(40, 42)}
    head = mesh(**held)
    items = list(held.items())
    Random(3).shuffle(items)  # noqa: S311 - any order

    shards = divided(head, None, 2)

    assert names(shards) == [("big",), ("m1", "m2", "s")]
    assert [shard.label for shard in shards] == ["1-of-2", "2-of-2"]
    assert [(shard.peerings, shard.routes) for shard in shards] == [(190, 380), (91, 182)]
    assert divided(mesh(**dict(items)), None, 2) == shards


def test_dividing_again_into_as_many_gives_the_same() -> None:
    head = mesh(a=(1, 2), b=(3, 4), c=(5, 6))

    shards = divided(head, None, 100)

    assert len(shards) == 3
    assert divided(head, None, len(shards)) == shards
    assert [chosen(s.label, (), head, None) for s in shards] == list(shards)


def test_spokes_and_overrides_are_counted_as_they_are() -> None:
    hub = member(1, role="hub", cidr_overrides=["10.0.0.0/24", "10.0.1.0/24"])
    spokes = [member(n, role="spoke") for n in range(2, 5)]
    environment = {"topology": "hub-and-spoke", "vpcs": [hub, *spokes]}

    (shard,) = divided(mesh(a=environment), None, 8)

    assert (shard.peerings, shard.routes) == (3, 9)


@pytest.mark.parametrize("most", [0, -1, 257])
def test_a_number_that_no_matrix_takes_is_refused(most: int) -> None:
    with pytest.raises(UsageError, match="1 to 256"):
        divided(mesh(a=(1,)), None, most)


def test_no_environment_makes_no_shard() -> None:
    assert divided(Mesh(()), None, 8) == ()


@pytest.mark.parametrize(
    "label", ["", "1", "0-of-3", "4-of-3", "1-of-257", "1-of-3\n", "\u0661-of-3"]
)
def test_what_is_no_label_names_no_shard(label: str) -> None:
    assert numbered(label) is None
    with pytest.raises(UsageError, match="is called like"):
        chosen(label, (), mesh(a=(1,)), None)


def test_a_label_of_another_division_is_refused() -> None:
    with pytest.raises(UsageError, match="divided into 1 at most"):
        chosen("1-of-2", (), mesh(a=(1, 2), b=(2, 3)), None)


def test_names_that_are_settled_are_left_out_and_half_a_group_is_refused() -> None:
    head = mesh(a=(1, 2), b=(3, 4), c=(4, 5))

    assert chosen("1-of-2", ("a", "gone"), head, None).environments == ("a",)
    assert chosen("2-of-2", ("gone",), head, None).environments == ()
    with pytest.raises(Refused, match=r"'b' and 'c' belong together"):
        chosen("2-of-2", ("a", "b"), head, None)


def test_a_closed_account_is_nobodys_home() -> None:
    head = mesh(a={"vpcs": [member(1, state="abandoned"), member(2)]}, b=(3,))

    assert home_scopes({"a", "b"}, head, None) == {scope(ACCOUNTS[0], "us-east-1")}


# --- the whole


@pytest.mark.parametrize(
    ("shards", "said"),
    [
        ([], "no shard"),
        ([Shard(1, 3, ("a",)), Shard(3, 3, ("b",))], "missing: 2-of-3"),
        ([Shard(1, 2, ("a",)), Shard(1, 2, ("b",)), Shard(2, 2)], "twice"),
        ([Shard(1, 1, ("a",)), Shard(2, 2, ("b",))], "several divisions"),
        ([Shard(1, 2, ("a", "b")), Shard(2, 2, ("b",))], "more than one shard: b"),
        ([Shard(1, 2, ("a",)), Shard(2, 2, ())], "in no shard: b"),
    ],
)
def test_what_is_no_whole_division_is_refused(shards: list[Shard], said: str) -> None:
    with pytest.raises(NotOneWhole, match=said):
        check_division(shards, {"a", "b"})


def planned(head: Mesh) -> Plan:
    world = World()
    for _, environment in head:
        for item in environment.members:
            number = int(item.vpc.vpc_id[4:], 16)
            if item.vpc not in world.vpcs:
                world.vpc(item.vpc, f"10.{number}.0.0/16")
                world.table(f"rtb-{number:08x}", item.vpc)
    return run.plan(FakeAws(world), head)


def test_a_shard_that_speaks_for_others_is_refused() -> None:
    plan = planned(mesh(a=(1, 2), b=(3, 4)))

    check_own(Shard(1, 1, ("a", "b")), plan)
    with pytest.raises(NotOneWhole, match="speaks for 'b'"):
        check_own(Shard(1, 2, ("a",)), plan)


def test_one_thing_is_planned_by_one_shard() -> None:
    plan = planned(mesh(a=(1, 2)))

    with pytest.raises(NotOneWhole, match="more than one shard"):
        union([plan, plan])


def test_everything_that_a_plan_says_is_put_together() -> None:
    """A new field of a plan has to be thought of in ``union`` and in the shard's file."""
    assert {field.name for field in fields(Plan)} == {
        "changes",
        "diagnostics",
        "gaps",
        "environments",
        "memberships",
        "refusals",
        "ids",
        "mesh",
        "reachability",
        "subnets",  # for the end of this plan's own apply
        "known",  # likewise
    }


# --- tags that tie what the files do not


def tagged(world: World, one: int, other: int, environment: str) -> None:
    """A peering with the tags of an environment, as an edit by hand or an old apply left it."""
    ends = [VpcRef(scope(ACCOUNTS[n % 2], "us-east-1"), f"vpc-{n:08x}") for n in (one, other)]
    for end, number in zip(ends, (one, other), strict=True):
        if end not in world.vpcs:
            world.vpc(end, f"10.{number}.0.0/16")
    peering = world.peering(ends[0], ends[1])
    for tags in peering.tags.values():
        tags |= {CREATED: "true", ENVIRONMENT: environment, SERVICE_NAME: "peerd"}


def far(number: int) -> dict[str, Any]:
    return member(number) | {"region": "eu-west-1"}


def test_a_peering_of_another_shard_where_that_does_not_look_is_told_and_kept() -> None:
    head = mesh(a=(1, 2), b={"vpcs": [far(8), far(9)]})
    world = World()
    for number in (1, 2):
        world.vpc(
            VpcRef(scope(ACCOUNTS[number % 2], "us-east-1"), f"vpc-{number:08x}"), "10.1.0.0/16"
        )
    tagged(world, 11, 12, "b")
    whole = run.plan(FakeAws(world), head)

    plans = [make_plan(FakeAws(world), head, None, shard=s) for s in divided(head, None, 2)]

    strays = [[d.environments for d in p.diagnostics if d.code == "stray-peering"] for p in plans]
    assert [str(change.action) for change in whole.changes] == ["delete"]
    assert strays == [[frozenset({"b"})], []]
    assert [plan.changes for plan in plans] == [(), ()]


def test_a_peering_of_another_shard_where_that_looks_is_its_own_affair() -> None:
    head = mesh(a=(1, 2), b=(8, 9))
    world = World()
    tagged(world, 11, 12, "b")

    plans = [make_plan(FakeAws(world), head, None, shard=s) for s in divided(head, None, 2)]

    assert [[str(c.action) for c in plan.changes] for plan in plans] == [[], ["delete"]]
    assert not [d for plan in plans for d in plan.diagnostics if d.code == "stray-peering"]


def test_a_change_of_two_shards_is_refused_by_both_with_advice() -> None:
    head = mesh(a=(1, 2), b=(3, 4))
    world = World()
    tagged(world, 1, 2, "b")

    for shard in divided(head, None, 2):
        aws = FakeAws(world)
        with pytest.raises(Refused, match="Mend that tag, or plan and apply these environments"):
            make_plan(aws, head, None, shard=shard)
        assert not [call for call in aws.calls if call.mutating]
