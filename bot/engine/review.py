"""Whether what would be applied is what was reviewed, environment by environment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.engine.part import closed
from bot.engine.subset import Canonical, Reviewed, beyond_all, by_address
from bot.model.change import Change, Plan


@dataclass(frozen=True, slots=True)
class Approved:
    """A recorded plan that somebody approved by merging it.

    ``overridden``: its refusals too were approved, by its fingerprint. ``environments``:
    those that it was merged for since they were last applied; None means all.
    """

    changes: Sequence[Canonical]
    overridden: bool = False
    environments: frozenset[str] | None = None

    def counts_for(self, environment: str) -> bool:
        """True when the plan was approved for this environment."""
        return self.environments is None or environment in self.environments


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be done in one environment. ``beyond``: the changes that nobody reviewed.

    ``refused``: the plan is over a limit there, and no approval of its fingerprint covers
    it. ``direct``: there are changes, and a commit that no pull request brought changed
    what the environment asks for.
    """

    environment: str
    beyond: tuple[Change[Any], ...] = ()
    refused: bool = False
    direct: bool = False

    @property
    def permitted(self) -> bool:
        """True when everything in the environment may be applied."""
        return not (self.beyond or self.refused or self.direct)


@dataclass(frozen=True, slots=True)
class Direct:
    """Environments that commits without a pull request changed, and whether that is allowed."""

    environments: Collection[str] = ()
    allowed: bool = False

    def refuses(self, environment: str) -> bool:
        """True when it makes the environment one that nobody reviewed."""
        return environment in self.environments and not self.allowed

    def frees(self, environment: str) -> bool:
        """True when the environment needs no review because of it."""
        return environment in self.environments and self.allowed


def verdicts(
    plan: Plan, approved: Iterable[Approved], direct: Direct | None = None
) -> tuple[Verdict, ...]:
    """One verdict for each environment of a plan, against the union of what was approved."""
    plans = [(recorded, by_address(recorded.changes)) for recorded in approved]
    pushed = direct or Direct()
    canonical = {change.address: change.canonical for change in plan.changes}
    return tuple(_verdict(plan, name, plans, canonical, pushed) for name in plan.environments)


def _verdict(
    plan: Plan,
    name: str,
    plans: Sequence[tuple[Approved, Reviewed]],
    canonical: Mapping[Any, Canonical],
    direct: Direct,
) -> Verdict:
    changes = plan.changes_of(name)
    current = [canonical[change.address] for change in changes]
    counting = [(recorded, reviewed) for recorded, reviewed in plans if recorded.counts_for(name)]
    every = [reviewed for _, reviewed in counting]
    new = _addresses(current, every) if not direct.frees(name) else frozenset()
    overriding = [reviewed for recorded, reviewed in counting if recorded.overridden]
    over = _refused(plan, name) and bool(_addresses(current, overriding))
    return Verdict(
        name,
        tuple(c for c in changes if str(c.address) in new),
        over,
        bool(changes) and direct.refuses(name),
    )


def _addresses(current: Sequence[Canonical], reviewed: Sequence[Reviewed]) -> frozenset[str]:
    return frozenset(change["address"] for change in beyond_all(current, reviewed))


def _refused(plan: Plan, environment: str) -> bool:
    # a refusal that names no environment is about all of them
    return any(
        not refusal.environments or environment in refusal.environments for refusal in plan.refusals
    )


def permitted(plan: Plan, judged: Iterable[Verdict]) -> Plan:
    """The part of a plan that may be applied: a shared change needs all its environments.

    A change that needs one which may not be made is left out too.
    """
    allowed = frozenset(verdict.environment for verdict in judged if verdict.permitted)
    return replace(
        plan,
        changes=closed(plan.changes, lambda change: change.environments <= allowed),
        refusals=tuple(
            r for r in plan.refusals if not r.environments or not r.environments <= allowed
        ),
    )
