"""Routes.

API: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html and siblings.
Guide: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html . Peerings:
https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-routing.html
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc, TargetKind


def _routes(ec2: Any, table: str) -> dict[str, dict[str, str]]:
    found = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return {
        route.get("DestinationCidrBlock") or route["DestinationIpv6CidrBlock"]: route
        for route in found
    }


def test_route_to_a_peering(seed: Seed, client: Any, here: SeededVpc, there: SeededVpc) -> None:
    """API_CreateRoute, API_Route: target, origin and state."""
    identifier = seed.peering(here, there)
    ec2 = client(here.account)

    ec2.create_route(
        RouteTableId=here.main_table,
        DestinationCidrBlock="10.2.0.0/16",
        VpcPeeringConnectionId=identifier,
    )

    assert _routes(ec2, here.main_table) == {
        "10.1.0.0/16": {
            "DestinationCidrBlock": "10.1.0.0/16",
            "GatewayId": "local",
            "Origin": "CreateRouteTable",
            "State": "active",
        },
        "10.2.0.0/16": {
            "DestinationCidrBlock": "10.2.0.0/16",
            "VpcPeeringConnectionId": identifier,
            "Origin": "CreateRoute",
            "State": "active",
        },
    }


def test_host_bits_are_cleared(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """API_CreateRoute: "We modify the specified CIDR block to its canonical form"; API_DeleteRoute:
    the value "must match the CIDR for the route exactly"."""
    seed.route(here, here.main_table, "10.2.3.4/16", seed.peering(here, there))
    ec2 = client(here.account)

    assert set(_routes(ec2, here.main_table)) == {"10.1.0.0/16", "10.2.0.0/16"}
    table = {"RouteTableId": here.main_table}
    found = code(ec2.delete_route, **table, DestinationCidrBlock="10.2.3.4/16")
    assert found == "InvalidRoute.NotFound"


@pytest.mark.parametrize("destination", ["10.2.0.0/16", "2001:db8:2::/56"])
def test_second_route_to_a_destination_is_refused(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc, destination: str
) -> None:
    """Errors: RouteAlreadyExists; for IPv6 as for IPv4."""
    peering = seed.peering(here, there)
    seed.route(here, here.main_table, destination, peering)
    kind = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
    same = destination.replace("2001:db8:2::", "2001:DB8:2:0::")

    found = code(
        client(here.account).create_route,
        RouteTableId=here.main_table,
        VpcPeeringConnectionId=peering,
        **{kind: same},
    )

    assert found == "RouteAlreadyExists"


@pytest.mark.parametrize("destination", ["10.1.0.0/16", "10.1.4.0/24", "100.64.1.0/24"])
def test_no_route_out_of_the_vpcs_own_blocks(
    seed: Seed, client: Any, code: Any, there: SeededVpc, destination: str
) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html: a route more
    specific than the local route takes a NAT gateway, network interface or Gateway Load Balancer
    endpoint; AWS: "InvalidParameterValue: Route target is not supported"."""
    here = seed.vpc("111111111111", "us-east-1", "10.1.0.0/16", secondary=["100.64.0.0/16"])
    peering = seed.peering(here, there)
    ec2 = client(here.account)
    before = _routes(ec2, here.main_table)

    found = code(
        ec2.create_route,
        RouteTableId=here.main_table,
        DestinationCidrBlock=destination,
        VpcPeeringConnectionId=peering,
    )

    assert found == "InvalidParameterValue"
    assert _routes(ec2, here.main_table) == before


def test_local_routes_follow_the_vpcs_blocks(seed: Seed, client: Any) -> None:
    """Guide: "each route table contains a local route for communication within the VPC", for each
    block of the VPC; they cannot be deleted."""
    vpc = seed.vpc(
        "111111111111", "us-east-1", "10.1.0.0/16", secondary=["10.5.0.0/16"], ipv6="2001:db8::/56"
    )
    ec2 = client(vpc.account)
    before = set(_routes(ec2, vpc.main_table))
    blocks = ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"][0]["CidrBlockAssociationSet"]

    ec2.disassociate_vpc_cidr_block(AssociationId=blocks[1]["AssociationId"])

    assert before == {"10.1.0.0/16", "10.5.0.0/16", "2001:db8::/56"}
    assert set(_routes(ec2, vpc.main_table)) == {"10.1.0.0/16", "2001:db8::/56"}


def test_local_route_cannot_be_deleted(client: Any, code: Any, here: SeededVpc) -> None:
    """Guide, local route: "You can't delete" it."""
    delete = client(here.account).delete_route

    found = code(delete, RouteTableId=here.main_table, DestinationCidrBlock="10.1.0.0/16")

    assert found == "InvalidParameterValue"


def test_route_over_a_pending_peering_is_a_blackhole_until_it_is_active(
    seed: Seed, client: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """Peering guide, update your route tables: "the route has a state of blackhole, and has no
    effect until the VPC peering connection is in the active state"."""
    identifier = seed.peering(here, there, status="pending-acceptance")
    seed.route(here, here.main_table, "10.2.0.0/16", identifier)
    ec2 = client(here.account)

    before = _routes(ec2, here.main_table)["10.2.0.0/16"]["State"]
    accepter = client(there.account, there.region)
    accepter.accept_vpc_peering_connection(VpcPeeringConnectionId=identifier)

    assert before == "blackhole"
    assert _routes(ec2, here.main_table)["10.2.0.0/16"]["State"] == "active"


@pytest.mark.parametrize("gone", ["deleted", "forgotten"])
def test_route_over_a_gone_peering_is_a_blackhole_that_can_be_replaced_and_deleted(
    aws: Emulator, seed: Seed, client: Any, here: SeededVpc, there: SeededVpc, gone: str
) -> None:
    """API_Route, state; API_ReplaceRoute and API_DeleteRoute ask for the destination alone."""
    old = seed.peering(here, there)
    for destination in ("10.2.0.0/16", "10.6.0.0/16"):
        seed.route(here, here.main_table, destination, old)
    ec2 = client(here.account)
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=old)
    if gone == "forgotten":
        aws.forget_peering(old)
    new = seed.peering(here, there)

    states = {route["State"] for d, route in _routes(ec2, here.main_table).items() if d[3] != "1"}
    ec2.replace_route(
        RouteTableId=here.main_table,
        DestinationCidrBlock="10.2.0.0/16",
        VpcPeeringConnectionId=new,
    )
    ec2.delete_route(RouteTableId=here.main_table, DestinationCidrBlock="10.6.0.0/16")

    after = _routes(ec2, here.main_table)
    assert states == {"blackhole"}
    assert set(after) == {"10.1.0.0/16", "10.2.0.0/16"}
    assert after["10.2.0.0/16"]["VpcPeeringConnectionId"] == new
    assert after["10.2.0.0/16"]["State"] == "active"


def test_route_over_somebody_elses_peering_is_refused(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """AWS: "route table … and network gateway pcx-… belong to different networks"."""
    other = seed.vpc(here.account, here.region, "10.7.0.0/16")
    identifier = seed.peering(other, there)
    ec2 = client(here.account)
    route = {"RouteTableId": here.main_table, "DestinationCidrBlock": "10.2.0.0/16"}

    found = code(ec2.create_route, **route, VpcPeeringConnectionId=identifier)

    assert found == "InvalidParameterValue"


@pytest.mark.parametrize("target", ["unknown", "deleted", "invisible"])
def test_route_over_no_peering_is_refused(
    aws: Emulator,
    seed: Seed,
    client: Any,
    code: Any,
    here: SeededVpc,
    there: SeededVpc,
    request_peering: Any,
    target: str,
) -> None:
    """Errors: InvalidVpcPeeringConnectionID.NotFound. (That an ended peering is refused the same
    way is the emulator's choice: no AWS page says.)"""
    identifier, vpc = "pcx-0123456789abcdef0", here
    if target == "deleted":
        identifier = seed.peering(here, there, status="deleted")
    if target == "invisible":
        aws.settings(visibility_seconds=60)
        identifier, vpc = request_peering(here, there), there

    found = code(
        client(vpc.account, vpc.region).create_route,
        RouteTableId=vpc.main_table,
        DestinationCidrBlock="192.168.0.0/24",
        VpcPeeringConnectionId=identifier,
    )

    assert found == "InvalidVpcPeeringConnectionID.NotFound"


def test_replace_and_delete_want_a_route_that_is_there(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """API_ReplaceRoute: "must match the CIDR of an existing route"; errors: InvalidRoute.NotFound
    for DeleteRoute. ReplaceRoute answers InvalidParameterValue: "There is no route defined for"."""
    peering = seed.peering(here, there)
    ec2 = client(here.account)
    route = {"RouteTableId": here.main_table, "DestinationCidrBlock": "10.2.0.0/16"}

    replaced = code(ec2.replace_route, **route, VpcPeeringConnectionId=peering)

    assert replaced == "InvalidParameterValue"
    assert code(ec2.delete_route, **route) == "InvalidRoute.NotFound"


def test_table_of_another_account_is_unknown(client: Any, code: Any, there: SeededVpc) -> None:
    """Errors: InvalidRouteTableID.NotFound."""
    ec2 = client("111111111111", there.region)
    route = {"RouteTableId": there.main_table, "DestinationCidrBlock": "10.2.0.0/16"}

    assert code(ec2.delete_route, **route) == "InvalidRouteTableID.NotFound"
    by_id = {"RouteTableIds": [there.main_table]}
    assert code(ec2.describe_route_tables, **by_id) == "InvalidRouteTableID.NotFound"


def test_dry_run_of_routes_does_nothing(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """API_CreateRoute, API_ReplaceRoute, API_DeleteRoute, API_DescribeRouteTables: DryRun."""
    peering = seed.peering(here, there)
    seed.route(here, here.main_table, "10.2.0.0/16", peering)
    ec2 = client(here.account)
    before = _routes(ec2, here.main_table)
    table: Any = {"RouteTableId": here.main_table, "DryRun": True}
    new, old = {"DestinationCidrBlock": "10.8.0.0/16"}, {"DestinationCidrBlock": "10.2.0.0/16"}

    refusals = {
        code(ec2.create_route, **table, **new, VpcPeeringConnectionId=peering),
        code(ec2.replace_route, **table, **old, VpcPeeringConnectionId=peering),
        code(ec2.delete_route, **table, **old),
        code(ec2.describe_route_tables, DryRun=True),
    }

    assert refusals == {"DryRunOperation"}
    assert _routes(ec2, here.main_table) == before


@pytest.mark.parametrize(
    ("kind", "parameter", "destination"),
    [
        ("igw", "GatewayId", "0.0.0.0/0"),
        ("vgw", "GatewayId", "10.0.0.0/8"),
        ("tgw", "TransitGatewayId", "10.0.0.0/8"),
        ("eni", "NetworkInterfaceId", "10.77.0.0/16"),
        ("eigw", "EgressOnlyInternetGatewayId", "::/0"),
    ],
)
def test_other_targets(
    seed: Seed, client: Any, here: SeededVpc, kind: TargetKind, parameter: str, destination: str
) -> None:
    """API_CreateRoute: the resources of the parameter list."""
    target = seed.target(here, kind)
    seed.route(here, here.main_table, destination, target)

    route = _routes(client(here.account), here.main_table)[destination]

    assert route[parameter] == target
    assert route["State"] == "active"


def test_detached_gateway_leaves_a_blackhole(seed: Seed, client: Any, here: SeededVpc) -> None:
    """API_Route, state: "for example, the specified gateway isn't attached to the VPC"."""
    gateway = seed.target(here, "igw")
    seed.route(here, here.main_table, "0.0.0.0/0", gateway)
    ec2 = client(here.account)

    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=here.id)

    assert _routes(ec2, here.main_table)["0.0.0.0/0"]["State"] == "blackhole"


def test_propagated_route_and_its_static_twin(
    seed: Seed, client: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """API_Route, origin EnableVgwRoutePropagation; guide, route priority: static routes go before
    propagated ones with the same destination, so both can be there; quotas: propagated routes
    are counted apart."""
    gateway = seed.propagated_route(here, here.main_table, "10.2.0.0/16")
    ec2 = client(here.account)
    seed.aws.settings(routes_per_table=2)  # the local route and one more

    ec2.create_route(
        RouteTableId=here.main_table,
        DestinationCidrBlock="10.2.0.0/16",
        VpcPeeringConnectionId=seed.peering(here, there),
    )

    table = ec2.describe_route_tables(RouteTableIds=[here.main_table])["RouteTables"][0]
    twins = [r for r in table["Routes"] if r["DestinationCidrBlock"] == "10.2.0.0/16"]
    assert table["PropagatingVgws"] == [{"GatewayId": gateway}]
    assert {r["Origin"] for r in twins} == {"EnableVgwRoutePropagation", "CreateRoute"}
    ec2.delete_route(RouteTableId=here.main_table, DestinationCidrBlock="10.2.0.0/16")
    assert _routes(ec2, here.main_table)["10.2.0.0/16"]["GatewayId"] == gateway


def test_route_needs_one_destination_and_one_target(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """API_CreateRoute: "You must also specify exactly one of the resources from the parameter
    list"; errors: MissingParameter, InvalidParameterCombination."""
    peering, gateway = seed.peering(here, there), seed.target(here, "igw")
    create, table = client(here.account).create_route, {"RouteTableId": here.main_table}
    ipv4 = {"DestinationCidrBlock": "10.2.0.0/16"}

    assert code(create, **table, VpcPeeringConnectionId=peering) == "MissingParameter"
    assert code(create, **table, **ipv4) == "MissingParameter"
    both = {"VpcPeeringConnectionId": peering, "GatewayId": gateway}
    assert code(create, **table, **ipv4, **both) == "InvalidParameterCombination"
    wrong = {"DestinationCidrBlock": "10.2.0.0/33"}
    found = code(create, **table, **wrong, VpcPeeringConnectionId=peering)
    assert found == "InvalidParameterValue"
