"""What the mesh refers to: VPCs with their blocks, route tables, security groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.kinds.route.observe import eligible
from bot.model.address import Scope, VpcRef, vpc_ref
from bot.model.cidr import canonical
from bot.model.inventory import RouteTable, SecurityGroup, Vpc
from bot.model.peering_status import DEAD
from bot.model.tags import Tags
from bot.ports import Reader


def read_vpcs(aws: Reader, scope: Scope) -> Iterator[Vpc]:
    """Every VPC of a scope with its associated blocks.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Vpc.html
    """
    for item in aws.read(scope, "ec2:DescribeVpcs"):
        ref = vpc_ref(scope.account, scope.region, str(item["VpcId"]))
        ipv4 = _blocks(item.get("CidrBlockAssociationSet"), "CidrBlock", "CidrBlockState")
        ipv6 = _blocks(
            item.get("Ipv6CidrBlockAssociationSet"), "Ipv6CidrBlock", "Ipv6CidrBlockState"
        )
        if not ipv4 and item.get("CidrBlock"):
            ipv4 = (canonical(str(item["CidrBlock"])),)
        yield Vpc(ref, ipv4, ipv6)


def _blocks(
    associations: Iterable[Mapping[str, Any]] | None, block: str, state: str
) -> tuple[str, ...]:
    return tuple(
        canonical(str(item[block]))
        for item in associations or ()
        if item.get(block) and (item.get(state) or {}).get("State", "associated") == "associated"
    )


def read_peers(aws: Reader, scope: Scope) -> Iterator[Vpc]:
    """The VPCs elsewhere that live peerings of a scope lead to, with the blocks these show.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcPeeringConnectionVpcInfo.html
    (AWS shows the blocks of both sides of an active one)
    """
    found: dict[VpcRef, tuple[set[str], set[str]]] = {}
    for item in aws.read(scope, "ec2:DescribeVpcPeeringConnections"):
        if (item.get("Status") or {}).get("Code") in DEAD:
            continue
        for info in (item.get("RequesterVpcInfo") or {}, item.get("AccepterVpcInfo") or {}):
            account = info.get("OwnerId") or scope.account
            region = info.get("Region") or scope.region
            blocks = info.get("CidrBlockSet"), info.get("Ipv6CidrBlockSet")
            if any(blocks) and (account, region) != (scope.account, scope.region):
                ref = vpc_ref(str(account), str(region), str(info.get("VpcId")))
                ipv4, ipv6 = found.setdefault(ref, (set(), set()))
                ipv4.update(str(b["CidrBlock"]) for b in blocks[0] or ())
                ipv6.update(str(b["Ipv6CidrBlock"]) for b in blocks[1] or ())
    for ref, (ipv4, ipv6) in found.items():
        yield Vpc(ref, tuple(sorted(map(canonical, ipv4))), tuple(sorted(map(canonical, ipv6))))


def read_route_tables(aws: Reader, scope: Scope) -> Iterator[RouteTable]:
    """Every route table of a scope, with what is associated with it.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RouteTableAssociation.html
    """
    for item in aws.read(scope, "ec2:DescribeRouteTables"):
        vpc = vpc_ref(scope.account, scope.region, str(item.get("VpcId", "")))
        held = [a for a in item.get("Associations") or () if _associated(a)]
        yield RouteTable(
            str(item["RouteTableId"]),
            vpc,
            eligible(item),
            any(a.get("Main") for a in held),
            tuple(sorted(str(a["SubnetId"]) for a in held if a.get("SubnetId"))),
        )


def _associated(association: Mapping[str, Any]) -> bool:
    state = (association.get("AssociationState") or {}).get("State", "associated")
    return state in ("associated", "associating")


def read_security_groups(aws: Reader, scope: Scope) -> Iterator[SecurityGroup]:
    """Every security group of a scope, whose names and tags rules may use.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroup.html
    """
    for item in aws.read(scope, "ec2:DescribeSecurityGroups"):
        vpc = vpc_ref(scope.account, scope.region, str(item.get("VpcId", "")))
        tags = Tags.of({tag["Key"]: tag.get("Value", "") for tag in item.get("Tags") or ()})
        name, owner = str(item.get("GroupName", "")), str(item.get("OwnerId") or "")
        yield SecurityGroup(str(item["GroupId"]), vpc, name, tags, owner)
