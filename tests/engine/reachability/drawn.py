"""A small network drawn by hand: three VPCs with two subnets each, as a mesh should leave them."""

from __future__ import annotations

from typing import Any

from bot.model.address import VpcRef
from bot.model.change import Plan
from bot.model.mesh import Mesh
from bot.model.reachability import EnvironmentReach, Obstacle
from bot.model.verification import Verification
from bot.usecases.verify import verify
from tests.fakes import run
from tests.fakes.aws import FakeAws
from tests.fakes.meshes import mesh_of
from tests.fakes.world import FakePeering, FakeRoute, FakeTable, World, scope

ACCOUNTS = ("111111111111", "222222222222", "333333333333")


def ref(number: int) -> VpcRef:
    """VPC 10.n.0.0/16."""
    return VpcRef(scope(ACCOUNTS[number % 3], "us-east-1"), f"vpc-{number:08x}")


A, B, C = ref(0), ref(1), ref(2)


def member(number: int, **more: Any) -> dict[str, Any]:
    """The VPC as an environment lists it."""
    vpc = ref(number)
    where = {"account_id": vpc.scope.account, "region": vpc.scope.region}
    return {**where, "vpc_id": vpc.vpc_id, **more}


def mesh(*members: dict[str, Any], **more: Any) -> Mesh:
    """One environment with these members."""
    return mesh_of({"meshes/net.yaml": {"environments": {"net": {"vpcs": [*members], **more}}}})


MESH = mesh(member(0), member(1), member(2))


def world(number: int = 3, *, ipv6: bool = False) -> World:
    """VPCs with a main table (``rtb-n0``), another one (``rtb-n1``) and a subnet in each."""
    drawn = World()
    for n in range(number):
        six = f"2001:db8:{n + 1:x}00::/56"
        drawn.vpc(ref(n), f"10.{n}.0.0/16", ipv6=[six] if ipv6 else [])
        for t in range(2):
            drawn.table(f"rtb-{n}{t}", ref(n))
        own = [f"2001:db8:{n + 1:x}00::/64"] if ipv6 else []
        drawn.subnet(f"subnet-{n}0", ref(n), f"10.{n}.0.0/24", *own)
        drawn.subnet(f"subnet-{n}1", ref(n), f"10.{n}.1.0/24", table=f"rtb-{n}1")
    return drawn


def built(files: Mesh = MESH, drawn: World | None = None) -> World:
    """The same with the peerings and routes that the files ask for."""
    made = drawn or world()
    aws = FakeAws(made)
    report = run.apply(aws, files, None, run.plan(aws, files))
    assert report.succeeded
    made.let_pass(60)
    return made


def looked(made: World, files: Mesh = MESH) -> Verification:
    """What verify finds."""
    return verify(FakeAws(made), files)


def reach(made: World, files: Mesh = MESH) -> EnvironmentReach:
    """How far the members of the one environment reach one another."""
    (found,) = looked(made, files).reachability
    return found


def obstacles(made: World, files: Mesh = MESH) -> dict[tuple[VpcRef, VpcRef], Obstacle]:
    """What is in the way, of pairs where something is."""
    return {(p.source, p.peer): p.obstacle for p in reach(made, files).pairs if p.obstacle}


def planned(made: World, files: Mesh = MESH, base: Mesh | None = None) -> Plan:
    """The plan."""
    return run.plan(FakeAws(made), files, base)


def route(made: World, table: str, destination: str) -> FakeRoute:
    """A static route that is there."""
    found = made.tables[table].static(destination)
    assert found is not None
    return found


def drop(made: World, table: str, destination: str) -> None:
    """Takes a route away."""
    made.tables[table].routes.remove(route(made, table, destination))


def put(made: World, table: str, destination: str, target: str, **more: Any) -> None:
    """Adds a route."""
    made.tables[table].routes.append(FakeRoute(destination, target, **more))


def peering(made: World, one: VpcRef, other: VpcRef) -> FakePeering:
    """The peering of a pair."""
    found = made.live_between(one, other)
    assert found is not None
    return found


def untagged(made: World, table: str) -> FakeTable:
    """Makes a table one that is not for the mesh."""
    made.tables[table].tags.clear()
    return made.tables[table]
