"""An AWS with a mesh to work on, and the shipped roles in its accounts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from bot.emulator.aws import Emulator
from bot.emulator.aws.seed import Seed, SeededVpc, client
from tests.iam.enforcing import enforce
from tests.iam.template import INITIAL, MEMBER, FilledIn

TOOLING, ONE, TWO = "999999999999", "111111111111", "222222222222"
EAST = "us-east-1"

MESH = """
metadata:
  resource_owner: team
  business_unit: platform
  service_name: meshbot
  support: team@example.com
  common_principal_name: mesh-apply
  plan_principal_name: mesh-plan
  role_session_name: meshbot
environments:
  work:
    topology: full-mesh
    dns_resolution: true
    vpcs:
      - {{account_id: '{one}', region: us-east-1, vpc_id: {a}}}
      - {{account_id: '{two}', region: us-east-1, vpc_id: {b}}}
      - {{account_id: '{two}', region: us-east-1, vpc_id: {c}}}
      - {{account_id: '{one}', region: us-east-1, vpc_id: {left}, state: absent}}
"""


RULES = """
security_group_rules:
  - environment: work
    source: &web {{vpc_id: {a}, group: web}}
    destination: &db {{vpc_id: {b}, group: db}}
    protocol: tcp
    ports: 5432
  - environment: work
    description: web
    source: *web
    destination: *db
    protocol: tcp
    ports: 80
"""
"""Rules to make; and to mend, where ``grouped`` has made some of them already."""

OUR_RULE = {"meshbot_created": "true", "meshbot_environment": "work", "service_name": "meshbot"}


def grouped(seed: Seed, a: SeededVpc, b: SeededVpc) -> str:
    """Groups of two peers with rules to mend (port 80) and to delete (port 22); the section."""
    web, db = seed.group(a, "web"), seed.group(b, "db")
    for port in (80, 22):
        traffic = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        for vpc, group, other, peer in ((a, web, db, b), (b, db, web, a)):
            pair = {"GroupId": other, "UserId": peer.account}
            tags = {**OUR_RULE, "meshbot_peer": f"{peer.account}/{peer.region}/{peer.id}"}
            seed.group_rule(
                vpc, group, {**traffic, "UserIdGroupPairs": [pair]}, egress=vpc is a, tags=tags
            )
    return RULES.format(a=a.id, b=b.id)


OURS = {"peerd_created": "true", "peerd_environment": "work", "service_name": "meshbot"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True)
class World:
    """The emulator, the mesh file's text, and what a plan role may try to change."""

    aws: Emulator
    mesh: str
    peering: str
    table: str

    @classmethod
    def build(cls, aws: Emulator) -> World:
        """A mesh that needs every call there is, with nothing enforced yet."""
        enforce(aws, on=False)
        aws.reset()
        seed = Seed(aws)
        a = seed.vpc(ONE, EAST, "10.1.0.0/16", dns_hostnames=True)
        b = seed.vpc(TWO, EAST, "10.2.0.0/16", dns_hostnames=True)
        c = seed.vpc(TWO, EAST, "10.3.0.0/16", dns_hostnames=True)
        left = seed.vpc(ONE, EAST, "10.9.0.0/16")
        table = seed.route_table(a, {"peerd_eligible": "true"})
        standing = seed.peering(a, b, requester_tags=OURS, accepter_tags=OURS)  # lacks tags
        leaving = seed.peering(left, a, accepter_tags=OURS)
        seed.route(a, table, "10.3.0.0/16", leaving)  # moves to the new peering with c
        seed.route(a, table, "10.9.0.0/16", leaving)  # goes
        mesh = MESH.format(one=ONE, two=TWO, a=a.id, b=b.id, c=c.id, left=left.id)
        mesh += grouped(seed, a, b)
        world = cls(aws, mesh, standing, table)
        world.permit_as_shipped()
        return world

    def permit_as_shipped(self) -> None:
        """Every role with the actions of its template."""
        for kind in ("plan", "apply"):
            role = f"{kind.title()}Role"
            self.permit(TOOLING, f"meshbot-{kind}", shipped(INITIAL, role))
            for account in (ONE, TWO):
                self.permit(account, f"mesh-{kind}", shipped(MEMBER, role))

    def permit(self, account: str, role: str, actions: Iterable[str]) -> None:
        """Make the role, or change what it may do; nothing may be enforced meanwhile."""
        iam = client(self.aws.url, "iam", account, EAST)
        statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
        iam.put_role_policy(RoleName=role, PolicyName="policy", PolicyDocument=policy)

    def client(self, service: str, keys: dict[str, str]) -> Any:
        """A plain boto3 client with these keys."""
        return boto3.client(  # type: ignore[call-overload]
            service, endpoint_url=self.aws.url, region_name=EAST, **keys
        )

    def sign_in(self, arn: str, **keys: str) -> dict[str, str]:
        """The keys of an assumed role; by default as anybody, as GitHub's token would."""
        anybody = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        sts = self.client("sts", keys or anybody)
        got = sts.assume_role(RoleArn=arn, RoleSessionName="actions")["Credentials"]
        return {
            "aws_access_key_id": got["AccessKeyId"],
            "aws_secret_access_key": got["SecretAccessKey"],
            "aws_session_token": got["SessionToken"],
        }

    def called(self) -> set[str]:
        """What was asked for and answered without an error."""
        return {f"{call.service}:{call.action}" for call in self.aws.calls() if not call.error}

    def refused(self) -> set[str]:
        """What was asked for and answered with an error."""
        return {f"{call.service}:{call.action}" for call in self.aws.calls() if call.error}


def role_arn(account: str, name: str) -> str:
    """The ARN of a role."""
    return f"arn:aws:iam::{account}:role/{name}"


def shipped(template: Path, role: str) -> set[str]:
    """The actions that a role's policy allows, without resources, conditions and denials."""
    arn = role_arn(TOOLING, "r")
    parameters: dict[str, Any] = {"Repository": "acme/meshes"}
    if template == MEMBER:
        parameters = {"PlanInitialRoleArn": arn, "ApplyInitialRoleArn": arn}
        parameters["MeshAccounts"] = [ONE, TWO]
    allowed = [s for s in FilledIn.of(template, **parameters).policy(role) if s.effect == "Allow"]
    return {action for statement in allowed for action in statement.actions}
