"""Whether what would be applied is what was reviewed, environment by environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.engine.subset import Canonical, beyond
from bot.model.change import Change, Plan


@dataclass(frozen=True, slots=True)
class Approved:
    """A recorded plan that somebody approved by merging it.

    ``overridden``: its refusals too were approved, by its fingerprint.
    """

    changes: Sequence[Canonical]
    overridden: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be done in one environment. ``beyond``: the changes that nobody reviewed.

    ``refused``: the plan is over a limit there, and no approval of its fingerprint covers it.
    """

    environment: str
    beyond: tuple[Change[Any], ...] = ()
    refused: bool = False

    @property
    def permitted(self) -> bool:
        """True when everything in the environment may be applied."""
        return not self.beyond and not self.refused


def verdicts(plan: Plan, approved: Iterable[Approved]) -> tuple[Verdict, ...]:
    """One verdict for each environment of a plan, against the union of what was approved."""
    plans = tuple(approved)
    reviewed = [change for recorded in plans for change in recorded.changes]
    overriding = [c for recorded in plans if recorded.overridden for c in recorded.changes]
    unreviewed = _addresses(plan, reviewed)
    not_overridden = _addresses(plan, overriding)
    return tuple(
        Verdict(
            name,
            tuple(c for c in plan.changes_of(name) if str(c.address) in unreviewed),
            _refused(plan, name)
            and any(str(c.address) in not_overridden for c in plan.changes_of(name)),
        )
        for name in plan.environments
    )


def _addresses(plan: Plan, allowed: Iterable[Canonical]) -> frozenset[str]:
    current = [change.canonical for change in plan.changes]
    return frozenset(change["address"] for change in beyond(current, allowed))


def _refused(plan: Plan, environment: str) -> bool:
    return any(environment in refusal.environments for refusal in plan.refusals)


def permitted(plan: Plan, judged: Iterable[Verdict]) -> Plan:
    """The part of a plan that may be applied: a shared change needs all its environments."""
    allowed = frozenset(verdict.environment for verdict in judged if verdict.permitted)
    return replace(
        plan,
        changes=tuple(c for c in plan.changes if c.environments <= allowed),
        refusals=tuple(r for r in plan.refusals if not r.environments <= allowed),
    )


def by_environment(judged: Iterable[Verdict]) -> Mapping[str, Verdict]:
    """Verdicts by the name of their environment."""
    return {verdict.environment: verdict for verdict in judged}
