"""The peerings that rules depend on, and what becomes of them in this plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.kinds.base import Reference, References
from bot.kinds.security_group_rule.spec import ObservedRule
from bot.model.address import Address

DEAD = frozenset({"deleted", "deleting", "rejected", "expired", "failed"})
"""Statuses of a peering over which nothing is referenced any more."""


@dataclass(frozen=True, slots=True)
class Connections:
    """What is known of peerings, by address."""

    references: References
    by_address: dict[Address, list[Reference]] = field(default_factory=dict)

    @classmethod
    def of(cls, references: References) -> Connections:
        """The references, sorted out once."""
        found: dict[Address, list[Reference]] = {}
        for reference in references.by_id.values():
            found.setdefault(reference.address, []).append(reference)
        return cls(references, found)

    def usable(self, peering: Address) -> bool:
        """True when there is a peering once the plan is applied, ours or somebody's."""
        if peering in self.references.available:
            return True
        known = self.by_address.get(peering, ())
        return any(not held.dead and not held.going for held in known)

    def going(self, peering: Address) -> bool:
        """True when this plan deletes it."""
        return any(held.going for held in self.by_address.get(peering, ()))

    def goes_stale(self, rule: ObservedRule) -> Reference | None:
        """The peering that a rule references a group over, when this plan deletes it."""
        held = self.references.by_id.get(rule.peering)
        return held if held is not None and held.going else None

    def stale(self, rule: ObservedRule) -> bool:
        """True when the peering that a rule references a group over is gone."""
        held = self.references.by_id.get(rule.peering)
        return rule.status in DEAD or bool(held and held.dead)
