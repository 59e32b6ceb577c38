"""The benchmarks run: on meshes so small that their figures mean nothing."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from bench import core
from bench.answers import serving
from bench.measure import measured, table


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Benchmarks set Python's collector as the command does."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize("sort", core.SORTS)
def test_the_core_is_measured_phase_by_phase(sort: str) -> None:
    figures = core.run(sort, 2, 0.0, 1)

    assert figures["changes"] == figures["peerings"] + figures["routes"] > 0
    assert set(core.RENDERERS) < set(figures["phases"])
    assert figures["memory"] > 1


def test_what_is_there_needs_no_change() -> None:
    assert core.run("shared", 2, 1.0, 2)["changes"] == 0


def test_real_clients_see_the_mesh_of_the_server() -> None:
    with serving("full", 6, 1.0, 2) as environment:
        figures = measured("bench.clients", "full", "6", environment=environment)

    assert figures["scopes"] == 6
    assert figures["views"] == 30  # of 15 peerings, each from two scopes
    assert figures["routes"] == 6 * 2 * (1 + 5)
    assert figures["changes"] == 0


def test_a_table_is_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    table("Title", ["name", "n", "x"], [["a", 1234, 0.5], ["bcdef", 1, 1234.5]])

    assert capsys.readouterr().out == (
        "\nTitle\n\nname       n      x\na      1,234   0.50\nbcdef      1  1,234\n"
    )
