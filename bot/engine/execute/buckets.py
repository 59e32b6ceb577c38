"""AWS's token buckets, kept on our side so that nothing is throttled.

Each API action has its own bucket per account and region:
https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket's size in calls, and how many calls a second it regains."""

    size: float
    refill: float


MUTATING = Rate(50, 5)
READING = Rate(100, 20)
DEFAULT_RATES: Mapping[str, Rate] = {"ec2:CreateTags": Rate(100, 10)}
MARGIN = 0.95
"""Stay just under what is documented: our clock and AWS's are not one."""

ROUNDING = 1e-6
"""A token that lacks less than this is whole: waiting for less than a clock's tick never ends."""


def rate_of(action: str, rates: Mapping[str, Rate]) -> Rate:
    """The configured rate of an action such as ``ec2:CreateRoute``, else the documented one."""
    reading = action.split(":")[-1].startswith(("Describe", "Get", "List"))
    return rates.get(action) or DEFAULT_RATES.get(action) or (READING if reading else MUTATING)


@dataclass(slots=True)
class Bucket:
    """One action in one scope. Times are seconds on the dispatcher's clock."""

    rate: Rate
    tokens: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.rate.size * MARGIN

    def _refill(self, now: float) -> None:
        gained = max(0.0, now - self.at) * self.rate.refill * MARGIN
        self.tokens = min(self.rate.size * MARGIN, self.tokens + gained)
        self.at = max(self.at, now)

    def take(self, now: float) -> bool:
        """Take a token if there is one."""
        self._refill(now)
        if self.tokens < 1 - ROUNDING:
            return False
        self.tokens -= 1
        return True

    def ready_at(self, now: float) -> float:
        """When the next token will be there."""
        self._refill(now)
        lacking = 1 - self.tokens
        return now + (lacking / (self.rate.refill * MARGIN) if lacking > ROUNDING else 0.0)

    def empty(self, now: float) -> None:
        """AWS throttled us: somebody else drinks from this bucket too."""
        self._refill(now)
        self.tokens = 0.0
