"""Random meshes and random disturbances against the oracle, and meshes that peerd built."""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

import pytest

from bot.emulator.aws.seed import SeededVpc
from tests.fakes import peerd
from tests.integration.laptop import METADATA, SCOPES, Files, Laptop, file, member

LIMITS = {
    "max_leaving_members": 100,
    "max_leaving_percent": 100,
    "max_other_deletes": 1000,
    "max_route_delete_percent": 100,
    "allow_empty_environment": True,
}


@pytest.mark.parametrize("seed", range(3))
def test_a_random_mesh_is_built_and_follows_what_happens_to_it(laptop: Laptop, seed: int) -> None:
    rnd = Random(seed)  # noqa: S311  (a test's dice)
    vpcs = _vpcs(laptop, rnd)
    before = _files(rnd, vpcs)
    laptop.write(before)
    revision = laptop.commit()
    laptop.converge()
    after = _changed(rnd, before)
    laptop.write(after)
    _disturb(laptop, rnd)

    laptop.converge("--base", revision, base=before)


@pytest.mark.parametrize("seed", range(3))
def test_a_mesh_that_peerd_built_plans_as_no_changes(laptop: Laptop, seed: int) -> None:
    """With shared pairs, both directions and colliding tags."""
    rnd = Random(seed)  # noqa: S311  (a test's dice)
    vpcs = _vpcs(laptop, rnd, overlapping=False)
    laptop.write(_files(rnd, vpcs, peerd_only=True))
    _build_with_peerd(laptop, rnd, {vpc.id: vpc for vpc in vpcs})
    laptop.aws.forget_calls()

    laptop.settled()
    laptop.ok("apply", "--yes")

    assert not [call for call in laptop.calls() if call.mutating]


def _vpcs(laptop: Laptop, rnd: Random, *, overlapping: bool = True) -> list[SeededVpc]:
    vpcs = []
    for number in range(8):
        place = rnd.choice(SCOPES)
        more: dict[str, Any] = {}
        if rnd.random() < 0.3:
            more["secondary"] = [f"10.{100 + number}.0.0/16"]
        block = f"10.{number}.0.0/16"
        if overlapping and number == 7:
            block = "10.6.128.0/17"
        vpc = laptop.vpc(place.account, place.region, block, **more)
        if rnd.random() < 0.4:
            laptop.seed.route_table(vpc, {"peerd_eligible": rnd.choice(["true", "no"])})
        vpcs.append(vpc)
    return vpcs


def _files(rnd: Random, vpcs: list[SeededVpc], *, peerd_only: bool = False) -> Files:
    agreed = {vpc.id: _extra(rnd, number) for number, vpc in enumerate(vpcs)}
    files: Files = {}
    for number in range(3):
        path = f"meshes/{rnd.choice('ab')}.yaml"
        metadata = {**METADATA, "service_name": f"peerd-{path[7]}"}
        data = files.setdefault(path, {**file(metadata), "limits": LIMITS})
        chosen = [vpc for vpc in vpcs if rnd.random() < 0.6]
        members = [member(vpc, **agreed[vpc.id]) for vpc in chosen]
        rnd.shuffle(members)
        environment: dict[str, Any] = {"vpcs": members}
        if not peerd_only and rnd.random() < 0.3 and members:
            environment["topology"] = "hub-and-spoke"
            for position, item in enumerate(members):
                item["role"] = "spoke" if position else "hub"
        data["environments"][f"env{number}"] = members if peerd_only else environment
    return files


def _extra(rnd: Random, number: int) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    if rnd.random() < 0.3:
        extra["cidr_overrides"] = rnd.choice(
            [[], [f"10.{number}.1.0/24"], [f"10.{number}.2.0/24", f"172.16.{number}.0/24"]]
        )
    if rnd.random() < 0.3:
        extra["peering_tags"] = rnd.choice([{"cost": str(number)}, {"Name": f"mine {number}"}])
    return extra


def _changed(rnd: Random, files: Files) -> Files:
    """Members leave, overrides change; sometimes an environment goes."""
    after = deepcopy(files)
    for data in after.values():
        for name, environment in list(data["environments"].items()):
            if rnd.random() < 0.25:
                del data["environments"][name]
                continue
            for item in list(environment["vpcs"]):
                if rnd.random() < 0.2 and item.get("role") != "hub":
                    environment["vpcs"].remove(item)
                elif rnd.random() < 0.2:
                    item.pop("cidr_overrides", None)
    return after


def _disturb(laptop: Laptop, rnd: Random) -> None:
    """Somebody works by hand: peerings, routes and tags change."""
    world = laptop.world()
    for peering in sorted(world.peerings.values(), key=lambda p: p.id):
        side = peering.requester.scope
        ec2 = laptop.seed.ec2(side.account, side.region)
        match rnd.randint(0, 5):
            case 0:
                ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering.id)
            case 1:
                tags = [{"Key": "Name", "Value": "by hand"}, {"Key": "mine", "Value": "stays"}]
                ec2.create_tags(Resources=[peering.id], Tags=tags)
            case _:
                pass
    for table in sorted(world.tables.values(), key=lambda t: t.id):
        ec2 = laptop.seed.ec2(table.vpc.scope.account, table.vpc.scope.region)
        for route in table.routes:
            if route.target.startswith("pcx-") and rnd.random() < 0.15:
                ec2.delete_route(RouteTableId=table.id, DestinationCidrBlock=route.destination)


def _build_with_peerd(laptop: Laptop, rnd: Random, vpcs: dict[str, SeededVpc]) -> None:
    """What peerd would leave, carried into the emulator."""
    world = laptop.world()
    before = world.copy()
    names = sorted(laptop.head.environments)
    rnd.shuffle(names)
    for name in names:
        peerd.build(laptop.head, world, name)
    ids = {}
    for peering in world.peerings.values():
        ids[peering.id] = laptop.seed.peering(
            vpcs[peering.requester.vpc_id],
            vpcs[peering.accepter.vpc_id],
            requester_tags=peering.tags[peering.requester.scope],
            accepter_tags=peering.tags[peering.accepter.scope],
        )
    for table in world.tables.values():
        for route in table.routes[len(before.tables[table.id].routes) :]:
            vpc = vpcs[table.vpc.vpc_id]
            laptop.seed.route(vpc, table.id, route.destination, ids[route.target])
            laptop.seed.tag(vpc, table.id, table.tags)
