"""Failures that the engine finds itself, as AwsErrors that say where and what."""

from __future__ import annotations

import logging

from bot.engine.execute.advice import NO_PLACE, TIMED_OUT, UNKNOWN_ID, advice
from bot.engine.execute.codes import FULL
from bot.engine.execute.graph import Node
from bot.engine.execute.places import Slots, key_of
from bot.engine.execute.polling import Seen
from bot.errors import AwsError
from bot.model.address import Scope
from bot.model.step import Slot

LOG = logging.getLogger(__name__)


def expected(raised: Exception | None, scope: Scope, action: str) -> AwsError | None:
    """What a call raised; a bug in one call must not lose what became of all the others."""
    if raised is None or isinstance(raised, AwsError):
        return raised
    LOG.error("unexpected failure of a call", exc_info=raised)
    return AwsError(scope, action, type(raised).__name__, f"a bug of meshbot: {raised}")


def ended(seen: Seen) -> AwsError:
    """What is waited for ended in a state from which it does not come back."""
    step = seen.node.step
    return AwsError(step.scope, step.action, seen.state.capitalize() or "Failed", seen.ended)


def late(node: Node, patience: float) -> AwsError:
    """A state did not come within ``patience`` seconds."""
    wanted = "/".join(sorted(node.step.until.wanted)) if node.step.until else ""
    text = f"not {wanted} after {patience:g} s"
    return AwsError(node.step.scope, node.step.action, TIMED_OUT, text)


def unknown_id(node: Node, error: KeyError) -> AwsError:
    """A call refers to something whose id is not known."""
    text = f"{error.args[0]} is not there"
    return AwsError(node.step.scope, node.step.action, UNKNOWN_ID, text)


def no_place(node: Node, why: str) -> AwsError:
    """A call was not sent, since AWS would refuse it."""
    step = node.step
    return AwsError(step.scope, step.action, NO_PLACE, f"not sent, for {why}")


def advice_on(error: AwsError, slot: Slot | None, slots: Slots) -> str:
    """What to do, and with whom to speak about places that others hold."""
    named = slots.holders(key_of(slot)) if slot and error.code in FULL | {NO_PLACE} else ""
    return f"{advice(error)} {named}." if named else advice(error)


def lost_scope(scope: Scope, last: AwsError) -> AwsError:
    """Nothing more is tried in a scope, because of its last failure."""
    text = f"{last.message} (nothing more was tried in {scope} after this)"
    return AwsError(scope, last.action, last.code, text, last.request_id)
