"""How fast AWS takes calls of an action, as documented or as the user says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.errors import UsageError


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket's size in calls, and how many calls a second it regains."""

    size: float
    refill: float


MUTATING = Rate(50, 5)
READING = Rate(100, 20)
DEFAULT_RATES: Mapping[str, Rate] = {
    "ec2:CreateTags": Rate(100, 10),
    "ec2:DeleteTags": Rate(100, 10),
    "ec2:DescribeSecurityGroupReferences": Rate(20, 5),
    "ec2:DescribeStaleSecurityGroups": Rate(20, 5),
}
"""Those that differ from their kind's (EC2 developer guide, request throttling)."""

_FORM = re.compile(r"([a-z0-9-]+:[A-Za-z0-9]+)=([0-9]+(?:\.[0-9]+)?)/([0-9]+(?:\.[0-9]+)?)")
_LARGEST = 100_000.0


def rate_of(action: str, rates: Mapping[str, Rate]) -> Rate:
    """The configured rate of an action such as ``ec2:CreateRoute``, else the documented one."""
    reading = action.split(":")[-1].startswith(("Describe", "Get", "List"))
    return rates.get(action) or DEFAULT_RATES.get(action) or (READING if reading else MUTATING)


def rates_of(texts: Iterable[str]) -> dict[str, Rate]:
    """The rates in texts such as ``ec2:CreateRoute=100/10``. Raises UsageError."""
    rates: dict[str, Rate] = {}
    for text in texts:
        action, rate = _parsed(text)
        if action in rates:
            raise UsageError(f"The rate of {action} is given twice.")
        rates[action] = rate
    return rates


def _parsed(text: str) -> tuple[str, Rate]:
    match = _FORM.fullmatch(text)
    if match is None:
        raise UsageError(
            f"A rate is ACTION=SIZE/REFILL, such as ec2:CreateRoute=100/10, not {text!r}."
        )
    action, size, refill = match[1], float(match[2]), float(match[3])
    if not (1 <= size <= _LARGEST and 0.01 <= refill <= _LARGEST):
        raise UsageError(
            f"The rate {text!r} is out of range: a bucket holds at least 1 call and regains at"
            f" least 0.01 a second; {_LARGEST:.0f} is the most of both."
        )
    return action, Rate(size, refill)
