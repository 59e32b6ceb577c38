"""The mesh as an SVG picture: VPCs on a circle, by account and region; the same every time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby

from bot.model.address import Scope, VpcRef
from bot.model.change import Existence, MeshPicture
from bot.render import escape
from bot.render.mermaid import united

RADIUS, CENTRE = 300.0, 500.0
MAX_LABELS = 60
"""More VPCs than this are named in tooltips only."""

MAX_SINGLE = 1500
"""More connections of one sort than this are drawn as one path, without tooltips."""

MAX_WORDS = 40
"""More connections than this carry no word beside their line."""

Point = tuple[float, float]


def svg(picture: MeshPicture) -> str:
    """An ``<svg>`` element, or nothing when there is no mesh."""
    members, connections = united(picture)
    if not members:
        return ""
    places = _places(sorted(members))
    parts = [
        '<svg viewBox="-50 -50 1100 1100" role="img" aria-label="The mesh: VPCs and peerings">',
        *_lines(connections, places),
        *_nodes(members, places),
        *_groups(places),
        "</svg>",
    ]
    return "\n".join(parts)


def _places(vpcs: Sequence[VpcRef]) -> dict[VpcRef, float]:
    """The angle of each VPC; a gap between scopes."""
    groups = [(scope, list(held)) for scope, held in groupby(vpcs, key=lambda vpc: vpc.scope)]
    step = 2 * math.pi / (len(vpcs) + len(groups))
    angles, at = {}, -math.pi / 2
    for _, held in groups:
        for vpc in held:
            angles[vpc] = at
            at += step
        at += step
    return angles


def _point(angle: float, radius: float = RADIUS) -> Point:
    return CENTRE + radius * math.cos(angle), CENTRE + radius * math.sin(angle)


def _lines(
    connections: Mapping[tuple[VpcRef, VpcRef], Existence], places: Mapping[VpcRef, float]
) -> list[str]:
    sorts: dict[Existence, list[tuple[VpcRef, VpcRef]]] = defaultdict(list)
    for pair, existence in connections.items():
        sorts[existence].append(pair)
    found = []
    for existence in (Existence.KEPT, Existence.NEW, Existence.GOING):
        pairs = sorts[existence]
        if len(pairs) > MAX_SINGLE:
            whole = "".join(_path(places, *pair) for pair in pairs)
            found.append(f'<path class="{existence}" d="{whole}"/>')
        else:
            worded = existence is not Existence.KEPT and len(pairs) <= MAX_WORDS
            found += [_line(places, pair, existence, worded) for pair in pairs]
    return found


def _line(
    places: Mapping[VpcRef, float],
    pair: tuple[VpcRef, VpcRef],
    existence: Existence,
    worded: bool,
) -> str:
    first, second = pair
    title = escape.html(f"{existence}: {first} ↔ {second}")
    drawn = f'<path class="{existence}" d="{_path(places, *pair)}"><title>{title}</title></path>'
    if not worded:
        return drawn
    (ax, ay), (bx, by) = _point(places[first]), _point(places[second])
    x, y = (ax + bx) / 4 + CENTRE / 2, (ay + by) / 4 + CENTRE / 2
    return f'{drawn}<text class="word" x="{x:.0f}" y="{y:.0f}">{existence}</text>'


def _path(places: Mapping[VpcRef, float], first: VpcRef, second: VpcRef) -> str:
    """A curve bent towards the centre, so that neighbours' lines can be told apart."""
    (ax, ay), (bx, by) = _point(places[first]), _point(places[second])
    return f"M{ax:.0f} {ay:.0f}Q{CENTRE:.0f} {CENTRE:.0f} {bx:.0f} {by:.0f}"


def _nodes(members: Mapping[VpcRef, Existence], places: Mapping[VpcRef, float]) -> list[str]:
    named = len(places) <= MAX_LABELS
    return [_node(vpc, members[vpc], angle, named) for vpc, angle in places.items()]


def _node(vpc: VpcRef, existence: Existence, angle: float, named: bool) -> str:
    x, y = _point(angle)
    title = escape.html(f"{vpc} ({existence})")
    shape = f'<circle class="node {existence}" cx="{x:.0f}" cy="{y:.0f}" r="7">'
    drawn = f"{shape}<title>{title}</title></circle>"
    if not named:
        return drawn
    word = "" if existence is Existence.KEPT else f" ({existence})"
    label = escape.html(f"{escape.visible(vpc.vpc_id, 32)}{word}")
    return drawn + _text("name", label, angle, RADIUS + 14)


def _groups(places: Mapping[VpcRef, float]) -> list[str]:
    """The scopes' names along the circle, outside of the VPCs' own."""
    scopes: dict[Scope, list[float]] = defaultdict(list)
    for vpc, angle in places.items():
        scopes[vpc.scope].append(angle)
    radius = RADIUS + (215 if len(places) <= MAX_LABELS else 30)
    found = []
    for scope, angles in scopes.items():
        middle = (angles[0] + angles[-1]) / 2
        x, y = _point(middle, radius)
        turn = math.degrees(middle) + (-90 if math.sin(middle) > 0 else 90)
        at = f'x="{x:.0f}" y="{y:.0f}" transform="rotate({turn:.1f} {x:.0f} {y:.0f})"'
        found.append(f'<text class="scope" {at}>{escape.html(escape.visible(scope, 40))}</text>')
    return found


def _text(style: str, label: str, angle: float, radius: float) -> str:
    """A label that reads along the radius, never upside down."""
    x, y = _point(angle, radius)
    flipped = math.cos(angle) < 0
    anchor = "end" if flipped else "start"
    turn = math.degrees(angle) + (180 if flipped else 0)
    at = f'x="{x:.0f}" y="{y:.0f}" transform="rotate({turn:.1f} {x:.0f} {y:.0f})"'
    return f'<text class="{style}" text-anchor="{anchor}" dy="4" {at}>{label}</text>'
