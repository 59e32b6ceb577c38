"""The session policy of an assumed member role: the calls of its command, and no others.

A session may do what both its role and its session policy allow (STS API reference,
AssumeRole, ``Policy``), so a role that may do more than meshbot needs, such as one made for
peerd, is narrowed to this list. A call that is not listed here fails on AWS and nowhere else:
``tests/iam`` compares the list with the calls in the code and with the roles in ``docs/iam``.
"""

from __future__ import annotations

import json

READS = (
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroupReferences",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeStaleSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "servicequotas:GetServiceQuota",
)
"""What every command sends through member roles."""

WRITES = (
    "ec2:AcceptVpcPeeringConnection",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateRoute",
    "ec2:CreateTags",
    "ec2:CreateVpcPeeringConnection",
    "ec2:DeleteRoute",
    "ec2:DeleteVpcPeeringConnection",
    "ec2:ModifyVpcPeeringConnectionOptions",
    "ec2:ReplaceRoute",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
)
"""What apply sends besides."""


INSPECTS = ("iam:GetRole", "iam:SimulatePrincipalPolicy")
"""What doctor asks besides, where the role allows it."""


def session_policy(*, writes: bool, inspects: bool = False) -> str:
    """The policy as compact JSON, for a session that reads or one that also ``writes``.

    With ``inspects`` it may look at roles as well.

    Resources and conditions are the role's business, so there are none. STS takes 2,048
    characters, and packs the text into less than that together with session tags.
    """
    statement = {
        "Effect": "Allow",
        "Action": [*READS, *(WRITES if writes else ()), *(INSPECTS if inspects else ())],
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return json.dumps(policy, separators=(",", ":"))


ANALYZES = (
    "ec2:CreateNetworkInsightsPath",
    "ec2:DeleteNetworkInsightsAnalysis",
    "ec2:DeleteNetworkInsightsPath",
    "ec2:DescribeNetworkInsightsAnalyses",
    "ec2:DescribeNetworkInterfaces",
    "ec2:StartNetworkInsightsAnalysis",
)
"""What ``verify --analyzer`` sends through apply's member roles, and all that it sends."""

_ON_BEHALF = (
    "ec2:Describe*",
    "ec2:GetManagedPrefixListEntries",
    "ec2:GetTransitGateway*",
    "ec2:SearchTransitGatewayRoutes",
    "elasticloadbalancing:Describe*",
    "network-firewall:Describe*",
    "network-firewall:List*",
    "organizations:Describe*",
    "organizations:List*",
    "tiros:*Query*",
)
"""What Reachability Analyzer reads with the permissions of whoever started an analysis.

https://docs.aws.amazon.com/vpc/latest/reachability/security_iam_required-API-permissions.html ;
the roles in ``docs/iam`` name each call, STS has little room. ``tiros`` is the service behind
the analyzer: nobody can call it but AWS.
"""


def analyzer_policy() -> str:
    """The policy of a session that has Reachability Analyzer look: it can change no mesh.

    Tags are put on what the analyzer makes, and on nothing else.
    """
    statements = [
        {"Effect": "Allow", "Action": [*ANALYZES, *_ON_BEHALF], "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": "arn:*:ec2:*:*:network-insights-*/*",
        },
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    return json.dumps(policy, separators=(",", ":"))
