"""Calls waiting for their turn: one lane per scope and action, each with its bucket."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from bot.engine.execute.buckets import ROUNDING, Bucket
from bot.engine.execute.graph import LaneKey, Node, State
from bot.engine.execute.places import SlotKey, Slots, key_of
from bot.engine.execute.rates import Rate, rate_of
from bot.model.address import AccountId, Scope
from bot.model.step import Slot

FRESH = 15.0
"""Seconds for which what a look at a thing showed is good enough to take the thing away."""

NEVER = float("-inf")
"""When a call was looked at whose things must be seen anew."""


@dataclass(slots=True)
class Call:
    """One call to make for one or more steps (several when they are merged).

    ``attempts``: how often it was sent; ``lost``: how many of the answers never came;
    ``sent_at``: when it was handed out last, in seconds on the dispatcher's clock; ``apart``:
    it was parted from a shared call, and is about one thing alone; ``looked_at``: when its check
    was last seen to hold.
    """

    nodes: tuple[Node, ...]
    attempts: int = 0
    lost: int = 0
    sent_at: float = 0.0
    apart: bool = False
    looked_at: float = NEVER

    @property
    def lane(self) -> LaneKey:
        """Where it waits."""
        return self.nodes[0].step.scope, self.nodes[0].step.action

    @property
    def wanted(self) -> bool:
        """False once all its steps were cancelled while it waited for its turn."""
        return any(node.state is State.READY for node in self.nodes)

    @property
    def checked(self) -> bool:
        """True for one that is sent only while its check holds."""
        return self.nodes[0].step.check is not None

    def outdated(self, now: float) -> bool:
        """True when what it would take away must be looked at before it is sent."""
        return self.checked and now - self.looked_at > FRESH


@dataclass(slots=True)
class Lane:
    """The calls of one bucket. ``listed``: it has its turn in ``Lanes.turns``."""

    key: LaneKey
    bucket: Bucket
    queue: deque[Call] = field(default_factory=deque)
    listed: bool = False


@dataclass(slots=True)
class Lanes:
    """All lanes, the calls that wait for a time or for a place, and the buckets.

    What a loop does here does not grow with the number of lanes: each that has calls stands
    in ``turns`` with the time of its next call, and a call without a place stands aside, in
    ``parked``, so that it holds up nobody behind it. Those that will never have one are
    ``hopeless``: they are handed out for whoever carries out calls to say so; and so are those
    that are ``outdated`` when their turn comes, to be looked at. Neither costs a token.
    """

    rates: Mapping[str, Rate]
    slots: Slots = field(default_factory=Slots)
    lanes: dict[LaneKey, Lane] = field(default_factory=dict)
    turns: list[tuple[float, int, Lane]] = field(default_factory=list)
    later: list[tuple[float, int, Call]] = field(default_factory=list)
    strangers: dict[AccountId, list[Call]] = field(default_factory=dict)
    parked: dict[SlotKey, dict[Scope | None, deque[Call]]] = field(default_factory=dict)
    hopeless: deque[Call] = field(default_factory=deque)
    outdated: deque[Call] = field(default_factory=deque)
    serial: Iterator[int] = field(default_factory=count)
    waiting: int = 0
    remaining: float = 0.0

    def add(self, call: Call) -> None:
        """Queue a call behind those of its lane."""
        self.waiting += 1
        lane = self.lane(call.lane)
        lane.queue.append(call)
        self._list(lane)

    def again(self, call: Call) -> None:
        """Queue a call before all others of its lane."""
        self.waiting += 1
        self._first(call)

    def postpone(self, call: Call, until: float) -> None:
        """Queue a call from a time on, before the others of its lane."""
        self.waiting += 1
        heapq.heappush(self.later, (until, next(self.serial), call))

    def set_aside(self, call: Call) -> None:
        """Keep a call that was handed out and not sent until its account is known."""
        self.waiting += 1
        self.bucket(call.lane).untake()
        self.strangers.setdefault(call.lane[0].account, []).append(call)

    def account_known(self, account: AccountId) -> None:
        """Queue what waited for that."""
        for call in reversed(self.strangers.pop(account, [])):
            self._first(call)

    def throttled(self, call: Call, now: float) -> None:
        """AWS refused a call for its rate."""
        self.bucket(call.lane).empty(now, call.sent_at)

    def lane(self, key: LaneKey) -> Lane:
        """The lane of a scope and action."""
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = Lane(key, Bucket(rate_of(key[1], self.rates)))
            lane.bucket.hurry(self.remaining)
        return lane

    def vacant(self, key: LaneKey, now: float, seconds: float) -> int:
        """How many calls a lane could send within so many seconds behind those it has."""
        lane = self.lane(key)
        bucket = lane.bucket
        if bucket.ready_at(now) > now + seconds:
            return 0
        open_for = seconds - max(0.0, bucket.next_at - now)
        by_tokens = bucket.tokens + bucket.refill * seconds
        by_pace = 1 + open_for * bucket.refill * bucket.pace
        return max(0, int(min(by_tokens, by_pace) + ROUNDING) - len(lane.queue))

    def bucket(self, key: LaneKey) -> Bucket:
        """The bucket of a lane."""
        return self.lane(key).bucket

    def hurry(self, remaining: float) -> None:
        """Spend saved tokens as suits a run that takes so many seconds more."""
        self.remaining = remaining
        for lane in self.lanes.values():
            lane.bucket.hurry(remaining)

    def take(self, now: float, room: int) -> Iterator[Call]:
        """Up to ``room`` calls that may be made now, from all lanes in turn; first the hopeless."""
        self._settle(now)
        while self.hopeless:
            self.waiting -= 1
            yield self.hopeless.popleft()
        while room > 0 and self.turns and self.turns[0][0] <= now:
            lane = heapq.heappop(self.turns)[2]
            lane.listed = False
            call = self._next(lane, now)
            self._list(lane, now)
            while self.outdated:
                self.waiting -= 1
                yield self.outdated.popleft()
            if call is not None:
                room -= 1
                self.waiting -= 1
                call.sent_at = now
                yield call

    def _settle(self, now: float) -> None:
        """Put back in their lanes what waited for a time that came or a place that is free."""
        while self.later and self.later[0][0] <= now:
            self._first(heapq.heappop(self.later)[2])
        for key in self.slots.changed:
            self._call_up(self.parked.get(key, {}))
        self.slots.changed.clear()

    def _call_up(self, aside: dict[Scope | None, deque[Call]]) -> None:
        """Those that may have a place now take it and queue, of each party in turn."""
        going = list(aside)
        while going:
            for party in list(going):
                calls = aside.pop(party)
                if self._called_up(calls):
                    aside[party] = calls  # behind the other parties
                else:
                    going.remove(party)
                    if calls:
                        aside[party] = calls

    def _called_up(self, calls: deque[Call]) -> bool:
        """Whether one more of these has got its place."""
        while calls:
            slot = _slot_of(calls[0])
            assert slot is not None, "only those that need a place stand aside"
            if not calls[0].wanted:
                calls.popleft()
                self.waiting -= 1
            elif self.slots.take(slot):
                self._first(calls.popleft())
                return True
            elif self.slots.hopeless(slot):
                self.hopeless.append(calls.popleft())
            else:
                return False
        return False

    def _first(self, call: Call) -> None:
        lane = self.lane(call.lane)
        lane.queue.appendleft(call)
        self._list(lane)

    def _list(self, lane: Lane, now: float | None = None) -> None:
        """Give a lane that has calls a turn; without ``now`` when it is next looked at."""
        if lane.queue and not lane.listed:
            lane.listed = True
            at = lane.bucket.ready_at(now) if now is not None else lane.bucket.at
            heapq.heappush(self.turns, (at, next(self.serial), lane))

    def _next(self, lane: Lane, now: float) -> Call | None:
        if lane.bucket.ready_at(now) > now:
            return None
        while lane.queue:
            call = lane.queue.popleft()
            slot = _slot_of(call)
            if not call.wanted:
                self.waiting -= 1
            elif call.outdated(now):
                self.outdated.append(call)
            elif slot is None or self.slots.take(slot):
                lane.bucket.take(now)
                return call
            elif self.slots.hopeless(slot):
                self.hopeless.append(call)
            else:
                aside = self.parked.setdefault(key_of(slot), {})
                aside.setdefault(slot.party, deque()).append(call)
        return None

    def wake_at(self, now: float) -> float | None:
        """When a call that waits for time alone may be made, or None."""
        self._settle(now)
        if self.hopeless:
            return now
        times = [self.later[0][0]] if self.later else []
        if self.turns:
            times.append(self.turns[0][0])
        return min(times, default=None)

    @property
    def stuck(self) -> bool:
        """True when all that waits does so for a place."""
        return not (self.turns or self.later or self.hopeless or self.strangers or self.empty)

    @property
    def starved(self) -> tuple[SlotKey, ...]:
        """Where AWS denies places, when all that waits does so for one; empty while other does."""
        if self.turns or self.hopeless or self.outdated or self.strangers:
            return ()
        slots = [_slot_of(call) for _, _, call in self.later]
        keys = {key_of(slot) if slot else None for slot in slots}
        keys.update(key for key, aside in self.parked.items() if any(aside.values()))
        denied = sorted(key for key in keys if key is not None and self.slots.denied(key))
        return tuple(denied) if len(denied) == len(keys) else ()

    def close(self) -> None:
        """Nobody is left who could free a place: what waits for one has waited in vain."""
        for key, aside in self.parked.items():
            if any(aside.values()):
                self.slots.close(key)

    @property
    def empty(self) -> bool:
        """True when nothing waits."""
        return not self.waiting


def _slot_of(call: Call) -> Slot | None:
    return call.nodes[0].step.slot
