"""Filters and pages of the Describe actions.

Pages: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-pagination.html . Filters:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html and each action's page
in https://docs.aws.amazon.com/AWSEC2/latest/APIReference/ .
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc

A = "111111111111"

LISTS = [
    ("describe_vpcs", "Vpcs", "VpcId", 1000),
    ("describe_vpc_peering_connections", "VpcPeeringConnections", "VpcPeeringConnectionId", 1000),
    ("describe_route_tables", "RouteTables", "RouteTableId", 100),
    ("describe_security_groups", "SecurityGroups", "GroupId", 1000),
]


@pytest.fixture
def seven(seed: Seed) -> list[SeededVpc]:
    """Seven VPCs of one account and Region, the first peered with the six others."""
    made = [seed.vpc(A, "us-east-1", f"10.{i}.0.0/16", tags={"n": str(i)}) for i in range(7)]
    for other in made[1:]:
        seed.peering(made[0], other)
    return made


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize(("action", "result", "key", "maximum"), LISTS)
def test_pages_hold_everything_once(
    client: Any, action: str, result: str, key: str, maximum: int
) -> None:
    """Pagination guide: go on with NextToken until there is none."""
    describe = getattr(client(A), action)
    every = [item[key] for item in describe()[result]]
    found: list[str] = []
    sizes, token = [], ""

    while True:
        more: Any = {"NextToken": token} if token else {}
        page = describe(MaxResults=5, **more)
        found += [item[key] for item in page[result]]
        sizes.append(len(page[result]))
        token = page.get("NextToken")
        if not token:
            break

    assert found == every
    assert len(every) >= 6
    assert max(sizes) == 5


@pytest.mark.usefixtures("seven")
@pytest.mark.parametrize(("action", "result", "key", "maximum"), LISTS)
def test_server_may_give_less_than_is_asked_for(
    aws: Emulator, client: Any, action: str, result: str, key: str, maximum: int
) -> None:
    """Pagination guide: MaxResults is a maximum; the client goes on while there is a token."""
    aws.settings(page_size=2)
    describe = getattr(client(A), action)

    unasked, asked = describe(), describe(MaxResults=50)
    paginated = client(A).get_paginator(action).paginate(PaginationConfig={"PageSize": 50})

    assert len(unasked[result]) == len(asked[result]) == 2
    assert unasked["NextToken"]
    assert len(paginated.build_full_result()[result]) >= 6


@pytest.mark.parametrize(("action", "result", "key", "maximum"), LISTS)
def test_maximum_of_max_results(
    client: Any, code: Any, action: str, result: str, key: str, maximum: int
) -> None:
    """Each action's page, MaxResults: 1000, for route tables 100; errors: InvalidParameterValue."""
    describe = getattr(client(A), action)

    assert result in describe(MaxResults=maximum)
    assert code(describe, MaxResults=maximum + 1) == "InvalidParameterValue"


def test_max_results_with_ids_is_refused(client: Any, code: Any, here: SeededVpc) -> None:
    """Pagination guide: "If you call a describe API action with both a list of IDs and
    MaxResults, the request fails with the error InvalidParameterCombination"."""
    describe = client(here.account).describe_vpcs

    found = code(describe, VpcIds=[here.id], MaxResults=5)

    assert found == "InvalidParameterCombination"


@pytest.mark.usefixtures("seven")
def test_token_of_another_question_is_refused(client: Any, code: Any) -> None:
    """Pagination guide: the other parameters stay the same from page to page."""
    ec2 = client(A)
    token = ec2.describe_vpcs(MaxResults=5)["NextToken"]

    assert code(ec2.describe_route_tables, NextToken=token) == "InvalidParameterValue"
    assert code(ec2.describe_vpcs, NextToken="nonsense") == "InvalidParameterValue"


def test_large_accounts_must_paginate(aws: Emulator, client: Any, code: Any, seven: Any) -> None:
    """Pagination guide: unpaginated calls may fail; AWS's words are in
    https://github.com/hashicorp/terraform-provider-aws/issues/31344"""
    aws.settings(refuse_unpaginated=True)
    ec2 = client(A)

    assert code(ec2.describe_vpcs) == "OperationNotPermitted"
    assert len(ec2.describe_vpcs(VpcIds=[seven[0].id])["Vpcs"]) == 1
    assert len(ec2.describe_vpcs(MaxResults=5)["Vpcs"]) == 5


@pytest.mark.parametrize(
    "action",
    [
        "describe_vpcs",
        "describe_vpc_peering_connections",
        "describe_route_tables",
        "describe_subnets",
        "describe_security_groups",
        "describe_tags",
    ],
)
def test_unknown_filter_is_refused(client: Any, code: Any, action: str) -> None:
    """Errors: InvalidParameterValue; "The filter '…' is invalid"."""
    bogus = {"Filters": [{"Name": "no-such-filter", "Values": ["x"]}]}

    assert code(getattr(client(A), action), **bogus) == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("name", "values", "count"),
    [
        ("status-code", ["active"], 6),
        ("status-code", ["active", "deleted"], 7),
        ("status-code", ["act*"], 6),
        ("status-code", ["acti?e"], 6),
        ("status-code", ["ACTIVE"], 0),
        ("requester-vpc-info.cidr-block", ["10.0.0.0/16"], 6),
        ("accepter-vpc-info.cidr-block", ["10.3.0.0/16"], 1),
        ("requester-vpc-info.owner-id", [A], 7),
        ("accepter-vpc-info.owner-id", ["222222222222"], 0),
        ("tag:colour", ["red"], 1),
        ("tag:colour", ["*"], 1),
        ("tag-key", ["colour"], 1),
    ],
)
def test_filters_of_peerings(
    seed: Seed, client: Any, seven: list[SeededVpc], name: str, values: list[str], count: int
) -> None:
    """API_DescribeVpcPeeringConnections, Filter.N; filtering guide: values are alternatives,
    wildcards, case-sensitive."""
    seed.peering(seven[1], seven[2], status="deleted", requester_tags={"colour": "red"})

    found = client(A).describe_vpc_peering_connections(Filters=[{"Name": name, "Values": values}])

    assert len(found["VpcPeeringConnections"]) == count


def test_filters_must_all_hold(client: Any, seven: list[SeededVpc]) -> None:
    """Filtering guide: several filters are joined with AND."""
    filters = [
        {"Name": "vpc-peering-connection-id", "Values": ["pcx-*"]},
        {"Name": "accepter-vpc-info.vpc-id", "Values": [seven[3].id, seven[4].id]},
        {"Name": "status-code", "Values": ["active"]},
    ]

    found = client(A).describe_vpc_peering_connections(Filters=filters)["VpcPeeringConnections"]

    assert {p["AccepterVpcInfo"]["VpcId"] for p in found} == {seven[3].id, seven[4].id}


def test_limits_of_filters(client: Any, code: Any) -> None:
    """Filtering guide: 50 filters and 200 values; errors: FilterLimitExceeded."""
    describe = client(A).describe_vpcs
    many = [{"Name": "vpc-id", "Values": ["x"]}] * 51
    wide = [{"Name": "vpc-id", "Values": [str(i) for i in range(201)]}]

    assert code(describe, Filters=many) == "FilterLimitExceeded"
    assert code(describe, Filters=wide) == "FilterLimitExceeded"


def test_filters_of_vpcs_and_route_tables(seed: Seed, client: Any, seven: list[SeededVpc]) -> None:
    """API_DescribeVpcs and API_DescribeRouteTables, Filter.N, among them route.state."""
    first = seven[0]
    peering = seed.peering(first, seed.vpc(A, "us-east-1", "10.99.0.0/16"))
    seed.route(first, first.main_table, "10.99.0.0/16", peering)
    ec2 = client(A)
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering)

    def vpcs(name: str, value: str) -> set[str]:
        found = ec2.describe_vpcs(Filters=[{"Name": name, "Values": [value]}])["Vpcs"]
        return {vpc["VpcId"] for vpc in found}

    def tables(name: str, value: str) -> set[str]:
        found = ec2.describe_route_tables(Filters=[{"Name": name, "Values": [value]}])
        return {table["RouteTableId"] for table in found["RouteTables"]}

    assert vpcs("tag:n", "3") == vpcs("cidr", "10.3.0.0/16") == {seven[3].id}
    assert len(vpcs("is-default", "true")) == 1
    assert tables("route.state", "blackhole") == {first.main_table}
    assert tables("route.vpc-peering-connection-id", peering) == {first.main_table}
    assert tables("vpc-id", seven[2].id) == {seven[2].main_table}
    assert len(tables("association.main", "true")) == 9
