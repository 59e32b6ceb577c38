"""DNS resolution through the real command line: two accounts, two Regions, and who sets what."""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.aws.seed import SeededVpc
from tests.integration.laptop import EAST, WEST, A, B, Laptop, member

MODIFY, ASK = "ModifyVpcPeeringConnectionOptions", "DescribeVpcAttribute"


@pytest.fixture
def vpcs(laptop: Laptop) -> list[SeededVpc]:
    """Two in one account and Region, one in another Region, one in another account."""
    places = ((A, EAST), (A, EAST), (A, WEST), (B, EAST))
    return [
        laptop.vpc(account, region, f"10.{n}.0.0/16", dns_hostnames=True)
        for n, (account, region) in enumerate(places)
    ]


def mesh(laptop: Laptop, vpcs: list[SeededVpc], **settings: Any) -> None:
    laptop.mesh(edge={"vpcs": [member(vpc) for vpc in vpcs], **settings})


def options(plan: Any) -> list[str]:
    return sorted(c["action"] for c in plan["changes"] if c["kind"] == "peering_options")


def test_both_sides_of_new_peerings_are_set_by_their_owners(
    laptop: Laptop, vpcs: list[SeededVpc]
) -> None:
    mesh(laptop, vpcs, dns_resolution=True)
    laptop.fault(provisioning_seconds=0.3, visibility_seconds=0.3)

    plan = laptop.plan()
    laptop.converge()

    assert options(plan) == ["create"] * 12
    assert all(len(peering.dns) == 2 for peering in laptop.world().peerings.values())
    set_by = [(c.account, c.region) for c in laptop.calls() if c.action == MODIFY and not c.error]
    # five of the six peerings have a side in another scope: those have a call for each side
    assert sorted(set_by) == [(A, WEST)] * 3 + [(A, EAST)] * 5 + [(B, EAST)] * 3
    assert not [call for call in laptop.calls() if call.error]


def test_a_settled_mesh_asks_no_more_than_one_without(
    laptop: Laptop, vpcs: list[SeededVpc]
) -> None:
    mesh(laptop, vpcs, dns_resolution=True)
    laptop.ok("apply", "--yes")
    laptop.aws.forget_calls()

    laptop.settled()

    assert laptop.counted()[ASK] == 0
    assert laptop.counted()["DescribeVpcPeeringConnections"] == 3


def test_on_then_off_then_left_alone(laptop: Laptop, vpcs: list[SeededVpc]) -> None:
    mesh(laptop, vpcs[1:])
    laptop.converge()
    mesh(laptop, vpcs[1:], dns_resolution=True)
    assert options(laptop.plan()) == ["update"] * 6
    laptop.converge()

    laptop.aws.forget_calls()
    mesh(laptop, vpcs[1:], dns_resolution=False)
    assert options(laptop.plan()) == ["update"] * 6
    assert laptop.counted()[ASK] == 0
    laptop.converge()

    mesh(laptop, vpcs[1:])
    laptop.settled()


def test_what_somebody_turned_off_is_drift_and_is_turned_on(
    laptop: Laptop, vpcs: list[SeededVpc]
) -> None:
    mesh(laptop, vpcs[2:], dns_resolution=True)
    laptop.converge()
    revision = laptop.commit()
    (peering,) = laptop.world().peerings
    there = vpcs[3]
    info = laptop.seed.ec2(there.account, there.region).describe_vpc_peering_connections()
    role = (
        "Accepter"
        if info["VpcPeeringConnections"][0]["AccepterVpcInfo"]["VpcId"] == there.id
        else "Requester"
    )
    laptop.seed.ec2(there.account, there.region).modify_vpc_peering_connection_options(
        VpcPeeringConnectionId=peering,
        **{f"{role}PeeringConnectionOptions": {"AllowDnsResolutionFromRemoteVpc": False}},
    )

    plan = laptop.plan("--base", revision)

    (change,) = plan["changes"]
    assert (change["origin"], change["after"]["side"]) == ("drift", role.lower())
    assert change["address"].startswith(f"peering_options.{B}/{EAST}/{there.id}~{A}/{WEST}/")
    assert change["declared_at"][0]["file"] == "meshes/mesh.yaml"
    laptop.converge()


def test_a_vpc_without_hostnames_is_told_before_and_refused_by_aws(laptop: Laptop) -> None:
    one = laptop.vpc(A, EAST, "10.0.0.0/16", dns_hostnames=True)
    lacking = laptop.vpc(B, WEST, "10.1.0.0/16")
    mesh(laptop, [one, lacking], dns_resolution=True)

    plan = laptop.plan()
    ran = laptop.run("apply", "--yes", "--format", "json")

    (told,) = plan["diagnostics"]
    assert told["code"] == "dns-attributes"
    assert f"{lacking.id} has enableDnsHostnames off" in told["summary"]
    assert ran.code == 5
    failed = [o for o in ran.json["outcomes"] if o["result"] != "applied"]
    assert [o["address"].partition(".")[0] for o in failed] == ["peering_options"] * 2
    assert all("enableDnsHostnames" in o["advice"] for o in failed)
    laptop.seed.ec2(B, WEST).modify_vpc_attribute(
        VpcId=lacking.id, EnableDnsHostnames={"Value": True}
    )
    laptop.converge()


def test_a_member_decides_for_its_own_side(laptop: Laptop, vpcs: list[SeededVpc]) -> None:
    east, west, other = vpcs[1:]
    quiet = member(other, dns_resolution=False)
    laptop.mesh(edge={"vpcs": [member(east), member(west), quiet], "dns_resolution": True})

    laptop.converge()

    on = {
        frozenset(end.vpc_id for end in peering.ends): {end.vpc_id for end in peering.dns}
        for peering in laptop.world().peerings.values()
    }
    assert on == {
        frozenset((east.id, west.id)): {east.id, west.id},
        frozenset((east.id, other.id)): {east.id},
        frozenset((west.id, other.id)): {west.id},
    }
