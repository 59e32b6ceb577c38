"""The peerings that rules depend on, and what becomes of them in this plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.kinds.base import Reference, References
from bot.kinds.security_group_rule.spec import ObservedRule
from bot.model.address import Address, VpcRef

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
        """True when there is an active peering once the plan is applied, ours or somebody's.

        Somebody's that is not active yet is not ours to accept, and AWS refuses references
        until it is.
        """
        if peering in self.references.available:
            return True
        known = self.by_address.get(peering, ())
        return any(held.active and not held.going for held in known)

    def waiting(self, peering: Address) -> str:
        """AWS's id of one that is there, stays, and is not active; or nothing."""
        found = self.references.by_id.items()
        return next(
            (
                id_
                for id_, held in found
                if held.address == peering and not (held.dead or held.going or held.active)
            ),
            "",
        )

    def going(self, peering: Address) -> bool:
        """True when this plan deletes it."""
        return any(held.going for held in self.by_address.get(peering, ()))

    def environments(self, peering: Address) -> frozenset[str]:
        """Whose the peering is that this plan deletes."""
        going = (held for held in self.by_address.get(peering, ()) if held.going)
        return frozenset().union(*(held.environments for held in going))

    def peer(self, rule: ObservedRule) -> VpcRef | None:
        """The VPC that a rule is for, as far as it can be told."""
        held = self.references.by_id.get(rule.peering)
        return rule.peer_among(held.ends if held is not None else ())

    def goes_stale(self, rule: ObservedRule) -> Reference | None:
        """The peering that a rule references a group over, when this plan deletes it."""
        held = self.references.by_id.get(rule.peering)
        return held if held is not None and held.going else None

    def stale(self, rule: ObservedRule) -> bool:
        """True when the peering that a rule references a group over is gone.

        One that AWS shows neither among the peerings nor with a status is forgotten.
        """
        held = self.references.by_id.get(rule.peering)
        forgotten = bool(rule.peering) and held is None and not rule.status
        return forgotten or rule.status in DEAD or bool(held and held.dead)
