"""The targets of routes: whether they exist, belong to the table's VPC, and carry traffic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.ec2.models import EC2Backend

from bot.emulator.aws.errors import EC2ClientError, not_found
from bot.emulator.aws.peerings import LIVE, Place, Status
from bot.emulator.aws.routes import Target
from bot.emulator.aws.world import World

PARAMETERS = (
    "GatewayId",
    "NatGatewayId",
    "EgressOnlyInternetGatewayId",
    "TransitGatewayId",
    "NetworkInterfaceId",
    "InstanceId",
    "VpcPeeringConnectionId",
    "CarrierGatewayId",
    "LocalGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
    "VpcEndpointId",
)
"""The parameters of CreateRoute of which exactly one is given."""

INSIDE = frozenset({"NetworkInterfaceId", "InstanceId", "NatGatewayId", "VpcEndpointId"})
"""Targets that a route inside the VPC's own blocks may have.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html
"""


def check(world: World, place: Place, table: Any, target: Target) -> None:
    """Refuse a target that is not there or belongs to another VPC."""
    if target.kind == "VpcPeeringConnectionId":
        _check_peering(world, place, table, target.value)
        return
    found = _find(world.backend(*place), target)
    if found is None:
        code, kind = _NAMES.get(target.kind, ("InvalidParameterValue", target.kind))
        raise not_found(code, kind, target.value)
    if target.kind == "GatewayId" and not _attached(found, table.vpc_id):
        raise _other_network(table.id, target.value)


def _check_peering(world: World, place: Place, table: Any, identifier: str) -> None:
    peering = world.peerings.get(identifier)
    now = world.now()
    # A route over a pending peering is documented (it is a blackhole until the peering is
    # active); over one that has ended nothing is, and the emulator refuses it.
    known = peering is not None and peering.visible(place, now) and peering.status(now) in LIVE
    if peering is None or not known:
        raise not_found("InvalidVpcPeeringConnectionID", "vpcPeeringConnection", identifier)
    mine = any(side.place == place and side.vpc == table.vpc_id for side in peering.sides)
    if not mine:
        raise _other_network(table.id, identifier)


def _other_network(table: str, target: str) -> EC2ClientError:
    return EC2ClientError(
        "InvalidParameterValue",
        f"route table {table} and network gateway {target} belong to different networks",
    )


def state(world: World, place: Place, vpc: str, target: Target) -> str:
    """``active``, or ``blackhole`` when the target is not available. Source: API_Route."""
    if target.kind == "VpcPeeringConnectionId":
        peering = world.peerings.get(target.value)
        up = peering is not None and peering.status(world.now()) is Status.ACTIVE
        return "active" if up else "blackhole"
    found = _find(world.backend(*place), target)
    if found is None or (target.kind == "GatewayId" and not _attached(found, vpc)):
        return "blackhole"
    if target.kind == "InstanceId":
        return "active" if found.state == "running" else "blackhole"
    return "blackhole" if getattr(found, "state", "") in _GONE else "active"


_GONE = frozenset({"deleted", "deleting", "failed"})

_NAMES: Mapping[str, tuple[str, str]] = {
    "GatewayId": ("InvalidGatewayID", "gateway"),
    "NatGatewayId": ("InvalidNatGatewayID", "nat gateway"),
    "EgressOnlyInternetGatewayId": ("InvalidGatewayID", "gateway"),
    "TransitGatewayId": ("InvalidTransitGatewayID", "transit gateway"),
    "NetworkInterfaceId": ("InvalidNetworkInterfaceID", "networkInterface"),
    "InstanceId": ("InvalidInstanceID", "instance"),
    "CarrierGatewayId": ("InvalidCarrierGatewayID", "carrier gateway"),
    "VpcEndpointId": ("InvalidVpcEndpointId", "vpc endpoint"),
}


def _gateway(backend: EC2Backend, identifier: str) -> Any:
    every = {**backend.internet_gateways, **backend.vpn_gateways, **backend.vpc_end_points}
    return every.get(identifier)


def _instance(backend: EC2Backend, identifier: str) -> Any:
    every = (i for r in backend.reservations.values() for i in r.instances)
    return next((i for i in every if i.id == identifier), None)


_FINDERS: Mapping[str, Callable[[EC2Backend, str], Any]] = {
    "GatewayId": _gateway,
    "NatGatewayId": lambda b, i: b.nat_gateways.get(i),
    "EgressOnlyInternetGatewayId": lambda b, i: b.egress_only_internet_gateways.get(i),
    "TransitGatewayId": lambda b, i: b.transit_gateways.get(i),
    "NetworkInterfaceId": lambda b, i: b.enis.get(i),
    "InstanceId": _instance,
    "CarrierGatewayId": lambda b, i: b.carrier_gateways.get(i),
    "VpcEndpointId": lambda b, i: b.vpc_end_points.get(i),
}


def _find(backend: EC2Backend, target: Target) -> Any:
    finder = _FINDERS.get(target.kind)
    return target if finder is None else finder(backend, target.value)


def _attached(gateway: Any, vpc: str) -> bool:
    attachments = getattr(gateway, "attachments", None)
    if isinstance(attachments, dict):  # a virtual private gateway
        return vpc in attachments and attachments[vpc].state == "attached"
    if attachments is None:  # a gateway endpoint
        return bool(gateway.vpc_id == vpc)
    return any(item["VpcId"] == vpc for item in attachments)
