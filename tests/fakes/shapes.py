"""boto3's shapes of what exists in a World, its filters and its tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.model.address import Scope, VpcRef
from tests.fakes.faults import Fault
from tests.fakes.world import (
    FakeAcl,
    FakePeering,
    FakeRoute,
    FakeRule,
    FakeSubnet,
    FakeTable,
    FakeVpc,
    World,
)

Item = dict[str, Any]

TARGETS = {
    "pcx-": "VpcPeeringConnectionId",
    "tgw-": "TransitGatewayId",
    "nat-": "NatGatewayId",
    "eni-": "NetworkInterfaceId",
}
FILTERS = {
    "vpc-peering-connection-id": ("VpcPeeringConnectionId",),
    "status-code": ("Status", "Code"),
    "requester-vpc-info.vpc-id": ("RequesterVpcInfo", "VpcId"),
    "accepter-vpc-info.vpc-id": ("AccepterVpcInfo", "VpcId"),
    "vpc-id": ("VpcId",),
    "route-table-id": ("RouteTableId",),
    "group-id": ("GroupId",),
    "security-group-rule-id": ("SecurityGroupRuleId",),
}


def tag_list(tags: Mapping[str, str]) -> list[Item]:
    """Tags in boto3's form."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def put_tags(held: dict[str, str], tags: Any) -> None:
    """What CreateTags does to one resource: adds and overwrites, 50 at most, no ``aws:``."""
    new = {tag["Key"]: tag["Value"] for tag in tags}
    if any(key.lower().startswith("aws:") or len(key) > 128 for key in new):
        raise Fault("InvalidParameterValue", "tag keys starting with 'aws:' are reserved")
    if any(len(value) > 256 for value in new.values()):
        raise Fault("InvalidParameterValue", "a tag value exceeds 256 characters")
    if len(held | new) > 50:
        raise Fault("TagLimitExceeded", "more than 50 tags")
    held |= new


def vpc(held: FakeVpc) -> Item:
    """A VPC; blocks that were disassociated are still shown for a while, with their state."""
    return {
        "VpcId": held.ref.vpc_id,
        "OwnerId": held.ref.scope.account,
        "CidrBlock": next(iter(held.blocks), ""),
        "CidrBlockAssociationSet": [
            {
                "AssociationId": f"vpc-cidr-assoc-{n}",
                "CidrBlock": cidr,
                "CidrBlockState": {"State": state},
            }
            for n, (cidr, state) in enumerate(held.blocks.items())
        ],
        "Ipv6CidrBlockAssociationSet": [
            {"Ipv6CidrBlock": cidr, "Ipv6CidrBlockState": {"State": state}}
            for cidr, state in held.ipv6_blocks.items()
        ],
        "State": "available",
        "InstanceTenancy": "default",
        "IsDefault": False,
        "Tags": tag_list(held.tags),
    }


def peering(world: World, held: FakePeering, where: Scope) -> Item:
    """A peering as one scope sees it: with that scope's tags."""
    return {
        "VpcPeeringConnectionId": held.id,
        "Status": {"Code": held.status, "Message": held.message},
        "RequesterVpcInfo": _side(world, held, held.requester, shown=held.live),
        "AccepterVpcInfo": _side(world, held, held.accepter, shown=held.status == "active"),
        "Tags": tag_list(held.tags.get(where, {})),
    }


def _side(world: World, peering: FakePeering, end: VpcRef, *, shown: bool) -> Item:
    item: Item = {
        "VpcId": end.vpc_id,
        "OwnerId": end.scope.account,
        "Region": end.scope.region,
    }
    if peering.status == "active":
        item["PeeringOptions"] = {"AllowDnsResolutionFromRemoteVpc": end in peering.dns}
    held = world.vpcs.get(end)
    if not shown or held is None:  # CIDR blocks come with an active peering only
        return item
    item["CidrBlock"] = next(iter(held.blocks), "")
    item["CidrBlockSet"] = [{"CidrBlock": cidr} for cidr in held.v4]
    item["Ipv6CidrBlockSet"] = [{"Ipv6CidrBlock": cidr} for cidr in held.v6]
    return item


def table(world: World, held: FakeTable) -> Item:
    """A route table with its routes."""
    return {
        "RouteTableId": held.id,
        "VpcId": held.vpc.vpc_id,
        "OwnerId": held.vpc.scope.account,
        "Associations": _associations(world, held),
        "PropagatingVgws": [],
        "Routes": [_route(world, route) for route in held.routes],
        "Tags": tag_list(held.tags),
    }


def _associations(world: World, held: FakeTable) -> list[Item]:
    main: list[Item] = [{"Main": True, "RouteTableId": held.id}] if held.main else []
    return main + [
        {"Main": False, "RouteTableId": held.id, "SubnetId": subnet.id}
        for subnet in world.subnets.values()
        if subnet.table == held.id
    ]


def subnet(held: FakeSubnet) -> Item:
    """A subnet; AWS keeps its one IPv4 block apart from its IPv6 blocks."""
    ipv6 = [block for block in held.blocks if ":" in block]
    return {
        "SubnetId": held.id,
        "VpcId": held.vpc.vpc_id,
        "OwnerId": held.vpc.scope.account,
        "CidrBlock": next((block for block in held.blocks if ":" not in block), None),
        "Ipv6CidrBlockAssociationSet": [
            {"Ipv6CidrBlock": block, "Ipv6CidrBlockState": {"State": "associated"}}
            for block in ipv6
        ],
        "State": "available",
        "Tags": [],
    }


def acls(world: World, held: FakeVpc) -> list[Item]:
    """A VPC's network ACLs, the default one first, with the rules ``*`` that AWS adds."""
    everything = [
        FakeRule(100 + ipv6, egress, True, "::/0" if ipv6 else "0.0.0.0/0")
        for egress in (True, False)
        for ipv6 in (0, 1)
    ]
    default = FakeAcl(f"acl-of-{held.ref.vpc_id}", held.ref, everything)
    own = [acl for acl in world.acls.values() if acl.vpc == held.ref]
    return [_acl(world, acl, is_default=acl is default) for acl in (default, *own)]


def _acl(world: World, held: FakeAcl, *, is_default: bool) -> Item:
    last = [
        FakeRule(32767 + ipv6, egress, False, "::/0" if ipv6 else "0.0.0.0/0")
        for egress in (True, False)
        for ipv6 in (0, 1)
    ]
    named = "" if is_default else held.id
    return {
        "NetworkAclId": held.id,
        "VpcId": held.vpc.vpc_id,
        "IsDefault": is_default,
        "Associations": [
            {"NetworkAclId": held.id, "SubnetId": subnet.id}
            for subnet in world.subnets.values()
            if subnet.vpc == held.vpc and subnet.acl == named
        ],
        "Entries": [_entry(rule) for rule in (*held.rules, *last)],
        "Tags": [],
    }


def _entry(rule: FakeRule) -> Item:
    ports = {"PortRange": {"From": rule.ports[0], "To": rule.ports[1]}} if rule.ports else {}
    return {
        "RuleNumber": rule.number,
        "Egress": rule.egress,
        "RuleAction": "allow" if rule.allow else "deny",
        "Ipv6CidrBlock" if ":" in rule.block else "CidrBlock": rule.block,
        "Protocol": rule.protocol,
        **ports,
    }


def _route(world: World, route: FakeRoute) -> Item:
    kind = "DestinationIpv6CidrBlock" if ":" in route.destination else "DestinationCidrBlock"
    if route.destination.startswith("pl-"):
        kind = "DestinationPrefixListId"
    target = next((v for k, v in TARGETS.items() if route.target.startswith(k)), "GatewayId")
    return {
        kind: route.destination,
        target: route.target,
        "Origin": route.origin,
        "State": "blackhole" if world.blackhole(route) else "active",
    }


def filtered(
    items: list[Item], params: Mapping[str, Any], ids: str, key: str, not_found: str
) -> list[Item]:
    """Applies ``Filters`` and an id parameter; an unknown id or filter is an error, as in AWS."""
    wanted = params.get(ids)
    for unknown in set(wanted or ()) - {item[key] for item in items}:
        raise Fault(not_found, f"The ID '{unknown}' does not exist")
    kept = [item for item in items if not wanted or item[key] in wanted]
    for rule in params.get("Filters", ()):
        kept = [item for item in kept if _matches(item, rule["Name"], rule["Values"])]
    return kept


def _matches(item: Item, name: str, values: list[str]) -> bool:
    if name.startswith("tag:"):
        tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
        return tags.get(name[4:]) in values
    if name not in FILTERS:
        raise Fault("InvalidParameterValue", f"The filter '{name}' is invalid")
    found: Any = item
    for part in FILTERS[name]:
        found = found[part]
    return found in values
