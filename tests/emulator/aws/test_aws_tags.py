"""Tags: whose they are, what they may be.

API: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html and siblings.
Rules: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc


def _tags(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _of(ec2: Any, identifier: str) -> dict[str, str]:
    found = ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[identifier])
    return {tag["Key"]: tag["Value"] for tag in found["VpcPeeringConnections"][0]["Tags"]}


def test_each_side_of_a_peering_has_its_own_tags(
    seed: Seed, client: Any, here: SeededVpc, there: SeededVpc
) -> None:
    """https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html, limitations: tags
    "are only applied in the account or Region in which you create them"."""
    identifier = seed.peering(here, there, requester_tags={"role": "requester"})
    mine, theirs = client(here.account, here.region), client(there.account, there.region)

    before = _of(theirs, identifier)
    theirs.create_tags(Resources=[identifier], Tags=_tags(role="accepter"))

    assert before == {}
    assert _of(theirs, identifier) == {"role": "accepter"}
    assert _of(mine, identifier) == {"role": "requester"}


def test_one_account_in_two_regions_has_two_sets(seed: Seed, client: Any, here: SeededVpc) -> None:
    """The same limitation: "account or Region"."""
    other = seed.vpc(here.account, "eu-west-1", "10.3.0.0/16")
    identifier = seed.peering(here, other, requester_tags={"a": "1"}, accepter_tags={"b": "2"})

    assert _of(client(here.account, "us-east-1"), identifier) == {"a": "1"}
    assert _of(client(here.account, "eu-west-1"), identifier) == {"b": "2"}


def test_one_account_and_region_has_one_set(seed: Seed, client: Any, here: SeededVpc) -> None:
    """The same limitation: there is one account and Region to apply them in."""
    other = seed.vpc(here.account, here.region, "10.3.0.0/16")
    identifier = seed.peering(
        here, other, requester_tags={"a": "1", "b": "1"}, accepter_tags={"b": "2"}
    )

    assert _of(client(here.account), identifier) == {"a": "1", "b": "2"}


def test_tags_of_the_request_are_the_requesters(
    client: Any, here: SeededVpc, there: SeededVpc, request_peering: Any
) -> None:
    """API_CreateVpcPeeringConnection, TagSpecification.N."""
    specification = [{"ResourceType": "vpc-peering-connection", "Tags": _tags(Name="x")}]

    identifier = request_peering(here, there, TagSpecifications=specification)

    assert _of(client(here.account), identifier) == {"Name": "x"}
    assert _of(client(there.account, there.region), identifier) == {}


def test_another_accounts_resource_cannot_be_tagged(
    client: Any, code: Any, there: SeededVpc
) -> None:
    """Errors: InvalidVpcID.NotFound, InvalidRouteTableID.NotFound."""
    create = client("111111111111", there.region).create_tags

    assert code(create, Resources=[there.id], Tags=_tags(a="b")) == "InvalidVpcID.NotFound"
    found = code(create, Resources=[there.main_table], Tags=_tags(a="b"))
    assert found == "InvalidRouteTableID.NotFound"


@pytest.mark.parametrize(
    "tag",
    [
        {"Key": "aws:cloudformation:stack", "Value": "x"},
        {"Key": "AWS:x", "Value": "x"},
        {"Key": "k" * 129, "Value": "x"},
        {"Key": "k", "Value": "v" * 257},
    ],
    ids=["reserved", "reserved in capitals", "long key", "long value"],
)
def test_forbidden_tags_are_refused_everywhere(
    client: Any, code: Any, here: SeededVpc, there: SeededVpc, tag: dict[str, str]
) -> None:
    """Tag restrictions: 128 and 256 characters, no ``aws:`` in any case."""
    ec2 = client(here.account)
    specification = [{"ResourceType": "vpc-peering-connection", "Tags": [tag]}]

    tagged = code(ec2.create_tags, Resources=[here.id], Tags=[tag])
    created = code(
        ec2.create_vpc_peering_connection,
        VpcId=here.id,
        PeerVpcId=there.id,
        TagSpecifications=specification,
    )

    assert [tagged, created] == ["InvalidParameterValue"] * 2
    assert ec2.describe_vpc_peering_connections()["VpcPeeringConnections"] == []


def test_a_key_twice_in_one_request_is_refused(client: Any, code: Any, here: SeededVpc) -> None:
    """Tag restrictions: "each tag key must be unique, and each tag key can have only one
    value"."""
    create = client(here.account).create_tags

    found = code(create, Resources=[here.id], Tags=[*_tags(a="1"), *_tags(a="2")])

    assert found == "InvalidParameterValue"


def test_fifty_tags_a_resource(client: Any, code: Any, here: SeededVpc) -> None:
    """API_CreateTags: "a maximum of 50 tags"; errors: TagLimitExceeded."""
    ec2 = client(here.account)
    ec2.create_tags(Resources=[here.id], Tags=_tags(**{f"k{i}": "v" for i in range(50)}))

    ec2.create_tags(Resources=[here.id], Tags=_tags(k7="changed"))

    assert code(ec2.create_tags, Resources=[here.id], Tags=_tags(one="more")) == "TagLimitExceeded"


def test_a_thousand_resources_a_call(client: Any, code: Any, here: SeededVpc) -> None:
    """API_CreateTags, ResourceId.N: "Up to 1000 resource IDs"."""
    ec2 = client(here.account)

    found = code(ec2.create_tags, Resources=[here.id] * 1001, Tags=_tags(a="b"))
    ec2.create_tags(Resources=[here.id] * 1000, Tags=_tags(c="d"))

    assert found == "InvalidParameterValue"
    assert ec2.describe_vpcs(VpcIds=[here.id])["Vpcs"][0]["Tags"] == _tags(c="d")


def test_nothing_is_tagged_when_one_resource_is_unknown(
    client: Any, code: Any, here: SeededVpc
) -> None:
    """API_CreateTags: an error answers the whole request."""
    ec2 = client(here.account)

    found = code(ec2.create_tags, Resources=[here.id, "vpc-0123456789abcdef0"], Tags=_tags(a="b"))

    assert found == "InvalidVpcID.NotFound"
    assert "Tags" not in ec2.describe_vpcs(VpcIds=[here.id])["Vpcs"][0]


def test_delete_tags_by_key_and_by_value(seed: Seed, client: Any, here: SeededVpc) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html, Tag.N."""
    seed.tag(here, here.main_table, {"gone": "1", "kept": "2", "also": "3"})
    ec2 = client(here.account)

    ec2.delete_tags(
        Resources=[here.main_table], Tags=[{"Key": "gone"}, {"Key": "kept", "Value": "other"}]
    )

    left = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [here.main_table]}])
    assert {(t["Key"], t["Value"], t["ResourceType"]) for t in left["Tags"]} == {
        ("kept", "2", "route-table"),
        ("also", "3", "route-table"),
    }


def test_dry_run_tags_nothing(client: Any, code: Any, here: SeededVpc) -> None:
    """API_CreateTags, DryRun."""
    ec2 = client(here.account)

    found = code(ec2.create_tags, Resources=[here.id], Tags=_tags(a="b"), DryRun=True)

    assert found == "DryRunOperation"
    assert "Tags" not in ec2.describe_vpcs(VpcIds=[here.id])["Vpcs"][0]


def test_quotas_of_tags_can_be_set(aws: Emulator, client: Any, code: Any, here: SeededVpc) -> None:
    """The same errors, for tests that want them sooner."""
    aws.settings(tags_per_resource=1, resources_per_tag_call=1)
    create = client(here.account).create_tags

    assert code(create, Resources=[here.id], Tags=_tags(a="1", b="2")) == "TagLimitExceeded"
    both = [here.id, here.main_table]
    assert code(create, Resources=both, Tags=_tags(a="1")) == "InvalidParameterValue"
