"""Security groups in what plan, apply and verify say of who reaches whom, on the emulated AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from bot.emulator.aws.seed import SeededVpc
from tests.integration.laptop import EAST, WEST, A, B, Laptop, file, member

GROUP_CALLS = ("DescribeSecurityGroups", "DescribeSecurityGroupRules")


@dataclass
class Peers:
    """A member with a group, one in another account, and one in another Region."""

    laptop: Laptop
    web_vpc: SeededVpc
    db_vpc: SeededVpc
    far_vpc: SeededVpc
    web: str
    db: str
    far: str

    def write(self, **more: Any) -> None:
        """The mesh file: web may talk to db, and whatever else is said."""
        entry = {
            "environment": "production",
            "source": {"vpc_id": self.web_vpc.id, "group": "web"},
            "destination": {"vpc_id": self.db_vpc.id, "group": "db"},
            "protocol": "tcp",
            "ports": 5432,
        } | more
        given = file(production=[member(v) for v in (self.web_vpc, self.db_vpc, self.far_vpc)])
        self.laptop.write({"meshes/mesh.yaml": given | {"security_group_rules": [entry]}})

    def revoke(self, vpc: SeededVpc, group: str, *, egress: bool) -> None:
        """Takes away by hand every rule of a group in one direction."""
        ec2 = self.laptop.seed.ec2(vpc.account, vpc.region)
        found = ec2.describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": [group]}]
        )["SecurityGroupRules"]
        ids = [rule["SecurityGroupRuleId"] for rule in found if rule["IsEgress"] is egress]
        revoke = ec2.revoke_security_group_egress if egress else ec2.revoke_security_group_ingress
        revoke(GroupId=group, SecurityGroupRuleIds=ids)

    def obstacles(self) -> list[dict[str, Any]]:
        """What verify finds in the way."""
        found = self.laptop.run("verify", "--format", "json")
        (reach,) = found.json["reachability"]
        assert found.code == (1 if any(pair["obstacle"] for pair in reach["pairs"]) else 0)
        return [pair["obstacle"] for pair in reach["pairs"] if pair["obstacle"]]


@pytest.fixture
def peers(laptop: Laptop) -> Peers:
    web = laptop.vpc(A, EAST, "10.1.0.0/16")
    db = laptop.vpc(B, EAST, "10.2.0.0/16")
    far = laptop.vpc(B, WEST, "10.3.0.0/16")
    group = laptop.seed.group
    return Peers(laptop, web, db, far, group(web, "web"), group(db, "db"), group(far, "far"))


def test_a_rule_that_somebody_removed_is_told_until_it_is_mended(
    laptop: Laptop, peers: Peers
) -> None:
    peers.write()
    assert "production: reachable 0/6 pairs → 6/6" in laptop.ok("plan").out
    assert "production: reachable 6/6 pairs\n" in laptop.ok("apply", "--yes").out
    assert peers.obstacles() == []

    peers.revoke(peers.db_vpc, peers.db, egress=False)

    (told,) = peers.obstacles()
    assert {key: value for key, value in told.items() if value} == {
        "reason": "security-group",
        "vpc": f"{B}/{EAST}/{peers.db_vpc.id}",
        "destination": "10.1.0.0/16",
        "target": peers.web,
        "security_group": peers.db,
        "traffic": "tcp 5432",
    }
    text = " ".join(laptop.run("verify").out.split())
    assert "Not reachable: 1 of 6 pairs (1 security-group)." in text
    assert (
        f"{A}/{EAST}/{peers.web_vpc.id} -> {B}/{EAST}/{peers.db_vpc.id}: security-group: {peers.db}"
        f" of {B}/{EAST}/{peers.db_vpc.id} does not let tcp 5432 in from {peers.web} (10.1.0.0/16)"
    ) in text
    assert laptop.run("verify", "--format", "markdown").out.count("✗ security-group") == 1
    (planned,) = laptop.plan()["reachability"]
    assert (planned["before"]["reachable"], planned["after"]["reachable"]) == (5, 6)
    laptop.ok("apply", "--yes")
    assert peers.obstacles() == []


def test_what_the_plan_says_the_apply_and_verify_find(laptop: Laptop, peers: Peers) -> None:
    """Only the ingress rule is asked for, and somebody took away AWS's rule for egress."""
    peers.write(direction="ingress")
    peers.revoke(peers.web_vpc, peers.web, egress=True)
    markdown = laptop.ok("plan", "--format", "markdown").out
    assert "reachable 0/6 pairs → 5/6" in markdown
    assert "✗ security-group" in markdown
    said = f"{peers.web} of {A}/{EAST}/{peers.web_vpc.id} does not let tcp 5432 out to {peers.db}"
    assert said in " ".join(laptop.ok("plan").out.split())

    ran = laptop.ok("apply", "--yes")

    assert "production: reachable 5/6 pairs\n" in ran.out
    assert " ".join(ran.out.split()).count(said) == 2  # in the plan, and in the end
    assert [o["security_group"] for o in peers.obstacles()] == [peers.web]
    ports = {"IpProtocol": "tcp", "FromPort": 5000, "ToPort": 6000}
    wide = {**ports, "IpRanges": [{"CidrIp": "10.2.0.0/15"}]}
    laptop.seed.group_rule(peers.web_vpc, peers.web, wide, egress=True)
    assert peers.obstacles() == []


def test_across_regions_by_blocks(laptop: Laptop, peers: Peers) -> None:
    peers.write(destination={"vpc_id": peers.far_vpc.id, "group": "far"}, by="cidr")
    laptop.converge()
    assert peers.obstacles() == []

    peers.revoke(peers.far_vpc, peers.far, egress=False)

    (told,) = peers.obstacles()
    assert (told["security_group"], told["destination"]) == (peers.far, "10.1.0.0/16")


def test_groups_are_read_where_entries_name_a_scope_and_once(laptop: Laptop, peers: Peers) -> None:
    peers.write()
    laptop.ok("apply", "--yes")
    laptop.aws.forget_calls()

    laptop.ok("verify")

    counted = laptop.counted()
    assert counted["DescribeVpcs"] == 3
    assert {action: counted[action] for action in GROUP_CALLS} == dict.fromkeys(GROUP_CALLS, 2)
