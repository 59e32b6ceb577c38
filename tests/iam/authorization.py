"""What EC2 lets a policy say about each call: resources and condition keys.

From "Actions, resources, and condition keys for Amazon EC2", Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html , as far as
the policies need it. Descriptions have no resources, so their Resource is ``*``; nor has
https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html any for
GetServiceQuota.
"""

from __future__ import annotations

from collections.abc import Mapping

_TAGGED = frozenset({"aws:ResourceTag", "ec2:ResourceTag"})
_REQUEST = frozenset({"aws:RequestTag", "aws:TagKeys"})
_RULES = {"security-group": _TAGGED | {"ec2:Vpc", "ec2:SecurityGroupID"}}
_SIDES = frozenset({"ec2:AccepterVpc", "ec2:RequesterVpc"})

SUPPORTED: Mapping[str, Mapping[str, frozenset[str]]] = {
    "ec2:AcceptVpcPeeringConnection": {"vpc": _TAGGED, "vpc-peering-connection": _TAGGED | _SIDES},
    "ec2:AuthorizeSecurityGroupEgress": _RULES | {"security-group-rule": _REQUEST},
    "ec2:AuthorizeSecurityGroupIngress": _RULES | {"security-group-rule": _REQUEST},
    "ec2:CreateRoute": {"route-table": _TAGGED},
    "ec2:CreateTags": {
        "route-table": _TAGGED | _REQUEST | {"ec2:CreateAction"},
        "security-group-rule": _TAGGED | _REQUEST | {"ec2:CreateAction"},
        "vpc-peering-connection": _TAGGED | _REQUEST | _SIDES | {"ec2:CreateAction"},
    },
    "ec2:CreateVpcPeeringConnection": {
        "vpc": _TAGGED,
        "vpc-peering-connection": _REQUEST | _SIDES,
    },
    "ec2:DeleteRoute": {"route-table": _TAGGED},
    "ec2:DeleteVpcPeeringConnection": {"vpc-peering-connection": _TAGGED | _SIDES},
    "ec2:DescribeNetworkAcls": {},
    "ec2:DescribeRouteTables": {},
    "ec2:DescribeSecurityGroupReferences": _RULES,
    "ec2:DescribeSecurityGroupRules": {},
    "ec2:DescribeSecurityGroups": {},
    "ec2:DescribeStaleSecurityGroups": {},
    "ec2:DescribeSubnets": {},
    "ec2:DescribeVpcAttribute": {"vpc": _TAGGED},
    "ec2:DescribeVpcPeeringConnections": {},
    "ec2:DescribeVpcs": {},
    "ec2:ModifyVpcPeeringConnectionOptions": {"vpc-peering-connection": _TAGGED | _SIDES},
    "ec2:ReplaceRoute": {"route-table": _TAGGED},
    "ec2:RevokeSecurityGroupEgress": _RULES,
    "ec2:RevokeSecurityGroupIngress": _RULES,
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress": _RULES,
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress": _RULES,
    "servicequotas:GetServiceQuota": {},
}
"""By action: the resource types that have to be allowed, and the keys known for each."""

ANALYZING: Mapping[str, Mapping[str, frozenset[str]]] = {
    "ec2:CreateNetworkInsightsPath": {
        "network-insights-path": _REQUEST,
        "network-interface": _TAGGED,
    },
    "ec2:CreateTags": {
        "network-insights-analysis": _TAGGED | _REQUEST | {"ec2:CreateAction"},
        "network-insights-path": _TAGGED | _REQUEST | {"ec2:CreateAction"},
    },
    "ec2:DeleteNetworkInsightsAnalysis": {"network-insights-analysis": _TAGGED},
    "ec2:DeleteNetworkInsightsPath": {"network-insights-path": _TAGGED},
    "ec2:DescribeNetworkInsightsAnalyses": {},
    "ec2:DescribeNetworkInterfaces": {},
    "ec2:StartNetworkInsightsAnalysis": {
        "network-insights-analysis": _REQUEST,
        "network-insights-path": _TAGGED,
    },
}
"""The same, for what ``verify --analyzer`` needs besides."""
