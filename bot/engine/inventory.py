"""What the mesh refers to: VPCs with their blocks, and route tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.kinds.route.observe import eligible
from bot.model.address import Scope, VpcRef
from bot.model.cidr import canonical
from bot.model.inventory import RouteTable, Vpc
from bot.ports import Reader


def read_vpcs(aws: Reader, scope: Scope) -> Iterator[Vpc]:
    """Every VPC of a scope with its associated blocks.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Vpc.html
    """
    for item in aws.read(scope, "ec2:DescribeVpcs"):
        ref = VpcRef(scope, str(item["VpcId"]))
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


def read_route_tables(aws: Reader, scope: Scope) -> Iterator[RouteTable]:
    """Every route table of a scope."""
    for item in aws.read(scope, "ec2:DescribeRouteTables"):
        vpc = VpcRef(scope, str(item.get("VpcId", "")))
        yield RouteTable(str(item["RouteTableId"]), vpc, eligible(item))
