"""VPCs and their blocks.

https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
"""

from __future__ import annotations

from typing import Any

from bot.emulator.aws.seed import Seed, SeededVpc

A = "111111111111"


def _vpc(ec2: Any, identifier: str) -> Any:
    return ec2.describe_vpcs(VpcIds=[identifier])["Vpcs"][0]


def test_host_bits_are_cleared(client: Any) -> None:
    """API_CreateVpc, CidrBlock: "if you specify 100.68.0.18/18, we modify it to
    100.68.0.0/18"."""
    made = client(A).create_vpc(CidrBlock="100.68.0.18/18")["Vpc"]

    assert made["CidrBlock"] == "100.68.0.0/18"
    assert made["CidrBlockAssociationSet"][0]["CidrBlock"] == "100.68.0.0/18"


def test_blocks_of_both_families(client: Any, seed: Seed) -> None:
    """API_Vpc: cidrBlockAssociationSet, ipv6CidrBlockAssociationSet; a VPC may have several."""
    vpc = seed.vpc(A, "us-east-1", "10.1.0.0/16", secondary=["10.5.0.0/20"], ipv6="2001:db8::/56")
    ec2 = client(A)
    ec2.associate_vpc_cidr_block(VpcId=vpc.id, AmazonProvidedIpv6CidrBlock=True)

    found = _vpc(ec2, vpc.id)

    ipv4 = [a["CidrBlock"] for a in found["CidrBlockAssociationSet"]]
    ipv6 = [a["Ipv6CidrBlock"] for a in found["Ipv6CidrBlockAssociationSet"]]
    assert ipv4 == ["10.1.0.0/16", "10.5.0.0/20"]
    assert ipv6[0] == "2001:db8::/56"
    assert len(ipv6) == 2


def test_disassociated_block_stays_listed_as_such(client: Any, seed: Seed) -> None:
    """API_VpcCidrBlockState: disassociating, disassociated: a client has to look at the state."""
    vpc = seed.vpc(A, "us-east-1", "10.1.0.0/16", secondary=["10.5.0.0/20"])
    ec2 = client(A)
    second = _vpc(ec2, vpc.id)["CidrBlockAssociationSet"][1]["AssociationId"]

    ec2.disassociate_vpc_cidr_block(AssociationId=second)

    states = {
        a["CidrBlock"]: a["CidrBlockState"]["State"]
        for a in _vpc(ec2, vpc.id)["CidrBlockAssociationSet"]
    }
    assert states == {"10.1.0.0/16": "associated", "10.5.0.0/20": "disassociated"}


def test_five_blocks_a_vpc(client: Any, code: Any, here: SeededVpc) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html: IPv4 CIDR blocks
    per VPC; errors: CidrLimitExceeded."""
    ec2 = client(here.account)
    for i in range(4):
        ec2.associate_vpc_cidr_block(VpcId=here.id, CidrBlock=f"10.5{i}.0.0/16")

    found = code(ec2.associate_vpc_cidr_block, VpcId=here.id, CidrBlock="10.60.0.0/16")

    assert found == "CidrLimitExceeded"


def test_block_of_an_active_peer_cannot_be_associated(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """vpc-cidr-blocks.html: with an active peering, blocks may be added "provided they do not
    overlap with a CIDR block of the peer VPC"."""
    seed.peering(here, there)

    found = code(
        client(here.account).associate_vpc_cidr_block, VpcId=here.id, CidrBlock="10.2.8.0/24"
    )

    assert found == "InvalidVpc.Range"


def test_unknown_vpc(client: Any, code: Any, there: SeededVpc) -> None:
    """Errors: InvalidVpcID.NotFound."""
    describe = client(A, there.region).describe_vpcs

    assert code(describe, VpcIds=[there.id]) == "InvalidVpcID.NotFound"
