"""Security group rules through the real command line: what is asked, mended, and made anew.

https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from bot.emulator.aws.seed import SeededVpc
from tests.integration.laptop import EAST, A, B, Laptop, file, member

BLOCK = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.66.0.0/16"}]}
RULES = {"DescribeSecurityGroups", "DescribeSecurityGroupRules"}


@dataclass
class Peers:
    """Two members of one Region with a group each, and a third member without."""

    laptop: Laptop
    one: SeededVpc
    other: SeededVpc
    third: SeededVpc
    web: str
    db: str

    def files(self, *rules: dict[str, Any], members: int = 3) -> dict[str, Any]:
        """The mesh file with these rules."""
        vpcs = (self.third, self.one, self.other)[:members]
        given = file(production=[member(vpc) for vpc in vpcs])
        return {
            "meshes/mesh.yaml": given | ({"security_group_rules": list(rules)} if rules else {})
        }

    def rule(self, **more: Any) -> dict[str, Any]:
        """From web to db."""
        return {
            "environment": "production",
            "description": "web to database",
            "source": {"vpc_id": self.one.id, "group": "web"},
            "destination": {"vpc_id": self.other.id, "group_tags": {"Name": "db"}},
            "protocol": "tcp",
            "ports": 5432,
        } | more

    def references(self, vpc: SeededVpc, group: str) -> list[tuple[str, str]]:
        """describe-security-group-references, as the walk-through asks for it."""
        found = self.laptop.seed.ec2(vpc.account, vpc.region).describe_security_group_references(
            GroupId=[group]
        )["SecurityGroupReferenceSet"]
        return [(item["GroupId"], item["ReferencingVpcId"]) for item in found]

    def stale(self, vpc: SeededVpc) -> list[str]:
        """describe-stale-security-groups."""
        found = self.laptop.seed.ec2(vpc.account, vpc.region).describe_stale_security_groups(
            VpcId=vpc.id
        )["StaleSecurityGroupSet"]
        return [item["GroupId"] for item in found]


@pytest.fixture
def peers(laptop: Laptop) -> Peers:
    one, other = laptop.vpc(A, EAST, "10.1.0.0/16"), laptop.vpc(B, EAST, "10.2.0.0/16")
    third = laptop.vpc(A, EAST, "10.3.0.0/16")
    web, db = laptop.seed.group(one, "web"), laptop.seed.group(other, "data", {"Name": "db"})
    return Peers(laptop, one, other, third, web, db)


def test_rules_are_asked_for_where_the_section_names_a_scope_alone(
    laptop: Laptop, peers: Peers
) -> None:
    elsewhere = laptop.vpc(B, "eu-west-1", "10.4.0.0/16")
    files = peers.files(peers.rule())
    files["meshes/mesh.yaml"]["environments"]["production"].append(member(elsewhere))
    laptop.write(files)
    laptop.converge()

    laptop.aws.forget_calls()
    laptop.settled()

    counted = laptop.counted()
    assert (counted["AssumeRole"], counted["DescribeVpcs"]) == (2, 3)
    assert {action: counted[action] for action in RULES} == dict.fromkeys(RULES, 2)

    files["meshes/mesh.yaml"].pop("security_group_rules")
    laptop.write(files)
    laptop.aws.forget_calls()
    laptop.run("plan")
    assert not RULES & laptop.counted().keys()


def test_a_rule_that_changed_and_a_stranger_beside_it(laptop: Laptop, peers: Peers) -> None:
    laptop.write(peers.files(peers.rule(), peers.rule(ports=22, direction="ingress")))
    laptop.converge()
    theirs = laptop.seed.group_rule(
        peers.other,
        peers.db,
        {
            "IpProtocol": "tcp",
            "FromPort": 1,
            "ToPort": 9,
            "UserIdGroupPairs": [{"GroupId": peers.web, "UserId": A}],
        },
        tags={"Team": "dba"},
    )
    before, commit = deepcopy(laptop.files), laptop.commit()

    laptop.write(peers.files(peers.rule(ports="5432-5440", description="more of it")))
    ran = laptop.converge("--base", commit, base=before)

    assert "2 added, 0 changed, 3 destroyed" in ran.out
    rules = laptop.world().groups[peers.db].rules
    assert rules[theirs].tags == {"Team": "dba"}


def test_a_reference_whose_peering_was_deleted_by_hand_is_made_anew(
    laptop: Laptop, peers: Peers
) -> None:
    laptop.write(peers.files(peers.rule()))
    laptop.converge()
    world = laptop.world()
    peering = next(
        p
        for p in world.peerings.values()
        if p.ends
        == {v.ref for r, v in world.vpcs.items() if r.vpc_id in (peers.one.id, peers.other.id)}
    )
    ec2 = laptop.seed.ec2(A, EAST)
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering.id)
    assert peers.stale(peers.one) == [peers.web]
    laptop.seed.group_rule(peers.third, laptop.seed.group(peers.third, "t"), BLOCK)
    laptop.aws.forget_calls()

    drift = laptop.ok("drift", "--format", "json").json

    stale = [d["summary"] for d in drift["diagnostics"] if d["code"] == "stale-rules"]
    assert len(stale) == 2
    assert peers.web in stale[0] + stale[1]
    assert laptop.counted()["DescribeStaleSecurityGroups"] == 2

    ran = laptop.ok("apply", "--yes")

    assert "made anew" in ran.out
    assert peers.stale(peers.one) == peers.stale(peers.other) == []
    laptop.settled()
