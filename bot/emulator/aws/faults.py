"""Rules that make chosen calls fail, and the counting that chooses them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from bot.emulator.aws.calls import Call


@dataclass(frozen=True, slots=True)
class Fault:
    """Which calls fail, how often, and how.

    ``action`` (``CreateRoute``), ``service``, ``account``, ``region`` and ``role`` (a role's
    name) are shell patterns; ``mutating`` of None means both kinds. Of the calls that match,
    the ``nth`` (from 1), ``every`` so many, or a share of ``probability`` (drawn from ``seed``)
    fails; with none of the three, all do. The first ``skip`` pass unseen, and at most ``times``
    fail, when it is not 0.
    A failing call answers ``error``, without being carried out or, with ``lands``, after it was;
    or it drops the connection ``before`` the call is carried out or ``after`` it (the reply is
    lost). ``delay_ms`` comes before either, or alone.
    """

    action: str = "*"
    service: str = "*"
    account: str = "*"
    region: str = "*"
    role: str = "*"
    mutating: bool | None = None
    nth: int = 0
    every: int = 0
    probability: float = 0.0
    seed: int = 0
    skip: int = 0
    times: int = 0
    delay_ms: float = 0.0
    error: str = ""
    message: str = "The emulator was told to refuse this call."
    status: int = 0
    lands: bool = False
    drop: str = ""

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Fault:
        """From JSON. Raises ValueError on an unknown key or a rule that does nothing."""
        unknown = set(value) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown keys in a fault: {', '.join(sorted(unknown))}")
        fault = cls(**value)
        if fault.drop not in {"", "before", "after"}:
            raise ValueError("a fault's drop is 'before' or 'after'")
        if fault.error and fault.drop:
            raise ValueError("a fault has either an error or a drop")
        if not (fault.error or fault.drop or fault.delay_ms > 0):
            raise ValueError("a fault has an error, a drop or a delay")
        return fault

    def as_json(self) -> dict[str, Any]:
        """What ``of`` reads."""
        return asdict(self)

    def matches(self, call: Call) -> bool:
        """Whether the call is one that this rule is about."""
        patterns = (
            (call.action, self.action),
            (call.service, self.service),
            (call.account, self.account),
            (call.region, self.region),
            (call.role, self.role),
        )
        kind = self.mutating is None or self.mutating == call.mutating
        return kind and all(fnmatchcase(value, pattern) for value, pattern in patterns)


class Faults:
    """The rules in force and how often each has matched and struck."""

    def __init__(self, rules: tuple[Fault, ...]) -> None:
        self._rules = rules
        self._seen = [-rule.skip for rule in rules]
        self._struck = [0] * len(rules)
        self._draws = [random.Random(rule.seed) for rule in rules]  # noqa: S311  (a test's dice)

    def strike(self, call: Call) -> Fault | None:
        """The first rule that wants this call to fail; every matching rule counts it."""
        struck = [i for i, rule in enumerate(self._rules) if self._wants(i, rule, call)]
        if not struck:
            return None
        self._struck[struck[0]] += 1
        return self._rules[struck[0]]

    def _wants(self, index: int, rule: Fault, call: Call) -> bool:
        if not rule.matches(call):
            return False
        self._seen[index] += 1
        if self._seen[index] <= 0:
            return False
        if rule.times and self._struck[index] >= rule.times:
            return False
        if rule.probability:
            return self._draws[index].random() < rule.probability
        if rule.nth:
            return self._seen[index] == rule.nth
        return not rule.every or self._seen[index] % rule.every == 0
