"""Quotas: enforced, and told by Service Quotas as they are enforced.

https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html ; error codes:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc

CODES = {"L-7E9ECCDB": 50.0, "L-DC9F7029": 25.0, "L-93826ACB": 500.0}


def test_active_peerings_per_vpc(
    aws: Emulator, seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """Errors: VpcPeeringConnectionsPerVpcLimitExceeded; of either VPC, when it would become
    active."""
    hubs = [seed.vpc("333333333333", "us-east-1", f"10.3{i}.0.0/16") for i in range(2)]
    for hub in hubs:
        seed.peering(hub, here)
    pending = seed.peering(there, here, status="pending-acceptance")
    aws.settings(active_peerings_per_vpc=2)
    mine = client(here.account, here.region)

    accepted = code(mine.accept_vpc_peering_connection, VpcPeeringConnectionId=pending)
    created = code(
        mine.create_vpc_peering_connection,
        VpcId=here.id,
        PeerVpcId="vpc-00000000000000001",
        PeerOwnerId=there.account,
    )

    assert [accepted, created] == ["VpcPeeringConnectionsPerVpcLimitExceeded"] * 2


def test_outstanding_requests(
    aws: Emulator, seed: Seed, client: Any, code: Any, request_peering: Any, there: SeededVpc
) -> None:
    """Quotas page: "the number of outstanding VPC peering connection requests made from your
    account", per Region; not those received. Errors:
    OutstandingVpcPeeringConnectionLimitExceeded."""
    mine = [seed.vpc("111111111111", "us-east-1", f"10.1{i}.0.0/16") for i in range(3)]
    other = seed.vpc("333333333333", "us-east-1", "10.30.0.0/16")
    seed.peering(other, mine[2], status="pending-acceptance")  # received, not made
    aws.settings(outstanding_requests=2)
    first = request_peering(mine[0], there)
    request_peering(mine[1], there)
    third = {"VpcId": mine[2].id, "PeerVpcId": there.id, "PeerOwnerId": there.account}
    create = client("111111111111").create_vpc_peering_connection

    refused = code(create, **third, PeerRegion=there.region)
    theirs = client(there.account, there.region)
    theirs.accept_vpc_peering_connection(VpcPeeringConnectionId=first)
    made = create(**third, PeerRegion=there.region)["VpcPeeringConnection"]

    assert refused == "OutstandingVpcPeeringConnectionLimitExceeded"
    assert made["Status"]["Code"] == "initiating-request"


def test_routes_per_table_by_family(
    aws: Emulator, seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """Quotas page: "This quota is enforced separately for IPv4 routes and IPv6 routes", of those
    that are not propagated, the local one included; errors: RouteLimitExceeded. ReplaceRoute adds
    none."""
    peering = seed.peering(here, there)
    aws.settings(routes_per_table=3)
    ipv6 = [f"2001:db8:{n}::/64" for n in (1, 2, 9)]
    for destination in ("10.2.0.0/24", "10.2.1.0/24", *ipv6):
        seed.route(here, here.main_table, destination, peering)
    ec2 = client(here.account)
    to: Any = {"RouteTableId": here.main_table, "VpcPeeringConnectionId": peering}

    refusals = {
        code(ec2.create_route, **to, DestinationCidrBlock="10.2.2.0/24"),
        code(ec2.create_route, **to, DestinationIpv6CidrBlock="2001:db8:3::/64"),
    }
    ec2.replace_route(**to, DestinationCidrBlock="10.2.0.0/24")
    ec2.delete_route(RouteTableId=here.main_table, DestinationCidrBlock="10.2.0.0/24")
    ec2.create_route(**to, DestinationCidrBlock="10.2.2.0/24")

    assert refusals == {"RouteLimitExceeded"}


@pytest.mark.parametrize(("quota", "value"), CODES.items())
def test_documented_defaults(client: Any, quota: str, value: float) -> None:
    """The defaults of the page, asked for with GetServiceQuota:
    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html"""
    quotas = client("111111111111", service="service-quotas")

    found = quotas.get_service_quota(ServiceCode="vpc", QuotaCode=quota)["Quota"]

    assert found["Value"] == value


def test_applied_quotas_are_those_in_force(aws: Emulator, client: Any) -> None:
    """API_ListServiceQuotas: "the applied quota values"; API_GetAWSDefaultServiceQuota: the
    default ones."""
    aws.settings(active_peerings_per_vpc=125, routes_per_table=1000)
    quotas = client("111111111111", service="service-quotas")

    pages = quotas.get_paginator("list_service_quotas").paginate(
        ServiceCode="vpc", PaginationConfig={"PageSize": 7}
    )
    applied = {q["QuotaCode"]: q["Value"] for page in pages for q in page["Quotas"]}
    default = quotas.get_aws_default_service_quota(ServiceCode="vpc", QuotaCode="L-7E9ECCDB")

    assert applied["L-7E9ECCDB"] == 125
    assert applied["L-93826ACB"] == 1000
    assert applied["L-DC9F7029"] == 25
    assert default["Quota"]["Value"] == 50


def test_unknown_quota(client: Any, code: Any) -> None:
    """API_GetServiceQuota, errors: NoSuchResourceException."""
    get = client("111111111111", service="service-quotas").get_service_quota

    assert code(get, ServiceCode="vpc", QuotaCode="L-00000000") == "NoSuchResourceException"


def test_quotas_granted_in_one_account_and_region(
    aws: Emulator, seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """API_GetServiceQuota: "the applied quota value for the specified account and Region"."""
    peering = seed.peering(here, there)
    aws.settings(quotas={f"{here.account}/{here.region}": {"L-93826ACB": 1, "L-7E9ECCDB": 1}})

    told = {
        (account, region): client(account, region, service="service-quotas").get_service_quota(
            ServiceCode="vpc", QuotaCode="L-7E9ECCDB"
        )["Quota"]["Value"]
        for account, region in ((here.account, here.region), (there.account, there.region))
    }
    refused = code(
        client(here.account, here.region).create_route,
        RouteTableId=here.main_table,
        DestinationCidrBlock="10.77.0.0/16",
        VpcPeeringConnectionId=peering,
    )
    client(there.account, there.region).create_route(
        RouteTableId=there.main_table,
        DestinationCidrBlock="10.77.0.0/16",
        VpcPeeringConnectionId=peering,
    )

    assert told == {(here.account, here.region): 1, (there.account, there.region): 50}
    assert refused == "RouteLimitExceeded"


def test_pending_requests_count_for_the_next_request(
    aws: Emulator, seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """VPC Peering Guide, limitations: a quota on active and pending ones per VPC."""
    other = seed.vpc("333333333333", "us-east-1", "10.31.0.0/16")
    seed.peering(here, there, status="pending-acceptance")
    aws.settings(active_peerings_per_vpc=1)

    refused = code(
        client(here.account, here.region).create_vpc_peering_connection,
        VpcId=here.id,
        PeerVpcId=other.id,
        PeerOwnerId=other.account,
    )

    assert refused == "VpcPeeringConnectionsPerVpcLimitExceeded"


@pytest.mark.parametrize(
    "quotas", [{"x": {"L-00000000": 1}}, {"x": {"L-7E9ECCDB": "many"}}, {"x": 3}, []]
)
def test_settings_of_quotas_that_make_no_sense(aws: Emulator, quotas: Any) -> None:
    """Not of AWS: the emulator's own settings."""
    with pytest.raises(ValueError, match=r"quotas|cannot be"):
        aws.settings(quotas=quotas)
