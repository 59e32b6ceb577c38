"""The mesh as a Mermaid graph that GitHub draws inside a comment.

New, kept and going are told apart by shape and label as well as by colour. A large mesh is
drawn by account and region, with counts on the edges.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.model.address import VpcRef
from bot.model.change import Existence, MeshPicture
from bot.render import escape
from bot.render.wording import count

MAX_NODES = 20
MAX_EDGES = 40

_SHAPE = {
    Existence.NEW: ('(["', '"])'),
    Existence.KEPT: ('["', '"]'),
    Existence.GOING: ('{{"', '"}}'),
}
_LINE = {Existence.NEW: "===", Existence.KEPT: "---", Existence.GOING: "-.-"}
_STYLE = {
    Existence.NEW: "stroke:#1a7f37,stroke-width:3px",
    Existence.KEPT: "stroke:#8c959f,stroke-width:1px",
    Existence.GOING: "stroke:#cf222e,stroke-width:2px,stroke-dasharray:5 4",
}
_CLASS = {
    Existence.NEW: "fill:#dafbe1,stroke:#1a7f37,stroke-width:2px,color:#0a3d1a",
    Existence.KEPT: "fill:#f6f8fa,stroke:#8c959f,color:#1f2328",
    Existence.GOING: "fill:#ffebe9,stroke:#cf222e,stroke-dasharray:5 4,color:#6e0f17",
}


@dataclass(frozen=True, slots=True)
class Graph:
    """Mermaid source, and in words what its nodes are and what it leaves out."""

    source: str
    caption: str


@dataclass(frozen=True, slots=True)
class _Node:
    group: str
    label: str
    existence: Existence


@dataclass(frozen=True, slots=True)
class _Edge:
    first: str
    second: str
    label: str
    existence: Existence


@dataclass(frozen=True, slots=True)
class _Level:
    """How VPCs become nodes: a node's name, and the group that it stands in."""

    nodes_are: str
    name: Callable[[VpcRef], str]
    group: Callable[[VpcRef], str]


_LEVELS = (
    _Level("VPCs", str, lambda vpc: f"{vpc.scope.account} / {vpc.scope.region}"),
    _Level("accounts' regions", lambda v: str(v.scope), lambda v: v.scope.account),
    _Level("accounts", lambda vpc: vpc.scope.account, lambda vpc: ""),
)


def graph(picture: MeshPicture) -> Graph | None:
    """The most detailed graph within 20 nodes and 40 edges; None when there is none.

    Beyond VPCs, edges that do not change are left out where that makes it fit.
    """
    if not picture.connections and not picture.members:
        return None
    members, connections = united(picture)
    notes = _notes(picture)
    for level in _LEVELS:
        nodes, edges = _at(level, members, notes, connections)
        changed = [edge for edge in edges if edge.existence is not Existence.KEPT]
        if len(nodes) > MAX_NODES:
            continue
        if len(edges) <= MAX_EDGES:
            return Graph(_source(nodes, edges), f"The nodes are {level.nodes_are}.")
        if level is not _LEVELS[0] and len(changed) <= MAX_EDGES:
            caption = f"The nodes are {level.nodes_are}; edges that do not change are left out."
            return Graph(_source(nodes, changed), caption)
    return None


Members = dict[VpcRef, Existence]
Connections = dict[tuple[VpcRef, VpcRef], Existence]


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


def _notes(picture: MeshPicture) -> dict[VpcRef, str]:
    return {member.vpc: member.note for member in sorted(picture.members) if member.note}


def overall(states: Iterable[Existence]) -> Existence:
    """Several environments see one thing: new or going only when it is so for all of them."""
    found = set(states)
    return found.pop() if len(found) == 1 else Existence.KEPT


def _at(
    level: _Level,
    members: Members,
    notes: dict[VpcRef, str],
    connections: Connections,
) -> tuple[dict[str, _Node], list[_Edge]]:
    held: dict[str, list[VpcRef]] = defaultdict(list)
    for vpc in sorted(members):
        held[level.name(vpc)].append(vpc)
    between: dict[tuple[str, str], Counter[Existence]] = defaultdict(Counter)
    for (first, second), existence in connections.items():
        between[level.name(first), level.name(second)][existence] += 1
    single = level is _LEVELS[0]
    nodes = {}
    for name, vpcs in held.items():
        inside = Counter() if single else between.pop((name, name), Counter())
        label = _vpc_label(vpcs[0], notes) if single else _group_label(name, vpcs, members, inside)
        states = [members[vpc] for vpc in vpcs]
        nodes[name] = _Node(level.group(vpcs[0]), label, overall(states))
    edges = [
        _Edge(first, second, _edge_label(counts, single), _edge_state(counts))
        for (first, second), counts in sorted(between.items())
    ]
    return nodes, edges


def _vpc_label(vpc: VpcRef, notes: dict[VpcRef, str]) -> str:
    note = notes.get(vpc)
    return escape.mermaid(vpc.vpc_id) + (f"<br/>{escape.mermaid(note, 32)}" if note else "")


def _group_label(
    name: str, vpcs: list[VpcRef], members: Members, inside: Counter[Existence]
) -> str:
    states = Counter(members[vpc] for vpc in vpcs)
    lines = [escape.mermaid(name), count(len(vpcs), "VPC") + _changing(states)]
    if inside:
        lines.append(f"{count(inside.total(), 'peering')} inside" + _changing(inside))
    return "<br/>".join(lines)


def _changing(states: Counter[Existence]) -> str:
    kept_out = [f"{states[e]:,} {e}" for e in (Existence.NEW, Existence.GOING) if states[e]]
    return f", {', '.join(kept_out)}" if kept_out else ""


def _edge_label(counts: Counter[Existence], single: bool) -> str:
    if single:
        existence = next(iter(counts))
        return "" if existence is Existence.KEPT else str(existence)
    return ", ".join(f"{counts[e]:,} {e}" for e in Existence if counts[e])


def _edge_state(counts: Counter[Existence]) -> Existence:
    """Something new shows before something that goes; both before what stays."""
    order = (Existence.NEW, Existence.GOING, Existence.KEPT)
    return next(existence for existence in order if counts[existence])


def _source(nodes: dict[str, _Node], edges: list[_Edge]) -> str:
    ids = {name: f"n{index}" for index, name in enumerate(nodes)}
    lines = ["graph LR"]
    groups: dict[str, list[str]] = defaultdict(list)
    for name, node in nodes.items():
        before, after = _SHAPE[node.existence]
        word = "" if node.existence is Existence.KEPT else f"<br/>{node.existence}"
        shape = f"{ids[name]}{before}{node.label}{word}{after}:::{node.existence}"
        groups[node.group].append(shape)
    for index, (group, shapes) in enumerate(groups.items()):
        if not group:
            lines += [f"  {shape}" for shape in shapes]
            continue
        lines.append(f'  subgraph g{index}["{escape.mermaid(group)}"]')
        lines += [f"    {shape}" for shape in shapes]
        lines += ["  end", f"  style g{index} fill:none,stroke:#8c959f"]
    for edge in edges:
        label = f'|"{edge.label}"|' if edge.label else ""
        lines.append(f"  {ids[edge.first]} {_LINE[edge.existence]}{label} {ids[edge.second]}")
    return "\n".join(lines + _styles(nodes, edges))


def _styles(nodes: dict[str, _Node], edges: list[_Edge]) -> list[str]:
    used = {node.existence for node in nodes.values()}
    lines = [
        f"  classDef {existence} {_CLASS[existence]}" for existence in _CLASS if existence in used
    ]
    for existence in Existence:
        indexes = [str(i) for i, edge in enumerate(edges) if edge.existence is existence]
        if indexes:
            lines.append(f"  linkStyle {','.join(indexes)} {_STYLE[existence]}")
    return lines
