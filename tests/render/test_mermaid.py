"""The graph in the comment: how much is drawn, and how new and going are told apart."""

from __future__ import annotations

import re

import pytest

from bot.model.change import Existence, MeshPicture, PictureConnection, PictureMember
from bot.render import mermaid
from bot.render.picture import svg
from tests.render import builder

NODE = re.compile(r"^ +(n\d+)[(\[{]", re.MULTILINE)
EDGE = re.compile(r"^ +n\d+ (?:===|---|-\.-)", re.MULTILINE)


def test_nothing_is_drawn_of_nothing() -> None:
    assert mermaid.graph(MeshPicture()) is None
    assert svg(MeshPicture()) == ""


def test_new_kept_and_going_differ_in_shape_label_and_line() -> None:
    members = [builder.vpc(n) for n in range(3)]
    drawn = mermaid.graph(builder.picture("e", members, new=members[:1], going=members[1:2]))

    assert drawn is not None
    assert re.search(r'\(\["vpc-\w+<br/>new"\]\):::new', drawn.source)
    assert re.search(r'\{\{"vpc-\w+<br/>going"\}\}:::going', drawn.source)
    assert re.search(r'\["vpc-\w+"\]:::kept', drawn.source)
    assert '-.-|"going"|' in drawn.source
    assert '===|"new"|' in drawn.source


@pytest.mark.parametrize("size", [1, 2, 9, 10, 20, 21, 60, 125])
@pytest.mark.parametrize("accounts", [1, 3, 5])
def test_a_graph_has_at_most_20_nodes_and_40_edges(size: int, accounts: int) -> None:
    members = [builder.vpc(n, builder.ACCOUNTS[:accounts]) for n in range(size)]

    drawn = mermaid.graph(builder.picture("e", members, new=members[:1]))

    assert drawn is not None
    assert 0 < len(NODE.findall(drawn.source)) <= 20
    assert len(EDGE.findall(drawn.source)) <= 40
    assert (drawn.caption == "The nodes are VPCs.") == (size <= 9)


def test_too_many_accounts_are_not_drawn() -> None:
    accounts = [f"{n:012d}" for n in range(30)]
    members = [builder.vpc(n, accounts) for n in range(60)]

    assert mermaid.graph(builder.picture("e", members)) is None


def test_counts_on_edges_add_up_to_the_peerings() -> None:
    drawn = mermaid.graph(builder.huge(60).mesh)

    assert drawn is not None
    counts = [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) new(?:,|\"\|)", drawn.source)]
    inside = [int(n) for n in re.findall(r"peerings inside, ([\d,]+) new", drawn.source)]
    edges = re.findall(r'\|"(\d+) new', drawn.source)
    assert counts
    assert sum(map(int, edges)) + sum(inside) == 60 * 59 // 2


def test_a_peering_that_one_environment_drops_and_another_keeps_is_kept() -> None:
    one, other = builder.vpc(0), builder.vpc(1)
    picture = MeshPicture(
        tuple(PictureMember(e, v, Existence.KEPT) for e in "ab" for v in (one, other)),
        (
            PictureConnection("a", one, other, Existence.GOING),
            PictureConnection("b", other, one, Existence.KEPT),
        ),
    )

    drawn = mermaid.graph(picture)

    assert drawn is not None
    assert len(EDGE.findall(drawn.source)) == 1
    assert "going" not in drawn.source


def test_the_picture_draws_every_peering_once() -> None:
    members = [builder.vpc(n) for n in range(8)]
    picture = builder.picture("e", members, new=members[:1], going=members[1:2])

    drawn = svg(picture)

    assert drawn.count("<circle") == 8
    assert drawn.count("<path") == 28
    assert drawn.count('<path class="new"') == 6
    assert drawn.count('<path class="going"') == 7
    assert drawn == svg(MeshPicture(picture.members[::-1], picture.connections[::-1]))


def test_a_large_picture_is_one_path() -> None:
    drawn = svg(builder.huge().mesh)

    assert drawn.count("<path") == 126
    assert len(drawn) < 400_000
