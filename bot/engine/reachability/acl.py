"""Network ACLs: which TCP ports they let through, between all addresses of blocks.

"Rules are evaluated starting with the lowest numbered rule. As soon as a rule matches traffic,
it's applied": https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
A set of ports is a tuple of ranges, which are few, apart and sorted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from bot.engine.reachability.blocks import Block, block_of, pieces
from bot.model.address import vpc_ref
from bot.model.subnet import AclRule, NetworkAcl

Ports = tuple[tuple[int, int], ...]

ALL_PORTS: Ports = ((0, 65535),)
EPHEMERAL: Ports = ((1024, 65535),)
"""Ports that clients listen for the answer at, 1024 to 65535 (nacl-ephemeral-ports.html)."""

TCP = 6
LAST_RULE = 32767
"""The number of the rule that denies what no other rule matches."""

Blocks = tuple[Block, ...]

OPEN = NetworkAcl(
    "",
    vpc_ref("", "", ""),
    True,
    frozenset(),
    tuple(
        AclRule(100 + ipv6, egress, True, ("0.0.0.0/0", "::/0")[ipv6])
        for egress in (False, True)
        for ipv6 in (0, 1)
    ),
)
"""A stand-in that lets everything through."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The rule that decides that nothing gets through, ``back`` if it is the answer."""

    acl: NetworkAcl
    egress: bool
    rule: int
    back: bool = False


@dataclass(frozen=True)
class Acls:
    """Answers about ACLs, each given once."""

    _parts: dict[tuple[str, bool, Blocks, Ports], tuple[tuple[Ports, int], ...]] = field(
        default_factory=dict, repr=False
    )
    _open: dict[tuple[str, int], bool] = field(default_factory=dict, repr=False)

    def denied(
        self, near: NetworkAcl, far: NetworkAcl, mine: Blocks, theirs: Blocks
    ) -> Denied | None:
        """Why no TCP connection to any port can be opened from some of my addresses to theirs.

        The request has to get out of ``near`` and into ``far`` by one port, the answer out of
        ``far`` and into ``near`` by one ephemeral port, whatever the two addresses are. There
        are blocks on either side, all of one IP version.
        """
        if self.open(near, mine[0].version) and self.open(far, mine[0].version):
            return None
        found = self._way(near, far, mine, theirs, ALL_PORTS)
        if found is not None:
            return found
        answer = self._way(far, near, theirs, mine, EPHEMERAL)
        return answer and replace(answer, back=True)

    def open(self, acl: NetworkAcl, version: int) -> bool:
        """Whether it lets everything through: AWS's default, and so what most ACLs do."""
        key = acl.id, version
        if key not in self._open:
            self._open[key] = all(_lets_all(acl, egress, version) for egress in (True, False))
        return self._open[key]

    def _way(
        self, out: NetworkAcl, into: NetworkAcl, here: Blocks, there: Blocks, ports: Ports
    ) -> Denied | None:
        for leaving, rule in self._through(out, True, there, ports):
            if not leaving:
                return Denied(out, True, rule)
            for arriving, last in self._through(into, False, here, leaving):
                if not arriving:
                    return Denied(into, False, last)
        return None

    def _through(
        self, acl: NetworkAcl, egress: bool, peers: Blocks, ports: Ports
    ) -> tuple[tuple[Ports, int], ...]:
        """What gets through of ``ports`` to or from addresses of peers, each set once.

        With each set the rule that left nothing to decide.
        """
        key = acl.id, egress, peers, ports
        if key not in self._parts:
            rules = [(r, block_of(r.block)) for r in acl.rules if _counts(r, egress)]
            found: dict[Ports, int] = {}
            for part in pieces((block for _, block in rules), peers):
                found.setdefault(*_judged(_matching(rules, part), ports))
            self._parts[key] = tuple(found.items())
        return self._parts[key]


def _counts(rule: AclRule, egress: bool) -> bool:
    return rule.egress is egress and rule.protocol in (-1, TCP)


def _lets_all(acl: NetworkAcl, egress: bool, version: int) -> bool:
    """Whether the first rule that TCP can meet allows everything."""
    for rule in acl.rules:
        block = block_of(rule.block)
        if _counts(rule, egress) and block.version == version:
            return rule.allow and block.length == 0 and _range(rule) == ALL_PORTS[0]
    return False


def _matching(rules: Iterable[tuple[AclRule, Block]], part: Block) -> Iterator[AclRule]:
    return (rule for rule, block in rules if block.meets(part))


def _judged(rules: Iterable[AclRule], ports: Ports) -> tuple[Ports, int]:
    """What the rules let through of the ports, and the number of the rule that ends it."""
    allowed: list[tuple[int, int]] = []
    undecided = ports
    for rule in rules:
        first, last = _range(rule)
        if rule.allow:
            allowed += [
                (max(low, first), min(high, last))
                for low, high in undecided
                if low <= last and first <= high
            ]
        undecided = _without(undecided, first, last)
        if not undecided:
            return tuple(sorted(allowed)), rule.number
    return tuple(sorted(allowed)), LAST_RULE


def _range(rule: AclRule) -> tuple[int, int]:
    return rule.ports if rule.protocol == TCP and rule.ports is not None else ALL_PORTS[0]


def _without(ports: Ports, first: int, last: int) -> Ports:
    return tuple(
        part
        for low, high in ports
        for part in ((low, min(high, first - 1)), (max(low, last + 1), high))
        if part[0] <= part[1]
    )
