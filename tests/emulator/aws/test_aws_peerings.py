"""VPC peering connections, as the VPC Peering Guide and the EC2 API Reference describe them.

Guide: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html ("lifecycle",
"limitations"). API: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_<action>.html .
Error codes: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html .
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc


def _status(ec2: Any, identifier: str) -> str:
    found = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[identifier])
    return str(found["VpcPeeringConnections"][0]["Status"]["Code"])


def _clients(client: Any, here: SeededVpc, there: SeededVpc) -> tuple[Any, Any]:
    return client(here.account, here.region), client(there.account, there.region)


def test_request_starts_initiating_then_waits_for_the_accepter(
    client: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """API_CreateVpcPeeringConnection, example; guide, lifecycle: expires after 7 days."""
    mine, theirs = _clients(client, here, there)

    made = mine.create_vpc_peering_connection(
        VpcId=here.id, PeerVpcId=there.id, PeerOwnerId=there.account, PeerRegion=there.region
    )["VpcPeeringConnection"]

    assert made["Status"]["Code"] == "initiating-request"
    assert 6.9 < (made["ExpirationTime"].timestamp() - time.time()) / 86400 < 7.1
    assert _status(mine, made["VpcPeeringConnectionId"]) == "pending-acceptance"
    assert _status(theirs, made["VpcPeeringConnectionId"]) == "pending-acceptance"


def test_peering_goes_through_every_state_with_the_set_delays(
    aws: Emulator, client: Any, here: SeededVpc, there: SeededVpc, request_peering: Any
) -> None:
    """Guide, lifecycle: initiating-request, pending-acceptance, provisioning, active,
    deleting, deleted."""
    aws.settings(initiating_seconds=0.4, provisioning_seconds=0.4, deleting_seconds=0.4)
    mine, theirs = _clients(client, here, there)
    seen = []

    identifier = request_peering(here, there)
    seen.append(_status(mine, identifier))
    time.sleep(0.45)
    seen.append(_status(mine, identifier))
    theirs.accept_vpc_peering_connection(VpcPeeringConnectionId=identifier)
    seen.append(_status(mine, identifier))
    time.sleep(0.45)
    seen.append(_status(mine, identifier))
    mine.delete_vpc_peering_connection(VpcPeeringConnectionId=identifier)
    seen.append(_status(theirs, identifier))
    time.sleep(0.45)
    seen.append(_status(theirs, identifier))

    assert seen == [
        "initiating-request",
        "pending-acceptance",
        "provisioning",
        "active",
        "deleting",
        "deleted",
    ]


def test_accepter_does_not_know_a_request_until_it_is_visible(
    aws: Emulator, client: Any, code: Any, here: SeededVpc, there: SeededVpc, request_peering: Any
) -> None:
    """EC2 guide, eventual consistency:
    https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html"""
    aws.settings(visibility_seconds=0.5)
    mine, theirs = _clients(client, here, there)

    identifier = request_peering(here, there)

    missing = "InvalidVpcPeeringConnectionID.NotFound"
    by_id = {"VpcPeeringConnectionIds": [identifier]}
    assert _status(mine, identifier) == "pending-acceptance"
    assert code(theirs.describe_vpc_peering_connections, **by_id) == missing
    assert theirs.describe_vpc_peering_connections()["VpcPeeringConnections"] == []
    one = {"VpcPeeringConnectionId": identifier}
    assert code(theirs.accept_vpc_peering_connection, **one) == missing
    tags = {"Resources": [identifier], "Tags": [{"Key": "a", "Value": "b"}]}
    assert code(theirs.create_tags, **tags) == missing
    time.sleep(0.55)
    assert _status(theirs, identifier) == "pending-acceptance"


@pytest.mark.parametrize(
    ("mine", "peer"),
    [
        ({"cidr": "10.1.0.0/16"}, {"cidr": "10.1.128.0/17"}),
        ({"cidr": "10.1.0.0/16"}, {"cidr": "10.2.0.0/16", "secondary": ["10.1.4.0/24"]}),
        (
            {"cidr": "10.1.0.0/16", "ipv6": "2001:db8:1::/56"},
            {"cidr": "10.2.0.0/16", "ipv6": "2001:db8:1::/56"},
        ),
    ],
    ids=["inside", "secondary", "ipv6"],
)
def test_overlap_of_any_block_fails_the_request(
    seed: Seed, client: Any, code: Any, request_peering: Any, mine: Any, peer: Any
) -> None:
    """Guide, limitations: no matching or overlapping IPv4 or IPv6 blocks; lifecycle: failed can
    be neither accepted, rejected nor deleted, and only the requester sees it."""
    here = seed.vpc("111111111111", "us-east-1", **mine)
    there = seed.vpc("222222222222", "us-east-1", **peer)

    identifier = request_peering(here, there)

    ec2, theirs = client(here.account), client(there.account)
    assert _status(ec2, identifier) == "failed"
    assert theirs.describe_vpc_peering_connections()["VpcPeeringConnections"] == []
    one = {"VpcPeeringConnectionId": identifier}
    assert code(ec2.delete_vpc_peering_connection, **one) == "InvalidStateTransition"


def test_request_to_a_vpc_that_does_not_exist_fails_later(client: Any, here: SeededVpc) -> None:
    """Status message that AWS gives: "Failed due to incorrect VPC-ID, Account ID, or
    overlapping CIDR range"; guide, lifecycle: initiating-request can fail."""
    ec2 = client(here.account)

    made = ec2.create_vpc_peering_connection(
        VpcId=here.id, PeerVpcId="vpc-00000000000000001", PeerOwnerId="222222222222"
    )["VpcPeeringConnection"]

    assert made["Status"]["Code"] == "initiating-request"
    assert _status(ec2, made["VpcPeeringConnectionId"]) == "failed"


def test_vpc_cannot_be_peered_with_itself(client: Any, code: Any, here: SeededVpc) -> None:
    """API_CreateVpcPeeringConnection: "between two VPCs"; errors: InvalidParameterValue."""
    create = client(here.account).create_vpc_peering_connection

    assert code(create, VpcId=here.id, PeerVpcId=here.id) == "InvalidParameterValue"


def test_requester_vpc_must_be_ones_own(client: Any, code: Any, there: SeededVpc) -> None:
    """API_CreateVpcPeeringConnection: "a requester VPC that you own"."""
    create = client("111111111111", there.region).create_vpc_peering_connection

    found = code(create, VpcId=there.id, PeerVpcId="vpc-00000000000000001")

    assert found == "InvalidVpcID.NotFound"


@pytest.mark.parametrize("status", ["pending-acceptance", "provisioning", "active"])
def test_second_peering_of_a_pair_is_refused_either_way_round(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc, status: str
) -> None:
    """Guide, limitations: one peering between two VPCs at a time; errors:
    VpcPeeringConnectionAlreadyExists."""
    seed.peering(here, there, status=status)
    mine, theirs = _clients(client, here, there)

    again = code(
        mine.create_vpc_peering_connection,
        VpcId=here.id,
        PeerVpcId=there.id,
        PeerOwnerId=there.account,
        PeerRegion=there.region,
    )
    reverse = code(
        theirs.create_vpc_peering_connection,
        VpcId=there.id,
        PeerVpcId=here.id,
        PeerOwnerId=here.account,
        PeerRegion=here.region,
    )

    assert [again, reverse] == ["VpcPeeringConnectionAlreadyExists"] * 2


@pytest.mark.parametrize("status", ["failed", "expired", "rejected", "deleted"])
def test_dead_peering_does_not_stop_a_new_one(
    seed: Seed,
    client: Any,
    here: SeededVpc,
    there: SeededVpc,
    request_peering: Any,
    status: str,
) -> None:
    """Guide, lifecycle: these are the ends of a peering's life."""
    seed.peering(here, there, status=status)

    identifier = request_peering(here, there)

    assert _status(client(here.account), identifier) == "pending-acceptance"


def test_only_the_accepter_in_its_region_may_answer(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """API_AcceptVpcPeeringConnection: "you must be the owner of the peer VPC"; "you must accept
    the VPC peering connection in the Region of the accepter VPC"."""
    own = seed.vpc(here.account, "eu-west-1", "10.3.0.0/16")
    foreign, regional = (
        seed.peering(here, there, status="pending-acceptance"),
        seed.peering(here, own, status="pending-acceptance"),
    )
    ec2 = client(here.account, here.region)

    refusals = [
        code(answer, VpcPeeringConnectionId=identifier)
        for identifier in (foreign, regional)
        for answer in (ec2.accept_vpc_peering_connection, ec2.reject_vpc_peering_connection)
    ]

    assert refusals == ["OperationNotPermitted"] * 4


@pytest.mark.parametrize(
    "status", ["provisioning", "active", "expired", "rejected", "deleting", "deleted"]
)
def test_only_a_pending_request_can_be_answered(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc, status: str
) -> None:
    """API_AcceptVpcPeeringConnection, API_RejectVpcPeeringConnection: "must be in the
    pending-acceptance state"."""
    one = {"VpcPeeringConnectionId": seed.peering(here, there, status=status)}
    ec2 = client(there.account, there.region)

    assert code(ec2.accept_vpc_peering_connection, **one) == "InvalidStateTransition"
    assert code(ec2.reject_vpc_peering_connection, **one) == "InvalidStateTransition"


@pytest.mark.parametrize("status", ["failed", "rejected", "expired", "deleting", "deleted"])
def test_dead_peering_cannot_be_deleted(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc, status: str
) -> None:
    """API_DeleteVpcPeeringConnection: not in the failed or rejected state; guide, lifecycle:
    no action can be taken on an expired one."""
    identifier = seed.peering(here, there, status=status)
    delete = client(here.account).delete_vpc_peering_connection

    assert code(delete, VpcPeeringConnectionId=identifier) == "InvalidStateTransition"


def test_either_owner_deletes_an_active_peering_only_the_requester_a_pending_one(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """API_DeleteVpcPeeringConnection."""
    mine, theirs = _clients(client, here, there)

    active = seed.peering(here, there)
    theirs.delete_vpc_peering_connection(VpcPeeringConnectionId=active)
    pending = seed.peering(here, there, status="pending-acceptance")
    one = {"VpcPeeringConnectionId": pending}
    refusal = code(theirs.delete_vpc_peering_connection, **one)
    mine.delete_vpc_peering_connection(**one)

    assert refusal == "OperationNotPermitted"
    assert _status(mine, active) == _status(theirs, pending) == "deleted"


def test_request_expires(
    aws: Emulator, client: Any, code: Any, here: SeededVpc, there: SeededVpc, request_peering: Any
) -> None:
    """Guide, lifecycle: an expired request is visible to both, nobody can act on it."""
    aws.settings(expire_seconds=0)

    identifier = request_peering(here, there)

    mine, theirs = _clients(client, here, there)
    assert _status(mine, identifier) == _status(theirs, identifier) == "expired"
    accept = theirs.accept_vpc_peering_connection
    assert code(accept, VpcPeeringConnectionId=identifier) == "InvalidStateTransition"


def test_deleted_peering_is_forgotten_sooner_by_who_deleted_it(
    aws: Emulator, client: Any, here: SeededVpc, there: SeededVpc, request_peering: Any
) -> None:
    """Guide, lifecycle: visible to the party that deleted it for 2 hours, to the other for 2
    days."""
    aws.settings(short_retention_seconds=0.2)
    mine, theirs = _clients(client, here, there)
    identifier = request_peering(here, there)

    mine.delete_vpc_peering_connection(VpcPeeringConnectionId=identifier)
    time.sleep(0.25)

    assert mine.describe_vpc_peering_connections()["VpcPeeringConnections"] == []
    assert _status(theirs, identifier) == "deleted"


def test_third_account_sees_nothing(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """API_DescribeVpcPeeringConnections: "your VPC peering connections"; the id is unknown in
    every account and Region but the two."""
    one = {"VpcPeeringConnectionIds": [seed.peering(here, there)]}
    missing = "InvalidVpcPeeringConnectionID.NotFound"

    assert code(client("333333333333").describe_vpc_peering_connections, **one) == missing
    elsewhere = client(here.account, "ap-southeast-2").describe_vpc_peering_connections
    assert code(elsewhere, **one) == missing


def test_cidr_blocks_are_told_of_active_peerings_only(seed: Seed, client: Any) -> None:
    """API_VpcPeeringConnection: "CIDR block information is only returned when describing an
    active VPC peering connection"; API_VpcPeeringConnectionVpcInfo: all blocks, both families."""
    here = seed.vpc("111111111111", "us-east-1", "10.1.0.0/16", secondary=["100.64.0.0/20"])
    there = seed.vpc("222222222222", "us-east-1", "10.2.0.0/16", ipv6="2001:db8:7::/56")
    identifier = seed.peering(here, there, status="pending-acceptance")
    ec2 = client(there.account)

    before = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"][0]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=identifier)
    after = ec2.describe_vpc_peering_connections()["VpcPeeringConnections"][0]

    assert "CidrBlock" not in before["AccepterVpcInfo"]
    assert "CidrBlockSet" not in before["RequesterVpcInfo"]
    mine = after["RequesterVpcInfo"]
    assert mine["CidrBlock"] == "10.1.0.0/16"
    assert [b["CidrBlock"] for b in mine["CidrBlockSet"]] == ["10.1.0.0/16", "100.64.0.0/20"]
    peer = after["AccepterVpcInfo"]
    assert peer["Ipv6CidrBlockSet"] == [{"Ipv6CidrBlock": "2001:db8:7::/56"}]
    assert (peer["OwnerId"], peer["Region"], peer["VpcId"]) == (
        there.account,
        there.region,
        there.id,
    )


def test_deleting_a_vpc_deletes_its_peerings(
    seed: Seed, client: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """https://docs.aws.amazon.com/vpc/latest/peering/delete-vpc-peering-connection.html"""
    identifier = seed.peering(here, there)
    mine, theirs = _clients(client, here, there)

    mine.delete_vpc(VpcId=here.id)

    assert _status(theirs, identifier) == "deleted"


def test_vpc_with_a_foreign_request_cannot_be_deleted(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """https://docs.aws.amazon.com/vpc/latest/peering/delete-vpc-peering-connection.html: reject
    the request first."""
    seed.peering(here, there, status="pending-acceptance")
    delete = client(there.account, there.region).delete_vpc

    assert code(delete, VpcId=there.id) == "DependencyViolation"


def test_dry_run_of_every_call_does_nothing(
    seed: Seed, client: Any, code: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """API_CreateVpcPeeringConnection and its siblings, DryRun: "without actually making the
    request"; errors: DryRunOperation."""
    pending = seed.peering(here, there, status="pending-acceptance")
    other = seed.vpc(here.account, here.region, "10.9.0.0/16")
    active = seed.peering(here, other)
    mine, theirs = _clients(client, here, there)
    dry: Any = {"DryRun": True}
    options = {"AccepterPeeringConnectionOptions": {"AllowDnsResolutionFromRemoteVpc": True}}

    refusals = {
        code(mine.create_vpc_peering_connection, VpcId=other.id, PeerVpcId="vpc-1", **dry),
        code(theirs.accept_vpc_peering_connection, VpcPeeringConnectionId=pending, **dry),
        code(theirs.reject_vpc_peering_connection, VpcPeeringConnectionId=pending, **dry),
        code(mine.delete_vpc_peering_connection, VpcPeeringConnectionId=active, **dry),
        code(mine.describe_vpc_peering_connections, **dry),
        code(
            mine.modify_vpc_peering_connection_options,
            VpcPeeringConnectionId=active,
            **options,
            **dry,
        ),
    }

    assert refusals == {"DryRunOperation"}
    assert _status(mine, pending) == "pending-acceptance"
    assert _status(mine, active) == "active"
    found = mine.describe_vpc_peering_connections()["VpcPeeringConnections"]
    assert len(found) == 2
    assert not any(
        p["AccepterVpcInfo"].get("PeeringOptions", {}).get("AllowDnsResolutionFromRemoteVpc")
        for p in found
    )
