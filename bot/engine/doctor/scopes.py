"""Judge scopes: can they be read, are the VPCs there, may routes go in, is there room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.engine.doctor.facts import ScopeFacts
from bot.errors import AwsError
from bot.model.address import VpcRef
from bot.model.doctor import Check, Verdict
from bot.model.mesh import Member, Mesh
from bot.model.quota import PEERINGS_PER_VPC, ROUTES_PER_TABLE, Quota
from bot.model.topology import wanted_pairs

ASSUME_ROLE = "sts:AssumeRole"
NOT_ENABLED = frozenset({"AuthFailure", "OptInRequired", "InvalidClientTokenId"})
"""How a region answers that the account has not enabled.

https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""
CROWDED = 0.8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the mesh files want of VPCs: who is a member, with how many peers."""

    members: Mapping[VpcRef, Member]
    peers: Mapping[VpcRef, int]

    @classmethod
    def of(cls, mesh: Mesh) -> Wanted:
        """Of the members that are present."""
        members: dict[VpcRef, Member] = {}
        for _, environment in mesh:
            for member in environment.present:
                members.setdefault(member.vpc, member)
        peers = Counter(vpc for pair in wanted_pairs(mesh) for vpc in (pair.first, pair.second))
        return cls(members, peers)


def judged_scope(facts: ScopeFacts, wanted: Wanted, role: str) -> Iterator[Check]:
    """Rows on one scope, which was read through ``role``."""
    where = str(facts.scope)
    errors = {error.action: error for error in facts.errors}
    if ASSUME_ROLE in errors:
        found = f"not looked at: the {role} cannot be assumed"
        yield Check(Verdict.UNPROVED, where, "reads", found)
        return
    if errors:
        yield _unreadable(tuple(errors.values()), where, role)
    else:
        yield Check(Verdict.OK, where, "reads", "VPCs, peerings and route tables can be read")
    yield from _vpcs(facts, wanted, where)
    yield from _quotas(facts, wanted, where)


def _unreadable(errors: tuple[AwsError, ...], where: str, role: str) -> Check:
    found = "; ".join(f"{error.action}: {error.code}: {error.message}" for error in errors)
    if all(error.code in NOT_ENABLED for error in errors):
        advice = "Enable the region in the account, or mend the region in the mesh file."
        return Check(Verdict.BROKEN, where, "region", found, advice)
    actions = " and ".join(error.action for error in errors)
    advice = f"Allow {actions} to the {role} (docs/iam.md), service control policies included."
    return Check(Verdict.BROKEN, where, "reads", found, advice)


def _vpcs(facts: ScopeFacts, wanted: Wanted, where: str) -> Iterator[Check]:
    members = [m for vpc, m in sorted(wanted.members.items()) if vpc.scope == facts.scope]
    if isinstance(facts.vpcs, AwsError) or not members:
        return
    known = {vpc.ref for vpc in facts.vpcs}
    for member in members:
        if member.vpc not in known:
            found = "does not exist there"
            advice = f"Mend vpc_id, account_id or region at {member.declared_at}."
            yield Check(Verdict.BROKEN, where, member.vpc.vpc_id, found, advice)
    if not isinstance(facts.tables, AwsError):
        yield from _tables(facts, [m for m in members if m.vpc in known], where)


def _tables(facts: ScopeFacts, members: Iterable[Member], where: str) -> Iterator[Check]:
    assert not isinstance(facts.tables, AwsError)
    ready = eligible = tables = 0
    for member in members:
        own = [table for table in facts.tables if table.vpc == member.vpc]
        may = sum(table.eligible for table in own)
        if not may:
            found = f"none of its {_count(len(own), 'route table')} is eligible: it gets no routes"
            advice = "Tag those that may be changed with peerd_eligible: true."
            yield Check(Verdict.WARNING, where, member.vpc.vpc_id, found, advice)
            continue
        ready, eligible, tables = ready + 1, eligible + may, tables + len(own)
    if ready:
        has = "has" if ready == 1 else "have"
        found = f"{_count(ready, 'VPC')} {has} {eligible} of {tables} route tables eligible"
        yield Check(Verdict.OK, where, "VPCs", found)


def _quotas(facts: ScopeFacts, wanted: Wanted, where: str) -> Iterator[Check]:
    if not facts.quotas:
        return
    held: dict[str, int] = {}
    if not isinstance(facts.peerings, AwsError):
        for vpc, count in facts.peerings.items():
            if vpc.scope == facts.scope:
                held[vpc.vpc_id] = count
    wants = {vpc.vpc_id: n for vpc, n in wanted.peers.items() if vpc.scope == facts.scope}
    yield _room(facts, PEERINGS_PER_VPC, held, wants, where)
    yield _room(facts, ROUTES_PER_TABLE, facts.routes, {}, where)


def _room(
    facts: ScopeFacts,
    quota: Quota,
    held: Mapping[str, int],
    wants: Mapping[str, int],
    where: str,
) -> Check:
    what = f"{quota.counted} per {quota.holder}"
    answer = facts.quotas.get(quota)
    if answer is None or answer.problem:
        problem = answer.problem if answer else "not asked"
        found = f"the quota is not known ({problem}): plans go by the default, {quota.default}"
        advice = "Allow servicequotas:GetServiceQuota (docs/iam.md)."
        return Check(Verdict.UNPROVED, where, what, found, advice)
    needs = {holder: max(held.get(holder, 0), wants.get(holder, 0)) for holder in {**held, **wants}}
    fullest = max(needs, key=lambda holder: (needs[holder], holder), default="")
    number, most = needs.get(fullest, 0), answer.value
    if wants.get(fullest, 0) > most:
        advice = f"Raise the quota {quota.code} to {number} or more, or {quota.advice}."
        text = f"the mesh wants {number} of {most} ({fullest})"
        return Check(Verdict.BROKEN, where, what, text, advice)
    if fullest and number >= CROWDED * most:
        advice = f"Raise the quota {quota.code}, or {quota.advice}."
        found = f"up to {number} of {most} ({fullest})"
        return Check(Verdict.WARNING, where, what, found, advice)
    return Check(Verdict.OK, where, what, f"up to {number} of {most}")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
