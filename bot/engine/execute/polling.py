"""Waiting by AWS's own state: one question per scope for all that wait there.

When to ask: not before the state may be there, as far as that is known from what was waited
for earlier; and not so often that asking costs more than waiting. While every bucket has
work, an answer that comes a little later delays nothing: so the questions are far apart
early in a long run, when one then serves many steps, and close together at its end.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bot.engine.execute.graph import Node, State
from bot.engine.execute.values import looked_up
from bot.model.address import Address, Scope
from bot.model.step import Condition

FIRST_WAIT = 0.25
LONGEST_WAIT = 15.0

PATIENCE = 0.75
"""What was waited in vain is waited again, this part of it."""

STRETCH, SHRINK = 1.1, 0.98
"""What is expected after waiting in vain, as a part of that; and after not waiting in vain."""

LATE = 0.04
"""The part of the run's remaining time by which an answer may be late."""

LATE_AT_LEAST = 0.01
"""The part of the remaining time by which an answer may be late though a bucket overflows."""

LATE_IN_NEED = 0.2
"""The part of what a state takes by which its answer may always be late."""

LATEST = 5.0
"""Seconds between two questions at most: 25 places, given back that often, keep a bucket of 5 a
second busy."""

FILTER_VALUES = 200
"""Values that EC2 takes in one filter."""

Expectation = tuple[str, frozenset[str]]
"""What is waited for: the question's action, and the states."""


@dataclass(slots=True)
class Waits:
    """What all polls share: how long states take, and how far apart questions may be.

    ``expected`` is after how long a state is worth asking about, ``newest`` since when the
    last of those waited that it came to; ``spacing`` is in seconds too.
    """

    expected: dict[Expectation, float] = field(default_factory=dict)
    newest: dict[Expectation, float] = field(default_factory=dict)
    spacing: float = FIRST_WAIT

    def pace(self, remaining: float, starved: bool) -> None:
        """Set the spacing.

        ``remaining``: seconds of work that are left in the run; ``starved``: a bucket
        overflows although there is work that waits for an answer.
        """
        takes = max(self.expected.values(), default=0.0)
        closest = max(FIRST_WAIT, LATE_IN_NEED * takes, LATE_AT_LEAST * remaining)
        self.spacing = closest if starved else max(closest, min(LATEST, LATE * remaining))

    def first(self, node: Node) -> float:
        """Seconds after which a step's state is worth asking about."""
        known = self.expected.get(_expectation(node), FIRST_WAIT)
        return max(known, _condition(node).not_before)

    def learn(self, asked: Iterable[Node], now: float) -> None:
        """Some states were there when asked about, maybe for a while; others take longer."""
        came: set[Expectation] = set()
        missed: dict[Expectation, float] = {}
        nodes = [node for node in asked if _condition(node).needless_after is None]
        for node in nodes:
            if node.state is State.DONE:
                came.add(_expectation(node))
                self.newest[_expectation(node)] = max(self._newest(node), node.since)
        for node in nodes:
            # one that was overtaken is stuck: it must not put off all the others
            if node.state is State.READY and node.since >= self._newest(node):
                waited = max(missed.get(_expectation(node), 0.0), now - node.since)
                missed[_expectation(node)] = waited
        for key in came - missed.keys():
            self.expected[key] = max(FIRST_WAIT, SHRINK * self.expected.get(key, FIRST_WAIT))
        for key, waited in missed.items():
            longer = max(self.expected.get(key, FIRST_WAIT), STRETCH * waited)
            self.expected[key] = min(LONGEST_WAIT, longer)

    def _newest(self, node: Node) -> float:
        return self.newest.get(_expectation(node), float("-inf"))


@dataclass(slots=True)
class Poll:
    """The steps that wait for a state in one scope, and when to ask next.

    ``nodes`` may hold some that no longer wait; ``dues`` has them by when to ask.
    """

    scope: Scope
    action: str
    waits: Waits = field(default_factory=Waits)
    nodes: list[Node] = field(default_factory=list)
    dues: list[tuple[float, int, Node]] = field(default_factory=list)
    serial: Iterator[int] = field(default_factory=count)
    asked_at: float = float("-inf")
    put_off: float = float("-inf")
    asking: bool = False

    @property
    def waiting(self) -> list[Node]:
        """Those that wait, among others that did; empty when none does."""
        while self.nodes and self.nodes[-1].state is not State.READY:
            self.nodes.pop()
        return self.nodes

    @property
    def next_at(self) -> float:
        """When to ask next."""
        while self.dues and not _current(*self.dues[0]):
            heapq.heappop(self.dues)
        worth_at = self.dues[0][0] if self.dues else float("inf")
        return max(worth_at, self.asked_at + self.waits.spacing, self.put_off)

    @next_at.setter
    def next_at(self, until: float) -> None:
        """Not before this time."""
        self.put_off = until

    def add(self, node: Node, now: float) -> None:
        """One more step waits here."""
        node.since = now
        self.nodes.append(node)
        self._ask_at(node, now + self.waits.first(node))

    def _ask_at(self, node: Node, at: float) -> None:
        node.due = at
        heapq.heappush(self.dues, (at, next(self.serial), node))

    def params(self, ids: Mapping[Address, str]) -> dict[str, Any]:
        """The parameters of the question: these ids, or everything when there are many."""
        ready = [node for node in self.waiting if node.state is State.READY]
        wanted = sorted({ids[_condition(node).of.address] for node in ready})
        if not wanted or len(wanted) > FILTER_VALUES:
            return {}
        return {"Filters": [{"Name": _condition(ready[0]).filter, "Values": wanted}]}

    def asked(self, now: float, answered: bool) -> None:
        """A question ended. Those who wait longer are asked about less often."""
        self.asked_at = now
        if answered:
            self.waits.learn((node for node in self.nodes if node.due <= now), now)
        self.nodes = [node for node in self.nodes if node.state is State.READY]
        for node in self.nodes:
            if node.due <= now:
                pause = max(FIRST_WAIT, PATIENCE * (now - node.since))
                self._ask_at(node, now + min(LONGEST_WAIT, pause))


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

    def pace(self, remaining: float, starved: bool) -> None:
        """See Waits.pace."""
        before = self.waits.spacing
        self.waits.pace(remaining, starved)
        if self.waits.spacing < before:
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


def _condition(node: Node) -> Condition:
    assert node.step.until is not None, "only steps with a condition are polled"
    return node.step.until


def _expectation(node: Node) -> Expectation:
    return node.step.action, _condition(node).wanted


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
    by_id = {looked_up(i, _condition(ready[0]).id_path): i for i in items} if ready else {}
    for node in ready:
        condition = _condition(node)
        wanted = ids[condition.of.address]
        item = by_id.get(wanted, {})
        state = looked_up(item, condition.state_path)
        if state in condition.failed:
            message = looked_up(item, condition.message_path)
            said = ": ".join(filter(None, (f"{wanted} is {state}", message)))
            yield Seen(node, ended=said, state=state)
        else:
            yield Seen(node, reached=state in condition.wanted, state=state)
