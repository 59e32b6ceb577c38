"""The difference of two revisions of mesh files, without AWS."""

from __future__ import annotations

from bot.config import load
from bot.engine.graph_difference import graph_difference
from bot.model.change import Existence, Movement
from bot.model.mesh import Mesh
from tests.usecases.action.stage import METADATA, mesh_text, vpc


def mesh(text: bytes | str, path: str = "meshes/a.yaml") -> Mesh:
    return load({path: text}).mesh


def member(number: int, more: str = "") -> str:
    place = vpc(number)
    return (
        f"      - {{account_id: '{place.scope.account}', region: {place.scope.region},"
        f" vpc_id: {place.vpc_id}{more}}}\n"
    )


def long_form(settings: str, *members: str) -> Mesh:
    return mesh(f"{METADATA}environments:\n  edge:\n{settings}    vpcs:\n{''.join(members)}")


def test_equal_files_do_not_differ() -> None:
    difference = graph_difference(mesh(mesh_text(0, 1)), mesh(mesh_text(0, 1)))

    assert difference.empty
    assert difference.new == difference.going == ()


def test_a_member_that_joins_and_one_that_leaves() -> None:
    [found] = (
        difference := graph_difference(mesh(mesh_text(0, 1)), mesh(mesh_text(0, 2)))
    ).environments

    moves = {(m.movement, m.vpc, m.in_base) for m in found.memberships}
    assert moves == {(Movement.JOINS, vpc(2), False), (Movement.LEAVES, vpc(1), True)}
    assert [{p.first, p.second} for p in found.new] == [{vpc(0), vpc(2)}]
    assert [{p.first, p.second} for p in found.going] == [{vpc(0), vpc(1)}]
    assert (difference.new, difference.going) == (found.new, found.going)


def test_a_connection_that_another_environment_still_wants_does_not_go() -> None:
    both = load({"a.yaml": mesh_text(0, 1), "b.yaml": mesh_text(0, 1, environment="edge")}).mesh
    one = load({"a.yaml": mesh_text(0, 1)}).mesh

    difference = graph_difference(both, one)

    assert difference.going == ()
    [edge] = difference.environments
    assert (edge.name, edge.existence, len(edge.going)) == ("edge", Existence.GOING, 1)
    assert [remark.text for remark in difference.remarks] == ["b.yaml is gone"]


def test_a_topology_takes_connections_away_though_nobody_leaves() -> None:
    members = (member(0, ", role: hub"), member(1), member(2))
    full = tuple(m.replace(", role: hub", "") for m in members)

    [found] = graph_difference(
        long_form("", *full), long_form("    topology: hub-and-spoke\n", *members)
    ).environments

    assert found.memberships == ()
    assert len(found.going) == 1
    assert [remark.text for remark in found.remarks] == [
        "topology: full-mesh → hub-and-spoke",
        f"{vpc(0)}: role: spoke → hub",
    ]


def test_settings_of_members_are_told_in_words_on_their_lines() -> None:
    before = long_form("", member(0, ", peering_tags: {team: a}"), member(1))
    after = long_form(
        "    limits: {max_leaving_members: 9}\n",
        member(0, ", peering_tags: {team: b}"),
        member(1, ", cidr_overrides: [10.1.0.0/24]"),
    )

    [found] = graph_difference(before, after).environments

    told = [(r.text, r.place.line if r.place else 0) for r in found.remarks]
    assert told == [
        ("limit max_leaving_members: 3 → 9, in force after the merge", 10),
        (f"{vpc(0)}: tag team: a → b", 13),
        (f"{vpc(1)}: cidr_overrides: none → [10.1.0.0/24]", 14),
    ]


def test_dns_resolution_is_told_on_its_own_line() -> None:
    before = long_form("", member(0), member(1, ", dns_resolution: false"))
    after = long_form(
        "    ipv6: false\n    dns_resolution: true\n",
        member(0, ", dns_resolution: false"),
        member(1),
    )

    [found] = graph_difference(before, after).environments

    told = [(r.text, r.place.line if r.place else 0) for r in found.remarks]
    assert told == [
        ("dns_resolution: none → true", 12),
        (f"{vpc(0)}: dns_resolution: none → false", 14),
        (f"{vpc(1)}: dns_resolution: false → none", 15),
    ]


def test_metadata_is_told_too() -> None:
    head = mesh(mesh_text(0, 1).replace(b"service_name: peerd", b"service_name: other"))

    difference = graph_difference(mesh(mesh_text(0, 1)), head)

    assert [r.text for r in difference.remarks] == ["meshes/a.yaml: service_name: peerd → other"]


def test_the_limits_of_the_base_are_judged() -> None:
    base = mesh(mesh_text(0, 1, 2, extra="limits: {max_leaving_members: 0}\n"))
    head = mesh(mesh_text(0, 1, extra="limits: {max_leaving_members: 9}\n"))

    codes = [refusal.code for refusal in graph_difference(base, head).refusals]

    assert codes == ["limit-max-leaving-members"]
    assert graph_difference(mesh(mesh_text(0, 1, 2)), head).refusals == ()


def test_the_picture_has_what_is_new_kept_and_going() -> None:
    picture = graph_difference(mesh(mesh_text(0, 1)), mesh(mesh_text(0, 2))).picture

    assert {m.vpc: m.existence for m in picture.members} == {
        vpc(0): Existence.KEPT,
        vpc(1): Existence.GOING,
        vpc(2): Existence.NEW,
    }
    assert sorted(c.existence for c in picture.connections) == [Existence.GOING, Existence.NEW]
