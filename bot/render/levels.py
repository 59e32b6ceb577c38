"""The mesh as nodes and edges: VPCs themselves, or a region of an account, or an account."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass

from bot.model.address import VpcRef
from bot.model.change import Existence, MeshPicture, Plan

Members = dict[VpcRef, Existence]
Connections = dict[tuple[VpcRef, VpcRef], Existence]
_MISSING_CODES = frozenset({"missing-vpc", "suspected-typo"})


@dataclass(frozen=True, slots=True)
class Level:
    """How VPCs become nodes: a node's name, and the group that it stands in."""

    nodes_are: str
    name: Callable[[VpcRef], str]
    group: Callable[[VpcRef], str]


VPCS = Level("VPCs", str, lambda vpc: f"{vpc.scope.account} / {vpc.scope.region}")
SCOPES = Level("accounts' regions", lambda v: str(v.scope), lambda v: v.scope.account)
ACCOUNTS = Level("accounts", lambda vpc: vpc.scope.account, lambda vpc: "")


@dataclass(frozen=True, slots=True)
class Node:
    """One or more VPCs; ``inside`` are the peerings among them, ``missing`` do not exist."""

    name: str
    group: str
    vpcs: tuple[VpcRef, ...]
    states: Counter[Existence]
    missing: int
    inside: Counter[Existence]
    note: str = ""

    @property
    def existence(self) -> Existence:
        """New or going only when all of them are."""
        return overall(self.states)

    @property
    def absent(self) -> bool:
        """True when nothing of it exists."""
        return self.missing == len(self.vpcs)


@dataclass(frozen=True, slots=True)
class Edge:
    """The peerings between two nodes."""

    first: str
    second: str
    counts: Counter[Existence]

    @property
    def existence(self) -> Existence:
        """Something new shows before something that goes; both before what stays."""
        order = (Existence.NEW, Existence.GOING, Existence.KEPT)
        return next(existence for existence in order if self.counts[existence])


def seen_at(
    level: Level, picture: MeshPicture, missing: Set[VpcRef]
) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """Nodes and edges, sorted. ``missing`` are VPCs that do not exist."""
    members, connections = united(picture)
    notes = {member.vpc: member.note for member in sorted(picture.members) if member.note}
    held: dict[str, list[VpcRef]] = defaultdict(list)
    for vpc in members:
        held[level.name(vpc)].append(vpc)
    between: dict[tuple[str, str], Counter[Existence]] = defaultdict(Counter)
    for (first, second), existence in connections.items():
        between[level.name(first), level.name(second)][existence] += 1
    nodes = tuple(
        Node(
            name,
            level.group(vpcs[0]),
            tuple(vpcs),
            Counter(members[vpc] for vpc in vpcs),
            sum(vpc in missing for vpc in vpcs),
            between.pop((name, name), Counter()),
            notes.get(vpcs[0], "") if level is VPCS else "",
        )
        for name, vpcs in held.items()
    )
    return nodes, tuple(Edge(*ends, counts) for ends, counts in sorted(between.items()))


def united(picture: MeshPicture) -> tuple[Members, Connections]:
    """VPCs and connections, each once, over all environments; sorted."""
    vpcs: dict[VpcRef, set[Existence]] = defaultdict(set)
    pairs: dict[tuple[VpcRef, VpcRef], set[Existence]] = defaultdict(set)
    for member in picture.members:
        vpcs[member.vpc].add(member.existence)
    for connection in picture.connections:
        first, second = sorted((connection.first, connection.second))
        pairs[first, second].add(connection.existence)
    ends = {vpc for pair in pairs for vpc in pair}
    members = {vpc: overall(vpcs.get(vpc, ())) for vpc in sorted(ends | vpcs.keys())}
    return members, {pair: overall(found) for pair, found in sorted(pairs.items())}


def overall(states: Iterable[Existence]) -> Existence:
    """Several environments see one thing: new or going only when it is so for all of them."""
    found = set(states)
    return found.pop() if len(found) == 1 else Existence.KEPT


def missing_vpcs(plan: Plan) -> frozenset[VpcRef]:
    """The members whose VPC does not exist, as the plan's diagnostics say."""
    told = [d for d in plan.diagnostics if d.code in _MISSING_CODES]
    return frozenset(
        member.vpc
        for member in (plan.mesh.members if told else ())
        for d in told
        if member.environment in d.environments
        and d.summary.startswith(f"{member.vpc} does not exist")
    )
