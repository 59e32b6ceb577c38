"""What to do next about a call that failed. A pure decision."""

from __future__ import annotations

from enum import Enum, auto

from bot.engine.execute.codes import LAGGING, UNSEEN, UNSENT, unanswered
from bot.engine.execute.lanes import Call
from bot.errors import AwsError
from bot.model.aws_codes import THROTTLED
from bot.model.step import Step

MERGED_ATTEMPTS = 2
"""Sendings of a shared call at most while one of its things lags."""

UNSEEN_ATTEMPTS = 5
"""Sendings of a call at most that names a security group which AWS does not see: some 8 seconds."""

SENDINGS = 3
"""Sendings of one call whose answers were all lost, with looks in between."""


class Next(Enum):
    """What becomes of a call that failed."""

    DONE = auto()
    SEND_AGAIN = auto()
    LOOK = auto()
    SEND_APART = auto()
    GIVE_UP = auto()


def decided(call: Call, error: AwsError, attempts: int) -> Next:
    """What is next for a call after its ``call.attempts``-th sending failed.

    ``attempts`` is how often a call may be sent in all. A call that may have been carried
    out is never sent again unseen, unless twice is the same as once.
    """
    step = call.nodes[0].step
    if error.code in step.tolerates:
        return Next.DONE
    if _decided_by_look(step, error):
        return Next.LOOK
    if _may_send_again(step, error) and call.attempts < _attempts(call, error, attempts):
        return Next.SEND_AGAIN
    return Next.SEND_APART if len(call.nodes) > 1 and not call.apart else Next.GIVE_UP


def lost(call: Call, error: AwsError) -> bool:
    """True when the answer of this very call is lost: signing in before it does not count."""
    return error.action == call.nodes[0].step.action and unanswered(error)


def _decided_by_look(step: Step, error: AwsError) -> bool:
    if step.look is None or error.action != step.action:
        return False
    return error.code in step.look.codes or (unanswered(error) and not step.repeatable)


def _may_send_again(step: Step, error: AwsError) -> bool:
    if error.code in THROTTLED | LAGGING | UNSEEN | UNSENT:
        return True
    return step.repeatable and error.action == step.action and unanswered(error)


def _attempts(call: Call, error: AwsError, attempts: int) -> int:
    """One thing that lags must not hold up those that share its call."""
    if error.code in UNSEEN:
        return min(attempts, UNSEEN_ATTEMPTS)
    merged = len(call.nodes) > 1 and error.code in LAGGING
    return MERGED_ATTEMPTS if merged else attempts
