"""The session policy of an assumed member role: the calls of its command, and no others.

A session may do what both its role and its session policy allow (STS API reference,
AssumeRole, ``Policy``), so a role that may do more than meshbot needs, such as one made for
peerd, is narrowed to this list. A call that is not listed here fails on AWS and nowhere else:
``tests/iam`` compares the list with the calls in the code and with the roles in ``docs/iam``.
"""

from __future__ import annotations

import json

READS = (
    "ec2:DescribeRouteTables",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
)
"""What every command sends through member roles."""

WRITES = (
    "ec2:AcceptVpcPeeringConnection",
    "ec2:CreateRoute",
    "ec2:CreateTags",
    "ec2:CreateVpcPeeringConnection",
    "ec2:DeleteRoute",
    "ec2:DeleteVpcPeeringConnection",
    "ec2:ReplaceRoute",
)
"""What apply sends besides."""


def session_policy(*, writes: bool) -> str:
    """The policy as compact JSON, for a session that reads or one that also ``writes``.

    Resources and conditions are the role's business, so there are none. STS takes 2,048
    characters, and packs the text into less than that together with session tags.
    """
    statement = {
        "Effect": "Allow",
        "Action": [*READS, *WRITES] if writes else list(READS),
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return json.dumps(policy, separators=(",", ":"))
