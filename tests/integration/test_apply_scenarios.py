"""From a change of the files, or of AWS, to what the product's text asks for.

After each apply the oracle of tests/oracle compares every peering, tag and route in AWS with its
own reading of the text, and a second plan is empty.
"""

from __future__ import annotations

from copy import deepcopy

import pytest

from bot.model.address import VpcRef
from tests.fakes.world import FakePeering
from tests.integration.laptop import (
    EAST,
    METADATA,
    WEST,
    A,
    B,
    C,
    Files,
    Laptop,
    destinations,
    file,
    live,
    member,
)

ANYTHING = {
    "max_leaving_members": 100,
    "max_leaving_percent": 100,
    "max_other_deletes": 1000,
    "max_route_delete_percent": 100,
    "allow_empty_environment": True,
}


def test_a_full_mesh(laptop: Laptop) -> None:
    vpcs = laptop.vpcs(6)
    extra = laptop.seed.route_table(vpcs[0], {"peerd_eligible": "true"})
    other = laptop.seed.route_table(vpcs[0], {"peerd_eligible": "no"})
    laptop.mesh(production=[member(vpc) for vpc in vpcs])

    ran = laptop.converge()

    world = laptop.world()
    assert "Apply complete: 50 added, 0 changed, 0 destroyed." in ran.out
    assert len(live(world)) == 15
    assert destinations(world, extra) == destinations(world, vpcs[0].main_table)
    assert len(destinations(world, extra)) == 5
    assert destinations(world, other) == {}


def test_overlapping_vpcs_are_not_peered(laptop: Laptop) -> None:
    one = laptop.vpc(A, EAST, "10.0.0.0/16")
    inside = laptop.vpc(B, EAST, "10.9.0.0/16", secondary=["10.0.128.0/17"])
    third = laptop.vpc(C, EAST, "10.2.0.0/16")
    laptop.mesh(production=[member(one), member(inside), member(third)])

    ran = laptop.converge()

    assert live(laptop.world()) == {frozenset((one.id, third.id)), frozenset((inside.id, third.id))}
    assert "10.0.0.0/16" in ran.out
    assert "10.0.128.0/17" in ran.out


@pytest.mark.parametrize("based", [True, False], ids=["base", "no base"])
def test_a_vpc_that_was_removed(laptop: Laptop, based: bool) -> None:
    *stay, gone = laptop.vpcs(4)
    before = {"meshes/a.yaml": file(production=[member(v) for v in (*stay, gone)])}
    laptop.write(before)
    revision = laptop.commit()
    laptop.converge()
    laptop.write({"meshes/a.yaml": file(production=[member(v) for v in stay])})

    given = ("--base", revision) if based else ()
    laptop.converge(*given, base=before if based else None)

    world = laptop.world()
    assert len(live(world)) == 3
    assert destinations(world, gone.main_table) == {}


def test_an_environment_that_was_removed(laptop: Laptop) -> None:
    one, two, three, four = laptop.vpcs(4)
    left, right = [member(one), member(two)], [member(three), member(four)]
    before = {"meshes/a.yaml": {**file(left=left, right=right), "limits": ANYTHING}}
    laptop.write(before)
    revision = laptop.commit()
    laptop.converge()
    laptop.write({"meshes/a.yaml": file(left=left)})
    laptop.settled()  # without a base nobody can know that there was more

    laptop.converge("--base", revision, base=before)

    assert live(laptop.world()) == {frozenset((one.id, two.id))}


def test_a_file_that_was_removed(laptop: Laptop) -> None:
    one, two, three, four = laptop.vpcs(4)
    theirs = {**METADATA, "service_name": "other"}
    before: Files = {
        "meshes/a.yaml": file(left=[member(one), member(two)]),
        "meshes/deep/b.yaml": {
            **file(theirs, right=[member(three), member(four)]),
            "limits": ANYTHING,
        },
    }
    laptop.folder.joinpath("meshes").mkdir()
    laptop.write(before)
    revision = laptop.commit()
    laptop.converge()
    laptop.write({"meshes/a.yaml": before["meshes/a.yaml"]})

    laptop.converge("--base", revision, base=before)

    assert live(laptop.world()) == {frozenset((one.id, two.id))}


@pytest.mark.parametrize("folder_stays", [True, False], ids=["empty folder", "no folder"])
def test_the_only_file_that_was_removed(laptop: Laptop, folder_stays: bool) -> None:
    """git keeps no empty folders: after a checkout the folder is gone as well."""
    before = {"meshes/a.yaml": {**file(e=[member(v) for v in laptop.vpcs(2)]), "limits": ANYTHING}}
    laptop.write(before)
    revision = laptop.commit()
    laptop.converge()
    laptop.write({})
    if not folder_stays:
        laptop.folder.joinpath("meshes").rmdir()

    laptop.converge("--base", revision, base=before)

    assert live(laptop.world()) == set()


def test_the_only_file_that_was_removed_is_over_the_default_limits(laptop: Laptop) -> None:
    laptop.mesh(e=[member(v) for v in laptop.vpcs(2)])
    revision = laptop.commit()
    laptop.converge()
    laptop.write({})
    laptop.folder.joinpath("meshes").rmdir()

    ran = laptop.run("apply", "--yes", "--base", revision)

    assert ran.code == 4, ran
    assert "without members" in ran.err
    assert len(live(laptop.world())) == 1


def test_a_tombstone_is_cleaned_without_a_base(laptop: Laptop) -> None:
    *stay, gone = laptop.vpcs(4)
    members = [member(v) for v in stay]
    laptop.mesh(production={"vpcs": [*members, member(gone)]})
    laptop.converge()
    laptop.mesh(production={"vpcs": [*members, member(gone, state="absent")]})

    laptop.converge()

    assert destinations(laptop.world(), gone.main_table) == {}
    assert len(live(laptop.world())) == 3


def test_the_environment_of_tombstones_alone_is_cleaned(laptop: Laptop) -> None:
    one, two = laptop.vpcs(2)
    laptop.mesh(e={"vpcs": [member(one), member(two)]})
    laptop.converge()
    tombs = [member(one, state="absent"), member(two, state="absent")]
    laptop.write({"meshes/mesh.yaml": {**file(e={"vpcs": tombs}), "limits": ANYTHING}})

    laptop.converge()

    assert live(laptop.world()) == set()


def test_an_abandoned_account_is_cleaned_from_the_near_sides(laptop: Laptop) -> None:
    one, two, gone = laptop.vpcs(3)
    four = laptop.vpc(A, WEST, "10.4.0.0/16")
    stay = [member(v) for v in (one, two, four)]
    laptop.mesh(production={"vpcs": [*stay, member(gone)]})
    laptop.converge()
    laptop.aws.settings(unassumable=[C])
    laptop.mesh(production={"vpcs": [*stay, member(gone, state="abandoned")]})
    laptop.aws.forget_calls()

    laptop.converge()

    world = laptop.world()
    assert len(live(world)) == 3
    for vpc in (one, two, four):
        assert gone.cidr not in destinations(world, vpc.main_table)
    assert C not in {call.account for call in laptop.calls() if call.service == "ec2"}
    assert {call.error for call in laptop.calls()} == {""}


def test_overrides_narrowed_widened_and_emptied(laptop: Laptop) -> None:
    one, two, three = laptop.vpcs(3)

    def mesh(*overrides: str) -> None:
        mine = member(one, cidr_overrides=list(overrides))
        laptop.mesh(production=[mine, member(two), member(three)])
        laptop.converge()

    def routed() -> set[str]:
        found = destinations(laptop.world(), two.main_table)
        return {block for block in found if block.startswith("10.0.")}

    mesh("10.0.1.0/24", "10.0.2.0/24")
    assert routed() == {"10.0.1.0/24", "10.0.2.0/24"}
    mesh("10.0.2.0/24")
    assert routed() == {"10.0.2.0/24"}
    mesh("10.0.2.0/24", "10.0.3.0/24")
    assert routed() == {"10.0.2.0/24", "10.0.3.0/24"}
    laptop.mesh(production=[member(one, cidr_overrides=[]), member(two), member(three)])
    laptop.converge()
    assert routed() == set()
    assert len(live(laptop.world())) == 3


def test_a_cidr_that_was_added_and_taken_away(laptop: Laptop) -> None:
    one, two, three = laptop.vpcs(3)
    laptop.mesh(production=[member(v) for v in (one, two, three)])
    laptop.converge()
    ec2 = laptop.seed.ec2(one.account, one.region)
    made = ec2.associate_vpc_cidr_block(VpcId=one.id, CidrBlock="10.100.0.0/16")

    laptop.converge()

    assert "10.100.0.0/16" in destinations(laptop.world(), two.main_table)
    association = made["CidrBlockAssociation"]["AssociationId"]
    ec2.disassociate_vpc_cidr_block(AssociationId=association)
    laptop.converge()
    assert "10.100.0.0/16" not in destinations(laptop.world(), two.main_table)


def test_ipv6_is_routed_when_asked_for(laptop: Laptop) -> None:
    one = laptop.vpc(A, EAST, "10.0.0.0/16", ipv6="2600:1f14:aaa:0::/56")
    two = laptop.vpc(B, WEST, "10.1.0.0/16", ipv6="2600:1f14:aaa:100::/56")
    laptop.mesh(production={"vpcs": [member(one), member(two)]})
    laptop.converge()
    assert len(destinations(laptop.world(), one.main_table)) == 1

    laptop.mesh(production={"ipv6": True, "vpcs": [member(one), member(two)]})
    laptop.converge()

    assert set(destinations(laptop.world(), one.main_table)) == {
        "10.1.0.0/16",
        "2600:1f14:aaa:100::/56",
    }


@pytest.mark.parametrize("forgotten", [False, True], ids=["deleted", "unknown to AWS"])
def test_a_peering_deleted_by_hand_is_made_anew_and_its_routes_replaced_in_place(
    laptop: Laptop, forgotten: bool
) -> None:
    one, two, three = laptop.vpcs(3)
    laptop.mesh(production=[member(v) for v in (one, two, three)])
    laptop.converge()
    world = laptop.world()
    lost = next(p for p in world.peerings.values() if three.id not in {e.vpc_id for e in p.ends})
    if forgotten:
        laptop.aws.forget_peering(lost.id)
    else:
        laptop.seed.ec2(lost.requester.scope.account, EAST).delete_vpc_peering_connection(
            VpcPeeringConnectionId=lost.id
        )
    laptop.aws.forget_calls()

    laptop.converge()

    counted = laptop.counted()
    assert counted["ReplaceRoute"] == 2
    assert counted["CreateRoute"] == counted["DeleteRoute"] == 0
    assert len(live(laptop.world())) == 3


@pytest.mark.parametrize("status", ["failed", "expired", "rejected"])
def test_a_dead_peering_counts_as_absent(laptop: Laptop, status: str) -> None:
    one, two = laptop.vpcs(2)
    laptop.seed.peering(one, two, status=status)
    laptop.mesh(production=[member(one), member(two)])

    laptop.converge()

    assert len(live(laptop.world())) == 1


@pytest.mark.parametrize("status", ["pending-acceptance", "provisioning", "initiating-request"])
def test_a_peering_that_an_earlier_run_left_halfway_is_finished(
    laptop: Laptop, status: str
) -> None:
    one, two = laptop.vpcs(2)
    laptop.mesh(production=[member(one), member(two)])
    laptop.converge()
    (first,) = laptop.world().peerings.values()
    requester, accepter = (laptop.seed.ec2(side.scope.account, EAST) for side in _sides(first))
    requester.delete_vpc_peering_connection(VpcPeeringConnectionId=first.id)
    laptop.aws.settings(initiating_seconds=1 if status == "initiating-request" else 0)
    laptop.aws.settings(provisioning_seconds=1)
    tags = first.tags[first.requester.scope]
    made = requester.create_vpc_peering_connection(
        VpcId=first.requester.vpc_id,
        PeerVpcId=first.accepter.vpc_id,
        PeerOwnerId=first.accepter.scope.account,
        PeerRegion=EAST,
        TagSpecifications=[
            {
                "ResourceType": "vpc-peering-connection",
                "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
            }
        ],
    )["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    if status == "provisioning":
        accepter.accept_vpc_peering_connection(VpcPeeringConnectionId=made)
    assert laptop.world().peerings[made].status == status
    laptop.aws.forget_calls()

    laptop.ok("apply", "--yes")

    assert laptop.world().peerings[made].status == "active"
    counted = laptop.counted()
    assert counted["CreateVpcPeeringConnection"] == 0
    assert counted["AcceptVpcPeeringConnection"] == (status != "provisioning")
    laptop.settled()


def _sides(peering: FakePeering) -> tuple[VpcRef, VpcRef]:
    return peering.requester, peering.accepter


def test_somebody_elses_route_is_never_stolen(laptop: Laptop) -> None:
    one, two, three = laptop.vpcs(3)
    gateway = laptop.seed.target(one, "tgw")
    laptop.seed.route(one, one.main_table, "10.1.0.0/16", gateway)
    laptop.mesh(production=[member(v) for v in (one, two, three)])

    ran = laptop.converge()

    assert destinations(laptop.world(), one.main_table)["10.1.0.0/16"] == gateway
    assert gateway in ran.out
    assert "10.1.0.0/16" in ran.out


def test_a_route_that_somebody_took_from_us_is_left_to_them(laptop: Laptop) -> None:
    one, two, three = laptop.vpcs(3)
    laptop.mesh(production=[member(v) for v in (one, two, three)])
    laptop.converge()
    gateway = laptop.seed.target(one, "tgw")
    laptop.seed.ec2(A, EAST).replace_route(
        RouteTableId=one.main_table, DestinationCidrBlock="10.1.0.0/16", TransitGatewayId=gateway
    )

    laptop.converge()

    assert destinations(laptop.world(), one.main_table)["10.1.0.0/16"] == gateway


def test_a_propagated_twin_does_not_stand_in_for_a_route(laptop: Laptop) -> None:
    one, two = laptop.vpcs(2)
    laptop.seed.propagated_route(one, one.main_table, "10.1.0.0/16")
    laptop.mesh(production=[member(one), member(two)])

    laptop.converge()

    assert destinations(laptop.world(), one.main_table)["10.1.0.0/16"].startswith("pcx-")


def test_drifted_tags_are_mended_and_foreign_ones_stay(laptop: Laptop) -> None:
    one, two = laptop.vpcs(2)
    laptop.mesh(production=[member(one, peering_tags={"cost": "42"}), member(two)])
    laptop.converge()
    (made,) = laptop.world().peerings
    laptop.seed.tag(one, made, {"Name": "mine!", "theirs": "stays", "cost": "0"})
    laptop.seed.tag(two, made, {"peerd_support": "nobody"})
    laptop.seed.ec2(B, EAST).delete_tags(Resources=[made], Tags=[{"Key": "business_unit"}])
    laptop.aws.forget_calls()

    laptop.converge()

    counted = laptop.counted()
    assert counted["CreateTags"] == 2
    assert not [call for call in laptop.calls() if call.mutating and call.action != "CreateTags"]
    tags = laptop.world().peerings[made].tags
    assert any(side.get("theirs") == "stays" for side in tags.values())


def test_changed_peering_tags_reach_both_sides(laptop: Laptop) -> None:
    one, two = laptop.vpcs(2)
    laptop.mesh(production=[member(one, peering_tags={"cost": "1"}), member(two)])
    laptop.converge()
    laptop.mesh(production=[member(one, peering_tags={"cost": "2", "new": "x"}), member(two)])

    laptop.converge()

    (peering,) = laptop.world().peerings.values()
    assert [(t["cost"], t["new"]) for t in peering.tags.values()] == [("2", "x")] * 2


def test_from_full_mesh_to_hub_and_spoke_and_back(laptop: Laptop) -> None:
    hub, *spokes = laptop.vpcs(4)
    everyone = [member(hub, role="hub"), *(member(v, role="spoke") for v in spokes)]
    plain = [member(v) for v in (hub, *spokes)]
    laptop.mesh(edge={"vpcs": plain})
    laptop.converge()
    laptop.mesh(edge={"topology": "hub-and-spoke", "vpcs": everyone})

    laptop.converge()

    assert live(laptop.world()) == {frozenset((hub.id, spoke.id)) for spoke in spokes}
    laptop.mesh(edge={"vpcs": plain})
    laptop.converge()
    assert len(live(laptop.world())) == 6


def test_a_pair_of_two_environments_outlives_one_of_them(laptop: Laptop) -> None:
    one, two, three = laptop.vpcs(3)
    left = [member(one), member(two), member(three)]
    right = [member(one, cidr_overrides=["10.0.7.0/24"]), member(two)]
    before = {"meshes/a.yaml": {**file(left=left, right=right), "limits": ANYTHING}}
    laptop.write(before)
    revision = laptop.commit()
    laptop.converge()
    world = laptop.world()
    (shared,) = (p for p in world.peerings.values() if three.id not in {e.vpc_id for e in p.ends})
    assert {side["peerd_environment"] for side in shared.tags.values()} == {"left"}
    assert {"10.0.0.0/16", "10.0.7.0/24"} <= set(destinations(world, two.main_table))
    laptop.write({"meshes/a.yaml": file(right=right)})

    laptop.converge("--base", revision, base=before)

    world = laptop.world()
    assert world.peerings[shared.id].live
    tags = world.peerings[shared.id].tags
    assert {side["peerd_environment"] for side in tags.values()} == {"right"}
    assert set(destinations(world, two.main_table)) == {"10.0.7.0/24"}
    assert live(world) == {frozenset((one.id, two.id))}


def test_a_peering_without_our_tags_is_adopted_only_when_asked(laptop: Laptop) -> None:
    one, two = laptop.vpcs(2)
    found = laptop.seed.peering(two, one, requester_tags={"Name": "by hand"})
    laptop.mesh(production={"vpcs": [member(one), member(two)]})
    ran = laptop.converge()
    assert found in ran.out
    assert laptop.world().peerings[found].tags[laptop.world().peerings[found].requester.scope] == {
        "Name": "by hand"
    }
    laptop.mesh(production={"adopt": True, "vpcs": [member(one), member(two)]})

    laptop.converge()

    assert set(destinations(laptop.world(), one.main_table).values()) == {found}
    assert list(laptop.world().peerings) == [found]


def test_another_peerd_of_the_same_environment_name_is_left_alone(laptop: Laptop) -> None:
    one, two, three = laptop.vpcs(3)
    theirs = {
        "peerd_created": "true",
        "peerd_environment": "production",
        "service_name": "another-repository",
    }
    found = laptop.seed.peering(one, three, requester_tags=theirs, accepter_tags=theirs)
    laptop.seed.route(one, one.main_table, "10.2.0.0/16", found)
    laptop.mesh(production=[member(one), member(two)])

    laptop.converge()

    world = laptop.world()
    assert world.peerings[found].live
    assert destinations(world, one.main_table)["10.2.0.0/16"] == found


def test_a_destination_moves_to_another_peer_without_a_gap(laptop: Laptop) -> None:
    """ReplaceRoute, and the old peering goes only after it."""
    one, two, three, four = laptop.vpcs(4)
    everyone = [member(v) for v in (one, two, three)]
    old = member(four, cidr_overrides=["172.16.0.0/16"])
    before = {"meshes/a.yaml": file(production=[*everyone, old])}
    laptop.write(before)
    revision = laptop.commit()
    laptop.converge()
    after = deepcopy(everyone)
    after[2]["cidr_overrides"] = ["172.16.0.0/16", "10.2.0.0/16"]
    laptop.write({"meshes/a.yaml": file(production=after)})
    laptop.aws.forget_calls()

    laptop.converge("--base", revision, base=before)

    calls = [call.action for call in laptop.calls()]
    assert calls.count("ReplaceRoute") == 2
    first_delete = calls.index("DeleteVpcPeeringConnection")
    moved = laptop.world()
    for vpc in (one, two):
        assert destinations(moved, vpc.main_table)["172.16.0.0/16"].startswith("pcx-")
    assert first_delete > calls.index("ReplaceRoute")


def test_only_the_chosen_environment_is_applied(laptop: Laptop) -> None:
    one, two, three, four = laptop.vpcs(4)
    laptop.mesh(left=[member(one), member(two)], right=[member(three), member(four)])

    laptop.ok("apply", "--yes", "--environment", "right")

    assert live(laptop.world()) == {frozenset((three.id, four.id))}
    laptop.settled("--environment", "right")
    assert laptop.run("plan", "--detailed-exitcode").code == 2
    laptop.converge()


def test_one_file_can_be_given_instead_of_the_folder(laptop: Laptop) -> None:
    one, two, three, four = laptop.vpcs(4)
    laptop.write(
        {
            "meshes/a.yaml": file(left=[member(one), member(two)]),
            "meshes/b.yaml": file(right=[member(three), member(four)]),
        }
    )

    laptop.ok("apply", "--yes", "--meshes", "meshes/b.yaml")

    assert live(laptop.world()) == {frozenset((three.id, four.id))}


def test_a_missing_vpc_is_a_warning_and_the_rest_goes_on(laptop: Laptop) -> None:
    one, two, three = laptop.vpcs(3)
    gone = {**member(three), "vpc_id": "vpc-0123456789abcdef0"}
    laptop.mesh(production=[member(one), member(two), gone])

    ran = laptop.converge()

    assert "vpc-0123456789abcdef0 does not exist" in ran.out
    assert len(live(laptop.world())) == 1


def test_peerings_that_take_their_time_are_waited_for(laptop: Laptop) -> None:
    laptop.aws.settings(
        initiating_seconds=0.2, provisioning_seconds=0.5, visibility_seconds=1, deleting_seconds=0.5
    )
    *stay, gone = laptop.vpcs(4)
    laptop.mesh(production=[member(v) for v in (*stay, gone)])
    laptop.converge()
    laptop.mesh(production=[member(v) for v in stay])

    laptop.converge()

    assert not [c for c in laptop.calls() if c.error not in ("", "RequestLimitExceeded")]
