"""Whether a plan fits into the quotas: warnings from 80 % on, a refusal beyond."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.engine.quotas.count import Use
from bot.engine.quotas.order import making_room
from bot.model.address import Address, Scope
from bot.model.change import Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.quota import Quota, QuotaAnswer, QuotaQuestion
from bot.model.security_group import SECURITY_GROUP_RULE

NEAR_PERCENT = 80
"""From this share of a quota on, a plan says how full it gets."""

NAMED = 10
"""Holders that one diagnostic names, fullest first."""

Answers = Mapping[QuotaQuestion, QuotaAnswer]


@dataclass(frozen=True, slots=True)
class InForce:
    """The quota of a scope that the judgement goes by; ``note`` says where it is not AWS's."""

    value: int
    note: str = ""


def judged(plan: Plan, used: Sequence[Use], answers: Answers) -> Plan:
    """The plan with what its quotas say, and its changes in an order that fits if any does."""
    if not answers:
        return plan
    values = _in_force(used, answers)
    adding = [(use, values[use.holder.question]) for use in used if use.made]
    refused = [item for item in adding if item[0].needed > item[1].value]
    near = [
        (use, quota)
        for use, quota in adding
        if NEAR_PERCENT * quota.value <= 100 * use.needed <= 100 * quota.value
    ]
    told = [*plan.diagnostics, *_each(near, _near), *_unread(answers, values)]
    return replace(
        plan,
        changes=making_room(plan.changes, ((use, quota.value) for use, quota in adding)),
        diagnostics=tuple(sorted(told, key=lambda d: d.sort_key)),
        refusals=(*plan.refusals, *_each(refused, _exceeded)),
    )


def _in_force(used: Iterable[Use], answers: Answers) -> dict[QuotaQuestion, InForce]:
    """The applied quota; else the documented default, or more where more than that stand.

    "If you request a quota increase that applies per resource, we increase the quota for all
    resources in the Region" (quotas page): more than the default in one place tells of an
    increase for all, and then AWS's maximum is what can be said.
    """
    fullest: dict[QuotaQuestion, int] = {}
    for use in used:
        question = use.holder.question
        fullest[question] = max(fullest.get(question, 0), use.standing)
    found: dict[QuotaQuestion, InForce] = {}
    for question, answer in answers.items():
        quota = question.quota
        if not answer.problem:
            found[question] = InForce(answer.value)
        elif fullest.get(question, 0) > quota.default:
            found[question] = InForce(quota.most, "AWS's maximum, as the default is passed already")
        else:
            found[question] = InForce(quota.default, "the documented default")
    return found


Judged = tuple[Use, InForce]
Telling = Callable[[QuotaQuestion, InForce, Sequence[Use], frozenset[str]], Diagnostic]
"""Words for uses of one scope and quota, fullest first."""


def _each(found: Iterable[Judged], tell: Telling) -> Iterator[Diagnostic]:
    """One diagnostic for what is in one scope and concerns the same environments."""
    groups: dict[tuple[QuotaQuestion, tuple[str, ...]], list[Judged]] = {}
    for item in found:
        use = item[0]
        groups.setdefault((use.holder.question, tuple(sorted(use.environments))), []).append(item)
    for (question, names), items in sorted(groups.items(), key=lambda group: group[0]):
        listed = sorted((use for use, _ in items), key=lambda use: (-use.needed, use.holder))
        yield tell(question, items[0][1], listed, frozenset(names))


def _near(
    question: QuotaQuestion, quota: InForce, found: Sequence[Use], names: frozenset[str]
) -> Diagnostic:
    most = found[0].needed
    share = 100 * most // quota.value if quota.value else 100
    return Diagnostic(
        Severity.WARNING,
        "quota-near",
        f"{_allowed(question, quota)}; this plan comes to {most}, {share} %: {_listed(found)}",
        _advice(question.quota, quota, found),
        environments=names,
    )


def _exceeded(
    question: QuotaQuestion, quota: InForce, found: Sequence[Use], names: frozenset[str]
) -> Diagnostic:
    return Diagnostic(
        Severity.ERROR,
        "quota-exceeded",
        f"{_allowed(question, quota)}; this plan needs {found[0].needed}: {_listed(found)}",
        _advice(question.quota, quota, found),
        environments=names,
    )


def _allowed(question: QuotaQuestion, in_force: InForce) -> str:
    quota = question.quota
    note = f", {in_force.note}" if in_force.note else ""
    return (
        f"{question.scope} allows {in_force.value} {quota.counted} per {quota.holder}"
        f" ({quota.code}{note})"
    )


def _listed(found: Sequence[Use]) -> str:
    named = ", ".join(f"{use.holder} ({use.needed})" for use in found[:NAMED])
    more = len(found) - NAMED
    return f"{named}, and {more} more" if more > 0 else named


def _advice(quota: Quota, in_force: InForce, found: Iterable[Use]) -> str:
    instead = quota.advice
    if any(_names_block(address) for use in found for address in use.made):
        instead += ", or by: reference instead of by: cidr"
    if in_force.value >= quota.most:
        return f"AWS raises {quota.code} no further than {quota.most}: {instead}."
    return (
        f"Have {quota.code} raised in Service Quotas, in that account and region"
        f" (AWS goes up to {quota.most}), or {instead}."
    )


def _names_block(address: Address) -> bool:
    """Whether it is a security group rule for a CIDR block: what it lets through ends its key."""
    rule = address.kind == SECURITY_GROUP_RULE
    return rule and not address.key.split("/", 4)[4].startswith("sg-")


def _unread(answers: Answers, values: Mapping[QuotaQuestion, InForce]) -> Iterator[Diagnostic]:
    """One note for each scope."""
    problems: dict[Scope, list[QuotaQuestion]] = {}
    for question, answer in sorted(answers.items(), key=lambda item: item[0]):
        if answer.problem:
            problems.setdefault(question.scope, []).append(question)
    for scope, questions in problems.items():
        taken = ", ".join(
            f"{q.quota.counted} per {q.quota.holder} ({q.quota.code}): {values[q].value},"
            f" {values[q].note}"
            for q in questions
        )
        yield Diagnostic(
            Severity.NOTICE,
            "quota-unread",
            f"quotas of {scope} could not be read; taken for them: {taken}",
            "; ".join(dict.fromkeys(answers[q].problem for q in questions))
            + ". Allow servicequotas:GetServiceQuota to the member role (docs/iam.md).",
        )
