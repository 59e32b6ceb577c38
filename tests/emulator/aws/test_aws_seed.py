"""The seeding API, which other tests build their worlds with."""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.aws import Emulator
from bot.emulator.aws.peerings import Status
from bot.emulator.aws.seed import Seed, SeededVpc


@pytest.mark.parametrize("status", list(Status))
def test_peering_in_any_status(
    seed: Seed, client: Any, here: SeededVpc, there: SeededVpc, status: Status
) -> None:
    """Each status that API_VpcPeeringConnectionStateReason lists; it stays in it."""
    identifier = seed.peering(
        here, there, status=status, requester_tags={"a": "1"}, accepter_tags={"b": "2"}
    )

    found = client(here.account).describe_vpc_peering_connections(
        VpcPeeringConnectionIds=[identifier]
    )["VpcPeeringConnections"][0]

    assert found["Status"]["Code"] == status.value
    assert found["Tags"] == [{"Key": "a", "Value": "1"}]


def test_seeding_is_not_counted_refused_or_slowed(aws: Emulator, seed: Seed) -> None:
    """So that a world can be changed in the middle of a test."""
    aws.settings(
        throttle=True,
        buckets={"CreateVpc": [0, 0]},
        faults=[{"error": "InternalError"}],
        unassumable=["111111111111"],
        latency_ms=5000,
    )

    made = seed.vpc("111111111111", "us-east-1", "10.1.0.0/16")

    assert made.id.startswith("vpc-")
    assert aws.calls() == ()


def test_route_tables_with_and_without_tags(seed: Seed, client: Any, here: SeededVpc) -> None:
    """API_CreateRouteTable, TagSpecification.N."""
    tagged = seed.route_table(here, {"peerd_eligible": "true"})
    plain = seed.route_table(here)

    found = client(here.account).describe_route_tables(RouteTableIds=[tagged, plain])["RouteTables"]

    assert [t["Tags"] for t in found] == [[{"Key": "peerd_eligible", "Value": "true"}], []]
    assert [t["VpcId"] for t in found] == [here.id] * 2


def test_unknown_peering_cannot_be_forced(aws: Emulator) -> None:
    """The control endpoint says so."""
    with pytest.raises(ValueError, match="no peering pcx-1"):
        aws.force_peering("pcx-1", "active")
