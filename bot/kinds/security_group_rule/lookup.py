"""From the groups and blocks that a rule's sides name to those that AWS has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.model.address import VpcRef
from bot.model.cidr import canonical, is_ipv6
from bot.model.diagnostic import Diagnostic, Severity
from bot.model.inventory import Inventory, SecurityGroup
from bot.model.mesh import Environment
from bot.model.security_group import Direction, RuleBy, RuleSide, WantedRule

NAMED = 8
"""Candidates that a message names."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A rule of which it is not known what it is in AWS: what is there of it stays.

    ``near`` is the VPC whose group would have it. No diagnostic: a gap says enough. ``shut``: it
    is known, and nothing of ours can be there, as its group is another account's.
    """

    near: VpcRef
    far: VpcRef
    diagnostic: Diagnostic | None = None
    shut: bool = False


@dataclass(frozen=True, slots=True)
class Resolved:
    """The group that gets a rule of one direction, and what it lets in or out.

    ``owner`` is the account of the group that it lets in or out, where that is not its VPC's.
    """

    group: str
    allowed: tuple[str, ...]
    owner: str = ""


def resolved(
    environment: Environment, rule: WantedRule, direction: Direction, inventory: Inventory
) -> Resolved | Unresolved:
    """The ids and blocks for the rule of a direction, or why they are not known."""
    near, far = rule.near(direction), rule.far(direction)
    try:
        group = _group(near, inventory)
        if not group.own:
            raise _shut(near, direction, group)
        if rule.by is RuleBy.REFERENCE:
            named = _group(far, inventory)
            return Resolved(group.id, (named.id,), "" if named.own else named.owner)
        return Resolved(group.id, tuple(_blocks(environment, far.vpc, rule, inventory)))
    except _Unknown as unknown:
        diagnostic = _diagnostic(unknown, environment, rule) if unknown.summary else None
        return Unresolved(near.vpc, far.vpc, diagnostic, unknown.shut)


def group_of(side: RuleSide, inventory: Inventory) -> SecurityGroup | None:
    """The one group that a side names; None where that is none, or not one alone."""
    try:
        return _group(side, inventory) if side.names_group else None
    except _Unknown:
        return None


class _Unknown(Exception):
    """A group or block cannot be told. Without a summary there is nothing to say about it."""

    def __init__(self, summary: str = "", detail: str = "", *, shut: bool = False) -> None:
        super().__init__()
        self.summary, self.detail, self.shut = summary, detail, shut


def _diagnostic(unknown: _Unknown, environment: Environment, rule: WantedRule) -> Diagnostic:
    return Diagnostic(
        Severity.ERROR,
        "rule-unresolved",
        f"{unknown.summary}; the rule is left out",
        unknown.detail,
        rule.declared_at,
        frozenset({environment.name}),
    )


def _shut(side: RuleSide, direction: Direction, group: SecurityGroup) -> _Unknown:
    other = Direction.EGRESS if direction is Direction.INGRESS else Direction.INGRESS
    return _Unknown(
        f"{side} belongs to account {group.owner}, which the VPC is shared with",
        f"Only that account can give it rules: have it add the {direction} one, and write"
        f" direction: {other} here, for the rule of the other side alone.",
        shut=True,
    )


def _group(side: RuleSide, inventory: Inventory) -> SecurityGroup:
    """The one group that a side names. Raises _Unknown.

    By name or tags only groups of the member's own account are found: whoever the VPC is shared
    with may name theirs as they like.
    """
    if not inventory.readable(side.vpc.scope):
        raise _Unknown
    if side.vpc not in inventory.vpcs:
        raise _Unknown  # told as a missing member
    there = inventory.security_groups.get(side.vpc, ())
    named = [group for group in there if _is(group, side)]
    found = [group for group in named if side.group_id or group.own]
    if len(found) == 1:
        return found[0]
    if found:
        candidates = _listed(found)
        detail = f"These are: {candidates}. Name one by its group_id, or by more tags."
        raise _Unknown(f"{side} is not one group but {len(found)}", detail)
    if named:
        detail = (
            f"Accounts that the VPC is shared with have: {_listed(named)}. To let one of these in"
            " or out, name it by its group_id; only its owner can give it rules."
        )
        raise _Unknown(f"there is no {side} that account {side.vpc.scope.account} owns", detail)
    elsewhere = _elsewhere(side, inventory)
    if elsewhere is not None:
        detail = f"It is a group of {elsewhere}. Name a group of {side.vpc.vpc_id}."
        raise _Unknown(f"{side.group_id} is not in {side.vpc}", detail)
    detail = f"Its groups are: {_listed(there)}." if there else "It has no groups."
    raise _Unknown(f"there is no {_shown(side)}", detail)


def _shown(side: RuleSide) -> str:
    return f"group {side}" if side.group_id else str(side)


def _is(group: SecurityGroup, side: RuleSide) -> bool:
    if side.group_id:
        return group.id == side.group_id
    if side.name:
        return group.name == side.name
    held = group.tags.mapping
    return all(held.get(key) == value for key, value in side.tags)


def _elsewhere(side: RuleSide, inventory: Inventory) -> VpcRef | None:
    for vpc, groups in sorted(inventory.security_groups.items()):
        if side.group_id and any(group.id == side.group_id for group in groups):
            return vpc
    return None


def _listed(groups: tuple[SecurityGroup, ...] | list[SecurityGroup]) -> str:
    named = [
        f"{group.id} ({group.name}{'' if group.own else f', of account {group.owner}'})"
        for group in groups[:NAMED]
    ]
    more = [f"{len(groups) - NAMED} more"] if len(groups) > NAMED else []
    return ", ".join(named + more)


def _blocks(
    environment: Environment, peer: VpcRef, rule: WantedRule, inventory: Inventory
) -> Iterator[str]:
    """What is routed to the peer: its overrides, else its blocks. Raises _Unknown."""
    vpc = inventory.vpcs.get(peer)
    if vpc is None:
        raise _Unknown
    overrides = next(m.cidr_overrides for m in environment.members if m.vpc == peer)
    blocks = overrides if overrides is not None else (*vpc.cidr_blocks, *vpc.ipv6_cidr_blocks)
    families = {"icmp": {False}, "icmpv6": {True}}.get(rule.traffic.protocol, {False, True})
    families -= set() if environment.ipv6 else {True}
    fitting = sorted({canonical(block) for block in blocks if is_ipv6(block) in families})
    if not fitting:
        detail = (
            "cidr_overrides is empty, or there are only blocks of the other family (IPv6 ones count"
            " with `ipv6: true` on the environment)."
        )
        raise _Unknown(f"no block of {peer} is routed that the rule could name", detail)
    yield from fitting
