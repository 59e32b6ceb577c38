"""The second round: what AWS has to be asked because of what a plan changes, and what it means.

A plan that changes nothing asks nothing here. The answers add diagnostics and nothing else, so
that the same mesh and the same AWS still give the same changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from bot.engine.gather import gather
from bot.errors import AwsError
from bot.kinds import KINDS
from bot.kinds.base import Answers, Question
from bot.model.address import Scope
from bot.model.change import Plan
from bot.ports import Dispatcher, Progress, Quiet, Reader, Stop


def questions(plan: Plan) -> tuple[Question, ...]:
    """What every kind wants to know about its changes, each question once, sorted.

    Scopes that could not be read are not asked again: the gap says so.
    """
    gaps = {gap.scope for gap in plan.gaps}
    found = {question for kind in KINDS for question in kind.questions(_changes(plan, kind.NAME))}
    return tuple(sorted(question for question in found if question.scope not in gaps))


def answers(
    reader_for: Callable[[Mapping[Scope, str]], Reader],
    asked: tuple[Question, ...],
    dispatcher: Dispatcher,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Answers:
    """One answer for each question, all asked at once. What AWS refuses is an answer too.

    Raises Interrupted once ``stop`` is set.
    """
    if not asked:
        return {}
    reader = reader_for({question.scope: "" for question in asked})
    work = {question: partial(_answer, reader, question) for question in asked}
    return gather(work, dispatcher, "reading attributes", progress or Quiet(), stop)


def remarked(plan: Plan, known: Answers) -> Plan:
    """The plan with what the answers say about its changes."""
    if not known:
        return plan
    told = {
        *plan.diagnostics,
        *(d for kind in KINDS for d in kind.remarks(_changes(plan, kind.NAME), known)),
    }
    return replace(plan, diagnostics=tuple(sorted(told, key=lambda d: d.sort_key)))


def _changes(plan: Plan, kind: str) -> list[Any]:
    return [change for change in plan.changes if change.address.kind == kind]


def _answer(reader: Reader, question: Question) -> Mapping[str, Any] | AwsError:
    try:
        items = reader.read(question.scope, question.action, **dict(question.params))
        return next(items, {})
    except AwsError as error:
        return error
