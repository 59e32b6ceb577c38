"""What peerd leaves in AWS when it builds the mesh files' environments, one after the other.

Written from peerd's rules (reference: peerd, exactly), for seeding worlds. It goes straight to
the World: what peerd's own calls meet on the way is not of interest here.
"""

from __future__ import annotations

from itertools import combinations

from bot.model.mesh import Environment, Member, Mesh, MeshFile
from tests.fakes.world import FakePeering, FakeRoute, World

WHEN = "2021-03-04 05:06:07.080910"


def build(mesh: Mesh, world: World, *environments: str) -> None:
    """Runs peerd once for each environment (all, in file order, when none is named)."""
    for file, environment in mesh:
        if not environments or environment.name in environments:
            _environment(file, environment, world)


def _environment(file: MeshFile, environment: Environment, world: World) -> None:
    members = [
        m
        for m in environment.members
        if m.vpc in world.vpcs and m.vpc.scope.account not in world.closed
    ]
    # sorted() is stable: file order within one account and region
    members = sorted(members, key=lambda m: (m.vpc.scope.account, m.vpc.scope.region))
    for requester, accepter in combinations(members, 2):
        if requester.vpc != accepter.vpc:
            _connect(file, environment, requester, accepter, world)
    for one, other in combinations(members, 2):
        peering = world.live_between(one.vpc, other.vpc)
        if peering and _named(peering, environment.name):
            _route(file, peering, one, other, world)
            _route(file, peering, other, one, world)


def _connect(
    file: MeshFile, environment: Environment, requester: Member, accepter: Member, world: World
) -> None:
    mine, theirs = world.vpcs[requester.vpc], world.vpcs[accepter.vpc]
    there = world.live_between(requester.vpc, accepter.vpc)
    if set(mine.v4) & set(theirs.v4) or there:
        return
    if world.overlapping(requester.vpc, accepter.vpc):
        if not any(p.ends == {requester.vpc, accepter.vpc} for p in world.peerings.values()):
            peering = world.peering(requester.vpc, accepter.vpc, "failed")
            _tag(peering, file, environment, requester, accepter)
        return
    _tag(world.peering(requester.vpc, accepter.vpc), file, environment, requester, accepter)


def _tag(
    peering: FakePeering,
    file: MeshFile,
    environment: Environment,
    requester: Member,
    accepter: Member,
) -> None:
    metadata, far, near = file.metadata, accepter.vpc, requester.vpc
    tags = {
        "Name": f"peerd peering to {far.scope.account} {far.vpc_id} {far.scope.region}",
        "resource_owner": metadata.resource_owner,
        "business_unit": metadata.business_unit,
        "service_name": metadata.service_name,
        "peerd_created": "true",
        "peerd_support": metadata.support,
        "peerd_datetime": WHEN,
        "peerd_role": "requester",
        "peerd_environment": environment.name,
    }
    tags.update(requester.peering_tags)
    tags.update(accepter.peering_tags)
    peering.tags[near.scope].update(tags)
    if peering.status == "active":
        tags["Name"] = f"peerd peering to {near.scope.account} {near.vpc_id} {near.scope.region}"
        tags["peerd_role"] = "accepter"
        peering.tags[far.scope].update(tags)


def _named(peering: FakePeering, environment: str) -> bool:
    tags = peering.tags[peering.requester.scope]
    return (tags.get("peerd_created"), tags.get("peerd_environment")) == ("true", environment)


def _route(file: MeshFile, peering: FakePeering, here: Member, there: Member, world: World) -> None:
    overrides = there.cidr_overrides
    wanted = world.vpcs[there.vpc].v4 if overrides is None else overrides
    for table in world.tables_of(here.vpc):
        for cidr in wanted:
            if table.eligible and table.static(cidr) is None:
                table.routes.append(FakeRoute(cidr, peering.id))
                table.tags |= {"peerd_support": file.metadata.support, "peerd_datetime": WHEN}
