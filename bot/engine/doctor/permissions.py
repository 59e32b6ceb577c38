"""What IAM's policy simulator is asked about a member role, and what its answer means.

It judges what the shipped templates say (``docs/iam/member-roles.yaml``): our tags are on
everything that is asked about. Resource policies, and what a wildcard of the real resource
would match, it does not know: a refusal is a warning, not a proof.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.model import rule_tags
from bot.model.address import Scope, partition
from bot.model.ownership import CREATED, DATETIME, ELIGIBLE, SUPPORT

READS: Mapping[str, tuple[str, ...]] = {
    "ec2:DescribeNetworkAcls": (),
    "ec2:DescribeRouteTables": (),
    "ec2:DescribeSecurityGroupReferences": ("security-group",),
    "ec2:DescribeSecurityGroupRules": (),
    "ec2:DescribeSecurityGroups": (),
    "ec2:DescribeStaleSecurityGroups": (),
    "ec2:DescribeSubnets": (),
    "ec2:DescribeVpcAttribute": ("vpc",),
    "ec2:DescribeVpcPeeringConnections": (),
    "ec2:DescribeVpcs": (),
    "servicequotas:GetServiceQuota": (),
}
WRITES: Mapping[str, tuple[str, ...]] = {
    "ec2:AcceptVpcPeeringConnection": ("vpc", "vpc-peering-connection"),
    "ec2:AuthorizeSecurityGroupEgress": ("security-group", "security-group-rule"),
    "ec2:AuthorizeSecurityGroupIngress": ("security-group", "security-group-rule"),
    "ec2:CreateRoute": ("route-table",),
    "ec2:CreateTags": ("route-table", "security-group-rule", "vpc-peering-connection"),
    "ec2:CreateVpcPeeringConnection": ("vpc", "vpc-peering-connection"),
    "ec2:DeleteRoute": ("route-table",),
    "ec2:DeleteVpcPeeringConnection": ("vpc-peering-connection",),
    "ec2:ModifyVpcPeeringConnectionOptions": ("vpc-peering-connection",),
    "ec2:ReplaceRoute": ("route-table",),
    "ec2:RevokeSecurityGroupEgress": ("security-group",),
    "ec2:RevokeSecurityGroupIngress": ("security-group",),
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress": ("security-group",),
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress": ("security-group",),
}
"""By action: the types of resources that have to be allowed; none: every resource."""

CONTEXT = tuple(
    {"ContextKeyName": key, "ContextKeyType": kind, "ContextKeyValues": values}
    for key, kind, values in (
        (f"aws:RequestTag/{CREATED}", "string", ["true"]),
        (f"aws:ResourceTag/{CREATED}", "string", ["true"]),
        (f"ec2:ResourceTag/{CREATED}", "string", ["true"]),
        (f"aws:RequestTag/{rule_tags.CREATED}", "string", ["true"]),
        (f"aws:ResourceTag/{rule_tags.CREATED}", "string", ["true"]),
        (f"ec2:ResourceTag/{rule_tags.CREATED}", "string", ["true"]),
        (f"aws:ResourceTag/{ELIGIBLE}", "string", ["true"]),
        (f"ec2:ResourceTag/{ELIGIBLE}", "string", ["true"]),
        ("aws:tagkeys", "stringList", [DATETIME, SUPPORT]),  # of keys, case does not matter
    )
)


def needed(uses: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """The calls of ``plan`` or ``apply`` or both."""
    return {**READS, **WRITES} if "apply" in uses else READS


def resources(scope: Scope) -> tuple[str, ...]:
    """One ARN of each type, in a scope."""
    start = f"arn:{partition(scope.region)}:ec2:{scope.region}:{scope.account}"
    types = sorted({type_ for needs in (*READS.values(), *WRITES.values()) for type_ in needs})
    return tuple(f"{start}:{type_}/*" for type_ in types)


def verdicts(results: Iterable[Mapping[str, Any]], uses: Iterable[str]) -> Mapping[str, bool]:
    """Whether each call is allowed on all that it needs; what is not told is not allowed."""
    allowed = {
        (str(result.get("EvalActionName")), _type(str(result.get("EvalResourceName", ""))))
        for result in results
        if result.get("EvalDecision") == "allowed"
    }
    return {
        action: all((action, type_) in allowed for type_ in types)
        if types
        else any(name == action for name, _ in allowed)
        for action, types in needed(uses).items()
    }


def _type(arn: str) -> str:
    return arn.rpartition(":")[2].partition("/")[0]
