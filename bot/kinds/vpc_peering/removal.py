"""A peering that no environment wants: delete it if it is ours, and only then."""

from __future__ import annotations

from dataclasses import replace

from bot.kinds.base import Situation
from bot.kinds.vpc_peering.spec import PeeringSpec
from bot.kinds.vpc_peering.verdict import Verdict
from bot.model.address import Scope, VpcRef
from bot.model.change import Change, Observed
from bot.model.diagnostic import Diagnostic, Severity, SourceLine
from bot.model.mesh import MemberState
from bot.model.ownership import OWNERSHIP_KEYS, Ownership
from bot.model.peering_status import INITIATING, PENDING, PROGRESS
from bot.model.tags import Tags

Found = Observed[PeeringSpec]


def remove(
    current: Found,
    situation: Situation,
    ownership: Ownership,
    wanted_before: frozenset[str],
) -> Verdict:
    """The verdict on a live peering of a pair that nobody wants."""
    spec = current.spec
    owners = owners_of(current, ownership)
    if not owners or spec.status not in PROGRESS:
        return Verdict(frozenset(), current.id)
    environments = owners | wanted_before
    kept = Verdict(environments, current.id, managed=True)
    if any(ownership.foreign(tags, spec.pair) for tags in spec.sides):
        return Verdict(environments, current.id, diagnostics=(_disputed(current, environments),))
    unreadable = _unreadable(spec, situation)
    if unreadable:
        diagnostic = _withheld(current, unreadable, environments)
        return Verdict(environments, current.id, managed=True, diagnostics=(diagnostic,))
    if _closed(spec.requester, situation) and _closed(spec.accepter, situation):
        return kept
    if _closed(spec.requester, situation) and spec.status in (INITIATING, PENDING):
        return replace(kept, diagnostics=(_expiring(current, environments),))
    return Verdict(environments, current.id, True, change=_delete(current, situation, environments))


def owners_of(current: Found, ownership: Ownership) -> frozenset[str]:
    """The environments of ours that the tags of either side name."""
    names = (ownership.environment(tags, current.spec.pair) for tags in current.spec.sides)
    return frozenset(name for name in names if name is not None)


def _closed(vpc: VpcRef, situation: Situation) -> bool:
    return vpc.scope.account in situation.closed


def _unreadable(spec: PeeringSpec, situation: Situation) -> list[Scope]:
    sides = (spec.requester, spec.accepter)
    return sorted(
        {
            vpc.scope
            for vpc in sides
            if not situation.inventory.readable(vpc.scope) and not _closed(vpc, situation)
        }
    )


def _delete(
    current: Found, situation: Situation, environments: frozenset[str]
) -> Change[PeeringSpec]:
    spec = current.spec
    before = replace(
        spec,
        requester_tags=_mark(spec.requester_tags),
        accepter_tags=_mark(spec.accepter_tags),
    )
    return Change(
        current.address,
        before,
        None,
        current.id,
        environments,
        _declared_at(spec, situation, environments),
        reason="no environment wants it",
    )


def _mark(tags: Tags | None) -> Tags | None:
    return tags.only(OWNERSHIP_KEYS) if tags is not None else None


def _declared_at(
    spec: PeeringSpec, situation: Situation, environments: frozenset[str]
) -> tuple[SourceLine, ...]:
    """The tombstones that say so, else the environments that no longer name the VPCs."""
    known = [env for _, env in situation.mesh if env.name in environments]
    tombstones = {
        member.declared_at
        for env in known
        for member in env.members
        if member.state is not MemberState.PRESENT and member.vpc in (spec.requester, spec.accepter)
    }
    return tuple(sorted(tombstones or {env.declared_at for env in known}))


def _withheld(current: Found, unreadable: list[Scope], names: frozenset[str]) -> Diagnostic:
    scopes = ", ".join(map(str, unreadable))
    return Diagnostic(
        Severity.WARNING,
        "delete-withheld",
        f"peering {current.id} between {current.spec.requester} and {current.spec.accepter}"
        f" is wanted by no environment, but is kept: {scopes} could not be read",
        "Nothing is deleted in or towards what could not be read. Mend the access, or"
        " mark the member `state: abandoned` when its account is closed.",
        environments=names,
    )


def _expiring(current: Found, names: frozenset[str]) -> Diagnostic:
    return Diagnostic(
        Severity.NOTICE,
        "delete-withheld",
        f"the request {current.id} between {current.spec.requester} and {current.spec.accepter}"
        " is wanted by no environment, but only its requester may delete it, and that account"
        " is closed",
        "AWS lets a request that nobody accepts expire after 7 days.",
        environments=names,
    )


def _disputed(current: Found, names: frozenset[str]) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "disputed-peering",
        f"peering {current.id} between {current.spec.requester} and {current.spec.accepter}"
        " is wanted by no environment, but is kept: the tags of its other side name another"
        " peerd configuration",
        "Mend its tags, or delete it by hand when you are sure that nobody needs it.",
        environments=names,
    )
