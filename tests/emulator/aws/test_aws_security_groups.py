"""Security groups across peerings.

https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc

PORT = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432}
MARK = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "Team", "Value": "net"}]}]


def naming(group: str, owner: str) -> Any:
    """A permission for the members of a group."""
    return [{**PORT, "UserIdGroupPairs": [{"GroupId": group, "UserId": owner}]}]


@pytest.fixture
def near(seed: Seed, here: SeededVpc) -> SeededVpc:
    """A peer of another account in the same Region."""
    return seed.vpc("222222222222", here.region, "10.2.0.0/16")


def described(client: Any, **parameters: Any) -> list[Any]:
    """DescribeSecurityGroupRules."""
    found: list[Any] = client.describe_security_group_rules(**parameters)["SecurityGroupRules"]
    return found


def test_a_rule_names_the_group_of_a_peer(
    seed: Seed, client: Any, here: SeededVpc, near: SeededVpc
) -> None:
    """The guide: "update the inbound or outbound rules … to reference security groups for the
    peer VPC", with the account number for a peer of another account."""
    peering = seed.peering(here, near)
    web, db = seed.group(here, "web"), seed.group(near, "db")
    theirs = client(near.account)

    made = theirs.authorize_security_group_ingress(
        GroupId=db, IpPermissions=naming(web, here.account), TagSpecifications=MARK
    )["SecurityGroupRules"]

    (rule,) = described(theirs, Filters=[{"Name": "group-id", "Values": [db]}])[1:]
    assert rule["SecurityGroupRuleId"] == made[0]["SecurityGroupRuleId"]
    assert rule["ReferencedGroupInfo"] == {
        "GroupId": web,
        "UserId": here.account,
        "VpcId": here.id,
        "VpcPeeringConnectionId": peering,
        "PeeringStatus": "active",
    }
    assert rule["Tags"] == [{"Key": "Team", "Value": "net"}]
    references = client(here.account).describe_security_group_references(GroupId=[web])
    assert references["SecurityGroupReferenceSet"] == [
        {"GroupId": web, "ReferencingVpcId": near.id, "VpcPeeringConnectionId": peering}
    ]


def test_only_over_an_active_peering_of_one_region(
    seed: Seed, client: Any, code: Any, here: SeededVpc, near: SeededVpc, there: SeededVpc
) -> None:
    """The guide: not in another Region, and "the VPC peering connection must be … active"."""
    seed.peering(here, near, status="pending-acceptance")
    seed.peering(here, there)
    mine = seed.group(here, "web")
    authorize = client(here.account).authorize_security_group_egress

    found = [
        code(authorize, GroupId=mine, IpPermissions=naming(seed.group(vpc, "db"), vpc.account))
        for vpc in (near, there)
    ]

    assert found == ["InvalidGroup.NotFound"] * 2


def test_a_rule_is_there_once_and_so_many_are_allowed(
    aws: Emulator, seed: Seed, client: Any, code: Any, here: SeededVpc
) -> None:
    aws.settings(rules_per_group=2)
    group = seed.group(here, "web")
    authorize = client(here.account).authorize_security_group_ingress

    def block(number: int) -> Any:
        return [{**PORT, "IpRanges": [{"CidrIp": f"10.{number}.0.0/16"}]}]

    authorize(GroupId=group, IpPermissions=block(1))
    twice = code(authorize, GroupId=group, IpPermissions=block(1))
    authorize(GroupId=group, IpPermissions=block(2))
    full = code(authorize, GroupId=group, IpPermissions=block(3))

    assert (twice, full) == ("InvalidPermission.Duplicate", "RulesPerSecurityGroupLimitExceeded")


def test_revoked_and_described_by_id(seed: Seed, client: Any, code: Any, here: SeededVpc) -> None:
    group, mine = seed.group(here, "web"), client(here.account)
    made = mine.authorize_security_group_egress(
        GroupId=group, IpPermissions=[{**PORT, "IpRanges": [{"CidrIp": "10.9.0.0/16"}]}]
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    mine.update_security_group_rule_descriptions_egress(
        GroupId=group,
        SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": made, "Description": "out"}],
    )
    said = described(mine, SecurityGroupRuleIds=[made])[0]["Description"]
    other = code(mine.revoke_security_group_ingress, GroupId=group, SecurityGroupRuleIds=[made])
    mine.revoke_security_group_egress(GroupId=group, SecurityGroupRuleIds=[made])
    gone = code(mine.revoke_security_group_egress, GroupId=group, SecurityGroupRuleIds=[made])

    assert said == "out"
    assert (other, gone) == ("InvalidSecurityGroupRuleId.NotFound",) * 2


def test_a_reference_is_stale_once_its_peering_is_gone(
    seed: Seed, client: Any, here: SeededVpc, near: SeededVpc
) -> None:
    """API_DescribeStaleSecurityGroups: rules "that reference a security group in a peer VPC … for
    which the VPC peering connection has been deleted"."""
    peering = seed.peering(here, near)
    web, mine = seed.group(here, "web"), client(here.account)
    permission = naming(seed.group(near, "db"), near.account)
    mine.authorize_security_group_egress(GroupId=web, IpPermissions=permission)
    before = mine.describe_stale_security_groups(VpcId=here.id)["StaleSecurityGroupSet"]

    mine.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)

    assert before == []
    (stale,) = mine.describe_stale_security_groups(VpcId=here.id)["StaleSecurityGroupSet"]
    assert stale["GroupId"] == web
    (held,) = stale["StaleIpPermissionsEgress"]
    assert held["UserIdGroupPairs"][0]["VpcPeeringConnectionId"] == peering


def test_groups_are_described_with_their_rules(
    seed: Seed, client: Any, here: SeededVpc, near: SeededVpc
) -> None:
    """API_SecurityGroup: IpPermissions and IpPermissionsEgress. API_IpPermission: what is let
    through for the same traffic is listed together, and "-1" has no ports."""
    peering = seed.peering(here, near)
    web, db = seed.group(here, "web"), seed.group(near, "db")
    blocks = {"IpRanges": [{"CidrIp": "10.9.0.0/16", "Description": "nine"}]}
    seed.group_rule(near, db, {**PORT, **blocks})
    seed.group_rule(near, db, naming(web, here.account)[0])
    seed.group_rule(near, db, {**PORT, "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]}, egress=True)

    (group,) = client(near.account).describe_security_groups(GroupIds=[db])["SecurityGroups"]

    assert (group["GroupName"], group["OwnerId"], group["VpcId"]) == ("db", near.account, near.id)
    (permission,) = group["IpPermissions"]
    assert {key: permission[key] for key in PORT} == PORT
    assert permission["IpRanges"] == [{"CidrIp": "10.9.0.0/16", "Description": "nine"}]
    (pair,) = permission["UserIdGroupPairs"]
    assert pair == {
        "GroupId": web,
        "UserId": here.account,
        "VpcId": here.id,
        "VpcPeeringConnectionId": peering,
        "PeeringStatus": "active",
    }
    everything, sixth = group["IpPermissionsEgress"]
    assert everything["IpProtocol"] == "-1"
    assert "FromPort" not in everything
    assert everything["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    assert sixth["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8::/32"}]


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("ip-permission.cidr", "10.9.0.0/16", True),
        ("ip-permission.from-port", "5432", True),
        ("ip-permission.cidr", "0.0.0.0/0", False),
        ("egress.ip-permission.cidr", "0.0.0.0/0", True),
        ("egress.ip-permission.protocol", "tcp", False),
        ("tag:Team", "net", True),
        ("group-name", "we*", True),
        ("owner-id", "000000000000", False),
    ],
)
def test_groups_are_found_by_their_rules(
    seed: Seed, client: Any, here: SeededVpc, name: str, value: str, found: bool
) -> None:
    web = seed.group(here, "web", {"Team": "net"})
    seed.group_rule(here, web, {**PORT, "IpRanges": [{"CidrIp": "10.9.0.0/16"}]})
    wanted = [{"Name": name, "Values": [value]}, {"Name": "vpc-id", "Values": [here.id]}]

    groups = client(here.account).describe_security_groups(Filters=wanted)["SecurityGroups"]

    assert (web in [group["GroupId"] for group in groups]) is found


def test_unknown_groups_are_not_found(client: Any, code: Any, here: SeededVpc) -> None:
    describe = client(here.account).describe_security_groups

    found = [code(describe, GroupIds=["sg-00000000"]), code(describe, GroupNames=["nobody"])]

    assert found == ["InvalidGroup.NotFound"] * 2
