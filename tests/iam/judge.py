"""IAM's decision about one call, for as much of its language as the templates of ``docs/iam`` use.

Written from "Policy evaluation logic" and "IAM JSON policy elements: Condition operators" of the
IAM User Guide, for these tests alone: nothing of meshbot knows it. A policy with an operator that
is not known here is an error, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.iam.template import Statement

Policy = tuple[Statement, ...]
Context = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Demand:
    """One thing that has to be allowed: an action on a resource, with the keys that are known."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)


def refusal(demands: Iterable[Demand], policies: Sequence[Policy]) -> str:
    """Why a call with these demands is refused, or nothing: every policy has to allow each.

    Several policies are those of a session: its role's, and the one given with AssumeRole.
    """
    for demand in demands:
        for policy in policies:
            applying = [s for s in policy if _applies(s, demand)]
            denials = [s.sid for s in applying if s.effect == "Deny"]
            if denials:
                return f"{demand.action} on {demand.resource}: denied by {denials[0]}"
            if not applying:
                return f"{demand.action} on {demand.resource}: nothing allows it"
    return ""


def trusts(policy: Policy, principal: str, demands: Iterable[Demand]) -> bool:
    """Whether a role's trust policy lets this principal in."""
    theirs = tuple(s for s in policy if principal in s.principals)
    return all(
        any(
            s.effect == "Allow"
            and d.action in s.actions
            and all(_holds(op, keys, d.context) for op, keys in s.conditions.items())
            for s in theirs
        )
        for d in demands
    )


def _applies(statement: Statement, demand: Demand) -> bool:
    return (
        any(matches(pattern, demand.action) for pattern in statement.actions)
        and any(matches(arn, demand.resource) for arn in statement.resources)
        and all(_holds(op, keys, demand.context) for op, keys in statement.conditions.items())
    )


def matches(pattern: str, arn: str) -> bool:
    """Whether an ARN is one of a Resource: ``*`` is any text, between colons or not."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), arn) is not None


def arn_like(pattern: str, arn: str) -> bool:
    """Whether an ARN is like another: each of the six parts is compared by itself."""
    parts, theirs = pattern.split(":", 5), arn.split(":", 5)
    return len(parts) == len(theirs) and all(map(matches, parts, theirs))


def _holds(operator: str, keys: Mapping[str, tuple[str, ...]], context: Context) -> bool:
    """All keys of an operator have to hold, each with one of its values."""
    return all(_OPERATORS[operator](context.get(key), values) for key, values in keys.items())


def _equals(known: tuple[str, ...] | None, values: tuple[str, ...]) -> bool:
    """False for a key that is not in the request."""
    return known is not None and any(value in values for value in known)


def _not_like(known: tuple[str, ...] | None, values: tuple[str, ...]) -> bool:
    """True for a key that is not in the request, as of every negated operator."""
    return not any(arn_like(pattern, value) for value in known or () for pattern in values)


def _all_equal(known: tuple[str, ...] | None, values: tuple[str, ...]) -> bool:
    """True for a key that is not in the request, as of ForAllValues."""
    return all(value in values for value in known or ())


def _null(known: tuple[str, ...] | None, values: tuple[str, ...]) -> bool:
    """``"true"``: the key is absent."""
    return [str(known is None).lower()] == list(values)


_OPERATORS: Mapping[str, Any] = {
    "StringEquals": _equals,
    "ArnNotLike": _not_like,
    "ForAllValues:StringEquals": _all_equal,
    "Null": _null,
}
