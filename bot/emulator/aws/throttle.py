"""EC2's request throttling: a token bucket per account, Region and action.

Source: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from bot.emulator.aws.calls import Call, is_mutating

Bucket = tuple[float, float]

_READING: Bucket = (100, 20)
_MUTATING: Bucket = (50, 5)
_OWN: Mapping[str, Bucket] = {
    # "Resource-intensive actions" have the mutating actions' numbers and need no line here.
    "CreateTags": (100, 10),
    "DeleteTags": (100, 10),
    "DescribeSecurityGroupReferences": (20, 5),
    "DescribeStaleSecurityGroups": (20, 5),
}


class Throttle:
    """Full buckets at first; each call takes a token, and is refused when there is none."""

    def __init__(self, overrides: Mapping[str, Bucket]) -> None:
        self._overrides = overrides
        self._levels: dict[tuple[str, str, str], tuple[float, float]] = {}
        self._lock = threading.Lock()

    def admits(self, call: Call) -> bool:
        """Take a token for the call, if there is one."""
        capacity, refill = self._bucket(call.action)
        key = (call.account, call.region, call.action)
        now = time.monotonic()
        with self._lock:
            level, since = self._levels.get(key, (capacity, now))
            level = min(capacity, level + (now - since) * refill)
            self._levels[key] = (level - 1 if level >= 1 else level, now)
        return level >= 1

    def _bucket(self, action: str) -> Bucket:
        default = _MUTATING if is_mutating(action) else _READING
        return self._overrides.get(action) or _OWN.get(action) or default
