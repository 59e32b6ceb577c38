"""The core grows linearly with peerings and routes: function calls are counted, not seconds."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar

import pytest

from bench.core import RENDERERS, written
from bench.meshes import apart, full_mesh, shared
from bench.world import World, world_of
from bot.adapters.threads import ThreadDispatcher
from bot.config import load
from bot.engine.graph_difference import graph_difference
from bot.engine.observe import Facts, observe
from bot.engine.planner import make_plan, narrowed
from bot.engine.review import Approved, verdicts
from bot.model.change import Plan
from bot.model.mesh import Mesh
from bot.render import html, markdown
from bot.render.context import Context
from bot.render.planfile import plan_json, plan_pieces, read_plan
from bot.usecases.identity import roles_for

T = TypeVar("T")

FULL = tuple(full_mesh(vpcs) for vpcs in (12, 24, 48))
APART = tuple(apart(environments, 8) for environments in (4, 12, 36))
SHARED = tuple(shared(environments, 8, 2) for environments in (4, 12, 36))
MESHES = [FULL, APART, SHARED]
NAMES = ["full", "apart", "shared"]
WRITTEN: dict[str, Callable[[Plan, Mesh], str | Iterator[str]]] = {
    **RENDERERS,
    "document": lambda plan, _: markdown.document(plan),
}
TOLERANCE = 1.1
"""Calls per thing may grow by a tenth: deeper sorts, and what is done once is spread thinner."""


def calls(work: Callable[[], T]) -> tuple[T, int]:
    """What it gives, and how many functions of Python and C it called."""
    count = 0

    def called(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        result = work()
    finally:
        sys.setprofile(before)
    return result, count


def facts_of(world: World, mesh: Mesh) -> Facts:
    """What a plan would read."""
    with ThreadDispatcher() as dispatcher:
        return observe(lambda _: world, mesh, None, dispatcher)


@dataclass(frozen=True, slots=True)
class Case:
    """A mesh, with what AWS has of it, and how much it asks for."""

    mesh: Mesh
    facts: Facts
    things: int

    @classmethod
    def of(cls, text: str, built: float) -> Case:
        """The case of a mesh file of which a share is there."""
        mesh = mesh_of(text)
        world = world_of(mesh, built, tables=2)
        return cls(mesh, facts_of(world, mesh), world.peerings + world.routes)

    @property
    def plan(self) -> Plan:
        """The plan, without a base."""
        return make_plan(self.mesh, None, self.facts)


def mesh_of(text: str) -> Mesh:
    """The mesh of one file."""
    return load({"meshes/large.yaml": text}).mesh


def assert_linear(counted: list[int], things: list[int]) -> None:
    """The most things take no more calls each than fewer do.

    Not each more than the one before: a comment of a small plan holds all of it.
    """
    *fewer, most = (count / number for count, number in zip(counted, things, strict=True))
    assert most <= max(fewer) * TOLERANCE, (counted, things)


@pytest.mark.parametrize("texts", MESHES, ids=NAMES)
def test_loading_takes_as_many_calls_for_each_member(texts: tuple[str, ...]) -> None:
    mesh_of(texts[0])  # reads the schema

    counted = [calls(lambda text=text: mesh_of(text))[1] for text in texts]  # type: ignore[misc]

    assert_linear(counted, [text.count("vpc_id") for text in texts])


@pytest.mark.parametrize("built", [0, 0.5, 1])
@pytest.mark.parametrize("texts", MESHES, ids=NAMES)
def test_planning_takes_as_many_calls_for_each_thing(texts: tuple[str, ...], built: float) -> None:
    cases = [Case.of(text, built) for text in texts]

    counted = [calls(lambda case=case: case.plan.fingerprints)[1] for case in cases]  # type: ignore[misc]

    assert_linear(counted, [case.things for case in cases])


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("texts", MESHES, ids=NAMES)
def test_rendering_takes_as_many_calls_for_each_change(texts: tuple[str, ...], name: str) -> None:
    cases = [(case.plan, case.mesh) for case in (Case.of(text, 0) for text in texts)]
    render = WRITTEN[name]

    counted = [calls(lambda case=case: written(render(*case)))[1] for case in cases]  # type: ignore[misc]

    assert_linear(counted, [len(plan.changes) for plan, _ in cases])


@pytest.mark.parametrize("texts", MESHES, ids=NAMES)
def test_reading_a_plan_file_takes_as_many_calls_for_each_change(texts: tuple[str, ...]) -> None:
    plans = [Case.of(text, 0).plan for text in texts]
    files = [plan_json(plan).encode() for plan in plans]
    read_plan(files[0])  # reads the schema

    counted = [calls(lambda file=file: read_plan(file))[1] for file in files]  # type: ignore[misc]

    assert_linear(counted, [len(plan.changes) for plan in plans])


@pytest.mark.parametrize("texts", MESHES, ids=NAMES)
def test_taking_everything_away_is_linear_too(texts: tuple[str, ...]) -> None:
    cases = [Case.of(text, 1) for text in texts]
    empty = mesh_of("".join(texts[0].partition("environments:")[:2]) + " {}\n")

    plans = [make_plan(empty, case.mesh, case.facts) for case in cases]
    counted = [
        calls(lambda c=case: make_plan(empty, c.mesh, c.facts))[1]  # type: ignore[misc]
        for case in cases
    ]

    assert [plan.summary.delete for plan in plans] == [case.things for case in cases]
    assert_linear(counted, [case.things for case in cases])


@pytest.mark.parametrize("texts", MESHES, ids=NAMES)
def test_a_part_of_a_plan_and_its_review_are_linear(texts: tuple[str, ...]) -> None:
    plans = [Case.of(text, 0).plan for text in texts]

    def judge(plan: Plan) -> None:
        recorded = Approved([change.canonical for change in plan.changes])
        assert all(verdict.permitted for verdict in verdicts(plan, [recorded]))
        narrowed(plan, plan.environments[:1])

    counted = [calls(lambda plan=plan: judge(plan))[1] for plan in plans]  # type: ignore[misc]

    assert_linear(counted, [sum(len(c.environments) for c in plan.changes) for plan in plans])


@pytest.mark.parametrize("texts", [FULL, APART], ids=["full", "apart"])
def test_comparing_two_revisions_offline_is_linear(texts: tuple[str, ...]) -> None:
    heads = [mesh_of(text) for text in texts]
    things = [len(Case.of(text, 0).plan.mesh.connections) for text in texts]

    counted = [calls(lambda m=mesh: graph_difference(Mesh(()), m))[1] for mesh in heads]  # type: ignore[misc]

    assert_linear(counted, things)


def test_finding_the_role_of_each_account_is_linear() -> None:
    meshes = [mesh_of(text) for text in APART]

    counted = [
        calls(lambda m=mesh: roles_for(m.scopes, (m,), {}, applying=False))[1]  # type: ignore[misc]
        for mesh in meshes
    ]

    assert_linear(counted, [text.count("vpc_id") for text in APART])


def most_memory(work: Callable[[], object]) -> int:
    """The most bytes that were taken at a time, besides what was there."""
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_a_change_takes_little_memory() -> None:
    case = Case.of(full_mesh(40), 0)
    case.plan  # noqa: B018 - fills the caches

    tracemalloc.start()
    plan = case.plan
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert held / len(plan.changes) < 600  # bytes
    assert most / len(plan.changes) < 900


def test_a_plan_without_changes_takes_little_memory() -> None:
    case = Case.of(full_mesh(40), 1)
    case.plan  # noqa: B018 - fills the caches

    assert most_memory(lambda: case.plan) / case.things < 400  # bytes


@pytest.mark.parametrize(
    "write", [plan_pieces, lambda plan: html.pieces(plan, Context())], ids=["json", "html"]
)
def test_a_large_text_is_never_all_there(write: Callable[[Plan], Iterator[str]]) -> None:
    plan = Case.of(full_mesh(40), 0).plan
    size = sum(map(len, write(plan)))  # and fills the caches

    assert most_memory(lambda: written(write(plan))) < size / 2


def test_tables_of_one_vpc_share_what_their_routes_have_in_common() -> None:
    mesh = mesh_of(full_mesh(6))
    plan = make_plan(mesh, None, facts_of(world_of(mesh, 0, tables=3), mesh))

    specs = [change.after for change in plan.changes if change.address.kind == "route"]

    assert len(specs) == 3 * len({id(spec) for spec in specs})
