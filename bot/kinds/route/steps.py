"""The calls that make, move and delete a route."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bot.kinds.route.spec import DEAD_PEERING, RouteSpec
from bot.model.address import Address, VpcRef, pair_of
from bot.model.change import Action, Change
from bot.model.cidr import is_ipv6
from bot.model.ownership import DATETIME, SUPPORT
from bot.model.step import AppliedAt, Check, IdOf, Look, Step, StepRef

TABLES = "ec2:DescribeRouteTables"


def steps(change: Change[RouteSpec]) -> tuple[Step, ...]:
    """One call for the route, and the tags that peerd leaves on a table it touched."""
    return _route(change), _touch(change)


def _route(change: Change[RouteSpec]) -> Step:
    match change.action:
        case Action.CREATE:
            return _write(change, "ec2:CreateRoute")
        case Action.UPDATE:
            return _write(change, "ec2:ReplaceRoute")
        case Action.DELETE:
            return _delete(change)


def _write(change: Change[RouteSpec], action: str) -> Step:
    after = change.after
    assert after is not None, "a write has an after"
    assert isinstance(after.target, Address), "routes go to our peerings"
    return Step(
        "route",
        change.address.scopes[0],
        action,
        {**_where(change), "VpcPeeringConnectionId": IdOf(after.target)},
        after=(StepRef(after.target, "active"), *_needed(change)),
        before=_releases(change),
        look=_look(
            change,
            {"VpcPeeringConnectionId": IdOf(after.target)},
            codes=frozenset({"RouteAlreadyExists"}),
        ),
        check=_as_planned(change),
    )


def _delete(change: Change[RouteSpec]) -> Step:
    return Step(
        "route",
        change.address.scopes[0],
        "ec2:DeleteRoute",
        _where(change),
        after=_needed(change),
        before=_releases(change),
        tolerates=frozenset({"InvalidRoute.NotFound"}),
        look=_look(change, _led_to(change), gone=True),
        check=_as_planned(change),
    )


def _as_planned(change: Change[RouteSpec]) -> Check | None:
    """A route that is there still leads where it led; of what a VGW propagates nothing is said."""
    if change.before is None or not change.id:
        return None
    where = dict(_where(change))
    same = {**where, "Origin": "CreateRoute"}
    match = {"VpcPeeringConnectionId": change.id}
    return Check(TABLES, "route-table-id", where["RouteTableId"], same, match, "Routes")


def _look(
    change: Change[RouteSpec],
    leads: Mapping[str, Any],
    *,
    gone: bool = False,
    codes: frozenset[str] = frozenset(),
) -> Look:
    """The route of this destination is as ``leads`` says, or with ``gone`` none is."""
    where = dict(_where(change))
    match = {**where, **leads}
    value = where["RouteTableId"]
    return Look(TABLES, "route-table-id", value, match, "Routes", gone, codes=codes)


def _led_to(change: Change[RouteSpec]) -> Mapping[str, Any]:
    """What is deleted leads to our peering, or nowhere; what others make leads elsewhere."""
    target = change.held.target
    if target == DEAD_PEERING:  # which one is not in the plan
        return {"State": "blackhole"}
    return {"VpcPeeringConnectionId": IdOf(target) if isinstance(target, Address) else target}


def _needed(change: Change[RouteSpec]) -> tuple[StepRef, ...]:
    """Make before break, or room before a route that would be one too many."""
    return tuple(StepRef(need, "route") for need in change.needs)


def _releases(change: Change[RouteSpec]) -> tuple[StepRef, ...]:
    """The deletion of the peering that the route pointed at waits for this."""
    target = change.before.target if change.before else None
    return (StepRef(target, "delete"),) if isinstance(target, Address) else ()


def _where(change: Change[RouteSpec]) -> Mapping[str, Any]:
    spec = _spec(change)
    if spec.destination.startswith("pl-"):
        key = "DestinationPrefixListId"
    elif is_ipv6(spec.destination):
        key = "DestinationIpv6CidrBlock"
    else:
        key = "DestinationCidrBlock"
    return {"RouteTableId": _table(change), key: spec.destination}


def _touch(change: Change[RouteSpec]) -> Step:
    return Step(
        "tag table",
        change.address.scopes[0],
        "ec2:CreateTags",
        {"Resources": [_table(change)], "Tags": _tags(change.support)},
        after=(StepRef(change.address, "route"),),
        merge="Resources",
        optional=True,
        repeatable=True,
    )


@lru_cache(maxsize=1024)
def _tags(support: str) -> list[dict[str, Any]]:
    """One value for all the routes of a file: a large mesh has tens of thousands."""
    return [{"Key": SUPPORT, "Value": support}, {"Key": DATETIME, "Value": AppliedAt()}]


def _table(change: Change[RouteSpec]) -> str:
    return change.address.key.split("/", 1)[0]


def _spec(change: Change[RouteSpec]) -> RouteSpec:
    spec = change.after or change.before
    assert spec is not None, "a change has a side"
    return spec


def describe(change: Change[RouteSpec]) -> str:
    """``route of VPC, table: destination -> peer``, and where it pointed before."""
    spec = _spec(change)
    peer = _shown(spec.target, spec.vpc)
    text = f"route {spec.vpc} {_table(change)}: {spec.destination} -> {peer}"
    before = change.before
    if change.action is not Action.UPDATE or before is None:
        return text
    state = ", a blackhole" if before.blackhole else ""
    return f"{text} (was {_shown(before.target, before.vpc)}{state})"


def _shown(target: Address | str, vpc: VpcRef) -> str:
    """The VPC at the other end of our peering, or somebody else's id."""
    return str(pair_of(target).other(vpc)) if isinstance(target, Address) else target
