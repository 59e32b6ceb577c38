"""The graph in the comment: how much is drawn, and how new and going are told apart."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.model.address import VpcRef
from bot.model.change import Existence, MeshPicture, PictureConnection, PictureMember, Plan
from bot.model.diagnostic import Diagnostic, Severity
from bot.render import mermaid
from bot.render.levels import missing_vpcs
from bot.render.picture import picture
from tests.render import builder

NODE = re.compile(r"^ +(n\d+)[(\[{]", re.MULTILINE)
EDGE = re.compile(r"^ +n\d+ (?:===|---|-\.-)", re.MULTILINE)


def test_nothing_is_drawn_of_nothing() -> None:
    assert mermaid.graph(MeshPicture()) is None
    assert picture(MeshPicture()) is None


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
    mesh = MeshPicture(
        tuple(PictureMember(e, v, Existence.KEPT) for e in "ab" for v in (one, other)),
        (
            PictureConnection("a", one, other, Existence.GOING),
            PictureConnection("b", other, one, Existence.KEPT),
        ),
    )

    drawn = mermaid.graph(mesh)

    assert drawn is not None
    assert len(EDGE.findall(drawn.source)) == 1
    assert "going" not in drawn.source


def test_the_picture_draws_every_peering_once() -> None:
    members = [builder.vpc(n) for n in range(8)]
    mesh = builder.picture("e", members, new=members[:1], going=members[1:2])

    drawn = picture(mesh)

    assert drawn is not None
    assert drawn.caption == "The nodes are VPCs."
    assert drawn.svg.count("<circle") == 8
    assert drawn.svg.count("<path") == 28
    assert drawn.svg.count('<path class="new"') == 6
    assert drawn.svg.count('<path class="going"') == 7
    assert drawn == picture(MeshPicture(mesh.members[::-1], mesh.connections[::-1]))


@pytest.mark.parametrize(
    ("size", "circles", "nodes"), [(15, 15, "VPCs"), (16, 9, "accounts' regions")]
)
def test_more_than_15_vpcs_are_drawn_by_account_and_region(
    size: int, circles: int, nodes: str
) -> None:
    members = [builder.vpc(n) for n in range(size)]

    drawn = picture(builder.picture("e", members, new=members[:1]))

    assert drawn is not None
    assert drawn.caption == f"The nodes are {nodes}."
    assert drawn.svg.count("<circle") == circles
    assert ("2 VPCs, 1 new, 1 peering inside" in drawn.svg) == (size == 16)
    assert ("<title>2 new, 2 kept: " in drawn.svg) == (size == 16)


def test_a_note_stands_on_its_node() -> None:
    members = [builder.vpc(n) for n in range(3)]
    mesh = builder.picture("e", members)
    noted = (*mesh.members[:2], replace(mesh.members[2], note="pay <b> ments"))

    drawn = picture(replace(mesh, members=noted))

    assert drawn is not None
    assert drawn.svg.count('<text class="note"') == 1
    assert ">pay &lt;b&gt; ments</text>" in drawn.svg


def test_a_large_picture_is_one_path() -> None:
    accounts = [f"{n:012d}" for n in range(100)]
    members = [builder.vpc(n, accounts) for n in range(100)]

    drawn = picture(builder.picture("e", members))

    assert drawn is not None
    assert drawn.svg.count("<path") == 1
    assert len(drawn.svg) < 400_000


def told_missing(*members: VpcRef) -> Plan:
    """A plan as the engine makes it when these of its four members do not exist."""
    every = [builder.vpc(n) for n in range(4)]
    names = frozenset({"e"})
    faults = tuple(
        Diagnostic(
            Severity.WARNING, code, f"{vpc} does not exist{more}", "", builder.line(1), names
        )
        for vpc, (code, more) in zip(
            members,
            [
                ("missing-vpc", "; nothing is planned for it"),
                ("suspected-typo", " while another leaves e: is it a typo?"),
            ],
            strict=False,
        )
    )
    return Plan(diagnostics=faults, mesh=builder.picture("e", every, new=[every[3]]))


def test_vpcs_that_do_not_exist_are_drawn_as_missing() -> None:
    one, other = builder.vpc(1), builder.vpc(3)
    plan = told_missing(one, other)

    assert missing_vpcs(plan) == {one, other}
    graph, drawn = mermaid.graph(plan.mesh, {one}), picture(plan.mesh, {one})
    assert graph is not None
    assert re.findall(r">\"(vpc-\w+)<br/>missing\"\]:::missing", graph.source) == [one.vpc_id]
    assert "classDef missing" in graph.source
    assert graph.caption.endswith(mermaid.MISSING)
    assert drawn is not None
    assert drawn.svg.count("node missing") == 1


def test_a_vpc_that_cannot_be_read_is_not_called_missing() -> None:
    vpc = builder.vpc(1)
    plan = told_missing(vpc)
    said = replace(plan.diagnostics[0], summary=f"{vpc} cannot be read while another leaves e")

    assert missing_vpcs(replace(plan, diagnostics=(said,))) == frozenset()
    assert mermaid.graph(plan.mesh) == mermaid.graph(plan.mesh, frozenset())
    assert "missing" not in str(mermaid.graph(plan.mesh))


def test_missing_vpcs_are_counted_where_nodes_are_many() -> None:
    members = [builder.vpc(n) for n in range(16)]

    drawn = mermaid.graph(builder.picture("e", members), {members[0]})

    assert drawn is not None
    assert drawn.source.count("2 VPCs, 1 missing") == 1
    assert drawn.source.count("missing") == 1
