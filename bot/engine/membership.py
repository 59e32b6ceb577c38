"""Who joins and who leaves an environment, and members whose VPC is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.model.address import VPC_PEERING_CONNECTION, VpcRef
from bot.model.change import Action, Change, Membership, Movement
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.inventory import Inventory
from bot.model.mesh import Environment, Member, MemberState, Mesh


def memberships(
    mesh: Mesh, base: Mesh | None, changes: Iterable[Change[Any]]
) -> tuple[Membership, ...]:
    """Joins (against the base) and leavings: by the base, and by what the plan deletes.

    Without a base a VPC that left is known by its peerings, which nobody wants any more.
    """
    now, before = mesh.environments, base.environments if base else {}
    moves = [
        Membership(name, member.vpc, Movement.JOINS, member.declared_at, note=member.note)
        for name in now
        if base is not None
        for member in _gained(now[name], before.get(name))
    ]
    leaving: dict[tuple[str, VpcRef], Member | None] = {
        (name, member.vpc): member
        for name in before
        for member in _gained(before[name], now.get(name))
    }
    for name, vpc in _cut_off(changes, now):
        leaving.setdefault((name, vpc), None)
    moves += [_leaving(name, vpc, was, now.get(name)) for (name, vpc), was in leaving.items()]
    return tuple(sorted(moves, key=lambda m: (m.environment, m.movement, m.vpc)))


def _gained(one: Environment, other: Environment | None) -> list[Member]:
    known = {member.vpc for member in other.present} if other else set()
    return [member for member in one.present if member.vpc not in known]


def _cut_off(
    changes: Iterable[Change[Any]], environments: Mapping[str, Environment]
) -> Iterator[tuple[str, VpcRef]]:
    present = {name: {m.vpc for m in env.present} for name, env in environments.items()}
    for change in changes:
        if change.address.kind == VPC_PEERING_CONNECTION and change.action is Action.DELETE:
            for name in change.environments:
                for vpc in (change.held.requester, change.held.accepter):
                    if vpc not in present.get(name, ()):
                        yield name, vpc


def _leaving(
    name: str, vpc: VpcRef, was: Member | None, environment: Environment | None
) -> Membership:
    members = environment.members if environment else ()
    tombstones = [m for m in members if m.vpc == vpc and m.state is not MemberState.PRESENT]
    if tombstones:
        line, note = tombstones[0].declared_at, tombstones[0].note
        return Membership(name, vpc, Movement.LEAVES, line, note=note)
    if was is not None:
        return Membership(name, vpc, Movement.LEAVES, was.declared_at, True, was.note)
    return Membership(name, vpc, Movement.LEAVES)


def missing_members(
    mesh: Mesh, inventory: Inventory, moves: Iterable[Membership]
) -> Iterator[Diagnostic]:
    """A warning for each present member whose VPC does not exist in a scope that was read.

    When another member leaves the same environment it looks like a typo: an error. So does
    a new member in a scope that cannot be read: a gap says even less about what exists.
    """
    leaving: dict[str, list[Membership]] = {}
    joining: set[tuple[str, VpcRef]] = set()
    for move in moves:
        if move.movement is Movement.LEAVES:
            leaving.setdefault(move.environment, []).append(move)
        else:
            joining.add((move.environment, move.vpc))
    for _, environment in mesh:
        gone = leaving.get(environment.name, [])
        for member in environment.present:
            new = (environment.name, member.vpc) in joining
            if member.vpc in inventory.vpcs:
                continue
            if inventory.readable(member.vpc.scope):
                yield _missing(member, environment.name, gone)
            elif gone and (new or member.vpc.vpc_id in {move.vpc.vpc_id for move in gone}):
                yield _unread(member, environment.name, gone)


SUSPECTED_TYPO = "suspected-typo"


def _unread(member: Member, environment: str, leaving: list[Membership]) -> Diagnostic:
    gone = ", ".join(str(move.vpc) for move in leaving)
    return Diagnostic(
        Severity.ERROR,
        SUSPECTED_TYPO,
        f"{member.vpc} cannot be read while {gone} leaves {environment}: is it a typo?",
        "Mend the account or the region. If both are meant, approve the plan by its fingerprint.",
        member.declared_at,
        frozenset({environment}),
    )


def _missing(member: Member, environment: str, leaving: list[Membership]) -> Diagnostic:
    names = frozenset({environment})
    if not leaving:
        return Diagnostic(
            Severity.WARNING,
            "missing-vpc",
            f"{member.vpc} does not exist; nothing is planned for it",
            "Check the id, the account and the region, or take the member out.",
            member.declared_at,
            names,
        )
    gone = ", ".join(str(move.vpc) for move in leaving)
    return Diagnostic(
        Severity.ERROR,
        SUSPECTED_TYPO,
        f"{member.vpc} does not exist while {gone} leaves {environment}: is it a typo?",
        "Mend the id. If both are meant, approve the plan by its fingerprint.",
        member.declared_at,
        names,
    )
