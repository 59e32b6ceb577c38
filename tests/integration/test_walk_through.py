"""The peering walk-through from end to end: request, accept, routes and DNS options on both sides,
rules that name the peer's group in and out, who references whom, and nothing left in the end.

https://docs.aws.amazon.com/vpc/latest/peering/create-vpc-peering-connection.html
https://docs.aws.amazon.com/vpc/latest/peering/modify-peering-connections.html
https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-security-groups.html

Once on the emulator, once on moto as it comes, each a server process; the second as far as moto
goes: it knows no groups of other accounts (which is asserted, so that it is noticed when moto
learns it), shows the accepter the requester's tags, so that a second plan wants to mend them, and
does not answer when asked for references and stale rules.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli import run
from bot.emulator.aws.seed import SeededVpc, client
from tests.integration.laptop import (
    EAST,
    METADATA,
    A,
    B,
    Laptop,
    destinations,
    file,
    live,
    member,
)

OPTION = "AllowDnsResolutionFromRemoteVpc"
IN, OUT = "IpPermissions", "IpPermissionsEgress"


def rule(one: str, other: str, **more: Any) -> dict[str, Any]:
    """From web of the one to db of the other: the walk-through's pair of calls."""
    return {
        "environment": "production",
        "source": {"vpc_id": one, "group": "web"},
        "destination": {"vpc_id": other, "group": "db"},
        "protocol": "tcp",
        "ports": 5432,
    } | more


def mesh(members: list[dict[str, Any]], *rules: dict[str, Any]) -> dict[str, Any]:
    limits = {"max_leaving_percent": 100}
    environment = {"vpcs": members, "dns_resolution": True, "limits": limits}
    section = {"security_group_rules": list(rules)} if rules else {}
    return file(METADATA, production=environment) | section


def named(ec2: Any, group: str, direction: str) -> list[tuple[str, str]]:
    """The groups that rules of a group name, each with its account."""
    (shown,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    pairs = [pair for item in shown[direction] for pair in item["UserIdGroupPairs"]]
    return [(pair["GroupId"], pair["UserId"]) for pair in pairs]


def options(ec2: Any) -> list[tuple[bool, ...]]:
    """Whether DNS resolution is on at both sides of each live peering, as an account sees it."""
    return [
        tuple(bool(item[f"{side}VpcInfo"]["PeeringOptions"][OPTION]) for side in SIDES)
        for item in ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]
        if item["Status"]["Code"] == "active"
    ]


SIDES = ("Requester", "Accepter")


@pytest.mark.parametrize("base", [True, False])
def test_the_walk_through_there_and_back(laptop: Laptop, base: bool) -> None:
    one, other = (
        laptop.vpc(account, EAST, f"10.{n}.0.0/16", dns_hostnames=True)
        for n, account in enumerate((A, B), 1)
    )
    web, db = laptop.seed.group(one, "web"), laptop.seed.group(other, "db")
    here, there = laptop.seed.ec2(A, EAST), laptop.seed.ec2(B, EAST)
    members = [member(one), member(other)]
    laptop.write({"meshes/mesh.yaml": mesh(members, rule(one.id, other.id))})

    laptop.converge()

    assert_made_in_order(laptop)
    assert options(here) == options(there) == [(True, True)]
    assert named(here, web, OUT) == [(db, B)]
    assert named(there, db, IN) == [(web, A)]
    assert [] == named(here, web, IN) == named(there, db, OUT)
    world = laptop.world()
    assert destinations(world, one.main_table).keys() == {"10.2.0.0/16"}
    assert destinations(world, other.main_table).keys() == {"10.1.0.0/16"}
    assert references(here, web) == [(web, other.id)]
    assert references(there, db) == [(db, one.id)]
    assert laptop.ok("verify").out.startswith("production: reachable 2/2 pairs")
    commit, before = laptop.commit(), deepcopy(laptop.files)

    laptop.write({"meshes/mesh.yaml": mesh(members[:1])})
    laptop.aws.forget_calls()
    if base:
        laptop.converge("--base", commit, base=before)
    else:
        laptop.converge()

    gone = [call.action for call in laptop.calls() if call.mutating and not call.error]
    last = max(n for n, name in enumerate(gone) if name.startswith(("Revoke", "DeleteRoute")))
    assert last < gone.index("DeleteVpcPeeringConnection")
    assert_nothing_is_left(laptop, (one, other), (web, db))


def assert_made_in_order(laptop: Laptop) -> None:
    """References once the peering is accepted; each side's options by its owner."""
    made = [call for call in laptop.calls() if call.mutating and not call.error]
    order = [call.action for call in made]
    accepted = order.index("AcceptVpcPeeringConnection")
    assert accepted > order.index("CreateVpcPeeringConnection")
    for action in ("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"):
        assert order.index(action) > accepted
    setting = {c.account for c in made if c.action == "ModifyVpcPeeringConnectionOptions"}
    assert setting == {A, B}


def references(ec2: Any, group: str) -> list[tuple[str, str]]:
    """describe-security-group-references, as the walk-through asks for it."""
    found = ec2.describe_security_group_references(GroupId=[group])["SecurityGroupReferenceSet"]
    return [(item["GroupId"], item["ReferencingVpcId"]) for item in found]


def assert_nothing_is_left(
    laptop: Laptop, vpcs: tuple[SeededVpc, ...], groups: tuple[str, ...]
) -> None:
    world = laptop.world()
    assert live(world) == set()
    for vpc, group in zip(vpcs, groups, strict=True):
        ec2 = laptop.seed.ec2(vpc.account, vpc.region)
        assert destinations(world, vpc.main_table) == {}
        assert [held.allowed for held in world.groups[group].rules.values()] == ["0.0.0.0/0"]
        assert references(ec2, group) == []
        stale = ec2.describe_stale_security_groups(VpcId=vpc.id)["StaleSecurityGroupSet"]
        assert stale == []


# --- moto as it comes


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The address of a moto server's process, for this process's credentials."""
    command = [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    given = os.environ | {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
    process = subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=given
    )
    with process:
        assert process.stdout is not None
        try:
            lines = (line for line in process.stdout if "Running on " in line)
            url = next(lines).partition("Running on ")[2].split()[0]
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                monkeypatch.setenv(name, "testing")
            monkeypatch.setenv("AWS_ENDPOINT_URL", url)
            monkeypatch.setenv("AWS_DEFAULT_REGION", EAST)
            monkeypatch.chdir(tmp_path)
            yield url
        finally:
            process.kill()


def built(ec2: Any, cidr: str, group: str) -> tuple[str, str, str]:
    """A VPC, its route table, and a group in it."""
    vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    found = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    table = found["RouteTables"][0]["RouteTableId"]
    ec2.create_tags(Resources=[table], Tags=[{"Key": "peerd_eligible", "Value": "true"}])
    made = ec2.create_security_group(GroupName=group, Description=group, VpcId=vpc)
    return vpc, table, made["GroupId"]


def routed(ec2: Any, table: str) -> list[str]:
    (shown,) = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return [r["DestinationCidrBlock"] for r in shown["Routes"] if r.get("GatewayId") != "local"]


def let(ec2: Any, group: str, direction: str) -> list[tuple[Any, list[str]]]:
    """The ports and blocks that a group's rules let through, but for everything out."""
    (shown,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    return [
        (item["FromPort"], [block["CidrIp"] for block in item["IpRanges"]])
        for item in shown[direction]
        if item["IpProtocol"] != "-1"
    ]


@pytest.mark.usefixtures("service_models_loaded_once", "states_asked_for_soon")
def test_the_walk_through_on_moto_server(
    moto: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.engine.execute.deciding.UNSEEN_ATTEMPTS", 1)
    here, there = (client(moto, "ec2", account, EAST) for account in (A, B))
    (one, near, web), (other, far, db) = (
        built(here, "10.1.0.0/16", "web"),
        built(there, "10.2.0.0/16", "db"),
    )
    members = [
        {"account_id": account, "region": EAST, "vpc_id": vpc}
        for account, vpc in ((A, one), (B, other))
    ]

    def apply(*rules: dict[str, Any], number: int = 2) -> tuple[int, str]:
        path = tmp_path / "mesh.yaml"
        path.write_text(yaml.safe_dump(mesh(members[:number], *rules)))
        code = run(["apply", "--yes", "--meshes", str(path)])
        return code, capsys.readouterr().out

    code, out = apply(rule(one, other, by="cidr"))

    assert (code, out.count("failed")) == (0, 0)
    assert options(here) == options(there) == [(True, True)]
    assert (routed(here, near), routed(there, far)) == (["10.2.0.0/16"], ["10.1.0.0/16"])
    assert let(here, web, OUT) == [(5432, ["10.2.0.0/16"])]
    assert let(there, db, IN) == [(5432, ["10.1.0.0/16"])]

    code, out = apply(rule(one, other), number=2)  # moto knows no group of another account

    assert code == 5
    assert out.count("InvalidGroup.NotFound") == 2
    assert let(there, db, IN) == [(5432, ["10.1.0.0/16"])]  # the old rules stay

    code, out = apply(number=1)

    assert code == 0
    assert (routed(here, near), routed(there, far)) == ([], [])
    assert options(here) == []
    assert let(here, web, OUT) == let(there, db, IN) == []
    for account in (A, B):
        assert marked(account, moto) == []


def marked(account: str, url: str) -> list[str]:
    """Rules with meshbot's mark."""
    ec2 = client(url, "ec2", account, EAST)
    found = ec2.describe_security_group_rules()["SecurityGroupRules"]
    return [
        item["SecurityGroupRuleId"]
        for item in found
        if "meshbot_created" in {tag["Key"] for tag in item["Tags"]}
    ]
