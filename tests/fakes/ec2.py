"""The EC2 calls on a World, as AWS documents them (VPC Peering Guide, EC2 API reference).

Each call takes boto3's parameters in one scope and answers boto3's shapes. A refusal is a
``Fault`` with AWS's error code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from bot.model.address import Scope, VpcRef
from tests.fakes import shapes
from tests.fakes.faults import Fault
from tests.fakes.security_groups import RULES, SecurityGroups
from tests.fakes.world import LIVE, FakePeering, FakeRoute, FakeTable, World, scope

PEERINGS, ROUTES, REQUESTS = "L-7E9ECCDB", "L-93826ACB", "L-DC9F7029"
UP = LIVE[2:]
PCX_NOT_FOUND = "InvalidVpcPeeringConnectionID.NotFound"
TARGETS = {
    "VpcPeeringConnectionId",
    "GatewayId",
    "TransitGatewayId",
    "NatGatewayId",
    "NetworkInterfaceId",
}


@dataclass
class Delays:
    """Seconds that AWS takes for what it does by itself."""

    initiating: float = 0.0
    provisioning: float = 0.0
    deleting: float = 0.0
    lag: float = 0.0


@dataclass
class Quotas:
    """What AWS allows: peerings per VPC, requests per requester VPC, routes per table and family.

    ``granted`` are other values, by scope and quota code.
    """

    peerings: int = 125
    outstanding: int = 25
    routes: int = 500
    group_rules: int = 60
    granted: dict[tuple[Scope, str], int] = field(default_factory=dict)

    def of(self, where: Scope, code: str) -> int:
        """The applied quota of a scope."""
        defaults = {PEERINGS: self.peerings, ROUTES: self.routes, REQUESTS: self.outstanding}
        defaults[RULES] = self.group_rules
        if code not in defaults:
            raise Fault("NoSuchResourceException", code)
        return self.granted.get((where, code), defaults[code])


class Ec2:
    """EC2 in every account and region of a World."""

    def __init__(self, world: World, delays: Delays, quotas: Quotas) -> None:
        self.world, self.delays, self.quotas = world, delays, quotas
        self.twins = False  # worse than AWS: a second request for a pair is not refused
        self.reads: dict[str, Callable[..., list[dict[str, Any]]]] = {
            "ec2:DescribeVpcs": self.describe_vpcs,
            "ec2:DescribeVpcPeeringConnections": self.describe_peerings,
            "ec2:DescribeRouteTables": self.describe_tables,
            "ec2:DescribeVpcAttribute": self.describe_attribute,
            "ec2:DescribeNetworkAcls": self.describe_acls,
            "ec2:DescribeSubnets": self.describe_subnets,
            "servicequotas:GetServiceQuota": self.get_quota,
        }
        self.writes: dict[str, Callable[..., dict[str, Any]]] = {
            "ec2:CreateVpcPeeringConnection": self.create_peering,
            "ec2:AcceptVpcPeeringConnection": self.accept_peering,
            "ec2:DeleteVpcPeeringConnection": self.delete_peering,
            "ec2:ModifyVpcPeeringConnectionOptions": self.modify_options,
            "ec2:CreateTags": self.create_tags,
            "ec2:CreateRoute": self.create_route,
            "ec2:ReplaceRoute": self.replace_route,
            "ec2:DeleteRoute": self.delete_route,
        }
        self.groups = SecurityGroups(world, quotas.of)
        self.reads |= self.groups.reads
        self.writes |= self.groups.writes

    # Describe

    def describe_vpcs(self, where: Scope, **params: Any) -> list[dict[str, Any]]:
        """DescribeVpcs."""
        found = [shapes.vpc(v) for ref, v in self.world.vpcs.items() if ref.scope == where]
        return shapes.filtered(found, params, "VpcIds", "VpcId", "InvalidVpcID.NotFound")

    def describe_peerings(self, where: Scope, **params: Any) -> list[dict[str, Any]]:
        """DescribeVpcPeeringConnections: what the scope is a side of and can see already."""
        found = [shapes.peering(self.world, p, where) for p in self._visible(where)]
        key = "VpcPeeringConnectionId"
        return shapes.filtered(found, params, key + "s", key, PCX_NOT_FOUND)

    def describe_tables(self, where: Scope, **params: Any) -> list[dict[str, Any]]:
        """DescribeRouteTables."""
        tables = [t for t in self.world.tables.values() if t.vpc.scope == where]
        found = [shapes.table(self.world, t) for t in tables]
        code = "InvalidRouteTableID.NotFound"
        return shapes.filtered(found, params, "RouteTableIds", "RouteTableId", code)

    def describe_attribute(
        self, where: Scope, *, Attribute: str, VpcId: str
    ) -> list[dict[str, Any]]:
        """DescribeVpcAttribute: one answer, with one attribute."""
        vpc = self.world.vpcs.get(VpcRef(where, VpcId))
        if vpc is None:
            raise Fault("InvalidVpcID.NotFound", f"The vpc ID '{VpcId}' does not exist")
        if Attribute not in vpc.attributes:
            raise Fault("InvalidParameterValue", Attribute)
        key = Attribute[0].upper() + Attribute[1:]
        return [{"VpcId": VpcId, key: {"Value": vpc.attributes[Attribute]}}]

    def describe_subnets(self, where: Scope, **params: Any) -> list[dict[str, Any]]:
        """DescribeSubnets."""
        subnets = self.world.subnets.values()
        found = [shapes.subnet(s) for s in subnets if s.vpc.scope == where]
        return shapes.filtered(found, params, "SubnetIds", "SubnetId", "InvalidSubnetID.NotFound")

    def describe_acls(self, where: Scope, **params: Any) -> list[dict[str, Any]]:
        """DescribeNetworkAcls."""
        vpcs = [vpc for ref, vpc in self.world.vpcs.items() if ref.scope == where]
        found = [acl for vpc in vpcs for acl in shapes.acls(self.world, vpc)]
        code = "InvalidNetworkAclID.NotFound"
        return shapes.filtered(found, params, "NetworkAclIds", "NetworkAclId", code)

    def get_quota(self, where: Scope, *, ServiceCode: str, QuotaCode: str) -> list[dict[str, Any]]:
        """GetServiceQuota: one answer, with the applied value."""
        assert ServiceCode == "vpc"
        value = float(self.quotas.of(where, QuotaCode))
        return [{"Quota": {"QuotaCode": QuotaCode, "Value": value}}]

    def _visible(self, where: Scope) -> Iterator[FakePeering]:
        for peering in self.world.peerings.values():
            if where not in {end.scope for end in peering.ends}:
                continue
            # a failed request is seen by its requester only (VPC Peering Guide, lifecycle)
            hidden = peering.status == "failed" and peering.requester.scope != where
            if peering.visible.get(where, 0.0) <= self.world.clock.now and not hidden:
                yield peering

    def _peering(self, where: Scope, peering_id: str) -> FakePeering:
        for peering in self._visible(where):
            if peering.id == peering_id:
                return peering
        raise Fault(PCX_NOT_FOUND, f"The vpcPeeringConnection ID '{peering_id}' does not exist")

    # Peerings

    def create_peering(
        self,
        where: Scope,
        *,
        VpcId: str,
        PeerVpcId: str,
        PeerOwnerId: str = "",
        PeerRegion: str = "",
        TagSpecifications: Any = (),
    ) -> dict[str, Any]:
        """CreateVpcPeeringConnection: the peer is not looked at; a bad one fails later."""
        requester = VpcRef(where, VpcId)
        far = scope(PeerOwnerId or where.account, PeerRegion or where.region)
        accepter = VpcRef(far, PeerVpcId)
        self._may_request(requester, accepter)
        peering = self.world.peering(requester, accepter, "initiating-request")
        for spec in TagSpecifications:
            if spec["ResourceType"] != "vpc-peering-connection":
                raise Fault("InvalidParameterValue", "ResourceType")
            shapes.put_tags(peering.tags[where], spec["Tags"])
        now, delays = self.world.clock.now, self.delays
        peering.visible = {far: now + delays.initiating + delays.lag, where: now + delays.lag}
        good = accepter in self.world.vpcs and not self.world.overlapping(requester, accepter)
        then = ("pending-acceptance", "Pending Acceptance") if good else ("failed", "overlap")
        peering.due.append((now + delays.initiating, *then))
        answer = shapes.peering(self.world, peering, where)
        self.world.settle()
        return {"VpcPeeringConnection": answer}

    def _may_request(self, requester: VpcRef, accepter: VpcRef) -> None:
        if requester not in self.world.vpcs:
            raise Fault("InvalidVpcID.NotFound", f"The vpc ID '{requester.vpc_id}' does not exist")
        there = self.world.live_between(requester, accepter) and not self.twins
        if there or requester == accepter:
            raise Fault("VpcPeeringConnectionAlreadyExists", "the pair is peered")
        mine = [p for p in self.world.peerings.values() if p.live and requester in p.ends]
        open_ones = [p for p in mine if p.requester == requester and p.status in LIVE[:2]]
        if len(open_ones) >= self.quotas.outstanding:
            raise Fault("OutstandingVpcPeeringConnectionLimitExceeded", "too many requests")
        # "active and pending VPC peering connections that you can have per VPC"
        if len(mine) >= self.quotas.of(requester.scope, PEERINGS):
            raise Fault("VpcPeeringConnectionsPerVpcLimitExceeded", "too many peerings")

    def accept_peering(self, where: Scope, *, VpcPeeringConnectionId: str) -> dict[str, Any]:
        """AcceptVpcPeeringConnection, by the accepter's owner in its region."""
        peering = self._peering(where, VpcPeeringConnectionId)
        if peering.accepter.scope != where:
            raise Fault("OperationNotPermitted", "only the accepter's owner may accept")
        if peering.status != "pending-acceptance":
            raise Fault("InvalidStateTransition", f"it is {peering.status}")
        for end in peering.ends:
            up = sum(p.status in UP and end in p.ends for p in self.world.peerings.values())
            if up >= self.quotas.of(end.scope, PEERINGS):
                raise Fault("VpcPeeringConnectionsPerVpcLimitExceeded", f"{end} has {up} peerings")
        peering.status, peering.message = "provisioning", "Provisioning"
        due = self.world.clock.now + self.delays.provisioning
        peering.due.append((due, "active", "Active"))
        self.world.settle()
        return {"VpcPeeringConnection": shapes.peering(self.world, peering, where)}

    def delete_peering(self, where: Scope, *, VpcPeeringConnectionId: str) -> dict[str, Any]:
        """DeleteVpcPeeringConnection: either owner of an active one, the requester of a request."""
        peering = self._peering(where, VpcPeeringConnectionId)
        if peering.status not in ("active", "pending-acceptance"):
            raise Fault("InvalidStateTransition", f"it is {peering.status}")
        if peering.status != "active" and peering.requester.scope != where:
            raise Fault("OperationNotPermitted", "only the requester may withdraw a request")
        peering.status, peering.message = "deleting", "Deleting"
        due = self.world.clock.now + self.delays.deleting
        peering.due.append((due, "deleted", f"Deleted by {where.account}"))
        self.world.settle()
        return {"Return": True}

    def modify_options(
        self,
        where: Scope,
        *,
        VpcPeeringConnectionId: str,
        RequesterPeeringConnectionOptions: Mapping[str, bool] | None = None,
        AccepterPeeringConnectionOptions: Mapping[str, bool] | None = None,
    ) -> dict[str, Any]:
        """ModifyVpcPeeringConnectionOptions: each side by its owner, in its Region, once active."""
        peering = self._peering(where, VpcPeeringConnectionId)
        sides = {
            peering.requester: RequesterPeeringConnectionOptions,
            peering.accepter: AccepterPeeringConnectionOptions,
        }
        given = {end: options for end, options in sides.items() if options is not None}
        if peering.status != "active":
            raise Fault("OperationNotPermitted", f"Peering {peering.id} is not active")
        if not given or any(end.scope != where for end in given):
            raise Fault("OperationNotPermitted", "only the owner of a side sets its options")
        on = {end for end, o in given.items() if o["AllowDnsResolutionFromRemoteVpc"]}
        ready = [all(self.world.vpcs[end].attributes.values()) for end in peering.ends]
        if on and not all(ready):  # "Both VPCs must be enabled for DNS hostnames and resolution"
            raise Fault("OperationNotPermitted", "a VPC lacks enableDnsSupport or -Hostnames")
        peering.dns = (peering.dns - given.keys()) | on
        return {}

    # Tags

    def create_tags(self, where: Scope, *, Resources: list[str], Tags: Any) -> dict[str, Any]:
        """CreateTags: up to 1000 resources of this account and region, all or none."""
        if len(Resources) > 1000:
            raise Fault("InvalidParameterValue", "more than 1000 resources")
        held = [self._tags(where, resource) for resource in Resources]
        for tags in held:
            shapes.put_tags(tags, Tags)
        return {}

    def _tags(self, where: Scope, resource: str) -> dict[str, str]:
        if resource.startswith("pcx-"):
            return self._peering(where, resource).tags[where]
        if resource.startswith("rtb-"):
            return self._table(where, resource).tags
        if resource.startswith("sgr-"):
            return self.groups.rule(where, resource).tags
        raise Fault("InvalidID", f"The ID '{resource}' is not valid")

    # Routes

    def create_route(self, where: Scope, **params: Any) -> dict[str, Any]:
        """CreateRoute: refused when a static route has the destination; a propagated one may."""
        table, destination, target = self._route(where, params)
        if table.static(destination):
            raise Fault("RouteAlreadyExists", f"The route identified by {destination} exists")
        family = [r for r in table.routes if (":" in r.destination) == (":" in destination)]
        if sum(route.static for route in family) >= self.quotas.of(where, ROUTES):
            raise Fault("RouteLimitExceeded", f"{table.id} is full")
        table.routes.append(FakeRoute(destination, target))
        return {"Return": True}

    def replace_route(self, where: Scope, **params: Any) -> dict[str, Any]:
        """ReplaceRoute, in place."""
        table, destination, target = self._route(where, params)
        route = table.static(destination)
        if route is None:
            raise Fault("InvalidParameterValue", f"There is no route defined for '{destination}'")
        if route.origin == "CreateRouteTable":
            raise Fault("InvalidParameterValue", "cannot replace the local route")
        route.target, route.broken = target, False
        return {}

    def delete_route(self, where: Scope, **params: Any) -> dict[str, Any]:
        """DeleteRoute: a static one."""
        table, destination, _ = self._route(where, params)
        route = table.static(destination)
        if route is None or route.origin == "CreateRouteTable":
            raise Fault("InvalidRoute.NotFound", f"no route with destination {destination}")
        table.routes.remove(route)
        return {}

    def _table(self, where: Scope, table_id: str) -> FakeTable:
        table = self.world.tables.get(table_id)
        if table is None or table.vpc.scope != where:
            raise Fault("InvalidRouteTableID.NotFound", f"routeTable '{table_id}' does not exist")
        return table

    def _route(self, where: Scope, params: Mapping[str, Any]) -> tuple[FakeTable, str, str]:
        given = dict(params)
        table = self._table(where, given.pop("RouteTableId"))
        v4, v6, pl = (
            given.pop(f"Destination{kind}", None)
            for kind in ("CidrBlock", "Ipv6CidrBlock", "PrefixListId")
        )
        # AWS stores the network: 100.68.0.18/18 becomes 100.68.0.0/18
        destination = pl or str(ip_network(v4 or v6, strict=False))
        if not pl and (":" in destination) != (v4 is None):
            raise Fault("InvalidParameterValue", "wrong family")
        if given.keys() - TARGETS or len(given) > 1:
            raise Fault("InvalidParameterCombination", str(sorted(given)))
        target = next(iter(given.values()), "")
        if target.startswith("pcx-"):
            peering = self._peering(where, target)
            if table.vpc not in peering.ends or not peering.live:
                raise Fault(PCX_NOT_FOUND, f"{target} does not lead anywhere from {table.vpc}")
        return table, destination, target
