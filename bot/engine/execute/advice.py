"""What to do about an error that AWS gave, by its code."""

from __future__ import annotations

from bot.errors import AwsError

THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "SlowDown",
        "EC2ThrottledException",
    }
)
"""The call was not carried out: it is safe to send it again."""

LAGGING = frozenset(
    {
        "InvalidVpcPeeringConnectionID.NotFound",
        "InvalidVpcPeeringConnectionId.NotFound",
        "OutstandingVpcPeeringConnectionLimitExceeded",
        "PendingVpcPeeringConnectionLimitExceeded",
    }
)
"""Not yet: what was just made is not visible everywhere, or places are not free yet.

https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

FINAL = frozenset({"UnauthorizedOperation", "AccessDenied", "AuthFailure", "NoRole"})
"""Asking again will not help: a poll that is refused so ends the waiting."""

_ADVICE = {
    "UnauthorizedOperation": "Allow {action} in the member role of account {account}.",
    "AccessDenied": "Check that the role exists in account {account}, trusts the initial role,"
    " and allows {action}.",
    "RouteLimitExceeded": "The route table is full: raise the quota of routes per table, or"
    " narrow the destinations with cidr_overrides.",
    "VpcPeeringConnectionsPerVpcLimitExceeded": "Raise the quota of active peerings per VPC.",
    "OutstandingVpcPeeringConnectionLimitExceeded": "Other requests wait for acceptance in this"
    " VPC: accept or delete them, then run again.",
    "RouteAlreadyExists": "Somebody made a route for this destination meanwhile: plan again.",
    "VpcPeeringConnectionAlreadyExists": "Somebody peered these VPCs meanwhile: plan again.",
    "InvalidVpcPeeringConnectionID.NotFound": "AWS does not know the peering (yet): run again.",
    "OperationNotPermitted": "AWS does not allow this in the peering's present state: plan again.",
}


def advice(error: AwsError) -> str:
    """One sentence on what to do."""
    account = error.scope.account if error.scope else "the initial role"
    text = _ADVICE.get(error.code)
    if text is None:
        return "Run again: what is done stays done, and only the rest is tried."
    return text.format(action=error.action, account=account)
