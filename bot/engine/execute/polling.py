"""Waiting by AWS's own state: one question per scope for all that wait there.

When to ask is said by ``Waits``: not before a state may be there, once for all of a scope that
may be there soon, and not so often that asking costs more than waiting.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bot.engine.execute.graph import Node, State
from bot.engine.execute.values import looked_up
from bot.engine.execute.waits import FIRST_WAIT, LONGEST_WAIT, PATIENCE, Waits, condition_of
from bot.model.address import Address, Scope

FILTER_VALUES = 200
"""Values that EC2 takes in one filter."""


@dataclass(slots=True)
class Poll:
    """The steps that wait for a state in one scope, and when to ask next.

    ``nodes`` may hold some that no longer wait; ``dues`` has them by when it is worth asking,
    as was thought when they were put there; ``latest`` is the last of these times.
    """

    scope: Scope
    action: str
    waits: Waits = field(default_factory=Waits)
    nodes: list[Node] = field(default_factory=list)
    dues: list[tuple[float, int, Node]] = field(default_factory=list)
    serial: Iterator[int] = field(default_factory=count)
    asked_at: float = float("-inf")
    put_off: float = float("-inf")
    latest: float = float("-inf")
    asking: bool = False

    @property
    def waiting(self) -> list[Node]:
        """Those that wait, among others that did; empty when none does."""
        while self.nodes and self.nodes[-1].state is not State.READY:
            self.nodes.pop()
        return self.nodes

    @property
    def next_at(self) -> float:
        """When to ask next: once all that wait are worth it, or the first has been for a while."""
        first = self._first()
        together = min(first + self.waits.slack, max(first, self.latest))
        return max(together, self.asked_at + self.waits.spacing, self.put_off)

    @next_at.setter
    def next_at(self, until: float) -> None:
        """Not before this time."""
        self.put_off = until

    def _first(self) -> float:
        """When the first of those that wait is worth asking about, as is known by now."""
        while self.dues:
            due, _, node = self.dues[0]
            if not _current(due, 0, node):
                heapq.heappop(self.dues)
            elif (later := self.waits.worth_at(node)) > due:
                heapq.heappop(self.dues)
                self._ask_at(node, later)
            else:
                return due
        return float("inf")

    def add(self, node: Node, now: float) -> None:
        """One more step waits here."""
        node.since = now
        self.nodes.append(node)
        self._ask_at(node, self.waits.worth_at(node))

    def _ask_at(self, node: Node, at: float) -> None:
        node.due = at
        if condition_of(node).needless_after is None:
            self.latest = max(self.latest, at)
        heapq.heappush(self.dues, (at, next(self.serial), node))

    def reckon(self) -> None:
        """It is known now how long something takes: that may be sooner than was thought."""
        self.dues, self.latest = [], float("-inf")
        for node in self.nodes:
            if node.state is State.READY:
                self._ask_at(node, self.waits.worth_at(node))

    def params(self, ids: Mapping[Address, str]) -> dict[str, Any]:
        """The parameters of the question: these ids, or everything when there are many."""
        ready = [node for node in self.waiting if node.state is State.READY]
        wanted = sorted({ids[condition_of(node).of.address] for node in ready})
        if not wanted or len(wanted) > FILTER_VALUES:
            return {}
        return {"Filters": [{"Name": condition_of(ready[0]).filter, "Values": wanted}]}

    def asked(self, now: float, answered: bool) -> bool:
        """A question ended. Those who wait longer are asked about less often.

        True when it taught how long something takes.
        """
        self.asked_at, self.latest = now, float("-inf")
        news = answered and self.waits.learn(self.nodes, now)
        self.nodes = [node for node in self.nodes if node.state is State.READY]
        for node in self.nodes:
            if node.due <= now:
                pause = max(FIRST_WAIT, PATIENCE * (now - node.since))
                self._ask_at(node, now + min(LONGEST_WAIT, pause))
            elif condition_of(node).needless_after is None:
                self.latest = max(self.latest, node.due)
        return news


@dataclass(slots=True)
class Polls:
    """Every poll of an apply. ``look_at``: before this time none of them is due."""

    waits: Waits = field(default_factory=Waits)
    polls: dict[tuple[Scope, str], Poll] = field(default_factory=dict)
    look_at: float = float("inf")

    def add(self, node: Node, now: float) -> None:
        """A step waits for a state."""
        key = (node.step.scope, node.step.action)
        poll = self.polls.setdefault(key, Poll(*key, self.waits))
        poll.add(node, now)
        self.look_at = min(self.look_at, poll.next_at)

    def pace(self, remaining: float, idle_in: float) -> None:
        """See Waits.pace."""
        before = self.waits.spacing, self.waits.slack
        self.waits.pace(remaining, idle_in)
        if (self.waits.spacing, self.waits.slack) != before:
            self.changed()

    def asked(self, poll: Poll, now: float, answered: bool) -> None:
        """A question ended: what it taught is worth something to all."""
        if poll.asked(now, answered):
            for each in self.polls.values():
                each.reckon()
        self.changed()

    def due(self, now: float) -> Iterator[Poll]:
        """The polls that may ask now. What comes of it is told by ``changed``."""
        if now < self.look_at:
            return
        for poll in self.polls.values():
            if poll.waiting and not poll.asking and poll.next_at <= now:
                yield poll
        self.changed()

    def changed(self) -> None:
        """Polls asked, were answered or put off: find out when to look again."""
        times = (p.next_at for p in self.polls.values() if p.waiting and not p.asking)
        self.look_at = min(times, default=float("inf"))

    @property
    def waiting(self) -> bool:
        """True while a step waits."""
        return any(poll.waiting for poll in self.polls.values())


def _current(due: float, _: int, node: Node) -> bool:
    return node.state is State.READY and node.due == due


@dataclass(frozen=True, slots=True)
class Seen:
    """What an answer says of one waiting step: reached, ended (with why), or neither."""

    node: Node
    reached: bool = False
    ended: str = ""
    state: str = ""


def judged(
    poll: Poll, items: list[Mapping[str, Any]], ids: Mapping[Address, str]
) -> Iterator[Seen]:
    """What an answer says of every step that waits in the scope."""
    ready = [node for node in poll.waiting if node.state is State.READY]
    by_id = {looked_up(i, condition_of(ready[0]).id_path): i for i in items} if ready else {}
    for node in ready:
        condition = condition_of(node)
        wanted = ids[condition.of.address]
        item = by_id.get(wanted, {})
        state = looked_up(item, condition.state_path)
        if state in condition.failed:
            message = looked_up(item, condition.message_path)
            said = ": ".join(filter(None, (f"{wanted} is {state}", message)))
            yield Seen(node, ended=said, state=state)
        else:
            yield Seen(node, reached=state in condition.wanted, state=state)
