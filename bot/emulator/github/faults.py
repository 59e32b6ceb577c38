"""Settable faults: which calls go wrong, and how.

A rule is plain data: ``method`` and ``path`` are regular expressions that must match whole method
and part of the path; ``skip`` matching calls pass first, then ``times`` calls are hit (0: all).
``kind`` is one of

    error        ``status`` (502), ``message``; with ``after_write`` the call happened all the same
    rate_limit   secondary rate limit: ``status`` 403 or 429, ``retry_after`` seconds
    forbidden    403 as for a permission that the token lacks
    lag          what this call creates is missing from the next ``requests`` lists
    cut          only the first ``bytes`` of the reply arrive, with a length that agrees
    drop         the connection ends without a reply; ``after_write`` as above
    delay        the reply takes ``seconds`` longer

With ``lag`` what a call made all the same is also missing from the next so many lists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.emulator.github.errors import DOCUMENTATION, NOT_ACCESSIBLE

KINDS = frozenset({"error", "rate_limit", "forbidden", "lag", "cut", "drop", "delay"})
SECONDARY = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)


@dataclass(slots=True)
class Rule:
    """One fault and the calls it hits; see the module for the fields."""

    kind: str
    method: str = ".*"
    path: str = ""
    skip: int = 0
    times: int = 1
    status: int = 0
    message: str = "Server Error"
    after_write: bool = False
    retry_after: int = 1
    requests: int = 1
    lag: int = 0
    bytes: int = 20
    seconds: float = 0.0
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault of kind {self.kind!r}; one of {', '.join(sorted(KINDS))}")

    @property
    def happens(self) -> bool:
        """Whether the call that is hit still has its effect."""
        return self.kind in ("lag", "cut", "delay") or self.after_write

    @property
    def hides(self) -> int:
        """How many lists miss what the call makes."""
        return self.requests if self.kind == "lag" else self.lag

    def hit(self, method: str, path: str) -> bool:
        """Whether this call is hit; counts it."""
        if not (re.fullmatch(self.method, method) and re.search(self.path, path)):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times and self.hits >= self.times:
            return False
        self.hits += 1
        return True

    def reply(self) -> tuple[int, Any, dict[str, str]]:
        """Status, body and headers of the error this rule answers with."""
        body = {"message": self.message, "documentation_url": DOCUMENTATION}
        if self.kind == "rate_limit":
            headers = {"Retry-After": str(self.retry_after)}
            return self.status or 403, body | {"message": SECONDARY}, headers
        if self.kind == "forbidden":
            return 403, body | {"message": NOT_ACCESSIBLE, "status": "403"}, {}
        return self.status or 502, body, {}


@dataclass(slots=True)
class Faults:
    """The rules in force, and what lists do not show yet (id → lists still to miss it)."""

    rules: list[Rule] = field(default_factory=list)
    lagging: dict[int, int] = field(default_factory=dict)

    def add(self, rule: Mapping[str, Any]) -> None:
        """Put one more rule in force. Raises ValueError or TypeError for one that cannot be."""
        self.rules.append(Rule(**rule))

    def clear(self) -> None:
        """No more faults."""
        self.rules.clear()
        self.lagging.clear()

    def strike(self, method: str, path: str) -> Rule | None:
        """The first rule that hits this call."""
        return next((rule for rule in self.rules if rule.hit(method, path)), None)

    def missing(self, item_id: int) -> bool:
        """Whether a list that reaches this item must leave it out; counts the list."""
        left = self.lagging.get(item_id, 0)
        if left > 1:
            self.lagging[item_id] = left - 1
        else:
            self.lagging.pop(item_id, None)
        return left > 0
