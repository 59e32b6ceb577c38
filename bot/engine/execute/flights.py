"""What is under way: calls, questions and looks that a dispatcher runs beside one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.engine.execute import failures
from bot.engine.execute.contact import Contact
from bot.engine.execute.doubts import Inquiry
from bot.engine.execute.lanes import Call
from bot.engine.execute.polling import Poll
from bot.engine.execute.reviews import Review
from bot.errors import AwsError
from bot.model.address import Scope
from bot.ports import Dispatcher

HEARTBEAT = 0.5
"""Seconds after which the loop looks up at least, to see whether it was told to stop."""

Token = Poll | Inquiry | Review | Call


@dataclass(frozen=True, slots=True)
class Landed:
    """What came of one of them. ``first``: nothing had ended in its account before."""

    token: Token
    scope: Scope
    result: Any
    error: AwsError | None
    first: bool


@dataclass(slots=True)
class Flights:
    """All that is under way, at most ``most`` at once."""

    dispatcher: Dispatcher
    contact: Contact
    most: int
    tokens: dict[int, Token] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def room(self) -> int:
        """How many more may be started."""
        return self.most - len(self.tokens)

    @property
    def steps(self) -> set[int]:
        """The nodes of the calls, by identity."""
        calls = (token for token in self.tokens.values() if isinstance(token, Call))
        return {id(node) for call in calls for node in call.nodes}

    def start(self, token: Token, work: Callable[[], Any]) -> None:
        """Start one."""
        self.tokens[id(token)] = token
        self.contact.started(_place(token)[0])
        self.dispatcher.submit(work, token)

    def next(self, timeout: float | None) -> Landed | None:
        """The next one that ends, or None after ``timeout`` seconds or a heartbeat."""
        ended = self.dispatcher.next(HEARTBEAT if timeout is None else min(timeout, HEARTBEAT))
        if ended is None:
            return None
        token, result, raised = ended
        assert isinstance(token, Poll | Inquiry | Review | Call)
        scope, action = _place(token)
        del self.tokens[id(token)]
        first = self.contact.ended(scope)
        return Landed(token, scope, result, failures.expected(raised, scope, action), first)


def _place(token: Token) -> tuple[Scope, str]:
    """Where a question or call goes, and which it is."""
    return token.lane if isinstance(token, Call) else (token.scope, token.action)
