"""Security group rules as people look for them: by group, at falling levels of detail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from bot.kinds.security_group_rule import RuleSpec
from bot.kinds.security_group_rule.words import called, lets, place
from bot.model.address import VpcRef
from bot.model.change import Change
from bot.model.security_group import Direction, Traffic
from bot.render.wording import SIGN, count

Rules = Sequence[Change[RuleSpec]]
Key = tuple[str, ...]

TRAFFIC = 6
"""Kinds of traffic that a line about many rules names."""


def spec_of(change: Change[RuleSpec]) -> RuleSpec:
    """The rule that it will be, else that it is."""
    return change.after or change.held


def each(changes: Iterable[Change[RuleSpec]]) -> list[str]:
    """A line for each group and peer, and under it one for each of its rules."""
    lines: list[str] = []
    for found in _together(changes, lambda c: (*_home(c), str(spec_of(c).peer))):
        spec, names = spec_of(found[0]), dict(found[0].names)
        towards = f", for {spec.peer}" if spec.peer else ""
        lines.append(f"@@ {place(spec, names)}{towards} @@")
        lines += [f"{SIGN[c.action]} {lets(spec_of(c), dict(c.names))}" for c in found]
    return lines


def by_peer(changes: Iterable[Change[RuleSpec]]) -> list[str]:
    """A line for each group, direction and peer: how many rules, about what."""
    return [_line(f) for f in _together(changes, lambda c: (*_side(c), str(spec_of(c).peer)))]


def by_group(changes: Iterable[Change[RuleSpec]]) -> list[str]:
    """A line for each group and direction."""
    return [_line(found) for found in _together(changes, _side)]


def _home(change: Change[RuleSpec]) -> Key:
    spec = spec_of(change)
    return str(spec.vpc), spec.group


def _side(change: Change[RuleSpec]) -> Key:
    return *_home(change), spec_of(change).direction, change.action


def _together(
    changes: Iterable[Change[RuleSpec]], key: Callable[[Change[RuleSpec]], Key]
) -> list[list[Change[RuleSpec]]]:
    found: dict[Key, list[Change[RuleSpec]]] = defaultdict(list)
    for change in changes:
        found[key(change)].append(change)
    return [found[held] for held in sorted(found)]


def _line(found: Rules) -> str:
    """``- 40 rules of sg-0a (db) of VPC: ingress tcp 1000, tcp 1002 … from sg-0b (web) of VPC``."""
    first, names = spec_of(found[0]), dict(found[0].names)
    if len(found) == 1:
        what = lets(first, names) + _of(first.peer)
        return f"{SIGN[found[0].action]} 1 rule of {place(first, names)}: {what}"
    specs = [spec_of(change) for change in found]
    traffic = sorted({spec.traffic for spec in specs})
    word = "from" if first.direction is Direction.INGRESS else "to"
    far = f"{first.direction} {_traffic(traffic)} {word} {_allowed(specs, names)}"
    return f"{SIGN[found[0].action]} {count(len(found), 'rule')} of {place(first, names)}: {far}"


def _traffic(traffic: Sequence[Traffic]) -> str:
    named = ", ".join(map(str, traffic[:TRAFFIC]))
    more = len(traffic) - TRAFFIC
    return f"{named} and {more:,} more" if more > 0 else named


def _allowed(specs: Sequence[RuleSpec], names: dict[str, str]) -> str:
    allowed = sorted({spec.allowed for spec in specs})
    peers = {spec.peer for spec in specs}
    whose = _of(specs[0].peer) if len(peers) == 1 else f" of {count(len(peers), 'VPC')}"
    if len(allowed) == 1:
        return called(allowed[0], names) + whose
    groups = sum(item.startswith("sg-") for item in allowed)
    blocks = len(allowed) - groups
    kinds = [(groups, "group"), (blocks, "block")]
    return " and ".join(count(number, noun) for number, noun in kinds if number) + whose


def _of(peer: VpcRef | None) -> str:
    return f" of {peer}" if peer else ""
