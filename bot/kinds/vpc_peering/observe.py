"""The peerings that AWS has, seen from each side and put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.kinds.vpc_peering.spec import PeeringSpec
from bot.model.address import Scope, VpcRef, peering_address, vpc_ref
from bot.model.change import Observed
from bot.model.ownership import DATETIME, Ownership
from bot.model.peering_status import DEAD, PROGRESS
from bot.model.tags import Tags
from bot.ports import Reader

DESCRIBE = "ec2:DescribeVpcPeeringConnections"


def observe(aws: Reader, scope: Scope) -> Iterable[Observed[PeeringSpec]]:
    """Every peering visible in a scope, with the tags of the side (or sides) that live in it.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcPeeringConnections.html
    """
    for item in aws.read(scope, DESCRIBE):
        spec = _parse(item, scope)
        if spec is not None:
            yield Observed(peering_address(spec.pair), spec, item["VpcPeeringConnectionId"])


def _parse(item: Mapping[str, Any], scope: Scope) -> PeeringSpec | None:
    requester = _side(item.get("RequesterVpcInfo"), scope)
    accepter = _side(item.get("AccepterVpcInfo"), scope)
    if requester is None or accepter is None:
        return None  # AWS drops a side's VPC from peerings that died long ago
    tags = _tags(item.get("Tags") or ())
    shared = requester.scope == accepter.scope
    return PeeringSpec(
        requester,
        accepter,
        str((item.get("Status") or {}).get("Code", "")),
        tags if requester.scope == scope and not shared else None,
        tags if accepter.scope == scope else None,
    )


def _tags(listed: Iterable[Mapping[str, Any]]) -> Tags:
    """Without peerd's clock, which nobody compares: so most peerings of a VPC have equal tags."""
    return Tags.of({t["Key"]: t.get("Value", "") for t in listed if t["Key"] != DATETIME})


def _side(info: Mapping[str, Any] | None, scope: Scope) -> VpcRef | None:
    if not info or not info.get("VpcId"):
        return None
    account, region = info.get("OwnerId") or scope.account, info.get("Region") or scope.region
    return vpc_ref(str(account), str(region), str(info["VpcId"]))


def merged(views: Iterable[Observed[PeeringSpec]]) -> dict[str, Observed[PeeringSpec]]:
    """Peerings by id: what their two sides see, as one.

    Where the sides disagree about the status (they lag), a dead one wins, then the less
    advanced: what is not done everywhere is not done.
    """
    found: dict[str, Observed[PeeringSpec]] = {}
    for view in views:
        known = found.get(view.id)
        if known is not None:
            view = Observed(known.address, _both(known.spec, view.spec), known.id)
        found[view.id] = view
    return found


def _both(mine: PeeringSpec, theirs: PeeringSpec) -> PeeringSpec:
    return PeeringSpec(
        mine.requester,
        mine.accepter,
        min(mine.status, theirs.status, key=_advance),
        theirs.requester_tags if mine.requester_tags is None else mine.requester_tags,
        theirs.accepter_tags if mine.accepter_tags is None else mine.accepter_tags,
    )


def _advance(status: str) -> int:
    if status in DEAD or status not in PROGRESS:
        return -1
    return PROGRESS.index(status)


def further_scopes(
    observed: Iterable[Observed[PeeringSpec]], ownership: Ownership
) -> Mapping[Scope, str]:
    """Scopes at the ends of live peerings of ours, each with an environment that owns one.

    A VPC that left the files is found this way, from the side that is still in them.
    """
    scopes: dict[Scope, str] = {}
    for item in sorted(observed, key=lambda found: found.id):
        pair = item.spec.pair
        owners = [name for tags in item.spec.sides if (name := ownership.environment(tags, pair))]
        if owners and item.spec.status not in DEAD:
            for side in (item.spec.requester, item.spec.accepter):
                scopes.setdefault(side.scope, owners[0])
    return scopes
