"""The emulated AWS as the plain data of tests/fakes, so that the oracle can judge it.

Read with plain boto3 from every account and Region, through calls that are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.emulator.aws.seed import Seed
from bot.model.address import Scope, VpcRef
from tests.fakes.group import FakeGroupRule
from tests.fakes.world import FakePeering, FakeRoute, FakeTable, FakeVpc, World, scope

PAGES = {"PageSize": 100}
OPTION = "AllowDnsResolutionFromRemoteVpc"
TARGETS = (
    "VpcPeeringConnectionId",
    "GatewayId",
    "TransitGatewayId",
    "NetworkInterfaceId",
    "EgressOnlyInternetGatewayId",
    "NatGatewayId",
    "InstanceId",
)


def photograph(seed: Seed, scopes: Iterable[Scope]) -> World:
    """What exists now in these scopes."""
    world = World()
    for place in scopes:
        for item in _all(seed, place, "describe_vpcs", "Vpcs"):
            vpc = _vpc(place, item)
            world.vpcs[vpc.ref] = vpc
        for item in _all(seed, place, "describe_route_tables", "RouteTables"):
            world.tables[item["RouteTableId"]] = _table(place, item)
        for item in _all(seed, place, "describe_vpc_peering_connections", "VpcPeeringConnections"):
            _peering(world, place, item)
        for item in _all(seed, place, "describe_security_groups", "SecurityGroups"):
            vpc_of_group = VpcRef(place, item["VpcId"])
            group = world.group(item["GroupId"], vpc_of_group, item["GroupName"])
            group.tags |= _tags(item)
        for item in _all(seed, place, "describe_security_group_rules", "SecurityGroupRules"):
            world.groups[item["GroupId"]].add(_group_rule(item))
    return world


def _all(seed: Seed, place: Scope, call: str, key: str) -> Iterator[Mapping[str, Any]]:
    for page in (
        seed.ec2(place.account, place.region).get_paginator(call).paginate(PaginationConfig=PAGES)
    ):
        yield from page[key]


def _tags(item: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}


def _vpc(place: Scope, item: Mapping[str, Any]) -> FakeVpc:
    v4 = {a["CidrBlock"]: a["CidrBlockState"]["State"] for a in item["CidrBlockAssociationSet"]}
    v6 = {
        a["Ipv6CidrBlock"]: a["Ipv6CidrBlockState"]["State"]
        for a in item.get("Ipv6CidrBlockAssociationSet", ())
    }
    return FakeVpc(VpcRef(place, item["VpcId"]), v4, v6, _tags(item))


def _table(place: Scope, item: Mapping[str, Any]) -> FakeTable:
    vpc = VpcRef(place, item["VpcId"])
    return FakeTable(item["RouteTableId"], vpc, _tags(item), [_route(r) for r in item["Routes"]])


def _route(item: Mapping[str, Any]) -> FakeRoute:
    target = next(item[key] for key in TARGETS if item.get(key))
    destination = item.get("DestinationCidrBlock") or item.get("DestinationIpv6CidrBlock")
    dead = item["State"] == "blackhole" and not target.startswith("pcx-")
    return FakeRoute(str(destination), target, item["Origin"], dead)


def _group_rule(item: Mapping[str, Any]) -> FakeGroupRule:
    named = item.get("ReferencedGroupInfo", {})
    blocks = item.get("CidrIpv4") or item.get("CidrIpv6") or item.get("PrefixListId")
    return FakeGroupRule(
        item["SecurityGroupRuleId"],
        item["IsEgress"],
        item["IpProtocol"],
        item["FromPort"],
        item["ToPort"],
        str(named.get("GroupId") or blocks),
        item.get("Description", ""),
        _tags(item),
        named.get("VpcPeeringConnectionId", ""),
    )


def _peering(world: World, place: Scope, item: Mapping[str, Any]) -> None:
    identifier = item["VpcPeeringConnectionId"]
    known = world.peerings.setdefault(
        identifier,
        FakePeering(identifier, _side(item["RequesterVpcInfo"]), _side(item["AccepterVpcInfo"])),
    )
    known.tags[place] = _tags(item)
    known.status = item["Status"]["Code"]
    for info in (item["RequesterVpcInfo"], item["AccepterVpcInfo"]):
        if _side(info).scope == place and info.get("PeeringOptions", {}).get(OPTION):
            known.dns.add(_side(info))


def _side(info: Mapping[str, Any]) -> VpcRef:
    return VpcRef(scope(info["OwnerId"], info["Region"]), info["VpcId"])
