"""Calls waiting for their turn: one lane per scope and action, each with its bucket."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from bot.engine.execute.buckets import Bucket, Rate, rate_of
from bot.engine.execute.graph import Node
from bot.model.address import Scope
from bot.model.step import StepRef

LaneKey = tuple[Scope, str]


@dataclass(slots=True)
class Call:
    """One call to make for one or more steps (several when they are merged)."""

    nodes: tuple[Node, ...]
    attempts: int = 0

    @property
    def lane(self) -> LaneKey:
        """Where it waits."""
        return self.nodes[0].step.scope, self.nodes[0].step.action


@dataclass(slots=True)
class Slots:
    """Places that AWS gives out few at a time, held from one step until another is done."""

    held: Counter[tuple[Scope, str]] = field(default_factory=Counter)
    releases: dict[StepRef, tuple[Scope, str]] = field(default_factory=dict)

    def take(self, node: Node) -> bool:
        """Take a place for a step that needs one; True when it may go on."""
        slot = node.step.slot
        if slot is None or slot.until in self.releases:
            return True
        key = (node.step.scope, slot.name)
        if self.held[key] >= slot.size:
            return False
        self.held[key] += 1
        self.releases[slot.until] = key
        return True

    def release(self, ref: StepRef) -> None:
        """The step ``ref`` is done or will never be."""
        key = self.releases.pop(ref, None)
        if key is not None:
            self.held[key] -= 1


@dataclass(slots=True)
class Lanes:
    """All lanes, the calls that wait for a time (retries), and the buckets."""

    rates: Mapping[str, Rate]
    slots: Slots = field(default_factory=Slots)
    lanes: dict[LaneKey, deque[Call]] = field(default_factory=dict)
    buckets: dict[LaneKey, Bucket] = field(default_factory=dict)
    later: list[tuple[float, int, Call]] = field(default_factory=list)
    serial: Iterator[int] = field(default_factory=count)

    def add(self, call: Call) -> None:
        """Queue a call behind those of its lane."""
        self.lanes.setdefault(call.lane, deque()).append(call)

    def postpone(self, call: Call, until: float) -> None:
        """Queue a call from a time on."""
        heapq.heappush(self.later, (until, next(self.serial), call))

    def bucket(self, key: LaneKey) -> Bucket:
        """The bucket of a lane."""
        if key not in self.buckets:
            self.buckets[key] = Bucket(rate_of(key[1], self.rates))
        return self.buckets[key]

    def take(self, now: float, room: int) -> Iterator[Call]:
        """Up to ``room`` calls that may be made now, taken from all lanes in turn."""
        while self.later and self.later[0][0] <= now:
            again = heapq.heappop(self.later)[2]
            self.lanes.setdefault(again.lane, deque()).appendleft(again)
        progressed = True
        while room > 0 and progressed:
            progressed = False
            for key in [key for key, lane in self.lanes.items() if lane]:
                if room > 0 and (call := self._next(key, now)) is not None:
                    room, progressed = room - 1, True
                    yield call

    def _next(self, key: LaneKey, now: float) -> Call | None:
        lane = self.lanes[key]
        if not self.slots.take(lane[0].nodes[0]):
            return None
        return lane.popleft() if self.bucket(key).take(now) else None

    def wake_at(self, now: float) -> float | None:
        """When a call that waits for time alone may be made, or None."""
        times = [self.later[0][0]] if self.later else []
        times += [
            self.bucket(key).ready_at(now)
            for key, lane in self.lanes.items()
            if lane and self.slots.take(lane[0].nodes[0])
        ]
        return min(times, default=None)

    @property
    def empty(self) -> bool:
        """True when nothing waits."""
        return not self.later and not any(self.lanes.values())
