"""VPCs: what others ask of them, and the calls that create, describe and change them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.utils import random_ipv6_cidr, random_vpc_cidr_association_id

from bot.emulator.aws.base import Calls
from bot.emulator.aws.errors import EC2ClientError, invalid_value, not_found
from bot.emulator.aws.filters import Getter
from bot.emulator.aws.peerings import LIVE, Place, Status
from bot.emulator.aws.world import World

Association = Mapping[str, Any]


def associations(vpc: Any, *, ipv6: bool) -> list[Association]:
    """A VPC's CIDR block associations of one family, in the order they were made."""
    found: list[Association] = vpc.get_cidr_block_association_set(ipv6=ipv6)
    return found


def cidr_blocks(vpc: Any, *, ipv6: bool) -> list[str]:
    """The blocks that are associated, the primary first."""
    return [
        str(item["cidr_block"])
        for item in associations(vpc, ipv6=ipv6)
        if item["cidr_block_state"]["state"] == "associated"
    ]


def find(world: World, place: Place, vpc: str) -> Any | None:
    """A VPC of a place, or None (also when the Region does not exist)."""
    try:
        return world.backend(place.account, place.region).vpcs.get(vpc)
    except KeyError:
        return None


def resolves_names(vpc: Any) -> bool:
    """Whether a VPC is enabled for DNS resolution and DNS hostnames; the latter is off at first."""
    return all(
        str(value).lower() == "true" for value in (vpc.enable_dns_support, vpc.enable_dns_hostnames)
    )


def overlap(first: Any, second: Any) -> bool:
    """Whether any block of one VPC overlaps any of the other, in either family."""
    return any(
        ipaddress.ip_network(one).overlaps(ipaddress.ip_network(other))
        for ipv6 in (False, True)
        for one in cidr_blocks(first, ipv6=ipv6)
        for other in cidr_blocks(second, ipv6=ipv6)
    )


def canonical(cidr: str, parameter: str) -> str:
    """An IPv4 block with its host bits cleared. Source: API_CreateVpc, CidrBlock."""
    try:
        return str(ipaddress.IPv4Network(cidr, strict=False))
    except ValueError:
        raise invalid_value(cidr, parameter, "This is not a valid CIDR block.") from None


def _add(vpc: Any, cidr: str, pool: str | None = None) -> Association:
    """Associate a block. moto allows one IPv6 block a VPC, and only Amazon's."""
    identifier = random_vpc_cidr_association_id()
    made: dict[str, Any] = {
        "association_id": identifier,
        "cidr_block": cidr,
        "cidr_block_state": {"state": "associated"},
        "ipv6_pool": pool,
    }
    vpc._cidr_block_association_set[identifier] = made
    return made


def _state_of(item: Association) -> dict[str, str]:
    return {"State": item["cidr_block_state"]["state"]}


def _ipv4(item: Association) -> dict[str, Any]:
    return {
        "AssociationId": item["association_id"],
        "CidrBlock": item["cidr_block"],
        "CidrBlockState": _state_of(item),
    }


def _ipv6(item: Association, region: str) -> dict[str, Any]:
    return {
        "AssociationId": item["association_id"],
        "Ipv6CidrBlock": item["cidr_block"],
        "Ipv6CidrBlockState": _state_of(item),
        "NetworkBorderGroup": region,
        "Ipv6Pool": item.get("ipv6_pool"),
    }


_FILTERS: dict[str, Getter[Any]] = {
    "cidr": lambda v: [v.cidr_block],
    "cidr-block-association.cidr-block": lambda v: [
        a["cidr_block"] for a in associations(v, ipv6=False)
    ],
    "cidr-block-association.association-id": lambda v: [
        a["association_id"] for a in associations(v, ipv6=False)
    ],
    "cidr-block-association.state": lambda v: [
        a["cidr_block_state"]["state"] for a in associations(v, ipv6=False)
    ],
    "dhcp-options-id": lambda v: [v.dhcp_options_id],
    "ipv6-cidr-block-association.ipv6-cidr-block": lambda v: [
        a["cidr_block"] for a in associations(v, ipv6=True)
    ],
    "ipv6-cidr-block-association.ipv6-pool": lambda v: [
        a.get("ipv6_pool") for a in associations(v, ipv6=True)
    ],
    "ipv6-cidr-block-association.association-id": lambda v: [
        a["association_id"] for a in associations(v, ipv6=True)
    ],
    "ipv6-cidr-block-association.state": lambda v: [
        a["cidr_block_state"]["state"] for a in associations(v, ipv6=True)
    ],
    "is-default": lambda v: [v.is_default],
    "owner-id": lambda v: [v.owner_id],
    "state": lambda v: [v.state],
    "vpc-id": lambda v: [v.id],
}


class VpcCalls(Calls):
    """CreateVpc, DescribeVpcs, DeleteVpc, AssociateVpcCidrBlock, DisassociateVpcCidrBlock."""

    def create_vpc(self) -> ActionResult:
        self.error_on_dryrun()
        tags = self.specified_tags("vpc")
        vpc = self.backend.create_vpc(
            canonical(self.required("CidrBlock"), "cidrBlock"),
            self._get_param("InstanceTenancy") or "default",
            amazon_provided_ipv6_cidr_block=self._get_param("AmazonProvidedIpv6CidrBlock", False),
            ipv6_cidr_block_network_border_group=self.region,
        )
        if self._get_param("Ipv6Pool"):
            self._bring(vpc)
        self.write_tags(vpc.id, tags)
        return self.answer("CreateVpc", {"Vpc": self._value(vpc)})

    def describe_vpcs(self) -> ActionResult:
        return self.listing(
            "DescribeVpcs",
            "Vpcs",
            ids="VpcIds",
            items=dict(self.backend.vpcs),
            missing=lambda i: not_found("InvalidVpcID", "vpc", i),
            getters=_FILTERS,
            value=self._value,
        )

    def delete_vpc(self) -> ActionResult:
        self.error_on_dryrun()
        vpc = self._vpc()
        now = self.world.now()
        live = [p for p in self.world.peerings.of_vpc(vpc.id) if p.status(now) in LIVE]
        for peering in live:
            foreign = peering.requester.place.account != self.place.account
            if peering.status(now) is Status.PENDING and foreign:
                raise EC2ClientError(
                    "DependencyViolation",
                    f"The vpc '{vpc.id}' has dependencies and cannot be deleted.",
                )
        self.backend.delete_vpc(vpc.id)
        for peering in live:
            peering.end(now, self.world.settings, self.place.account)
        return self.answer("DeleteVpc", {})

    def associate_vpc_cidr_block(self) -> ActionResult:
        vpc = self._vpc()
        self._check_room(vpc, ipv6=not self._get_param("CidrBlock"))
        if self._get_param("AmazonProvidedIpv6CidrBlock"):
            made = _add(vpc, random_ipv6_cidr(), pool="Amazon")
            result = {"Ipv6CidrBlockAssociation": _ipv6(made, self.region)}
        elif self._get_param("Ipv6Pool"):
            result = {"Ipv6CidrBlockAssociation": _ipv6(self._bring(vpc), self.region)}
        else:
            result = {"CidrBlockAssociation": _ipv4(self._associate(vpc))}
        for value in result.values():
            state = "Ipv6CidrBlockState" if "Ipv6CidrBlock" in value else "CidrBlockState"
            value[state] = {"State": "associating"}
        return self.answer("AssociateVpcCidrBlock", {"VpcId": vpc.id, **result})

    def disassociate_vpc_cidr_block(self) -> ActionResult:
        identifier = self.required("AssociationId")
        for vpc in self.backend.vpcs.values():
            entry = vpc.disassociate_vpc_cidr_block(identifier)
            if entry:
                ipv6 = ":" in entry["cidr_block"]
                key = "Ipv6CidrBlockAssociation" if ipv6 else "CidrBlockAssociation"
                value = _ipv6(entry, self.region) if ipv6 else _ipv4(entry)
                return self.answer("DisassociateVpcCidrBlock", {"VpcId": vpc.id, key: value})
        raise not_found(
            "InvalidVpcCidrBlockAssociationID", "vpc CIDR block association", identifier
        )

    def _vpc(self) -> Any:
        identifier = self.required("VpcId")
        vpc = self.backend.vpcs.get(identifier)
        if vpc is None:
            raise not_found("InvalidVpcID", "vpc", identifier)
        return vpc

    def _associate(self, vpc: Any) -> Association:
        cidr = canonical(self.required("CidrBlock"), "cidrBlock")
        network = ipaddress.ip_network(cidr)
        peers = [
            peer_block
            for peering in self.world.peerings.of_vpc(vpc.id)
            if peering.status(self.world.now()) is Status.ACTIVE
            for side in peering.sides
            if side.vpc != vpc.id
            for peer_block in self._blocks(side.place, side.vpc)
        ]
        for taken in (*cidr_blocks(vpc, ipv6=False), *peers):
            if network.overlaps(ipaddress.ip_network(taken)):
                why = f"The CIDR '{cidr}' conflicts with '{taken}'"
                raise EC2ClientError("InvalidVpc.Range", why)
        return _add(vpc, cidr)

    def _blocks(self, place: Place, identifier: str) -> list[str]:
        vpc = find(self.world, place, identifier)
        return [] if vpc is None else cidr_blocks(vpc, ipv6=False)

    def _bring(self, vpc: Any) -> Association:
        """Associate a block of one's own IPv6 pool. moto only knows Amazon's."""
        cidr = self.required("Ipv6CidrBlock")
        try:
            network = ipaddress.IPv6Network(cidr)
        except ValueError:
            why = "This is not a valid CIDR block."
            raise invalid_value(cidr, "ipv6CidrBlock", why) from None
        return _add(vpc, str(network), pool=self._get_param("Ipv6Pool"))

    def _check_room(self, vpc: Any, *, ipv6: bool) -> None:
        limit = self.world.settings.cidrs_per_vpc
        if len(cidr_blocks(vpc, ipv6=ipv6)) >= limit:
            raise EC2ClientError(
                "CidrLimitExceeded",
                f"This network '{vpc.id}' has met its maximum number of allowed CIDRs: {limit}",
            )

    def _value(self, vpc: Any) -> dict[str, Any]:
        return {
            "VpcId": vpc.id,
            "OwnerId": vpc.owner_id,
            "State": vpc.state,
            "CidrBlock": vpc.cidr_block,
            "CidrBlockAssociationSet": [_ipv4(a) for a in associations(vpc, ipv6=False)],
            "Ipv6CidrBlockAssociationSet": [
                _ipv6(a, self.region) for a in associations(vpc, ipv6=True)
            ]
            or None,
            "DhcpOptionsId": vpc.dhcp_options_id,
            "InstanceTenancy": vpc.instance_tenancy,
            "IsDefault": vpc.is_default,
            "Tags": self.tag_set(vpc.id) or None,
        }
