"""Four VPCs with a group each, and meshes with entries of security_group_rules about them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bot.model.address import VpcRef
from bot.model.change import Change, Plan
from bot.model.mesh import Mesh
from bot.model.security_group import SECURITY_GROUP_RULE
from tests.fakes import peerd, run
from tests.fakes.aws import FakeAws
from tests.fakes.meshes import mesh_of
from tests.fakes.world import World, scope

PATH = "meshes/net.yaml"
ONE, TWO, EAST, WEST = "111111111111", "222222222222", "us-east-1", "eu-west-1"
IN, OUT = "ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"
REVOKE_IN = "ec2:RevokeSecurityGroupIngress"
DESCRIBE = ("ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules")


def ref(number: int, account: str = ONE, region: str = EAST) -> VpcRef:
    """The VPC of that number."""
    return VpcRef(scope(account, region), f"vpc-{number:08x}")


A, B, C, FAR = ref(1), ref(2, TWO), ref(3, TWO), ref(4, TWO, WEST)


def entry(**more: Any) -> dict[str, Any]:
    """From web of A to db of B."""
    return {
        "environment": "prod",
        "source": {"vpc_id": A.vpc_id, "group": "web"},
        "destination": {"vpc_id": B.vpc_id, "group": "db"},
        "protocol": "tcp",
        "ports": 5432,
    } | more


def members(*vpcs: VpcRef) -> list[dict[str, Any]]:
    """These VPCs as a mesh file lists them."""
    return [
        {"account_id": v.scope.account, "region": v.scope.region, "vpc_id": v.vpc_id} for v in vpcs
    ]


def mesh(
    *entries: dict[str, Any], vpcs: tuple[VpcRef, ...] = (A, B, C, FAR), **environment: Any
) -> Mesh:
    """One environment with these VPCs and entries; without entries there is no section."""
    environments = {"prod": {"vpcs": members(*vpcs), **environment}}
    section = {"security_group_rules": entries} if entries else {}
    return mesh_of({PATH: {"environments": environments, **section}})


def world(built: Mesh | None = None) -> World:
    """Four VPCs with a group each, in the state that peerd leaves."""
    made = World()
    for number, (vpc, name) in enumerate(((A, "web"), (B, "db"), (C, "cache"), (FAR, "far")), 1):
        made.vpc(vpc, f"10.{number}.0.0/16")
        made.table(f"rtb-{number:08x}", vpc)
        made.group(f"sg-{number:08x}", vpc, name)
    peerd.build(built or mesh(), made)
    return made


def rules(plan: Plan) -> list[Change[Any]]:
    """The plan's changes of rules."""
    return [c for c in plan.changes if c.address.kind == SECURITY_GROUP_RULE]


def codes(plan: Plan) -> Counter[str]:
    """How often each diagnostic's code is in a plan."""
    return Counter(d.code for d in plan.diagnostics)


def converged(head: Mesh, there: World) -> World:
    """The world after an apply that must succeed, with nothing left to do."""
    aws = FakeAws(there)
    report = run.apply(aws, head, None, run.plan(aws, head))
    assert report.succeeded, report.outcomes
    assert run.plan(FakeAws(there), head).changes == ()
    return there
