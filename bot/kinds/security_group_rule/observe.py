"""The security group rules that AWS has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.kinds.security_group_rule.spec import ObservedRule, rule_address
from bot.model.address import Scope, VpcRef, vpc_ref
from bot.model.change import Observed
from bot.model.cidr import canonical
from bot.model.mesh import Mesh
from bot.model.rule_tags import CREATED
from bot.model.security_group import Direction, Traffic
from bot.model.tags import Tags
from bot.ports import Reader

DESCRIBE = "ec2:DescribeSecurityGroupRules"


def scopes(*meshes: Mesh | None) -> frozenset[Scope]:
    """The scopes that rules of these revisions name: nowhere else is AWS asked for rules."""
    return frozenset().union(*(mesh.rule_scopes for mesh in meshes if mesh is not None))


def observe(aws: Reader, scope: Scope) -> Iterable[Observed[ObservedRule]]:
    """Every rule of every security group of a scope.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
    """
    return _observed(aws.read(scope, DESCRIBE), scope)


def observe_ours(aws: Reader, scope: Scope) -> Iterable[Observed[ObservedRule]]:
    """Those among them that carry meshbot's mark, whichever repository's they are."""
    marked = [{"Name": f"tag:{CREATED}", "Values": ["true"]}]
    return _observed(aws.read(scope, DESCRIBE, Filters=marked), scope)


def _observed(items: Iterable[Mapping[str, Any]], scope: Scope) -> Iterator[Observed[ObservedRule]]:
    for item in items:
        rule = _parse(item, scope)
        address = rule_address(scope, rule.group, rule.direction, rule.traffic, rule.allowed)
        yield Observed(address, rule, str(item.get("SecurityGroupRuleId", "")))


def _parse(item: Mapping[str, Any], scope: Scope) -> ObservedRule:
    referenced = item.get("ReferencedGroupInfo") or {}
    protocol = str(item.get("IpProtocol", ""))
    return ObservedRule(
        scope,
        str(item.get("GroupId", "")),
        Direction.EGRESS if item.get("IsEgress") else Direction.INGRESS,
        Traffic.of(protocol, item.get("FromPort"), item.get("ToPort")),
        _allowed(item),
        str(item.get("Description") or ""),
        Tags.of({tag["Key"]: tag.get("Value", "") for tag in item.get("Tags") or ()}),
        _peer(referenced, scope),
        str(referenced.get("VpcPeeringConnectionId") or ""),
        str(referenced.get("PeeringStatus") or ""),
    )


def _allowed(item: Mapping[str, Any]) -> str:
    for key in ("CidrIpv4", "CidrIpv6"):
        if item.get(key):
            return canonical(str(item[key]))
    referenced = item.get("ReferencedGroupInfo") or {}
    return str(referenced.get("GroupId") or item.get("PrefixListId") or "")


def _peer(referenced: Mapping[str, Any], scope: Scope) -> VpcRef | None:
    """The VPC of a referenced group: AWS names it for groups of peers, of the same region."""
    vpc = referenced.get("VpcId")
    if not vpc:
        return None
    return vpc_ref(str(referenced.get("UserId") or scope.account), scope.region, str(vpc))
