"""How long states take to come, as this run has seen it, and how far apart questions may be.

What nobody has seen come yet is asked about in one scope alone, ever less often. The others
wait for what that finds out; should it find out nothing, they ask when they waited twice as
long, and then one of them goes on.

An answer that comes late costs time only where a bucket overflows meanwhile: tokens that are
saved are not lost. So the questions are close together while a critical bucket is full and has
nothing to do, and far apart while it has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.engine.execute.graph import Node, State
from bot.model.address import Scope
from bot.model.step import Condition

FIRST_WAIT = 0.25
LONGEST_WAIT = 15.0

PATIENCE = 0.25
"""What was waited in vain is waited again, this part of it."""

STRETCH, SHRINK = 1.1, 0.98
"""What is expected after waiting in vain, as a part of that; and after not waiting in vain."""

BYSTANDING = 2.0
"""Those who leave it to another scope to find out wait so many times as long."""

LATE = 0.6
"""The part of the time until a critical bucket overflows by which an answer may be late."""

LATE_AT_LEAST = 0.01
"""The part of the run's remaining time by which an answer may be late though one overflows."""

LATE_IN_NEED = 0.3
"""The part of what a state takes by which its answer may always be late."""

LATEST = 5.0
"""Seconds between two questions at most: 25 places, given back that often, keep a bucket of 5 a
second busy."""

Expectation = tuple[str, frozenset[str], bool]
"""What is waited for: the question's action, the states, and whether two scopes have a part."""


def condition_of(node: Node) -> Condition:
    """What a step waits for."""
    assert node.step.until is not None, "only steps with a condition are polled"
    return node.step.until


def expectation_of(node: Node) -> Expectation:
    """The sort of what a step waits for: those of one sort take equally long."""
    two = len(set(node.ref.address.scopes)) > 1
    return node.step.action, condition_of(node).wanted, two


@dataclass(slots=True)
class Expected:
    """After how many ``seconds`` a state is worth asking about; ``seen``: it came before.

    Until it is seen, ``scout`` is the scope that finds out. ``newest``: since when the last of
    those waited that it came to.
    """

    scout: Scope
    seconds: float = FIRST_WAIT
    seen: bool = False
    newest: float = float("-inf")

    def wait(self, scope: Scope) -> float:
        """After how many seconds it is worth asking about in a scope."""
        alone = self.seen or scope == self.scout
        return self.seconds if alone else BYSTANDING * self.seconds

    def came(self, waited: float) -> None:
        """It was there, for the first time, after so many seconds at most."""
        self.seconds, self.seen = max(FIRST_WAIT, min(waited, LONGEST_WAIT)), True

    def again(self) -> None:
        """It was there for all that it was expected of."""
        self.seconds = max(FIRST_WAIT, SHRINK * self.seconds)

    def missed(self, waited: float) -> None:
        """It was not there after so many seconds."""
        stretch = STRETCH if self.seen else 1 + PATIENCE
        self.seconds = min(LONGEST_WAIT, max(self.seconds, stretch * waited))


@dataclass(slots=True)
class Waits:
    """What all polls share.

    ``spacing`` are the seconds between two questions about one scope at least; ``slack`` for how
    long what is worth asking about waits at most for others that soon are.
    """

    expected: dict[Expectation, Expected] = field(default_factory=dict)
    spacing: float = FIRST_WAIT
    slack: float = FIRST_WAIT

    def pace(self, remaining: float, idle_in: float) -> None:
        """Set spacing and slack.

        ``remaining``: seconds of work that are left in the run; ``idle_in``: after how many a
        critical bucket overflows, if nothing that is waited for comes.
        """
        needed = LATE_IN_NEED * max((e.seconds for e in self.expected.values()), default=0.0)
        closest = max(FIRST_WAIT, needed, LATE_AT_LEAST * remaining)
        self.slack = needed if remaining and idle_in < closest else closest
        self.spacing = max(closest, min(LATEST, LATE * min(idle_in, remaining)))

    def worth_at(self, node: Node) -> float:
        """When a step's state is worth asking about, for the first time."""
        key = expectation_of(node)
        known = self.expected.get(key)
        if known is None:
            scouts = (other.scout for other in self.expected.values() if not other.seen)
            known = self.expected[key] = Expected(next(scouts, node.step.scope))
        return node.since + max(known.wait(node.step.scope), condition_of(node).not_before)

    def learn(self, asked: Iterable[Node], now: float) -> bool:
        """Some states were there when asked about, maybe for a while; others take longer.

        True when one was seen for the first time.
        """
        nodes = [node for node in asked if condition_of(node).needless_after is None]
        came = self._came(nodes, now)
        missed = self._missed(nodes, now)
        first = [key for key in came if not self.expected[key].seen]
        for key in first:
            self.expected[key].came(came[key])
        for key in came.keys() - missed.keys() - set(first):
            self.expected[key].again()
        for key, waited in missed.items():
            self.expected[key].missed(waited)
        return bool(first)

    def _came(self, nodes: Iterable[Node], now: float) -> dict[Expectation, float]:
        """The shortest waits of those that came."""
        came: dict[Expectation, float] = {}
        for node in nodes:
            if node.state is State.DONE:
                key = expectation_of(node)
                came[key] = min(came.get(key, LONGEST_WAIT), now - node.since)
                self.expected[key].newest = max(self.expected[key].newest, node.since)
        return came

    def _missed(self, nodes: Iterable[Node], now: float) -> dict[Expectation, float]:
        """The longest waits in vain; a bystander that had to ask finds out from now on."""
        missed: dict[Expectation, float] = {}
        for node in nodes:
            key = expectation_of(node)
            known = self.expected[key]
            # one that was overtaken is stuck: it must not put off all the others
            if node.state is State.READY and node.since >= known.newest:
                if node.due <= now:
                    known.scout = node.step.scope
                elif known.seen:
                    continue
                missed[key] = max(missed.get(key, 0.0), now - node.since)
        return missed
