"""The routes that AWS has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.kinds.route.desire import route_address
from bot.kinds.route.spec import ObservedRoute
from bot.model.address import Scope, VpcRef, vpc_ref
from bot.model.change import Observed
from bot.model.cidr import canonical
from bot.model.ownership import ELIGIBLE
from bot.ports import Reader

DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
TARGETS = (
    "VpcPeeringConnectionId",
    "TransitGatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "InstanceId",
    "GatewayId",
    "EgressOnlyInternetGatewayId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
)


def observe(aws: Reader, scope: Scope) -> Iterable[Observed[ObservedRoute]]:
    """Every route of every route table of a scope.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Route.html
    """
    for table in aws.read(scope, "ec2:DescribeRouteTables"):
        vpc = vpc_ref(scope.account, scope.region, str(table.get("VpcId", "")))
        for item in table.get("Routes") or ():
            route = _parse(item, vpc, str(table["RouteTableId"]), eligible(table))
            if route is not None:
                yield Observed(route_address(vpc, route.table, route.destination), route)


def eligible(table: Mapping[str, Any]) -> bool:
    """True when a route table is tagged ``peerd_eligible:true`` (peerd's rule)."""
    return any(
        tag.get("Key") == ELIGIBLE and tag.get("Value") == "true" for tag in table.get("Tags") or ()
    )


def _parse(
    item: Mapping[str, Any], vpc: VpcRef, table: str, is_eligible: bool
) -> ObservedRoute | None:
    destination = next((str(item[key]) for key in DESTINATIONS if item.get(key)), None)
    if destination is None:
        return None
    target = next((str(item[key]) for key in TARGETS if item.get(key)), "")
    return ObservedRoute(
        vpc,
        table,
        canonical(destination),
        target,
        item.get("State") == "blackhole",
        item.get("Origin") == "EnableVgwRoutePropagation",
        is_eligible,
    )
