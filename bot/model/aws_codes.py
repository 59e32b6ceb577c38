"""Error codes of AWS after which a call may be sent again by whoever sent it.

Codes of EC2: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html .
"""

from __future__ import annotations

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

STALE = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
    }
)
"""The session is over, or not known (yet) where it was used: nothing was carried out."""
