"""What allows an apply: the limits, or an approval bound to a fingerprint or a recorded plan."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.files import read_bytes
from bot.engine.subset import is_subset
from bot.errors import FailureReason, MeshInvalid, Refused, UsageError
from bot.model.change import Plan
from bot.render.planfile import PlanFileError, RecordedPlan, read_plan
from bot.usecases.plan import check_safe, file_faults

FINGERPRINT = re.compile(r"[0-9a-f]{12,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Approval:
    """What an apply was told to expect: a fingerprint (at least 12 digits), a recorded plan."""

    fingerprint: str | None = None
    recorded: RecordedPlan | None = None


def check_applicable(plan: Plan, approval: Approval) -> None:
    """Raises MeshInvalid or Refused when the plan must not be applied."""
    faults = file_faults(plan)
    if faults:
        raise MeshInvalid(faults)
    if not plan.changes:
        return  # nothing to approve: what was approved is done
    allowed = False
    if approval.recorded is not None:
        allowed = is_subset([c.canonical for c in plan.changes], approval.recorded.changes)
        if not allowed:
            raise Refused(
                "the plan is neither the recorded one nor a part of it. Nothing was changed."
                " Review the plan above and record it anew with: meshbot plan --out plan.json",
                FailureReason.STALE_PLAN,
            )
    check_safe(plan, approval.fingerprint, allowed)


def check_unchanged(shown: Plan, made: Plan) -> None:
    """Raises Refused unless the plan made now does nothing that the one shown did not.

    AWS may have changed while somebody read the plan: what was deleted or replaced then
    would no longer be what they said yes to.
    """
    known = {refusal.summary for refusal in shown.refusals}
    beyond = [refusal.summary for refusal in made.refusals if refusal.summary not in known]
    if beyond or not is_subset(
        [c.canonical for c in made.changes], [c.canonical for c in shown.changes]
    ):
        raise Refused(
            "AWS changed while the plan was shown: it is no longer the plan that was confirmed."
            " Nothing was changed. Run again, and review the new plan.",
            FailureReason.STALE_PLAN,
        )


def approval(fingerprint: str | None, recorded: Path | None) -> Approval:
    """The approval that a command line gives. Raises UsageError when it cannot be read."""
    if fingerprint is not None and not FINGERPRINT.fullmatch(fingerprint):
        raise UsageError(
            f"--expect-fingerprint {fingerprint!r} is not a fingerprint: 12 to 64 hex digits,"
            " as the plan shows it."
        )
    return Approval(fingerprint, _recorded(recorded) if recorded else None)


def _recorded(path: Path) -> RecordedPlan:
    try:
        return read_plan(read_bytes(path))
    except PlanFileError as error:
        text = f"--expect-plan {path}: {error} Nothing was changed."
        raise Refused(text, FailureReason.STALE_PLAN) from error
