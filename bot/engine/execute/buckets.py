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
SPARE = 2
"""Tokens left in every bucket: calls may arrive closer together than they were sent."""

CAUTION = 0.985
"""The part of the refill that is used: our clock and AWS's are not one."""

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
        self.tokens = self.capacity

    @property
    def capacity(self) -> float:
        """The most that is ever sent at once; at least one, so that small buckets work."""
        return max(1.0, self.rate.size - SPARE)

    @property
    def refill(self) -> float:
        """Tokens regained a second."""
        return self.rate.refill * CAUTION

    def _refill(self, now: float) -> None:
        gained = max(0.0, now - self.at) * self.refill
        self.tokens = min(self.capacity, self.tokens + gained)
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
        return now + (lacking / self.refill if lacking > ROUNDING else 0.0)

    def empty(self, now: float) -> None:
        """AWS throttled us: somebody else drinks from this bucket too."""
        self._refill(now)
        self.tokens = 0.0
