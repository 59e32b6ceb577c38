"""Security groups: whether the traffic that an entry of a mesh file asks for gets through.

"Security groups are stateful": answers pass whatever the rules are. A group without a rule that
allows traffic drops it: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.engine.reachability.blocks import Block, block_of, pieces
from bot.engine.reachability.network import Network
from bot.engine.reachability.permits import Permit
from bot.kinds.security_group_rule.lookup import group_of
from bot.model.address import VpcRef
from bot.model.inventory import Inventory
from bot.model.mesh import Environment
from bot.model.reachability import Obstacle, Reason
from bot.model.security_group import ALL, CONTROL, EVERY, PORTED, Direction, RuleSide, Traffic

Span = tuple[int, int]
"""First and last port of TCP or UDP; of ICMP 256 times the type, and the code."""

WHOLE: Span = (0, 65535)

_VERSION = {"icmp": 4, "icmpv6": 6}


@dataclass(frozen=True, slots=True)
class End:
    """One end of an entry's traffic.

    ``called`` is its group in the entry's words, empty where it names none: then any address of
    the VPC is meant. ``group`` is the group's id, empty where there is none, or several; it is
    not ``own`` when an account that the VPC is shared with has it.
    """

    vpc: VpcRef
    called: str
    group: str
    own: bool = True


@dataclass(frozen=True, slots=True)
class Flow:
    """The traffic that an entry asks for."""

    source: End
    destination: End
    traffic: Traffic


def flows(
    environment: Environment, inventory: Inventory
) -> Mapping[tuple[VpcRef, VpcRef], tuple[Flow, ...]]:
    """What an environment's entries ask for, by source and destination, in their order."""
    found: dict[tuple[VpcRef, VpcRef], tuple[Flow, ...]] = {}
    for rule in environment.security_group_rules:
        ends = rule.source.vpc, rule.destination.vpc
        flow = Flow(_end(rule.source, inventory), _end(rule.destination, inventory), rule.traffic)
        found[ends] = (*found.get(ends, ()), flow)
    return found


def _end(side: RuleSide, inventory: Inventory) -> End:
    found = group_of(side, inventory)
    if found is None:
        return End(side.vpc, side.called, "")
    return End(side.vpc, side.called, found.id, found.own)


def shut(
    network: Network, flow: Flow, mine: Sequence[str], theirs: Sequence[str]
) -> Obstacle | None:
    """The first group that does not let the traffic through; None when both do.

    ``mine`` are the blocks that the source is routed at, ``theirs`` the destination's. Not judged
    is what is not known: the group of an end that names none, and the rules of another account's
    group of which AWS shows none.
    """
    for end, direction in _sides(flow):
        if end.called and not end.group:
            return _obstacle(flow, end, direction, end.called)
    for end, direction in _sides(flow):
        leaving = direction is Direction.EGRESS
        far, blocks = (flow.destination, theirs) if leaving else (flow.source, mine)
        held = network.permits.get(end.group, {}).values()
        if not end.group or not (held or end.own):
            continue
        permits = [p for p in held if p.direction is direction and _fits(p, flow)]
        for text in _common(flow.traffic, blocks, mine, theirs):
            if not _lets(network, permits, far.group, flow.traffic, block_of(text)):
                unread = next((p.allowed for p in permits if p.allowed.startswith("pl-")), "")
                return _obstacle(flow, end, direction, end.group, text, far.group, unread)
    return None


def _sides(flow: Flow) -> tuple[tuple[End, Direction], ...]:
    return (flow.source, Direction.EGRESS), (flow.destination, Direction.INGRESS)


def _obstacle(
    flow: Flow,
    end: End,
    direction: Direction,
    group: str,
    block: str = "",
    far: str = "",
    unread: str = "",
) -> Obstacle:
    return Obstacle(
        Reason.SECURITY_GROUP,
        end.vpc,
        destination=block,
        route=unread,
        target=far,
        egress=direction is Direction.EGRESS,
        security_group=group,
        traffic=str(flow.traffic),
    )


def _fits(permit: Permit, flow: Flow) -> bool:
    """Whether a rule may let some of the traffic through, from or to somebody."""
    if permit.traffic.protocol not in (ALL, flow.traffic.protocol):
        return False
    (first, last), (low, high) = _span(permit.traffic), _span(flow.traffic)
    return first <= high and low <= last


def _common(
    traffic: Traffic, blocks: Iterable[str], mine: Iterable[str], theirs: Iterable[str]
) -> Iterator[str]:
    """Those of the blocks that both ends, and the protocol, have the IP version of."""
    here, there = ({block_of(text).version for text in side} for side in (mine, theirs))
    versions = here & there & {_VERSION.get(traffic.protocol, version) for version in (4, 6)}
    return (text for text in blocks if block_of(text).version in versions)


def _lets(
    network: Network, permits: Iterable[Permit], peer: str, traffic: Traffic, block: Block
) -> bool:
    """Whether the rules together let all of the traffic through, for every address of a block."""
    named: list[Span] = []
    ranged: list[tuple[Block, Span]] = []
    for permit in permits:
        held = _block(permit.allowed)
        if held is not None:
            ranged.append((held, _span(permit.traffic)))
        elif peer and permit.allowed == peer and network.connects(permit):
            named.append(_span(permit.traffic))
    wanted = _span(traffic)
    return all(
        _covered(wanted, [*named, *(span for held, span in ranged if held.meets(part))])
        for part in pieces((held for held, _ in ranged), (block,))
    )


def _block(allowed: str) -> Block | None:
    try:
        return block_of(allowed)
    except ValueError:
        return None  # a group, or a prefix list: AWS does not say here what is in it


def _span(traffic: Traffic) -> Span:
    """What of a protocol is meant. All of it, where there are no ports and no types."""
    first, last = traffic.from_port, traffic.to_port
    if traffic.protocol in PORTED:
        return first, last
    if traffic.protocol in CONTROL and first != EVERY:
        return (first << 8, first << 8 | 255) if last == EVERY else (first << 8 | last,) * 2
    return WHOLE


def _covered(wanted: Span, spans: Iterable[Span]) -> bool:
    following, last = wanted
    for low, high in sorted(spans):
        if low > following:
            break
        following = max(following, high + 1)
    return following > last
