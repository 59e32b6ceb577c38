"""How much is left to do, and for how long AWS's buckets will make it last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.engine.execute.graph import LaneKey
from bot.engine.execute.lanes import Lanes
from bot.model.address import Address, Scope
from bot.model.change import Change
from bot.model.progress import KindProgress, Progressed, ScopeProgress

CRITICAL = 0.8
"""A lane that needs this part of the remaining time, or more, must not be idle."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """``seconds`` that the slowest bucket needs.

    ``idle_in``: after how many seconds one like it overflows, if no more of its calls become
    ready; infinite when all of them are.
    """

    seconds: float
    idle_in: float = 0.0


def remaining(lanes: Lanes, calls: Mapping[LaneKey, int], now: float) -> Remaining:
    """What is left. ``calls`` are those still to be made in each lane, ready or not."""
    needed: list[tuple[float, float]] = []
    for key, number in calls.items():
        if number > 0:
            lane = lanes.lane(key)
            bucket, ready = lane.bucket, len(lane.queue)
            bucket.refresh(now)
            seconds = max(0.0, (number - bucket.tokens) / bucket.refill)
            room = bucket.capacity - bucket.tokens + ready
            needed.append((seconds, room / bucket.refill if ready < number else float("inf")))
    longest = max((seconds for seconds, _ in needed), default=0.0)
    idle_in = min((idle for seconds, idle in needed if seconds >= CRITICAL * longest), default=0.0)
    return Remaining(longest, idle_in)


@dataclass(slots=True)
class Tally:
    """Counts of changes by kind, in all and by scope."""

    total: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    total_in: Counter[tuple[Scope, str]] = field(default_factory=Counter)
    done_in: Counter[tuple[Scope, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, changes: Iterable[Change[Any]]) -> Tally:
        """Nothing done yet."""
        tally = cls()
        for change in changes:
            address = change.address
            tally.total[address.kind] += 1
            tally.total_in.update((scope, address.kind) for scope in set(address.scopes))
        return tally

    def settled(self, address: Address) -> None:
        """A change is applied, failed or skipped."""
        self.done[address.kind] += 1
        self.done_in.update((scope, address.kind) for scope in set(address.scopes))

    def value(self, seconds_left: float, waiting: str = "") -> Progressed:
        """The counts now, and what all that is left waits for."""
        kinds = tuple(KindProgress(k, self.done[k], total) for k, total in self.total.items())
        scopes = tuple(
            ScopeProgress(scope, tuple(self._kinds_in(scope)))
            for scope in sorted({scope for scope, _ in self.total_in})
        )
        return Progressed(scopes, kinds, seconds_left, waiting)

    def _kinds_in(self, scope: Scope) -> Iterable[KindProgress]:
        for kind in self.total:
            if total := self.total_in[scope, kind]:
                yield KindProgress(kind, self.done_in[scope, kind], total)
