"""What EC2 lets a policy say about each call: resources and condition keys.

From "Actions, resources, and condition keys for Amazon EC2", Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html , as far as
the policies need it. Descriptions have no resources, so their Resource is ``*``.
"""

from __future__ import annotations

from collections.abc import Mapping

_TAGGED = frozenset({"aws:ResourceTag", "ec2:ResourceTag"})
_REQUEST = frozenset({"aws:RequestTag", "aws:TagKeys"})
_SIDES = frozenset({"ec2:AccepterVpc", "ec2:RequesterVpc"})

SUPPORTED: Mapping[str, Mapping[str, frozenset[str]]] = {
    "ec2:AcceptVpcPeeringConnection": {"vpc": _TAGGED, "vpc-peering-connection": _TAGGED | _SIDES},
    "ec2:CreateRoute": {"route-table": _TAGGED},
    "ec2:CreateTags": {
        "route-table": _TAGGED | _REQUEST | {"ec2:CreateAction"},
        "vpc-peering-connection": _TAGGED | _REQUEST | _SIDES | {"ec2:CreateAction"},
    },
    "ec2:CreateVpcPeeringConnection": {
        "vpc": _TAGGED,
        "vpc-peering-connection": _REQUEST | _SIDES,
    },
    "ec2:DeleteRoute": {"route-table": _TAGGED},
    "ec2:DeleteVpcPeeringConnection": {"vpc-peering-connection": _TAGGED | _SIDES},
    "ec2:DescribeRouteTables": {},
    "ec2:DescribeVpcPeeringConnections": {},
    "ec2:DescribeVpcs": {},
    "ec2:ReplaceRoute": {"route-table": _TAGGED},
}
"""By action: the resource types that have to be allowed, and the keys known for each."""
