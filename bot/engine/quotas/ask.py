"""Ask Service Quotas what applies, in the scopes where a plan adds something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from bot.engine.gather import gather
from bot.engine.quotas.count import Use
from bot.errors import AwsError
from bot.model.address import Scope
from bot.model.quota import QuotaAnswer, QuotaQuestion
from bot.ports import Dispatcher, Progress, Quiet, Reader, Stop

GET = "servicequotas:GetServiceQuota"
"""https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html"""


def applied_quotas(
    reader_for: Callable[[Mapping[Scope, str]], Reader],
    used: Iterable[Use],
    dispatcher: Dispatcher,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> Mapping[QuotaQuestion, QuotaAnswer]:
    """One answer for each quota and scope of the uses that add something, all asked at once.

    A question that AWS does not answer has its problem for an answer. Raises Interrupted.
    """
    questions = sorted({use.holder.question for use in used if use.made})
    if not questions:
        return {}
    reader = reader_for({question.scope: "" for question in questions})
    work = {question: partial(asked, reader, question) for question in questions}
    return gather(work, dispatcher, "reading quotas", progress or Quiet(), stop)


def asked(reader: Reader, question: QuotaQuestion) -> QuotaAnswer:
    """The applied quota. What AWS refuses or leaves out is the answer's problem."""
    code = question.quota.code
    try:
        answers = list(reader.read(question.scope, GET, ServiceCode="vpc", QuotaCode=code))
    except AwsError as error:
        return QuotaAnswer(problem=f"{error.action}: {error.code}: {error.message}")
    value = (answers[0].get("Quota") or {}).get("Value") if answers else None
    if not isinstance(value, int | float) or not 0 <= value < float("inf"):
        return QuotaAnswer(problem=f"{GET}: the answer holds no value")
    return QuotaAnswer(int(value))
