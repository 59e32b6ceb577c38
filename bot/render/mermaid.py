"""The mesh as a Mermaid graph that GitHub draws inside a comment.

New, kept and going are told apart by shape and label as well as by colour. A large mesh is
drawn by account and region, with counts on the edges.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass

from bot.model.address import VpcRef
from bot.model.change import Existence, MeshPicture
from bot.render import escape
from bot.render.levels import ACCOUNTS, SCOPES, VPCS, Edge, Node, View
from bot.render.wording import count

MAX_NODES = 20
MAX_EDGES = 40

_SHAPE = {
    Existence.NEW: ('(["', '"])'),
    Existence.KEPT: ('["', '"]'),
    Existence.GOING: ('{{"', '"}}'),
}
_MISSING = "missing"
_MISSING_SHAPE = ('>"', '"]')
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
    _MISSING: "fill:#fff8c5,stroke:#9a6700,stroke-dasharray:2 3,color:#4d2d00",
}


@dataclass(frozen=True, slots=True)
class Graph:
    """Mermaid source, and in words what its nodes are and what it leaves out."""

    source: str
    caption: str


def graph(picture: MeshPicture, missing: Set[VpcRef] = frozenset()) -> Graph | None:
    """The most detailed graph within 20 nodes and 40 edges; None when there is none.

    Beyond VPCs, edges that do not change are left out where that makes it fit. ``missing``
    are VPCs that do not exist.
    """
    if not picture.connections and not picture.members:
        return None
    view = View.of(picture, missing)
    for level in (VPCS, SCOPES, ACCOUNTS):
        if view.size(level) > MAX_NODES:
            continue
        nodes, edges = view.at(level)
        changed = [edge for edge in edges if edge.existence is not Existence.KEPT]
        known = f" {MISSING}" if any(node.absent for node in nodes) else ""
        single = level is VPCS
        if len(edges) <= MAX_EDGES:
            return Graph(_source(nodes, edges, single), f"The nodes are {level.nodes_are}.{known}")
        if not single and len(changed) <= MAX_EDGES:
            left_out = "edges that do not change are left out"
            caption = f"The nodes are {level.nodes_are}; {left_out}.{known}"
            return Graph(_source(nodes, changed, single), caption)
    return None


MISSING = "Missing, a flag: there is no such VPC."


def _label(node: Node, single: bool) -> str:
    if single:
        note = f"<br/>{escape.mermaid(node.note, 32)}" if node.note else ""
        return escape.mermaid(node.vpcs[0].vpc_id) + note
    lines = [escape.mermaid(node.name), vpcs_of(node)]
    if node.inside:
        lines.append(f"{count(node.inside.total(), 'peering')} inside" + _changing(node.inside))
    return "<br/>".join(lines)


def vpcs_of(node: Node) -> str:
    """``5 VPCs, 1 new, 1 missing``."""
    missing = f", {node.missing:,} {_MISSING}" if node.missing else ""
    return count(len(node.vpcs), "VPC") + _changing(node.states) + missing


def _changing(states: Counter[Existence]) -> str:
    kept_out = [f"{states[e]:,} {e}" for e in (Existence.NEW, Existence.GOING) if states[e]]
    return f", {', '.join(kept_out)}" if kept_out else ""


def counted(counts: Counter[Existence]) -> str:
    """``3 new, 1 kept``."""
    return ", ".join(f"{counts[e]:,} {e}" for e in Existence if counts[e])


def _edge_label(edge: Edge, single: bool) -> str:
    if single:
        return "" if edge.existence is Existence.KEPT else str(edge.existence)
    return counted(edge.counts)


def _source(nodes: Sequence[Node], edges: Sequence[Edge], single: bool) -> str:
    ids = {node.name: f"n{index}" for index, node in enumerate(nodes)}
    lines = ["graph LR"]
    groups: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        groups[node.group].append(f"{ids[node.name]}{_shape(node, single)}")
    for index, (group, shapes) in enumerate(groups.items()):
        if not group:
            lines += [f"  {shape}" for shape in shapes]
            continue
        lines.append(f'  subgraph g{index}["{escape.mermaid(group)}"]')
        lines += [f"    {shape}" for shape in shapes]
        lines += ["  end", f"  style g{index} fill:none,stroke:#8c959f"]
    for edge in edges:
        label = _edge_label(edge, single)
        between = f'{_LINE[edge.existence]}|"{label}"|' if label else _LINE[edge.existence]
        lines.append(f"  {ids[edge.first]} {between} {ids[edge.second]}")
    return "\n".join(lines + _styles(nodes, edges))


def _class(node: Node) -> str:
    return _MISSING if node.absent else str(node.existence)


def _shape(node: Node, single: bool) -> str:
    before, after = _MISSING_SHAPE if node.absent else _SHAPE[node.existence]
    told = node.absent or node.existence is not Existence.KEPT
    word = f"<br/>{_class(node)}" if told else ""
    return f"{before}{_label(node, single)}{word}{after}:::{_class(node)}"


def _styles(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[str]:
    used = {_class(node) for node in nodes}
    lines = [f"  classDef {name} {style}" for name, style in _CLASS.items() if name in used]
    for existence in Existence:
        indexes = [str(i) for i, edge in enumerate(edges) if edge.existence is existence]
        if indexes:
            lines.append(f"  linkStyle {','.join(indexes)} {_STYLE[existence]}")
    return lines
