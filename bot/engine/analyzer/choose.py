"""Which pairs AWS's Reachability Analyzer is asked about, and between which interfaces.

What it can be asked: "How Reachability Analyzer works",
https://docs.aws.amazon.com/vpc/latest/reachability/how-reachability-analyzer-works.html ,
and "Cross-account analyses" of the same guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.engine.observe import Facts
from bot.engine.reachability.blocks import block_of
from bot.engine.reachability.reach import Ways
from bot.errors import UsageError
from bot.model.address import AccountId, Scope, VpcRef
from bot.model.analyzer import Interface, Offer, Question, Unasked
from bot.model.mesh import Mesh
from bot.model.reachability import EnvironmentReach, PairReach, Reason

MOST = 10
"""So many analyses at most where no pair is named: each costs money."""

NOT_WORTH_IT = frozenset(
    {
        Reason.UNKNOWN,
        Reason.MISSING_VPC,
        Reason.OVERLAP,
        Reason.NO_PEERING,
        Reason.SECURITY_GROUP,
    }
)
"""Pairs that are not chosen for a reason such as these: there is nothing to ask about; or the
analyzer would only say that the VPCs are not connected, or be asked about other traffic."""

_NAMED = re.compile(r"(vpc-[0-9a-f]+):(vpc-[0-9a-f]+)")

Ordered = tuple[VpcRef, VpcRef]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A wanted pair with the model's verdict, and the routed blocks of source and peer."""

    environment: str
    pair: PairReach
    mine: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()


def wanted_pairs(
    mesh: Mesh, reaches: Iterable[EnvironmentReach], facts: Facts
) -> tuple[Wanted, ...]:
    """Every wanted pair of the environments judged, by environment and VPC, each once.

    A pair of several environments has its verdict from one in which it is not reachable.
    """
    found: dict[Ordered, Wanted] = {}
    for reach in reaches:
        environment = mesh.environments.get(reach.environment)
        obstacles = {(pair.source, pair.peer): pair.obstacle for pair in reach.exceptions}
        for way in Ways.of(reach.environment, environment, facts.inventory).wanted:
            ends = way.source, way.peer
            pair = PairReach(*ends, obstacles.get(ends))
            if ends not in found or (pair.obstacle and not found[ends].pair.obstacle):
                found[ends] = Wanted(reach.environment, pair, tuple(way.mine), tuple(way.theirs))
    return tuple(found.values())


def named_pairs(texts: Iterable[str], wanted: Iterable[Wanted]) -> tuple[tuple[Wanted, ...], ...]:
    """The pairs that texts such as ``vpc-0a1b:vpc-0c2d`` name, one each.

    Raises UsageError for a text of another form and a pair that no environment wants.
    """
    known = {(w.pair.source.vpc_id, w.pair.peer.vpc_id): w for w in wanted}
    found: dict[str, Wanted] = {}
    for text in texts:
        match = _NAMED.fullmatch(text)
        if match is None:
            raise UsageError(
                f"--pair is SOURCE:DESTINATION, two VPC ids such as vpc-0a1b:vpc-0c2d, not {text!r}"
            )
        one = known.get((match[1], match[2]))
        if one is None:
            raise UsageError(
                f"--pair {text}: no environment that is looked at routes these two to each other"
            )
        found[text] = one
    return tuple((one,) for one in found.values())


def worthwhile(wanted: Iterable[Wanted]) -> tuple[tuple[Wanted, ...], ...]:
    """Groups of pairs of which one is enough, the most telling groups first.

    Pairs that are not reachable for the same thing (this route table, this network ACL) are a
    group; then the reachable pairs of each environment.
    """
    broken: dict[tuple[str, ...], list[Wanted]] = {}
    whole: dict[str, list[Wanted]] = {}
    for one in wanted:
        obstacle = one.pair.obstacle
        if obstacle is None:
            whole.setdefault(one.environment, []).append(one)
        elif obstacle.reason not in NOT_WORTH_IT:
            place = obstacle.route_table or obstacle.network_acl
            cause = (str(obstacle.reason), str(obstacle.vpc), place, obstacle.route)
            broken.setdefault(cause, []).append(one)
    return tuple(tuple(group) for group in (*broken.values(), *whole.values()))


def out_of_reach(pair: PairReach, through: AccountId | None) -> str:
    """Why a pair cannot be asked about because of where its members are; empty if it can.

    ``through`` is the account that may ask about the whole organization, if there is one.
    """
    one, other = pair.source.scope, pair.peer.scope
    if pair.obstacle and pair.obstacle.reason is Reason.UNKNOWN:
        return f"{pair.obstacle.vpc.scope} could not be read"
    if pair.obstacle and pair.obstacle.reason is Reason.MISSING_VPC:
        return f"{pair.obstacle.vpc} does not exist"
    if one.region != other.region:
        return (
            f"one is in {one.region}, the other in {other.region}: Reachability Analyzer wants"
            " source and destination in the same Region"
        )
    if one.account != other.account and through is None:
        return (
            "they are in two accounts: across accounts Reachability Analyzer answers only the"
            " organization's management account or a delegated administrator, with trusted access"
            " enabled; name that account with --analyzer-account"
        )
    return ""


def asker(pair: PairReach, through: AccountId | None) -> Scope:
    """Where a pair is asked about: at home, or in the account that may cross accounts."""
    one, other = pair.source.scope, pair.peer.scope
    if one.account == other.account or through is None:
        return one
    return Scope(through, one.region)


def looked_for(
    groups: Iterable[Sequence[Wanted]], through: AccountId | None
) -> Mapping[Scope, frozenset[str]]:
    """The VPCs, by scope, that an interface is needed in."""
    found: dict[Scope, set[str]] = {}
    for one in (one for group in groups for one in group):
        if not out_of_reach(one.pair, through):
            for vpc in (one.pair.source, one.pair.peer):
                found.setdefault(vpc.scope, set()).add(vpc.vpc_id)
    return {scope: frozenset(vpcs) for scope, vpcs in sorted(found.items())}


@dataclass(frozen=True, slots=True)
class Interfaces:
    """The interfaces in use by VPC, and the scopes that they could not be read in, with why."""

    found: Mapping[VpcRef, tuple[Interface, ...]]
    unread: Mapping[Scope, str]


def offer(
    groups: Iterable[Sequence[Wanted]],
    interfaces: Interfaces,
    through: AccountId | None,
    *,
    named: bool,
) -> Offer:
    """One question for each group, of its first pair that can be asked about.

    At most ``MOST`` of them, unless the pairs were named.
    """
    questions: list[Question] = []
    unasked: list[Unasked] = []
    left_out = 0
    for group in groups:
        tried = [_question(one, interfaces, through) for one in group]
        question = next((one for one in tried if isinstance(one, Question)), None)
        if question is None:
            unasked += [one for one in tried[:1] if isinstance(one, Unasked)]
        elif named or len(questions) < MOST:
            questions.append(question)
        else:
            left_out += 1
    return Offer(tuple(questions), tuple(unasked), left_out, named)


def _question(
    wanted: Wanted, interfaces: Interfaces, through: AccountId | None
) -> Question | Unasked:
    pair = wanted.pair
    if why := out_of_reach(pair, through):
        return Unasked(pair, why)
    ends: list[Interface] = []
    for vpc, blocks in ((pair.source, wanted.mine), (pair.peer, wanted.theirs)):
        if vpc.scope in interfaces.unread:
            return Unasked(pair, interfaces.unread[vpc.scope])
        within = _within(interfaces.found.get(vpc, ()), blocks)
        if not within:
            return Unasked(pair, _none_in(vpc, interfaces.found.get(vpc, ()), blocks))
        ends.append(_best(within, pair, vpc))
    source, peer = ends
    question = Question(pair, asker(pair, through), source, peer)
    return replace(question, note=_note(question))


def _within(interfaces: Iterable[Interface], blocks: Sequence[str]) -> list[Interface]:
    """Those whose address is routed to the other side."""
    routed = [block for block in map(block_of, blocks) if block.version == 4]
    return [
        found
        for found in interfaces
        if any(block_of(f"{found.address}/32").meets(block) for block in routed)
    ]


def _none_in(vpc: VpcRef, interfaces: Sequence[Interface], blocks: Sequence[str]) -> str:
    if not interfaces:
        return (
            f"{vpc} has no network interface in use with an IPv4 address, and Reachability Analyzer"
            " asks between interfaces: start an instance there"
        )
    return f"no network interface of {vpc} has an address in {', '.join(blocks)}, which is routed"


def _best(interfaces: Iterable[Interface], pair: PairReach, vpc: VpcRef) -> Interface:
    """The subnet that suffers goes first, then instances, then what no service manages."""
    subnet = _subnet_of(pair, vpc)

    def rank(interface: Interface) -> tuple[bool, bool, bool, str]:
        elsewhere = interface.subnet != subnet
        return elsewhere, not interface.attached, interface.managed, interface.id

    return min(interfaces, key=rank)


def _subnet_of(pair: PairReach, vpc: VpcRef) -> str:
    obstacle = pair.obstacle
    return obstacle.subnet if obstacle is not None and obstacle.vpc == vpc else ""


def _note(question: Question) -> str:
    for interface in (question.source, question.peer):
        subnet = _subnet_of(question.pair, interface.vpc)
        if subnet and subnet != interface.subnet:
            return (
                f"the model's reason is about {subnet}, which has no interface in use; asked about"
                f" {interface.subnet} instead"
            )
    return ""
