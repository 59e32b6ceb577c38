"""ModifyVpcPeeringConnectionOptions.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcPeeringConnectionOptions.html
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.aws.seed import Seed, SeededVpc

DNS = {"AllowDnsResolutionFromRemoteVpc": True}
NO_DNS = {"AllowDnsResolutionFromRemoteVpc": False}


def enable(seed: Seed, *vpcs: SeededVpc) -> None:
    """enableDnsHostnames, which is off in a new VPC; enableDnsSupport is on."""
    for vpc in vpcs:
        seed.ec2(vpc.account, vpc.region).modify_vpc_attribute(
            VpcId=vpc.id, EnableDnsHostnames={"Value": True}
        )


def test_each_side_sets_its_own_and_both_see_them(
    seed: Seed, client: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """The page: "each Amazon Web Services account owner must initiate a separate request"."""
    enable(seed, here, there)
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
    other = seed.vpc(here.account, here.region, "10.3.0.0/16", dns_hostnames=True)
    enable(seed, here)

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


@pytest.mark.parametrize("lacking", ["here", "there"])
@pytest.mark.parametrize("attribute", ["EnableDnsHostnames", "EnableDnsSupport"])
def test_both_vpcs_have_to_be_enabled_for_names(
    seed: Seed,
    client: Any,
    code: Any,
    here: SeededVpc,
    there: SeededVpc,
    lacking: str,
    attribute: str,
) -> None:
    """https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-dns.html , requirements."""
    enable(seed, here, there)
    vpc = here if lacking == "here" else there
    ec2 = client(vpc.account, vpc.region)
    ec2.modify_vpc_attribute(VpcId=vpc.id, **{attribute: {"Value": False}})
    identifier = seed.peering(here, there)
    modify = client(here.account).modify_vpc_peering_connection_options

    refused = code(modify, VpcPeeringConnectionId=identifier, RequesterPeeringConnectionOptions=DNS)

    assert refused == "OperationNotPermitted"
    modify(VpcPeeringConnectionId=identifier, RequesterPeeringConnectionOptions=NO_DNS)


def test_attributes_of_a_vpc_are_told_one_by_one(client: Any, code: Any, here: SeededVpc) -> None:
    """API_DescribeVpcAttribute: "You can specify only one attribute at a time"; hostnames are off
    in a new VPC (VPC user guide, DNS attributes for your VPC)."""
    describe = client(here.account).describe_vpc_attribute

    support = describe(VpcId=here.id, Attribute="enableDnsSupport")
    hostnames = describe(VpcId=here.id, Attribute="enableDnsHostnames")

    assert (support["VpcId"], support["EnableDnsSupport"]) == (here.id, {"Value": True})
    assert hostnames["EnableDnsHostnames"] == {"Value": False}
    assert "EnableDnsSupport" not in hostnames
    assert code(describe, VpcId="vpc-00000000", Attribute="enableDnsSupport") == (
        "InvalidVpcID.NotFound"
    )
