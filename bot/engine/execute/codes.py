"""What an error code says about the call: refused, not sent, or perhaps carried out.

Codes of EC2: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html .
Names of network faults are botocore's (bot/adapters/aws/faults.py).
"""

from __future__ import annotations

from bot.errors import AwsError
from bot.model.aws_codes import STALE

FULL = frozenset(
    {
        "OutstandingVpcPeeringConnectionLimitExceeded",
        "PendingVpcPeeringConnectionLimitExceeded",
    }
)
"""All places are taken: by requests that are not ours, or that were accepted a moment ago."""

LAGGING = FULL | {
    "InvalidVpcPeeringConnectionID.NotFound",
    "InvalidVpcPeeringConnectionId.NotFound",
}
"""Not yet: what was just made is not visible everywhere, or places are not free yet.

https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
"""

UNSEEN = frozenset({"InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"})
"""A security group is not there; or the peering over which a rule names it is active elsewhere and
not yet here. The latter passes soon, the former never."""

UNSENT = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"})
"""No connection came about, so nothing was sent: it is safe to send it again."""

UNANSWERED = frozenset(
    {
        # the connection broke, or the answer is not one of AWS
        "BrokenPipeError",
        "ConnectionAbortedError",
        "ConnectionClosedError",
        "ConnectionResetError",
        "HTTPClientError",
        "IncompleteReadError",
        "ReadTimeoutError",
        "ResponseParserError",
        "ResponseStreamingError",
        "SSLError",
        "TimeoutError",
        "Unknown",
        # AWS failed, before or after it did what was asked
        "InternalError",
        "InternalFailure",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerInternal",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Unavailable",
    }
)
"""The call may have been carried out; who needs to know must look."""

FINAL = STALE | {
    "UnauthorizedOperation",
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "NoRole",
    "OptInRequired",
}
"""Asking again will not help: a question that is refused so ends the waiting."""


def unanswered(error: AwsError) -> bool:
    """True when the call may have been carried out; a bare number is an HTTP status."""
    server_fault = error.code.isdigit() and error.code.startswith("5")
    return error.code in UNANSWERED or server_fault


def of_sign_in(error: AwsError) -> bool:
    """True when the call was never sent, because its account could not be signed in to.

    That is remembered for the run: no other call in the account can do better.
    """
    return error.action.startswith("sts:") or error.code == "NoRole"


def silent(error: AwsError) -> bool:
    """True when nothing that understood the call answered it: AWS is out of reach, or broken."""
    return error.code in UNSENT or unanswered(error)
