"""CreateRoute, ReplaceRoute, DeleteRoute, DescribeRouteTables and VGW propagation."""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.core.responses import ActionResult

from bot.emulator.aws import targets
from bot.emulator.aws.base import Calls
from bot.emulator.aws.errors import EC2ClientError, invalid_value, not_found
from bot.emulator.aws.filters import Getter
from bot.emulator.aws.routes import IPV4, IPV6, PREFIX_LIST, Destination, Route, Target
from bot.emulator.aws.vpcs import canonical, cidr_blocks

_UNSUPPORTED = (
    "Route target is not supported. This route only supports interface and instance targets."
)


class RouteCalls(Calls):
    """Route tables. moto keeps the tables and their associations, the World their routes."""

    def create_route(self) -> ActionResult:
        self.error_on_dryrun()
        table, destination, target = self._table(), self._new_destination(), self._target()
        targets.check(self.world, self.place, table, target)
        self._check_own(table, destination, target)
        if self.world.routes.get(table.id, destination):
            raise _exists(destination)
        self._check_quota(table, destination)
        self.world.routes.put(table.id, Route(destination, target))
        return self.answer("CreateRoute", {"Return": True})

    def replace_route(self) -> ActionResult:
        self.error_on_dryrun()
        table, destination, target = self._table(), self._standing_destination(), self._target()
        if self.world.routes.get(table.id, destination) is None:
            raise EC2ClientError(
                "InvalidParameterValue",
                f"There is no route defined for '{destination.value}' in the route table. "
                "Use CreateRoute instead.",
            )
        targets.check(self.world, self.place, table, target)
        self._check_own(table, destination, target)
        self.world.routes.put(table.id, Route(destination, target))
        return self.answer("ReplaceRoute", {})

    def delete_route(self) -> ActionResult:
        self.error_on_dryrun()
        table, destination = self._table(), self._standing_destination()
        if destination in self._local(table):
            raise EC2ClientError(
                "InvalidParameterValue",
                f"cannot remove local route {destination.value} in route table {table.id}",
            )
        if self.world.routes.get(table.id, destination) is None:
            raise EC2ClientError(
                "InvalidRoute.NotFound",
                f"no route with destination-cidr-block {destination.value} "
                f"in route table {table.id}",
            )
        self.world.routes.remove(table.id, destination)
        return self.answer("DeleteRoute", {})

    def create_route_table(self) -> ActionResult:
        self.error_on_dryrun()
        new = self.specified_tags("route-table")
        vpc = self.required("VpcId")
        if vpc not in self.backend.vpcs:
            raise not_found("InvalidVpcID", "vpc", vpc)
        table = self.backend.create_route_table(vpc)
        self.write_tags(table.id, new)
        return self.answer("CreateRouteTable", {"RouteTable": self._value(table)})

    def describe_route_tables(self) -> ActionResult:
        return self.listing(
            "DescribeRouteTables",
            "RouteTables",
            ids="RouteTableIds",
            items=dict(self.backend.route_tables),
            missing=lambda i: not_found("InvalidRouteTableID", "routeTable", i),
            getters={**_FILTERS, **_route_filters(self._route_values)},
            value=self._value,
        )

    def enable_vgw_route_propagation(self) -> ActionResult:
        self.error_on_dryrun()
        table, gateway = self._table(), self.required("GatewayId")
        targets.check(self.world, self.place, table, Target("GatewayId", gateway))
        propagating(table).add(gateway)
        return self.answer("EnableVgwRoutePropagation", {})

    def disable_vgw_route_propagation(self) -> ActionResult:
        self.error_on_dryrun()
        table, gateway = self._table(), self.required("GatewayId")
        propagating(table).discard(gateway)
        self.world.routes.withdraw(table.id, gateway)
        return self.answer("DisableVgwRoutePropagation", {})

    def _check_quota(self, table: Any, destination: Destination) -> None:
        """Non-propagated routes, IPv4 and IPv6 apart: the local ones are not propagated."""
        limit = self.world.settings.quota("L-93826ACB", *self.place)
        local = sum(d.kind == destination.kind for d in self._local(table))
        if local + self.world.routes.count(table.id, destination.kind) >= limit:
            raise EC2ClientError(
                "RouteLimitExceeded", f"The maximum number of routes ({limit}) is reached."
            )

    def _table(self) -> Any:
        identifier = self.required("RouteTableId")
        table = self.backend.route_tables.get(identifier)
        if table is None:
            raise not_found("InvalidRouteTableID", "routeTable", identifier)
        return table

    def _new_destination(self) -> Destination:
        """As AWS keeps it: "We modify … to its canonical form" (API_CreateRoute)."""
        given = self._standing_destination()
        if given.kind == IPV4:
            return Destination(IPV4, canonical(given.value, "destinationCidrBlock"))
        if given.kind == PREFIX_LIST and given.value not in self.backend.managed_prefix_lists:
            raise not_found("InvalidPrefixListID", "prefix list", given.value)
        return given

    def _standing_destination(self) -> Destination:
        """As given: it "must match the CIDR for the route exactly" (API_DeleteRoute)."""
        given = [
            Destination(kind, str(self._get_param(kind)))
            for kind in (IPV4, IPV6, PREFIX_LIST)
            if self._get_param(kind)
        ]
        if len(given) != 1:
            raise EC2ClientError(
                "MissingParameter" if not given else "InvalidParameterCombination",
                "The request must contain exactly one destination",
            )
        return _ipv6(given[0]) if given[0].kind == IPV6 else given[0]

    def _target(self) -> Target:
        given = [
            Target(kind, str(self._get_param(kind)))
            for kind in targets.PARAMETERS
            if self._get_param(kind)
        ]
        if len(given) != 1:
            raise EC2ClientError(
                "MissingParameter" if not given else "InvalidParameterCombination",
                "The request must contain exactly one of " + ", ".join(targets.PARAMETERS),
            )
        return given[0]

    def _check_own(self, table: Any, destination: Destination, target: Target) -> None:
        """Routes inside the VPC's own blocks: nothing outside the VPC may have them."""
        local = self._local(table)
        if target.kind not in targets.INSIDE and _within(destination, local):
            raise EC2ClientError("InvalidParameterValue", _UNSUPPORTED)
        if destination in local:
            raise _exists(destination)

    def _local(self, table: Any) -> list[Destination]:
        vpc = self.backend.vpcs.get(table.vpc_id)
        if vpc is None:
            return []
        ipv4 = [Destination(IPV4, cidr) for cidr in cidr_blocks(vpc, ipv6=False)]
        return ipv4 + [Destination(IPV6, cidr) for cidr in cidr_blocks(vpc, ipv6=True)]

    def _value(self, table: Any) -> dict[str, Any]:
        gateways = sorted(propagating(table))
        return {
            "RouteTableId": table.id,
            "VpcId": table.vpc_id,
            "OwnerId": table.owner_id,
            "Associations": table.associations,
            "PropagatingVgws": [{"GatewayId": gateway} for gateway in gateways],
            "Routes": self._route_values(table),
            "Tags": self.tag_set(table.id),
        }

    def _route_values(self, table: Any) -> list[dict[str, str]]:
        local = [
            {d.kind: d.value, "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"}
            for d in self._local(table)
        ]
        states: dict[Target, str] = {}
        for route in self.world.routes.of(table.id):
            if route.target not in states:
                states[route.target] = targets.state(
                    self.world, self.place, table.vpc_id, route.target
                )
            local.append(_value_of(route, states[route.target]))
        return local


def propagating(table: Any) -> set[str]:
    """The virtual private gateways that propagate into a route table."""
    found: set[str] = table.__dict__.setdefault("propagating_vgws", set())
    return found


def _value_of(route: Route, state: str) -> dict[str, str]:
    # API_Route has no VpcEndpointId: an endpoint is shown as a gateway.
    kind = "GatewayId" if route.target.kind == "VpcEndpointId" else route.target.kind
    return {
        route.destination.kind: route.destination.value,
        kind: route.target.value,
        "Origin": route.origin,
        "State": state,
    }


def _ipv6(given: Destination) -> Destination:
    try:
        return Destination(IPV6, str(ipaddress.IPv6Network(given.value)))
    except ValueError:
        why = "This is not a valid CIDR block."
        raise invalid_value(given.value, "destinationIpv6CidrBlock", why) from None


def _within(destination: Destination, blocks: list[Destination]) -> bool:
    if destination.kind == PREFIX_LIST:
        return False
    network: Any = ipaddress.ip_network(destination.value)
    same = (block for block in blocks if block.kind == destination.kind)
    return any(network.subnet_of(ipaddress.ip_network(block.value)) for block in same)


def _exists(destination: Destination) -> EC2ClientError:
    return EC2ClientError(
        "RouteAlreadyExists", f"The route identified by {destination.value} already exists."
    )


_FILTERS: dict[str, Getter[Any]] = {
    "association.gateway-id": lambda t: [a.get("GatewayId") for a in t.associations],
    "association.route-table-association-id": lambda t: [
        a["RouteTableAssociationId"] for a in t.associations
    ],
    "association.route-table-id": lambda t: [a["RouteTableId"] for a in t.associations],
    "association.subnet-id": lambda t: [a.get("SubnetId") for a in t.associations],
    "association.main": lambda t: [a["Main"] for a in t.associations],
    "owner-id": lambda t: [t.owner_id],
    "route-table-id": lambda t: [t.id],
    "vpc-id": lambda t: [t.vpc_id],
}

_ROUTE_FILTERS = {
    "route.destination-cidr-block": IPV4,
    "route.destination-ipv6-cidr-block": IPV6,
    "route.destination-prefix-list-id": PREFIX_LIST,
    "route.egress-only-internet-gateway-id": "EgressOnlyInternetGatewayId",
    "route.gateway-id": "GatewayId",
    "route.instance-id": "InstanceId",
    "route.nat-gateway-id": "NatGatewayId",
    "route.transit-gateway-id": "TransitGatewayId",
    "route.origin": "Origin",
    "route.state": "State",
    "route.vpc-peering-connection-id": "VpcPeeringConnectionId",
}


def _route_filters(values: Getter[Any]) -> dict[str, Getter[Any]]:
    def getter(key: str) -> Getter[Any]:
        return lambda table: [route.get(key) for route in values(table)]

    return {name: getter(key) for name, key in _ROUTE_FILTERS.items()}
