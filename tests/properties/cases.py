"""Random mesh files and the worlds they stand in, small enough to read when one fails."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from bot.model.address import VpcRef
from bot.model.mesh import Mesh
from tests.fakes import peerd
from tests.fakes.meshes import mesh_of
from tests.fakes.world import FakePeering, FakeRoute, FakeTable, World, scope

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
REGIONS = ("us-east-1", "eu-west-1")
OUTSIDE = "192.0.2.0/24"
"""An override that several members may claim."""

Files = dict[str, dict[str, Any]]
randoms = st.randoms(use_true_random=False)


def bounded(examples: int) -> settings:
    """So many examples, always the same; with a larger profile more, random and shrunk."""
    factor = max(1, settings().max_examples // 100)
    quick = factor == 1
    return settings(
        max_examples=examples * factor,
        derandomize=quick,
        database=None,
        phases=(Phase.explicit, Phase.generate) if quick else tuple(Phase),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@dataclass
class Case:
    """Mesh files at two revisions, and a world. ``told`` says how it came about."""

    world: World
    base_files: Files
    head_files: Files
    told: list[str] = field(default_factory=list)
    abandoned: set[str] = field(default_factory=set)

    @property
    def base(self) -> Mesh:
        """The base revision."""
        return mesh_of(self.base_files)

    @property
    def head(self) -> Mesh:
        """The revision that is planned."""
        return mesh_of(self.head_files)

    def members(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Every (environment, member) of the head, as data."""
        for data in self.head_files.values():
            for environment in data["environments"].values():
                for member in environment["vpcs"]:
                    yield environment, member

    def present(self) -> list[VpcRef]:
        """VPCs of the head that exist."""
        refs = {ref_of(member) for _, member in self.members()}
        return sorted(ref for ref in refs if ref in self.world.vpcs)


def ref_of(member: dict[str, Any]) -> VpcRef:
    """The VPC of a member."""
    return VpcRef(scope(member["account_id"], member["region"]), member["vpc_id"])


def likely(rnd: Random, percent: int) -> bool:
    """True in about so many of a hundred cases; false is the simpler case."""
    return rnd.randint(0, 99) >= 100 - percent


def draw_case(rnd: Random, most: int = 9, *, peerd_only: bool = False) -> Case:
    """Files and a world without peerings."""
    world = World()
    count = rnd.randint(4, most)
    members = [_vpc(rnd, world, number) for number in range(count)]
    files = _files(rnd, members, peerd_only)
    return Case(world, files, copy.deepcopy(files))


def _vpc(rnd: Random, world: World, number: int) -> dict[str, Any]:
    where = scope(ACCOUNTS[rnd.randint(0, 2)], REGIONS[rnd.randint(0, 1)])
    ref = VpcRef(where, f"vpc-{number:08x}")
    member = {"account_id": where.account, "region": where.region, "vpc_id": ref.vpc_id}
    if likely(rnd, 4):
        return member  # the VPC does not exist
    primary = f"10.{number}.0.0/16"
    if likely(rnd, 8):
        primary = "10.0.0.0/16" if likely(rnd, 50) else "10.0.128.0/17"
    blocks = [primary] + ([f"100.64.{number}.0/24"] if likely(rnd, 25) else [])
    ipv6 = [f"2001:db8:{number + 1:x}:100::/56"] if likely(rnd, 40) else []
    vpc = world.vpc(ref, *blocks, ipv6=ipv6)
    if likely(rnd, 10):
        vpc.blocks[f"100.65.{number}.0/24"] = "disassociated"
    for n in range(rnd.randint(1, 2)):
        world.table(f"rtb-{number:04x}{n:04x}", ref)
    if likely(rnd, 30):
        world.table(f"rtb-{number:04x}ffff", ref, eligible=False)
    return member


def overrides(rnd: Random, number: int) -> list[str] | None:
    """Some choice of routes to a VPC."""
    choices: tuple[list[str] | None, ...] = (
        None,
        [f"10.{number}.1.0/24"],
        [f"10.{number}.1.0/24", f"10.{number}.2.0/24"],
        [f"10.{number}.2.0/24", f"10.{number}.3.0/24", f"10.{number}.0.0/23"],
        [],
        [OUTSIDE],
        [f"10.{number}.0.0/16", f"172.16.{number}.0/24"],
    )
    return choices[rnd.randint(0, len(choices) - 1)] if likely(rnd, 40) else None


def peering_tags(rnd: Random, name: str) -> dict[str, str]:
    """Tags of a member, some of which collide with peerd's own."""
    choices: tuple[dict[str, str], ...] = (
        {},
        {"cost": "42"},
        {"cost": name, "owner": name},
        {"Name": f"mine {name}"},
        {"service_name": "renamed"},
        {"resource_owner": "other", "peerd_role": "odd"},
    )
    return choices[rnd.randint(0, len(choices) - 1)] if likely(rnd, 35) else {}


def _files(rnd: Random, pool: list[dict[str, Any]], peerd_only: bool) -> Files:
    agreed = {member["vpc_id"]: overrides(rnd, n) for n, member in enumerate(pool)}
    files: Files = {}
    for n in range(rnd.randint(1, 3)):
        path = f"meshes/{'ab'[rnd.randint(0, 1)]}.yaml"
        file = files.setdefault(path, {"metadata": _metadata(path), "environments": {}})
        members = []
        for number, member in enumerate(pool):
            if likely(rnd, 65):
                own = agreed[member["vpc_id"]] if peerd_only else overrides(rnd, number)
                extra = {} if own is None else {"cidr_overrides": own}
                tags = peering_tags(rnd, f"e{n}")
                members.append(member | extra | ({"peering_tags": tags} if tags else {}))
        environment: dict[str, Any] = {"vpcs": members}
        if not peerd_only:
            _long_form(rnd, environment)
        file["environments"][f"env{n}"] = environment
    return files


def _metadata(path: str) -> dict[str, str]:
    return {
        "resource_owner": "netops",
        "business_unit": "PaaS",
        "service_name": f"peerd-{path[7]}",
        "support": f"{path[7]}@example.org",
        "common_principal_name": "peerd-bot",
        "role_session_name": "peerd",
        "plan_principal_name": "peerd-bot-plan",
    }


def _long_form(rnd: Random, environment: dict[str, Any]) -> None:
    if likely(rnd, 25):
        hub_and_spoke(rnd, environment)
    if likely(rnd, 25):
        environment["ipv6"] = True
    if likely(rnd, 25):
        environment["aggregate_routes"] = True
    if likely(rnd, 15):
        environment["orphan_routes"] = "delete"
    if likely(rnd, 30):
        dns_resolution(rnd, environment)


def dns_resolution(rnd: Random, environment: dict[str, Any]) -> None:
    """DNS resolution on or off for an environment, for some of its members, or for both."""
    for place, percent in ((environment, 70), *((m, 15) for m in environment["vpcs"])):
        place.pop("dns_resolution", None)
        if likely(rnd, percent):
            place["dns_resolution"] = likely(rnd, 70)


def hub_and_spoke(rnd: Random, environment: dict[str, Any]) -> None:
    """Makes an environment hub-and-spoke, the first member and some others hubs."""
    environment["topology"] = "hub-and-spoke"
    for n, member in enumerate(environment["vpcs"]):
        member["role"] = "hub" if n == 0 or likely(rnd, 20) else "spoke"


def shuffled(rnd: Random, files: Files) -> Files:
    """The same files with members, environments and keys in another order."""
    result: Files = {}
    for path, data in files.items():
        environments = list(copy.deepcopy(data["environments"]).items())
        rnd.shuffle(environments)
        for _, environment in environments:
            rnd.shuffle(environment["vpcs"])
        result[path] = data | {"environments": dict(environments)}
    return result


def build_with_peerd(rnd: Random, case: Case) -> None:
    """Seeds the world as peerd leaves it: environments in any order, members in any order."""
    mesh = mesh_of(shuffled(rnd, case.base_files))
    names = sorted(mesh.environments)
    rnd.shuffle(names)
    for name in names:
        peerd.build(mesh, case.world, name)


def some_table(rnd: Random, case: Case) -> FakeTable | None:
    """Any table."""
    tables = sorted(case.world.tables.values(), key=lambda t: t.id)
    return tables[rnd.randint(0, len(tables) - 1)] if tables else None


def some_live(rnd: Random, case: Case) -> FakePeering | None:
    """Any live peering."""
    live = sorted((p for p in case.world.peerings.values() if p.live), key=lambda p: p.id)
    return live[rnd.randint(0, len(live) - 1)] if live else None


def put_route(table: FakeTable, destination: str, target: str, **more: Any) -> None:
    """Puts a static route, over whatever is there, unless that is the local route."""
    there = table.static(destination)
    if there is not None and there.target == "local":
        return
    if there is not None:
        table.routes.remove(there)
    table.routes.append(FakeRoute(destination, target, **more))
