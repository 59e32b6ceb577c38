"""Builds an AWS for a test or the demo, through AWS's own API wherever it has one.

Its calls are not counted, delayed, throttled or refused, whatever the settings are; quotas and
the rules of EC2 hold for it as for everyone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import boto3

from bot.emulator.aws.calls import SEED
from bot.emulator.aws.client import Emulator

TargetKind = Literal["igw", "vgw", "tgw", "eigw", "eni"]


@dataclass(frozen=True, slots=True)
class SeededVpc:
    """A VPC that was made, with the main route table that came with it."""

    account: str
    region: str
    id: str
    cidr: str
    main_table: str


@dataclass(frozen=True, slots=True)
class Seed:
    """Makes things in any account and Region of one emulator."""

    aws: Emulator
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    def ec2(self, account: str, region: str) -> Any:
        """An EC2 client of an account in a Region, through an assumed role."""
        key = (account, region)
        if key not in self._clients:
            self._clients[key] = client(self.aws.url, "ec2", account, region, SEED, SEED)
        return self._clients[key]

    def vpc(
        self,
        account: str,
        region: str,
        cidr: str,
        *,
        secondary: Iterable[str] = (),
        ipv6: str = "",
        tags: Mapping[str, str] | None = None,
        dns_hostnames: bool = False,
    ) -> SeededVpc:
        """A VPC with these blocks; ``ipv6`` comes from a pool of one's own.

        ``dns_hostnames``: enableDnsHostnames, which is off in a new VPC as in AWS.
        """
        ec2 = self.ec2(account, region)
        pool: Any = {"Ipv6Pool": "ipv6pool-ec2-seed", "Ipv6CidrBlock": ipv6} if ipv6 else {}
        made = ec2.create_vpc(
            CidrBlock=cidr, TagSpecifications=_specification("vpc", tags), **pool
        )["Vpc"]
        if dns_hostnames:
            ec2.modify_vpc_attribute(VpcId=made["VpcId"], EnableDnsHostnames={"Value": True})
        for block in secondary:
            ec2.associate_vpc_cidr_block(VpcId=made["VpcId"], CidrBlock=block)
        tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [made["VpcId"]]}])[
            "RouteTables"
        ]
        main = tables[0]["RouteTableId"]
        return SeededVpc(account, region, made["VpcId"], made["CidrBlock"], main)

    def route_table(self, vpc: SeededVpc, tags: Mapping[str, str] | None = None) -> str:
        """One more route table of a VPC; its id."""
        made = self.ec2(vpc.account, vpc.region).create_route_table(
            VpcId=vpc.id, TagSpecifications=_specification("route-table", tags)
        )
        return str(made["RouteTable"]["RouteTableId"])

    def group(self, vpc: SeededVpc, name: str, tags: Mapping[str, str] | None = None) -> str:
        """A security group of a VPC, as AWS makes them: everything out, nothing in; its id."""
        made = self.ec2(vpc.account, vpc.region).create_security_group(
            GroupName=name,
            Description=name,
            VpcId=vpc.id,
            TagSpecifications=_specification("security-group", tags),
        )
        return str(made["GroupId"])

    def group_rule(
        self,
        vpc: SeededVpc,
        group: str,
        permission: Mapping[str, Any],
        *,
        egress: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """A rule of a security group, from one of AWS's IpPermissions; its id."""
        ec2 = self.ec2(vpc.account, vpc.region)
        authorize = (
            ec2.authorize_security_group_egress if egress else ec2.authorize_security_group_ingress
        )
        made = authorize(
            GroupId=group,
            IpPermissions=[permission],
            TagSpecifications=_specification("security-group-rule", tags),
        )
        return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def subnet(self, vpc: SeededVpc, cidr: str, table: str = "") -> str:
        """A subnet of a VPC, associated with a route table or else with the main one; its id."""
        ec2 = self.ec2(vpc.account, vpc.region)
        made = str(ec2.create_subnet(VpcId=vpc.id, CidrBlock=cidr)["Subnet"]["SubnetId"])
        if table:
            ec2.associate_route_table(RouteTableId=table, SubnetId=made)
        return made

    def instance(self, vpc: SeededVpc, subnet: str) -> str:
        """An instance in a subnet of a VPC; the id of its network interface."""
        made = self.ec2(vpc.account, vpc.region).run_instances(
            ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=subnet
        )
        return str(made["Instances"][0]["NetworkInterfaces"][0]["NetworkInterfaceId"])

    def network_acl(self, vpc: SeededVpc, subnet: str, rules: Iterable[Mapping[str, Any]]) -> str:
        """A network ACL of a subnet with these rules, as CreateNetworkAclEntry has them; its id."""
        ec2 = self.ec2(vpc.account, vpc.region)
        made = str(ec2.create_network_acl(VpcId=vpc.id)["NetworkAcl"]["NetworkAclId"])
        for rule in rules:
            ec2.create_network_acl_entry(NetworkAclId=made, **rule)
        held = ec2.describe_network_acls(
            Filters=[{"Name": "association.subnet-id", "Values": [subnet]}]
        )["NetworkAcls"][0]
        (association,) = [
            item["NetworkAclAssociationId"]
            for item in held["Associations"]
            if item["SubnetId"] == subnet
        ]
        ec2.replace_network_acl_association(AssociationId=association, NetworkAclId=made)
        return made

    def tag(self, vpc: SeededVpc, resource: str, tags: Mapping[str, str]) -> None:
        """Tag a resource as the VPC's account does in the VPC's Region."""
        if tags:
            self.ec2(vpc.account, vpc.region).create_tags(Resources=[resource], Tags=_tags(tags))

    def route(self, vpc: SeededVpc, table: str, destination: str, target: str) -> None:
        """A route to a gateway, interface or peering, by the target's id."""
        kind = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
        parameters: Any = {kind: destination, _PARAMETERS[target.partition("-")[0]]: target}
        self.ec2(vpc.account, vpc.region).create_route(RouteTableId=table, **parameters)

    def target(self, vpc: SeededVpc, kind: TargetKind) -> str:
        """A new target that routes of the VPC can have; its id."""
        return str(self._target(vpc, kind))

    def _target(self, vpc: SeededVpc, kind: TargetKind) -> Any:
        ec2 = self.ec2(vpc.account, vpc.region)
        match kind:
            case "igw":
                made = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
                ec2.attach_internet_gateway(InternetGatewayId=made, VpcId=vpc.id)
                return made
            case "vgw":
                made = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
                ec2.attach_vpn_gateway(VpnGatewayId=made, VpcId=vpc.id)
                return made
            case "tgw":
                return ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
            case "eigw":
                eigw = ec2.create_egress_only_internet_gateway(VpcId=vpc.id)
                return eigw["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
            case "eni":
                subnet = ec2.create_subnet(VpcId=vpc.id, CidrBlock=vpc.cidr)["Subnet"]["SubnetId"]
                eni = ec2.create_network_interface(SubnetId=subnet)
                return eni["NetworkInterface"]["NetworkInterfaceId"]

    def propagated_route(self, vpc: SeededVpc, table: str, destination: str) -> str:
        """A route that a new virtual private gateway propagates; the gateway's id."""
        gateway = self.target(vpc, "vgw")
        ec2 = self.ec2(vpc.account, vpc.region)
        ec2.enable_vgw_route_propagation(RouteTableId=table, GatewayId=gateway)
        self.aws.propagate_route(vpc.account, vpc.region, table, destination, gateway)
        return gateway

    def peering(
        self,
        requester: SeededVpc,
        accepter: SeededVpc,
        *,
        status: str = "active",
        requester_tags: Mapping[str, str] | None = None,
        accepter_tags: Mapping[str, str] | None = None,
    ) -> str:
        """A peering in any status, with each side's own tags; its id.

        In one account and Region both sides share one set: the accepter's are written last.
        """
        made = self.ec2(requester.account, requester.region).create_vpc_peering_connection(
            VpcId=requester.id,
            PeerVpcId=accepter.id,
            PeerOwnerId=accepter.account,
            PeerRegion=accepter.region,
            TagSpecifications=_specification("vpc-peering-connection", requester_tags),
        )
        identifier = str(made["VpcPeeringConnection"]["VpcPeeringConnectionId"])
        self.aws.force_peering(identifier, "pending-acceptance")
        self.tag(accepter, identifier, accepter_tags or {})
        self.aws.force_peering(identifier, status)
        return identifier


_PARAMETERS = {
    "igw": "GatewayId",
    "vgw": "GatewayId",
    "tgw": "TransitGatewayId",
    "eigw": "EgressOnlyInternetGatewayId",
    "eni": "NetworkInterfaceId",
    "nat": "NatGatewayId",
    "i": "InstanceId",
    "pcx": "VpcPeeringConnectionId",
}


def client(
    url: str, service: str, account: str, region: str, role: str = "tester", key: str = "emulated"
) -> Any:
    """A boto3 client of a service, with the credentials of a role assumed in an account."""
    sts = boto3.client(
        "sts",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=key,
    )
    credentials = sts.assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/{role}", RoleSessionName="emulator"
    )["Credentials"]
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def _tags(tags: Mapping[str, str]) -> Any:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _specification(kind: str, tags: Mapping[str, str] | None) -> Any:
    return [{"ResourceType": kind, "Tags": _tags(tags)}] if tags else []
