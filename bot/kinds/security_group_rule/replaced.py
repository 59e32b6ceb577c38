"""Make before break, between two VPCs: a rule goes when what may take its place is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from bot.kinds.security_group_rule.spec import RuleSpec
from bot.model.address import VpcRef
from bot.model.change import Action, Change
from bot.model.security_group import Direction

Changes = tuple[Change[RuleSpec], ...]
Flow = tuple[VpcRef | None, VpcRef | None]
"""The VPC that traffic comes from, and the one that it goes to."""


def replaced(changes: Iterable[Change[RuleSpec]]) -> Changes:
    """The changes, where each deletion needs the new rules of its environment for its traffic.

    Ports, groups and blocks are what a rule is: a change of them is new rules and deletions, in
    both VPCs, and maybe in other groups. When AWS refuses a new rule on either side, the old
    ones on both have to stay: one of them alone lets nothing through. So all the new rules that
    let traffic from the one VPC to the other count, whatever their groups.
    """
    listed = tuple(changes)
    made: dict[Flow, list[Change[RuleSpec]]] = defaultdict(list)
    for change in listed:
        if change.action is Action.CREATE:
            for flow in _flows(change):
                made[flow].append(change)
    return tuple(_needing(c, made.get(_flow(c), ())) if _goes(c) else c for c in listed)


def _goes(change: Change[RuleSpec]) -> bool:
    return change.action is Action.DELETE


def _needing(change: Change[RuleSpec], made: Iterable[Change[RuleSpec]]) -> Change[RuleSpec]:
    needs = {new.address for new in made if new.environments & change.environments}
    return replace(change, needs=tuple(sorted({*change.needs, *needs}))) if needs else change


def _flow(change: Change[RuleSpec]) -> Flow:
    spec = change.after or change.held
    ends = (spec.peer, spec.vpc)
    return ends if spec.direction is Direction.INGRESS else ends[::-1]


def _flows(change: Change[RuleSpec]) -> tuple[Flow, ...]:
    """With those of a rule of which it is not known what it is for: it may be any of them."""
    source, destination = _flow(change)
    return (source, destination), (None, destination), (source, None)
