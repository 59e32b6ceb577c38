"""Waiting by AWS's own state: one question per scope for all that wait there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.engine.execute.graph import Node, State
from bot.engine.execute.values import looked_up
from bot.model.address import Address, Scope
from bot.model.step import Condition

FIRST_WAIT = 0.25
LONGEST_WAIT = 15.0
FILTER_VALUES = 200
"""Values that EC2 takes in one filter."""


@dataclass(slots=True)
class Poll:
    """The steps that wait for a state in one scope, and when to ask next."""

    scope: Scope
    action: str
    waiting: list[Node] = field(default_factory=list)
    next_at: float = 0.0
    pause: float = FIRST_WAIT
    asking: bool = False

    def add(self, node: Node, now: float) -> None:
        """One more step waits here; ask soon again."""
        if not self.waiting:
            self.pause = FIRST_WAIT
            self.next_at = now + self.pause
        self.waiting.append(node)

    def params(self, ids: Mapping[Address, str]) -> dict[str, Any]:
        """The parameters of the question: these ids, or everything when there are many."""
        wanted = sorted({ids[_condition(node).of.address] for node in self.waiting})
        if not wanted or len(wanted) > FILTER_VALUES:
            return {}
        return {"Filters": [{"Name": _condition(self.waiting[0]).filter, "Values": wanted}]}

    def asked(self, now: float, progressed: bool) -> None:
        """Set the time of the next question: sooner while things move, else back off."""
        self.pause = FIRST_WAIT * 2 if progressed else min(self.pause * 2, LONGEST_WAIT)
        self.next_at = now + self.pause
        self.waiting = [node for node in self.waiting if node.state is State.READY]


def _condition(node: Node) -> Condition:
    assert node.step.until is not None, "only steps with a condition are polled"
    return node.step.until


@dataclass(frozen=True, slots=True)
class Seen:
    """What an answer says of one waiting step: reached, ended (with why), or neither."""

    node: Node
    reached: bool = False
    ended: str = ""


def judged(
    poll: Poll, items: list[Mapping[str, Any]], ids: Mapping[Address, str]
) -> Iterator[Seen]:
    """What an answer says of every step that waits in the scope."""
    by_id = {looked_up(i, _condition(poll.waiting[0]).id_path): i for i in items}
    for node in poll.waiting:
        condition = _condition(node)
        wanted = ids[condition.of.address]
        item = by_id.get(wanted, {})
        state = looked_up(item, condition.state_path)
        if state in condition.failed:
            message = looked_up(item, condition.message_path)
            yield Seen(node, ended=": ".join(filter(None, (f"{wanted} is {state}", message))))
        else:
            yield Seen(node, reached=state in condition.wanted)
