"""A rule that the mesh wants: create, adopt, mend, or say why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.kinds.base import Situation
from bot.kinds.security_group_rule.connections import Connections
from bot.kinds.security_group_rule.spec import ObservedRule, RuleClaim, RuleSpec, RuleWish
from bot.kinds.security_group_rule.verdict import NOTHING, Verdict
from bot.model import rule_tags
from bot.model.change import Change, Desired, Observed
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.ownership import SERVICE_NAME
from bot.model.security_group import Direction
from bot.model.tags import Tags

Wish = Desired[RuleWish]
Found = Observed[ObservedRule]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Judges wanted rules. ``service_names`` say what is ours, as in ``Ownership``."""

    situation: Situation
    connections: Connections
    service_names: Mapping[str, frozenset[str]]

    def connected(self, wish: Wish) -> bool:
        """False for a rule to which no peering leads: no packet would come from there.

        By CIDR too: without a peering its blocks may be anybody's, the VPC's own as well.
        """
        return self.connections.usable(wish.spec.peering)

    def refused(self, wish: Wish) -> tuple[Diagnostic, ...]:
        """What is said of a rule that is not connected."""
        if self.situation.gaps.intersection(wish.spec.peering.scopes):
            return ()  # the gap says it
        return (_unconnected(wish, self.connections.waiting(wish.spec.peering)),)

    def verdict(self, wish: Wish, current: Found | None) -> Verdict:
        """The verdict on a wanted rule that is connected."""
        twice = tuple(_twice(wish))
        if current is None:
            after = wish.spec.spec(wish.spec.claims[0])
            reason = "wanted and not there"
            return Verdict(self._change(wish, wish.spec.claims[0], None, after, reason), twice)
        verdict = self._there(wish, current)
        return replace(verdict, diagnostics=(*twice, *verdict.diagnostics))

    def _there(self, wish: Wish, current: Found) -> Verdict:
        tags = current.spec.tags
        owner = rule_tags.owner(tags, self.service_names)
        if owner is None:
            if rule_tags.foreign(tags, self.service_names):
                return Verdict(diagnostics=(_foreign(wish, current),))
            if not any(claim.adopt for claim in wish.spec.claims):
                return Verdict(diagnostics=(_unmanaged(wish, current),))
        claims = wish.spec.claims
        claim = next((c for c in claims if c.environment == owner), claims[0])
        return self._mended(wish, claim, current, owner)

    def _mended(self, wish: Wish, claim: RuleClaim, current: Found, owner: str | None) -> Verdict:
        after = wish.spec.spec(claim)
        if not claim.description:  # left out: what AWS shows is left alone
            after = replace(after, description=current.spec.description)
        stale = self.connections.stale(current.spec)
        if stale:  # it is made anew: what others left on it comes along
            after = replace(after, tags=_carried(current.spec.tags, after.tags))
        before = replace(
            after,
            description=current.spec.description,
            tags=current.spec.tags.only(after.tags.mapping),
            stale=stale,
        )
        if before == after:
            return NOTHING
        reason = _reason(before, after, owner)
        change = self._change(wish, claim, before, after, reason, current.id)
        if owner is not None and owner not in change.environments:
            change = replace(change, environments=change.environments | {owner})
        return Verdict(change)

    @staticmethod
    def _change(
        wish: Wish,
        claim: RuleClaim,
        before: RuleSpec | None,
        after: RuleSpec,
        reason: str,
        id_: str = "",
    ) -> Change[RuleSpec]:
        return Change(
            wish.address,
            before,
            after,
            id_,
            wish.environments,
            wish.declared_at,
            claim.metadata.support,
            reason=reason,
        )


def _reason(before: RuleSpec, after: RuleSpec, owner: str | None) -> str:
    if before.stale:
        return "its peering was deleted, and is there again"
    if owner is None:
        return "adopted"
    return "tags differ" if before.description == after.description else "description differs"


def _twice(wish: Wish) -> Iterator[Diagnostic]:
    """Two entries of one environment that AWS would call the same rule.

    Worded alike for both directions and all blocks of a peer, so that it is told once.
    """
    spec = wish.spec
    ends = spec.vpc, spec.peer
    source, destination = ends[::-1] if spec.direction is Direction.INGRESS else ends
    claims = wish.spec.claims
    for earlier, later in pairwise(claims):
        if earlier.environment == later.environment:
            yield Diagnostic(
                Severity.ERROR,
                "rule-twice",
                f"two entries ask for the same rule: {spec.traffic} from {source} to {destination}",
                f"The first counts, at {earlier.declared_at}: remove the other.",
                later.declared_at,
                frozenset({later.environment}),
            )


def _carried(held: Tags, ours: Tags) -> Tags:
    """Our tags, and those of others; AWS's own, ``aws:…``, cannot be written."""
    theirs = {key: value for key, value in held.items if not key.lower().startswith("aws:")}
    return Tags.of(theirs | ours.mapping)


def _unconnected(wish: Wish, waiting: str) -> Diagnostic:
    spec = wish.spec
    near, far = (spec.group, spec.vpc), (spec.allowed, spec.peer)
    source, destination = (far, near) if spec.direction is Direction.INGRESS else (near, far)
    between = f"from {source[1]} to {destination[1]}"
    why = f"peering {waiting} {between} is not active" if waiting else f"no peering leads {between}"
    # alike for both directions and all blocks of a peer, so that it is told once
    by_group = spec.allowed.startswith("sg-")
    groups = f" from {source[0]} to {destination[0]}" if by_group else ""
    advice = "Have it accepted." if waiting else "Connect the two members, or remove the entry."
    return Diagnostic(
        Severity.ERROR,
        "no-peering",
        f"{why}: {spec.traffic}{groups} is left out",
        advice,
        spec.claims[0].declared_at,
        wish.environments,
    )


def _foreign(wish: Wish, current: Found) -> Diagnostic:
    held = current.spec.tags.mapping
    owner = f"{held.get(rule_tags.ENVIRONMENT)!r} of {held.get(SERVICE_NAME)!r}"
    return Diagnostic(
        Severity.WARNING,
        "foreign-rule",
        f"rule {current.id} of {wish.spec.group} belongs to environment {owner}, not of these"
        " files",
        "It is left alone. If the environment was renamed here, give the base revision (--base);"
        " if another repository has it, take the rule out of one.",
        wish.spec.claims[0].declared_at,
        wish.environments,
    )


def _unmanaged(wish: Wish, current: Found) -> Diagnostic:
    return Diagnostic(
        Severity.NOTICE,
        "unmanaged-rule",
        f"rule {current.id} of {wish.spec.group} of {wish.spec.vpc} exists without our tags",
        "It is left alone. `adopt: true` on the environment takes it over.",
        wish.spec.claims[0].declared_at,
        wish.environments,
    )
