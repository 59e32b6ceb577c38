"""The peering options that AWS has, each side's as its own account and Region show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.kinds.base import PEERING_STATES
from bot.kinds.peering_options.spec import ObservedOptions
from bot.model.address import Scope, VpcRef, peering_options_address, vpc_ref
from bot.model.change import Observed
from bot.ports import Reader

OPTION = "AllowDnsResolutionFromRemoteVpc"


def observe(aws: Reader, scope: Scope) -> Iterable[Observed[ObservedOptions]]:
    """The sides in a scope whose option is on, from the answer that holds the peerings too.

    AWS shows options of active peerings; what it does not show is off, as it began.
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnectionVpcInfo.html
    """
    for item in aws.read(scope, PEERING_STATES):
        yield from _sides(item, scope)


def _sides(item: Mapping[str, Any], scope: Scope) -> Iterator[Observed[ObservedOptions]]:
    requester, accepter = item.get("RequesterVpcInfo"), item.get("AccepterVpcInfo")
    for info, far in ((requester, accepter), (accepter, requester)):
        if not _on(info):
            continue
        vpc, peer = _vpc(info, scope), _vpc(far, scope)
        if vpc is not None and peer is not None and vpc.scope == scope:
            address = peering_options_address(vpc, peer)
            yield Observed(address, ObservedOptions(vpc), str(item["VpcPeeringConnectionId"]))


def _on(info: Mapping[str, Any] | None) -> bool:
    return bool(((info or {}).get("PeeringOptions") or {}).get(OPTION))


def _vpc(info: Mapping[str, Any] | None, scope: Scope) -> VpcRef | None:
    if not info or not info.get("VpcId"):
        return None
    account, region = info.get("OwnerId") or scope.account, info.get("Region") or scope.region
    return vpc_ref(str(account), str(region), str(info["VpcId"]))
