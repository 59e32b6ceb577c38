"""How a fake AWS refuses: error codes, faults by rule, EC2's token buckets."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from bot.model.address import AccountId, Scope
from tests.fakes.world import Clock

DESCRIBE = ("Describe", "Get", "List")


class Fault(Exception):
    """AWS said no."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


@dataclass
class Rule:
    """Calls of ``action`` ("*": any; in ``scope``, or anywhere) fail with ``code``.

    The first ``skip`` matching calls pass, then ``times`` fail (None: all), or of each
    hundred so many as ``percent`` says. With ``lands`` the call takes effect and only its
    answer is lost. ``delay`` is in virtual seconds; without a code it is all that happens.
    """

    action: str
    scope: Scope | None = None
    code: str = "UnauthorizedOperation"
    skip: int = 0
    times: int | None = None
    lands: bool = False
    account: AccountId | None = None
    percent: int = 100
    dice: Random = field(default_factory=lambda: Random(0))  # noqa: S311  (a test's dice)
    delay: float = 0.0

    def hits(self, scope: Scope, action: str) -> bool:
        """Whether this call fails; counts it."""
        if self.action not in ("*", action) or (self.scope or scope) != scope:
            return False
        if (self.account or scope.account) != scope.account:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.percent < 100 and self.dice.randint(1, 100) > self.percent:
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


@dataclass
class Buckets:
    """Token buckets per account, region and action (EC2 developer guide, API throttling)."""

    clock: Clock
    held: dict[tuple[Scope, str], tuple[float, float]] = field(default_factory=dict)

    def take(self, scope: Scope, action: str) -> bool:
        """Takes one token; False means RequestLimitExceeded."""
        size, rate = self._bucket(action)
        tokens, since = self.held.get((scope, action), (size, self.clock.now))
        tokens = min(size, tokens + (self.clock.now - since) * rate)
        taken = tokens >= 1
        self.held[scope, action] = (tokens - taken, self.clock.now)
        return taken

    def _bucket(self, action: str) -> tuple[float, float]:
        name = action.partition(":")[2]
        if name in ("DescribeStaleSecurityGroups", "DescribeSecurityGroupReferences"):
            return 20.0, 5.0
        if name.startswith(DESCRIBE):
            return 100.0, 20.0
        return (100.0, 10.0) if name in ("CreateTags", "DeleteTags") else (50.0, 5.0)
