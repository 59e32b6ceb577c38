"""What AWS would answer about a mesh that is built in full, in part or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.meshes import cidr_block_of
from bot.kinds.vpc_peering.spec import requester_of
from bot.model.address import AccountId, Pair, Scope, VpcRef
from bot.model.mesh import Mesh
from bot.model.ownership import peering_tags
from bot.model.step import Role
from bot.model.tags import Tags
from bot.model.topology import wanted_pairs
from bot.ports import Fence, Writer, unfenced

Item = dict[str, Any]
Answers = dict[tuple[Scope, str], list[Item]]

QUOTAS = "servicequotas:GetServiceQuota"
QUOTA = 1000.0
"""What AWS raises the quotas of the largest meshes to."""
SUBNETS = 3
"""Of each VPC, each with a route table of its own as long as there are enough."""


@dataclass(frozen=True, slots=True)
class World:
    """A ports.Reader over answers that are there already, in the form botocore gives them.

    ``peerings`` and ``routes`` are what the mesh asks for.
    """

    answers: Answers
    peerings: int
    routes: int

    def read(self, scope: Scope, action: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """The items of one answer."""
        if action == QUOTAS:
            return iter([{"Quota": {"QuotaCode": params["QuotaCode"], "Value": QUOTA}}])
        assert not params, params
        return iter(self.answers.get((scope, action), ()))


@dataclass(frozen=True, slots=True)
class Answering:
    """A ports.Aws for plans: everybody who asks has the same answers."""

    world: World

    def reader(self, roles: Mapping[AccountId, Role]) -> World:
        """Whatever the roles are."""
        return self.world

    def writer(self, roles: Mapping[AccountId, Role], fence: Fence = unfenced) -> Writer:
        """Raises AssertionError: a plan writes nothing."""
        raise AssertionError(f"a plan does not write, asked for {sorted(roles)}")


def world_of(mesh: Mesh, built: float, tables: int) -> World:
    """The world in which this share of the mesh's peerings is there, with their routes.

    Which peerings are there is spread evenly. ``tables`` are the eligible route tables of each
    VPC. The mesh is of one file.
    """
    answers: Answers = defaultdict(list)
    pairs = wanted_pairs(mesh)
    routes: dict[VpcRef, list[tuple[str, str]]] = defaultdict(list)
    for number, pair in enumerate(sorted(pairs, key=lambda pair: pair.sort_key)):
        if int((number + 1) * built) == int(number * built):
            continue
        peering = f"pcx-{number:017x}"
        _peering(answers, mesh, pair, min(pairs[pair]), peering)
        routes[pair.first].append((cidr_block_of(pair.second.vpc_id), peering))
        routes[pair.second].append((cidr_block_of(pair.first.vpc_id), peering))
    for vpc in sorted({member.vpc for _, environment in mesh for member in environment.members}):
        _vpc(answers, vpc, routes[vpc], tables)
    return World(dict(answers), len(pairs), 2 * len(pairs) * tables)


def _vpc(answers: Answers, vpc: VpcRef, routes: list[tuple[str, str]], tables: int) -> None:
    block = cidr_block_of(vpc.vpc_id)
    association = {"CidrBlock": block, "CidrBlockState": {"State": "associated"}}
    answers[vpc.scope, "ec2:DescribeVpcs"].append(
        {"VpcId": vpc.vpc_id, "CidrBlock": block, "CidrBlockAssociationSet": [association]}
    )
    local = _route(block, "GatewayId", "local", "CreateRouteTable")
    others = [
        _route(to, "VpcPeeringConnectionId", peering, "CreateRoute") for to, peering in routes
    ]
    subnets = _subnets(answers, vpc)
    for number in range(tables):
        answers[vpc.scope, "ec2:DescribeRouteTables"].append(
            {
                "RouteTableId": f"rtb-{vpc.vpc_id[-12:]}{number:05x}",
                "VpcId": vpc.vpc_id,
                "Routes": [local, *others],
                "Tags": [{"Key": "peerd_eligible", "Value": "true"}],
                "Associations": [
                    {"Main": False, "SubnetId": subnet} for subnet in subnets[number::tables]
                ],
            }
        )


def _subnets(answers: Answers, vpc: VpcRef) -> list[str]:
    """The ids of a VPC's subnets, which share the default network ACL."""
    network = cidr_block_of(vpc.vpc_id).removesuffix("0/24")
    ids = [f"subnet-{vpc.vpc_id[-12:]}{number:05x}" for number in range(SUBNETS)]
    for number, subnet in enumerate(ids):
        block = f"{network}{64 * number}/26"
        answers[vpc.scope, "ec2:DescribeSubnets"].append(
            {"SubnetId": subnet, "VpcId": vpc.vpc_id, "CidrBlock": block}
        )
    answers[vpc.scope, "ec2:DescribeNetworkAcls"].append(
        {
            "NetworkAclId": f"acl-{vpc.vpc_id[-17:]}",
            "VpcId": vpc.vpc_id,
            "IsDefault": True,
            "Entries": [_entry(egress, *rule) for egress in (False, True) for rule in RULES],
            "Associations": [{"SubnetId": subnet} for subnet in ids],
        }
    )
    return ids


RULES = ((100, "allow"), (32767, "deny"))
"""Of a network ACL that AWS made, in either direction."""


def _entry(egress: bool, number: int, action: str) -> Item:
    said = {"Egress": egress, "RuleNumber": number, "RuleAction": action}
    return {**said, "Protocol": "-1", "CidrBlock": "0.0.0.0/0"}


def _route(destination: str, kind: str, target: str, origin: str) -> Item:
    return {"DestinationCidrBlock": destination, kind: target, "Origin": origin, "State": "active"}


def _peering(answers: Answers, mesh: Mesh, pair: Pair, environment: str, peering: str) -> None:
    requester = requester_of(pair)
    accepter = pair.other(requester)
    tags = peering_tags(requester, accepter, environment, mesh.files[0].metadata, {})
    sides = [(accepter.scope, tags.accepter)]
    if tags.requester is not None:
        sides.append((requester.scope, tags.requester))
    for scope, held in sides:
        answers[scope, "ec2:DescribeVpcPeeringConnections"].append(
            {
                "VpcPeeringConnectionId": peering,
                "RequesterVpcInfo": _side(requester),
                "AccepterVpcInfo": _side(accepter),
                "Status": {"Code": "active", "Message": "Active"},
                "Tags": _listed(held),
            }
        )


def _side(vpc: VpcRef) -> Item:
    scope = vpc.scope
    return {"OwnerId": str(scope.account), "Region": str(scope.region), "VpcId": vpc.vpc_id}


def _listed(tags: Tags) -> list[Item]:
    held = {**tags.mapping, "peerd_datetime": "2026-01-01T00:00:00Z"}
    return [{"Key": key, "Value": value} for key, value in held.items()]
