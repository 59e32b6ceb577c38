"""What happens to a mesh between two plans: edits of its files and doings of others in AWS."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from bot.model.address import VpcRef
from tests.fakes.world import FakePeering, FakeRoute
from tests.properties.cases import (
    OUTSIDE,
    Case,
    dns_resolution,
    hub_and_spoke,
    likely,
    overrides,
    peering_tags,
    put_route,
    ref_of,
    some_live,
    some_table,
)


def _member(rnd: Random, case: Case) -> tuple[dict[str, Any], dict[str, Any]] | None:
    members = list(case.members())
    return members[rnd.randint(0, len(members) - 1)] if members else None


def change_overrides(rnd: Random, case: Case) -> str:
    """Other routes to a member: more, fewer, none."""
    if (found := _member(rnd, case)) is None:
        return ""
    _, member = found
    new = overrides(rnd, int(member["vpc_id"][4:], 16))
    member.pop("cidr_overrides", None)
    if new is not None:
        member["cidr_overrides"] = new
    return f"{member['vpc_id']} overrides {new}"


def change_peering_tags(rnd: Random, case: Case) -> str:
    """Other tags for a member's peerings."""
    if (found := _member(rnd, case)) is None:
        return ""
    found[1]["peering_tags"] = tags = peering_tags(rnd, "new")
    return f"{found[1]['vpc_id']} tags {tags}"


def change_metadata(rnd: Random, case: Case) -> str:
    """Another support address in one file."""
    for path, data in case.head_files.items():
        data["metadata"] = data["metadata"] | {"support": "new@example.org"}
        return f"{path} support"
    return ""


def remove_member(rnd: Random, case: Case) -> str:
    """A line goes."""
    if (found := _member(rnd, case)) is None:
        return ""
    environment, member = found
    environment["vpcs"].remove(member)
    return f"{member['vpc_id']} removed"


def bury_member(rnd: Random, case: Case) -> str:
    """A tombstone."""
    if (found := _member(rnd, case)) is None:
        return ""
    found[1]["state"] = "absent"
    return f"{found[1]['vpc_id']} absent"


def abandon_account(rnd: Random, case: Case) -> str:
    """An account is closed, and the files say so."""
    if (found := _member(rnd, case)) is None:
        return ""
    account = found[1]["account_id"]
    for _, member in case.members():
        if member["account_id"] == account:
            member["state"] = "abandoned"
    case.world.closed.add(account)
    case.abandoned.add(account)
    return f"{account} abandoned"


def remove_environment(rnd: Random, case: Case) -> str:
    """An environment goes; its file too when it was the last."""
    names = [(p, n) for p, data in case.head_files.items() for n in data["environments"]]
    if not names:
        return ""
    path, name = names[rnd.randint(0, len(names) - 1)]
    del case.head_files[path]["environments"][name]
    if not case.head_files[path]["environments"]:
        del case.head_files[path]
    return f"{name} removed"


def remove_file(rnd: Random, case: Case) -> str:
    """A whole file goes."""
    paths = sorted(case.head_files)
    if not paths:
        return ""
    path = paths[rnd.randint(0, len(paths) - 1)]
    del case.head_files[path]
    return f"{path} removed"


def add_member(rnd: Random, case: Case) -> str:
    """A VPC joins an environment it was not in."""
    refs = sorted(case.world.vpcs)
    environments = [e for data in case.head_files.values() for e in data["environments"].values()]
    if not refs or not environments:
        return ""
    ref = refs[rnd.randint(0, len(refs) - 1)]
    environment = environments[rnd.randint(0, len(environments) - 1)]
    if ref in [ref_of(member) for member in environment["vpcs"]]:
        return ""
    if ref.scope.account in case.abandoned:
        return ""
    where = {"account_id": ref.scope.account, "region": ref.scope.region, "vpc_id": ref.vpc_id}
    environment["vpcs"].append(where)
    return f"{ref.vpc_id} added"


def change_topology(rnd: Random, case: Case) -> str:
    """An environment becomes hub-and-spoke, or a full mesh again."""
    for data in case.head_files.values():
        for name, environment in data["environments"].items():
            if environment.pop("topology", None) is None and environment["vpcs"]:
                hub_and_spoke(rnd, environment)
            return f"{name} topology"
    return ""


def change_dns(rnd: Random, case: Case) -> str:
    """DNS resolution is asked for elsewhere, or no longer."""
    environments = [e for data in case.head_files.values() for e in data["environments"].values()]
    if not environments:
        return ""
    dns_resolution(rnd, environments[rnd.randint(0, len(environments) - 1)])
    return "dns"


def add_block(rnd: Random, case: Case) -> str:
    """A VPC gets one more CIDR block."""
    refs = sorted(case.world.vpcs)
    if not refs:
        return ""
    ref = refs[rnd.randint(0, len(refs) - 1)]
    cidr = f"100.66.{int(ref.vpc_id[4:], 16)}.0/24"
    if cidr not in case.world.vpcs[ref].blocks:
        case.world.associate(ref, cidr)
    return f"{ref.vpc_id} {cidr}"


def drop_block(rnd: Random, case: Case) -> str:
    """A VPC loses its secondary block."""
    for ref, vpc in sorted(case.world.vpcs.items()):
        if len(vpc.v4) > 1:
            case.world.disassociate(ref, vpc.v4[-1])
            return f"{ref.vpc_id} loses a block"
    return ""


def delete_peering(rnd: Random, case: Case) -> str:
    """Somebody deletes a peering by hand; after a while AWS no longer knows it."""
    if (peering := some_live(rnd, case)) is None:
        return ""
    peering.status = ("deleted", "deleted", "failed", "expired")[rnd.randint(0, 3)]
    if likely(rnd, 50):
        del case.world.peerings[peering.id]
        return f"{peering.id} forgotten"
    return f"{peering.id} {peering.status}"


def drift_tags(rnd: Random, case: Case) -> str:
    """Somebody edits the tags of one side."""
    if (peering := some_live(rnd, case)) is None:
        return ""
    scopes = sorted(peering.tags)
    tags = peering.tags[scopes[rnd.randint(0, len(scopes) - 1)]]
    keys = ("Name", "peerd_support", "peerd_role", "peerd_environment", "service_name")
    key = keys[rnd.randint(0, len(keys) - 1)]
    if key in tags and likely(rnd, 50):
        del tags[key]
    elif key not in ("peerd_environment", "service_name"):
        tags[key] = "drifted"
    tags["theirs"] = "stays"
    return f"{peering.id} {key}"


def steal(rnd: Random, case: Case) -> str:
    """Somebody's route stands where ours does or would."""
    table, refs = some_table(rnd, case), case.present()
    if table is None or not refs:
        return ""
    vpc = case.world.vpcs[refs[rnd.randint(0, len(refs) - 1)]]
    choices = (vpc.v4[0], OUTSIDE, "10.0.0.0/8", "10.9.9.0/24")
    destination = choices[rnd.randint(0, 3)]
    targets = ("tgw-0a", "nat-0a", "pcx-0dead0dead0dead00")
    target = targets[rnd.randint(0, 2)]
    put_route(table, destination, target, broken=likely(rnd, 30))
    return f"{table.id} {destination} -> {target}"


def misroute(rnd: Random, case: Case) -> str:
    """A route leads over another peering of the same VPC."""
    table, peering = some_table(rnd, case), some_live(rnd, case)
    refs = case.present()
    if table is None or peering is None or table.vpc not in peering.ends or not refs:
        return ""
    vpc = case.world.vpcs[refs[rnd.randint(0, len(refs) - 1)]]
    if vpc.ref == table.vpc:
        return ""
    put_route(table, vpc.v4[0], peering.id)
    return f"{table.id} {vpc.v4[0]} -> {peering.id}"


def flip_options(rnd: Random, case: Case) -> str:
    """Somebody turns the options on a side of a peering round by hand."""
    if (peering := some_live(rnd, case)) is None or peering.status != "active":
        return ""
    end = sorted(peering.ends)[rnd.randint(0, 1)]
    peering.dns ^= {end}
    return f"{peering.id} {end.vpc_id}"


def drop_route(rnd: Random, case: Case) -> str:
    """A route of ours is gone."""
    table = some_table(rnd, case)
    ours = [r for r in table.routes if r.target.startswith("pcx-")] if table else []
    if table is None or not ours:
        return ""
    table.routes.remove(ours[0])
    return f"{table.id} loses {ours[0].destination}"


def propagate(rnd: Random, case: Case) -> str:
    """A virtual private gateway propagates a destination of the mesh."""
    table, refs = some_table(rnd, case), case.present()
    if table is None or not refs:
        return ""
    vpc = case.world.vpcs[refs[0]]
    if vpc.ref == table.vpc:
        return ""
    table.routes.append(FakeRoute(vpc.v4[0], "vgw-0a", "EnableVgwRoutePropagation"))
    return f"{table.id} propagated {vpc.v4[0]}"


def foreign_peering(rnd: Random, case: Case) -> str:
    """Somebody else's peering between two VPCs, with a route or two."""
    refs = sorted(case.world.vpcs)
    if len(refs) < 2:
        return ""
    one, other = rnd.sample(refs, 2)
    if case.world.live_between(one, other) or case.world.overlapping(one, other):
        return ""
    peering = case.world.peering(one, other)
    _foreign_tags(rnd, peering, one)
    for table in case.world.tables_of(one):
        if likely(rnd, 50) and table.static(case.world.vpcs[other].v4[0]) is None:
            put_route(table, case.world.vpcs[other].v4[0], peering.id)
    return f"foreign {peering.id} {one.vpc_id}~{other.vpc_id}"


def _foreign_tags(rnd: Random, peering: FakePeering, one: VpcRef) -> None:
    choices: tuple[dict[str, str], ...] = (
        {},
        {"Name": "by hand"},
        {"peerd_created": "true", "service_name": "peerd-a", "peerd_environment": "elsewhere"},
        {"peerd_created": "true", "service_name": "another", "peerd_environment": "env0"},
        {"peerd_created": "false", "service_name": "peerd-a", "peerd_environment": "env0"},
    )
    tags = choices[rnd.randint(0, len(choices) - 1)]
    for held in peering.tags.values():
        held.update(tags)


def toggle_table(rnd: Random, case: Case) -> str:
    """A table's eligibility changes."""
    if (table := some_table(rnd, case)) is None:
        return ""
    if table.tags.pop("peerd_eligible", None) is None:
        table.tags["peerd_eligible"] = "true"
    return f"{table.id} eligible {table.eligible}"


def close_account(rnd: Random, case: Case) -> str:
    """The role of an account cannot be assumed."""
    if (found := _member(rnd, case)) is None:
        return ""
    case.world.closed.add(found[1]["account_id"])
    return f"{found[1]['account_id']} closed"


FILE_EDITS: tuple[Callable[[Random, Case], str], ...] = (
    change_overrides,
    change_peering_tags,
    change_metadata,
    remove_member,
    bury_member,
    add_member,
    change_topology,
    change_dns,
    remove_environment,
    remove_file,
    abandon_account,
)
WORLD_EVENTS: tuple[Callable[[Random, Case], str], ...] = (
    add_block,
    drop_block,
    delete_peering,
    drift_tags,
    drop_route,
    flip_options,
    steal,
    misroute,
    propagate,
    foreign_peering,
    toggle_table,
)


def mutate(
    rnd: Random, case: Case, among: tuple[Callable[[Random, Case], str], ...], most: int = 3
) -> None:
    """Some mutations, told in the case."""
    for _ in range(rnd.randint(1, most)):
        mutation = among[rnd.randint(0, len(among) - 1)]
        case.told.append(f"{mutation.__name__}: {mutation(rnd, case)}")
