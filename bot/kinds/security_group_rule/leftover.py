"""A rule that nobody wants: delete it if it is ours, and only then."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from bot.kinds.base import Situation
from bot.kinds.security_group_rule.connections import Connections
from bot.kinds.security_group_rule.lookup import Unresolved
from bot.kinds.security_group_rule.spec import ObservedRule, RuleSpec
from bot.kinds.security_group_rule.verdict import NOTHING, Verdict
from bot.model import rule_tags
from bot.model.address import Address, Pair, Scope, VpcRef, peering_address
from bot.model.change import Change, Observed
from bot.model.diagnostic import Diagnostic, Severity, SourceLine

Found = Observed[ObservedRule]


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Judges rules that no entry asks for.

    ``vpcs`` are those of the groups that may be changed. ``held`` are the ends of rules of which
    it is not known what they are in AWS: one of those that are there may be it.
    """

    situation: Situation
    connections: Connections
    service_names: Mapping[str, frozenset[str]]
    vpcs: Mapping[tuple[Scope, str], VpcRef]
    held: Collection[tuple[VpcRef, VpcRef]]

    @classmethod
    def of(
        cls,
        situation: Situation,
        connections: Connections,
        service_names: Mapping[str, frozenset[str]],
        unresolved: Collection[Unresolved],
    ) -> Leftovers:
        """What the judging needs to know, looked up once."""
        groups = situation.inventory.security_groups
        vpcs = {(vpc.scope, g.id): vpc for vpc, held in groups.items() for g in held if g.own}
        held = frozenset((problem.near, problem.far) for problem in unresolved if not problem.shut)
        return cls(situation, connections, service_names, vpcs, held)

    def verdict(self, current: Found, wanting: frozenset[str] = frozenset()) -> Verdict:
        """The verdict on a rule that nobody wants, or that loses its peering all the same.

        ``wanting`` are the environments that would keep it if another one kept the peering.
        """
        rule = current.spec
        owner = rule_tags.owner(rule.tags, self.service_names)
        vpc = self.vpcs.get((rule.scope, rule.group))
        if owner is None or vpc is None:
            return self._theirs(current)
        peer = self.connections.peer(rule)
        reason = self._kept(vpc, peer)
        if reason:
            return Verdict(diagnostics=(_withheld(current, owner, reason),))
        change = self._delete(current, owner, vpc, peer)
        return Verdict(self._with_peering(change, wanting))

    def holds(self, rule: ObservedRule) -> Address | None:
        """The peering that this plan deletes though a rule of ours for it has to stay."""
        vpc, peer = self.vpcs.get((rule.scope, rule.group)), self.connections.peer(rule)
        if vpc is None or peer is None or rule_tags.owner(rule.tags, self.service_names) is None:
            return None
        peering = _peering(vpc, peer)
        if peering is None or not self.connections.going(peering):
            return None
        return peering if self._kept(vpc, peer) else None

    def _kept(self, vpc: VpcRef, peer: VpcRef | None) -> str:
        """Why a rule of ours stays for now, or nothing."""
        gaps = sorted(
            scope for scope in self.situation.gaps if scope.account not in self.situation.closed
        )
        unread = [scope for scope in gaps if peer is None or scope == peer.scope]
        if unread:
            return f"{unread[0]} could not be read"
        if any(near == vpc and peer in (None, far) for near, far in self.held):
            return "the groups of a rule between the same two VPCs are not known"
        return ""

    def _delete(
        self, current: Found, owner: str, vpc: VpcRef, peer: VpcRef | None
    ) -> Change[RuleSpec]:
        rule = current.spec
        before = RuleSpec(
            vpc,
            rule.group,
            rule.direction,
            rule.traffic.protocol,
            rule.traffic.from_port,
            rule.traffic.to_port,
            peer,
            rule.allowed,
            _peering(vpc, peer),
            rule.description,
            rule.tags.only(rule_tags.MARK),
        )
        lines, names = self._lines(owner), frozenset({owner})
        reason = "no environment wants it"
        return Change(current.address, before, None, current.id, names, lines, reason=reason)

    def _with_peering(self, change: Change[RuleSpec], wanting: frozenset[str]) -> Change[RuleSpec]:
        """It belongs to those that drop its peering too; what is still wanted goes only with it."""
        peering = change.held.peering
        if peering is None or not self.connections.going(peering):
            return change
        names = change.environments | wanting | self.connections.environments(peering)
        needs = (peering,) if wanting else ()
        return replace(change, environments=names, needs=needs, reason="its peering goes away")

    def _lines(self, owner: str) -> tuple[SourceLine, ...]:
        environment = self.situation.mesh.environments.get(owner)
        return (environment.declared_at,) if environment else ()

    def _theirs(self, current: Found) -> Verdict:
        """Somebody else's rule: told when the plan takes away the peering that it needs."""
        peering = self.connections.goes_stale(current.spec)
        if peering is None:
            return NOTHING
        rule = current.spec
        diagnostic = Diagnostic(
            Severity.WARNING,
            "reference-goes-stale",
            f"rule {current.id} of {rule.group} in {rule.scope} is not ours and references"
            f" {rule.allowed} over {rule.peering}, which is to be deleted",
            "The rule becomes stale: it lets nothing through any more and has to be removed by"
            " hand.",
            environments=peering.environments,
        )
        return Verdict(diagnostics=(diagnostic,))


def _peering(vpc: VpcRef, peer: VpcRef | None) -> Address | None:
    return peering_address(Pair.of(vpc, peer)) if peer and peer != vpc else None


def _withheld(current: Found, owner: str, reason: str) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "delete-withheld",
        f"rule {current.id} of {current.spec.group} in {current.spec.scope} is not wanted, as far"
        f" as is known, but is kept: {reason}",
        "Nothing is deleted in or towards what is not known.",
        environments=frozenset({owner}),
    )
