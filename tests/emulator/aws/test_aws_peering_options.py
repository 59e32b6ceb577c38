"""ModifyVpcPeeringConnectionOptions.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcPeeringConnectionOptions.html
"""

from __future__ import annotations

from typing import Any

from bot.emulator.aws.seed import Seed, SeededVpc

DNS = {"AllowDnsResolutionFromRemoteVpc": True}


def test_each_side_sets_its_own_and_both_see_them(
    seed: Seed, client: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """The page: "each Amazon Web Services account owner must initiate a separate request"."""
    identifier = seed.peering(here, there)
    mine, theirs = client(here.account), client(there.account, there.region)

    answer = theirs.modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=identifier, AccepterPeeringConnectionOptions=DNS
    )

    assert answer["AccepterPeeringConnectionOptions"] == DNS
    seen = mine.describe_vpc_peering_connections()["VpcPeeringConnections"][0]
    name = "AllowDnsResolutionFromRemoteVpc"
    assert seen["AccepterVpcInfo"]["PeeringOptions"][name] is True
    assert seen["RequesterVpcInfo"]["PeeringOptions"][name] is False


def test_nobody_sets_the_other_sides(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """The page: own account; and "you must use the Region for the requester VPC to modify the
    requester VPC peering options and the Region for the accepter VPC …"."""
    own = seed.vpc(here.account, "eu-west-1", "10.3.0.0/16")
    foreign, regional = seed.peering(here, there), seed.peering(here, own)
    modify = client(here.account, here.region).modify_vpc_peering_connection_options
    modify_theirs = client(there.account, there.region).modify_vpc_peering_connection_options

    refusals = [
        code(modify, VpcPeeringConnectionId=foreign, AccepterPeeringConnectionOptions=DNS),
        code(modify, VpcPeeringConnectionId=regional, AccepterPeeringConnectionOptions=DNS),
        code(modify_theirs, VpcPeeringConnectionId=foreign, RequesterPeeringConnectionOptions=DNS),
    ]

    assert refusals == ["OperationNotPermitted"] * 3


def test_one_account_and_region_sets_both(seed: Seed, client: Any, here: SeededVpc) -> None:
    """The page: "on one side of a VPC peering connection"; both sides are the caller's here."""
    other = seed.vpc(here.account, here.region, "10.3.0.0/16")

    answer = client(here.account).modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=seed.peering(here, other),
        AccepterPeeringConnectionOptions=DNS,
        RequesterPeeringConnectionOptions=DNS,
    )

    assert answer["AccepterPeeringConnectionOptions"] == DNS
    assert answer["RequesterPeeringConnectionOptions"] == DNS


def test_only_an_active_peering_has_options(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html: "must be in the active
    state"; AWS: "Peering options can be added only to active peerings"."""
    identifier = seed.peering(here, there, status="pending-acceptance")
    modify = client(here.account).modify_vpc_peering_connection_options

    found = code(modify, VpcPeeringConnectionId=identifier, RequesterPeeringConnectionOptions=DNS)

    assert found == "OperationNotPermitted"
