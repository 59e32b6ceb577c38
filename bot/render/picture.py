"""The mesh as an SVG picture: nodes on a circle, in groups; the same every time.

A large mesh is drawn by account and region.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import groupby

from bot.model.address import VpcRef
from bot.model.change import Existence, MeshPicture
from bot.render import escape
from bot.render.levels import SCOPES, VPCS, Edge, Node, View
from bot.render.mermaid import counted, vpcs_of
from bot.render.wording import count

RADIUS, CENTRE = 300.0, 500.0
MAX_VPCS = 15
"""More VPCs than this are drawn by account and region."""

MAX_LABELS = 60
"""More nodes than this are named in tooltips only."""

MAX_SINGLE = 1500
"""More lines of one sort than this are drawn as one path, without tooltips."""

MAX_WORDS = {VPCS: 16, SCOPES: 6}
"""More lines of one sort than this carry no word beside them."""

_NOTE_LIMIT = 30
Point = tuple[float, float]
Places = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """An ``<svg>`` element, and in words what its nodes are."""

    svg: str
    caption: str


def picture(mesh: MeshPicture, missing: Set[VpcRef] = frozenset()) -> Picture | None:
    """The mesh drawn, or nothing when there is none. ``missing`` are VPCs that do not exist."""
    view = View.of(mesh, missing)
    level = VPCS if view.size(VPCS) <= MAX_VPCS else SCOPES
    nodes, edges = view.at(level)
    if not nodes:
        return None
    places = _places(nodes)
    parts = [
        '<svg viewBox="-50 -50 1100 1100" role="img" aria-label="The mesh: VPCs and peerings">',
        *_lines(edges, places, MAX_WORDS[level]),
        *(_node(node, places) for node in nodes),
        *_groups(nodes, places),
        "</svg>",
    ]
    return Picture("\n".join(parts), f"The nodes are {level.nodes_are}.")


def _places(nodes: Sequence[Node]) -> dict[str, float]:
    """The angle of each node; a gap between groups."""
    groups = [list(held) for _, held in groupby(nodes, key=lambda node: node.group)]
    step = 2 * math.pi / (len(nodes) + len(groups))
    angles, at = {}, -math.pi / 2
    for held in groups:
        for node in held:
            angles[node.name] = at
            at += step
        at += step
    return angles


def _point(angle: float, radius: float = RADIUS) -> Point:
    return CENTRE + radius * math.cos(angle), CENTRE + radius * math.sin(angle)


def _lines(edges: Sequence[Edge], places: Places, words: int) -> list[str]:
    sorts: dict[Existence, list[Edge]] = defaultdict(list)
    for edge in edges:
        sorts[edge.existence].append(edge)
    found = []
    for existence in (Existence.KEPT, Existence.NEW, Existence.GOING):
        alike = sorts[existence]
        if len(alike) > MAX_SINGLE:
            whole = "".join(_path(places, edge) for edge in alike)
            found.append(f'<path class="{existence}" d="{whole}"/>')
        else:
            worded = existence is not Existence.KEPT and len(alike) <= words
            found += [_line(places, edge, worded) for edge in alike]
    return found


def _line(places: Places, edge: Edge, worded: bool) -> str:
    title = escape.html(f"{counted(edge.counts)}: {edge.first} ↔ {edge.second}")
    shape = f'<path class="{edge.existence}" d="{_path(places, edge)}">'
    drawn = f"{shape}<title>{title}</title></path>"
    if not worded:
        return drawn
    (ax, ay), (bx, by) = _point(places[edge.first]), _point(places[edge.second])
    x, y = (ax + bx) / 4 + CENTRE / 2, (ay + by) / 4 + CENTRE / 2
    word = str(edge.existence) if edge.counts.total() == 1 else counted(edge.counts)
    return f'{drawn}<text class="word" x="{x:.0f}" y="{y:.0f}">{word}</text>'


def _path(places: Places, edge: Edge) -> str:
    """A curve bent towards the centre, so that neighbours' lines can be told apart."""
    (ax, ay), (bx, by) = _point(places[edge.first]), _point(places[edge.second])
    return f"M{ax:.0f} {ay:.0f}Q{CENTRE:.0f} {CENTRE:.0f} {bx:.0f} {by:.0f}"


def _node(node: Node, places: Places) -> str:
    x, y = _point(places[node.name])
    state = "missing" if node.absent else str(node.existence)
    size = 6 + min(math.sqrt(len(node.vpcs)), 10)
    title = escape.html(f"{node.name} ({state}){_more(node, ': ')}")
    shape = f'<circle class="node {state}" cx="{x:.0f}" cy="{y:.0f}" r="{size:.0f}">'
    drawn = f"{shape}<title>{title}</title></circle>"
    if len(places) > MAX_LABELS:
        return drawn
    label = node.vpcs[0].vpc_id if _single(node) else node.name.rpartition("/")[2]
    word = "" if state == Existence.KEPT else f" ({state})"
    note = escape.html(node.note, _NOTE_LIMIT) if _single(node) else escape.html(_more(node))
    angle = places[node.name]
    named = _text("name", f"{escape.html(label, 32)}{word}", angle, -2 if note else 4)
    return drawn + named + (_text("note", note, angle, 10) if note else "")


def _single(node: Node) -> bool:
    return node.name == str(node.vpcs[0])


def _more(node: Node, start: str = "") -> str:
    """What a node stands for, when it is not one VPC."""
    if _single(node):
        return ""
    inside = f", {count(node.inside.total(), 'peering')} inside" if node.inside else ""
    return f"{start}{vpcs_of(node)}{inside}"


def _groups(nodes: Sequence[Node], places: Places) -> list[str]:
    """The groups' names along the circle, outside of the nodes' own."""
    groups: dict[str, list[float]] = defaultdict(list)
    for node in nodes:
        groups[node.group].append(places[node.name])
    radius = RADIUS + (215 if len(places) <= MAX_LABELS else 30)
    found = []
    for name, angles in groups.items():
        middle = (angles[0] + angles[-1]) / 2
        x, y = _point(middle, radius)
        turn = math.degrees(middle) + (-90 if math.sin(middle) > 0 else 90)
        at = f'x="{x:.0f}" y="{y:.0f}" transform="rotate({turn:.1f} {x:.0f} {y:.0f})"'
        found.append(f'<text class="scope" {at}>{escape.html(name, 40)}</text>')
    return found


def _text(style: str, label: str, angle: float, down: int) -> str:
    """A label that reads along the radius, never upside down; ``down`` from its line."""
    x, y = _point(angle, RADIUS + 20)
    flipped = math.cos(angle) < 0
    anchor = "end" if flipped else "start"
    turn = math.degrees(angle) + (180 if flipped else 0)
    at = f'x="{x:.0f}" y="{y:.0f}" transform="rotate({turn:.1f} {x:.0f} {y:.0f})"'
    return f'<text class="{style}" text-anchor="{anchor}" dy="{down}" {at}>{label}</text>'
