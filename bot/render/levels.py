"""The mesh as nodes and edges: VPCs themselves, or a region of an account, or an account."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass

from bot.model.address import Pair, VpcRef
from bot.model.change import Existence, MeshPicture, Plan

Members = dict[VpcRef, Existence]
Connections = dict[Pair, Existence]
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


@dataclass(frozen=True, slots=True)
class View:
    """VPCs and connections over all environments, each once and sorted.

    ``missing`` are VPCs that do not exist, ``notes`` what the files say about VPCs.
    """

    members: Members
    connections: Connections
    notes: Mapping[VpcRef, str]
    missing: Set[VpcRef]

    @classmethod
    def of(cls, picture: MeshPicture, missing: Set[VpcRef]) -> View:
        """The view of a picture."""
        vpcs: Members = {}
        pairs: Connections = {}
        for member in picture.members:
            vpcs[member.vpc] = _both(vpcs.get(member.vpc), member.existence)
        for connection in picture.connections:
            pair = Pair.of(connection.first, connection.second)
            pairs[pair] = _both(pairs.get(pair), connection.existence)
        ends = {vpc for pair in pairs for vpc in (pair.first, pair.second)}
        every = sorted(ends | vpcs.keys(), key=lambda vpc: vpc.sort_key)
        return cls(
            {vpc: vpcs.get(vpc, Existence.KEPT) for vpc in every},
            {pair: pairs[pair] for pair in sorted(pairs, key=lambda pair: pair.sort_key)},
            {member.vpc: member.note for member in sorted(picture.members) if member.note},
            missing,
        )

    def size(self, level: Level) -> int:
        """How many nodes there are at a level."""
        return len({level.name(vpc) for vpc in self.members})

    def at(self, level: Level) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
        """Nodes and edges, sorted."""
        names = {vpc: level.name(vpc) for vpc in self.members}
        held: dict[str, list[VpcRef]] = defaultdict(list)
        for vpc, name in names.items():
            held[name].append(vpc)
        between: dict[tuple[str, str], Counter[Existence]] = defaultdict(Counter)
        for pair, existence in self.connections.items():
            between[names[pair.first], names[pair.second]][existence] += 1
        nodes = tuple(
            Node(
                name,
                level.group(vpcs[0]),
                tuple(vpcs),
                Counter(self.members[vpc] for vpc in vpcs),
                sum(vpc in self.missing for vpc in vpcs),
                between.pop((name, name), Counter()),
                self.notes.get(vpcs[0], "") if level is VPCS else "",
            )
            for name, vpcs in held.items()
        )
        return nodes, tuple(Edge(*ends, counts) for ends, counts in sorted(between.items()))


def _both(known: Existence | None, another: Existence) -> Existence:
    """What several environments see of one thing, one after another; see ``overall``."""
    return another if known in (None, another) else Existence.KEPT


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
