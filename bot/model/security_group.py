"""Security group rules as their author meant them, and the groups that they name.

https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.model.address import VpcRef
from bot.model.diagnostic import SourceLine

SECURITY_GROUP_RULE = "security_group_rule"

ALL = "-1"
"""AWS's name for all protocols."""

EVERY = -1
"""AWS's number for every port, ICMP type or code."""

PORTED = frozenset({"tcp", "udp"})
CONTROL = frozenset({"icmp", "icmpv6"})

_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}


def spellings(protocol: str) -> frozenset[str]:
    """The ways in which AWS may write a protocol of a Traffic: by name, or by number."""
    return frozenset({protocol, *(number for number, name in _NAMES.items() if name == protocol)})


class Direction(StrEnum):
    """On which side of the traffic a rule is: the destination's group, or the source's."""

    INGRESS = "ingress"
    EGRESS = "egress"


class RuleBy(StrEnum):
    """What a rule lets in or out: members of the peer's group, or the peer's blocks."""

    REFERENCE = "reference"
    CIDR = "cidr"


@dataclass(frozen=True, slots=True, order=True)
class Traffic:
    """A protocol as AWS answers it, and its ports; for ICMP the type and the code.

    Equal when AWS would call the rules the same: of protocols without ports or types there
    is only all, and all ports of TCP or UDP are 0 to 65535.
    """

    protocol: str
    from_port: int = EVERY
    to_port: int = EVERY

    @classmethod
    def of(cls, protocol: str, from_port: int | None, to_port: int | None) -> Traffic:
        """From what AWS answers or a file says; a protocol is its name or its number."""
        given = protocol.lower()
        name = _NAMES.get(given, ALL if given == "all" else given)
        first = EVERY if from_port is None else from_port
        last = EVERY if to_port is None else to_port
        if name in PORTED:
            return cls(name, 0, 65535) if EVERY in (first, last) else cls(name, first, last)
        if name in CONTROL:
            return cls(name, first, EVERY if first == EVERY else last)
        return cls(name)

    @property
    def numbered(self) -> bool:
        """True when ports, or type and code, are part of it."""
        return self.protocol in PORTED | CONTROL

    def __str__(self) -> str:
        if self.protocol == ALL:
            return "all traffic"
        if self.protocol in CONTROL:
            kind = "" if self.from_port == EVERY else f" type {self.from_port}"
            code = "" if self.to_port == EVERY else f" code {self.to_port}"
            return f"{self.protocol}{kind}{code}"
        if not self.numbered:
            return f"protocol {self.protocol}"
        one = self.from_port == self.to_port
        return f"{self.protocol} {self.from_port}{'' if one else f'-{self.to_port}'}"


@dataclass(frozen=True, slots=True, order=True)
class RuleSide:
    """One end of the traffic: a member, and its group by id, or by name, or by tags.

    All of them empty: no group is named, which a rule by CIDR blocks may do.
    """

    vpc: VpcRef
    group_id: str = ""
    name: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def names_group(self) -> bool:
        """True when it says which group it is about."""
        return bool(self.group_id or self.name or self.tags)

    @property
    def called(self) -> str:
        """The group in the words of the entry; empty when it names none."""
        tags = ", ".join(f"{key}={value}" for key, value in self.tags)
        named = f"named {self.name!r}" if self.name else f"tagged {tags}"
        return self.group_id or (f"group {named}" if self.names_group else "")

    def __str__(self) -> str:
        return f"{self.called} of {self.vpc}"


@dataclass(frozen=True, slots=True)
class WantedRule:
    """One entry of ``security_group_rules``: traffic from a source to a destination.

    ``directions`` are the sides that get a rule; ``declared_at`` is where the entry starts.
    """

    source: RuleSide
    destination: RuleSide
    traffic: Traffic
    directions: tuple[Direction, ...]
    declared_at: SourceLine
    by: RuleBy = RuleBy.REFERENCE
    description: str = ""

    def near(self, direction: Direction) -> RuleSide:
        """The side whose group gets the rule of a direction."""
        return self.destination if direction is Direction.INGRESS else self.source

    def far(self, direction: Direction) -> RuleSide:
        """The side that such a rule lets in or out."""
        return self.source if direction is Direction.INGRESS else self.destination
