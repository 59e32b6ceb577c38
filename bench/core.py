"""CPU and memory of the core: load, plan and render the largest meshes, without AWS.

    python -m bench.core

AWS's answers are made beforehand, in the form in which botocore gives them; what they take in
memory is counted, what making them takes is not.
"""

from __future__ import annotations

import argparse
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.measure import Figures, Stopwatch, measured, peak_memory, show, table
from bench.meshes import MESHES
from bench.results import Ledger
from bench.world import World, world_of
from bot.__main__ import tune
from bot.config import load
from bot.engine.observe import Facts, observe
from bot.engine.planner import make_plan
from bot.model.change import Plan
from bot.model.mesh import Mesh
from bot.render import html, markdown, planfile, terminal
from bot.render.context import Context

CASES = (
    ("full", (32, 64, 126), 3),
    ("apart", (10, 25, 50), 1),
    ("apart", (10, 25, 50), 2),
    ("apart", (10, 25, 50), 3),
    ("shared", (10, 25, 50), 3),
)
"""Sort, sizes, and eligible route tables of each VPC."""

SORTS = {
    "full": "one environment of as many VPCs",
    "apart": "as many environments of 40 VPCs",
    "shared": "as many environments of 40 VPCs, 30 of them shared with the next",
}
STATES = {"nothing is there": 0.0, "half is there": 0.5, "all is there": 1.0}
RENDERERS: dict[str, Callable[[Plan], str | Iterator[str]]] = {
    "comment": lambda plan: markdown.comment(plan, Context()),
    "document": markdown.document,
    "terminal": lambda plan: terminal.text(plan, width=120, colour=False),
    "json": planfile.plan_pieces,
    "html": lambda plan: html.pieces(plan, Context()),
}
"""What is written to files comes in pieces, as the commands write it."""


class AtOnce:
    """A ports.Dispatcher that does all work when it is asked for the result."""

    def __init__(self) -> None:
        self._work: list[tuple[Callable[[], Any], object]] = []

    def submit(self, work: Callable[[], Any], token: object) -> None:
        """Remember it."""
        self._work.append((work, token))

    def next(self, timeout: float | None) -> tuple[object, Any, Exception | None] | None:
        """Do one."""
        if not self._work:
            return None
        work, token = self._work.pop(0)
        return token, work(), None

    def now(self) -> float:
        """No clock is needed."""
        return 0.0


def facts_of(world: World, mesh: Mesh) -> Facts:
    """What a plan would read."""
    return observe(lambda _: world, mesh, None, AtOnce())


def written(text: str | Iterator[str]) -> None:
    """Writes it as a command does, to where nothing is kept."""
    with Path(os.devnull).open("w", encoding="utf-8") as stream:
        stream.writelines([text] if isinstance(text, str) else text)


def run(sort: str, size: int, built: float, tables: int) -> Figures:
    """One mesh through all of the core."""
    tune()
    text = MESHES[sort](size)
    watch = Stopwatch()
    mesh = load({"meshes/large.yaml": text}).mesh
    watch.phase("load")
    world = world_of(mesh, built, tables)
    wanted = {"peerings": world.peerings, "routes": world.routes}
    vpcs = len({member.vpc for _, environment in mesh for member in environment.members})
    gc.collect()
    watch.skip()
    facts = facts_of(world, mesh)
    watch.phase("observe")
    plan = make_plan(mesh, None, facts)
    watch.phase("plan")
    del world, facts  # the commands have dropped them too by now
    gc.collect()
    watch.skip()
    plan.fingerprint  # noqa: B018 - computed once, for all who ask
    watch.phase("fingerprint")
    for name, render in RENDERERS.items():
        written(render(plan))
        watch.phase(name)
    figures = {"vpcs": vpcs, **wanted, "changes": len(plan.changes), "memory": peak_memory()}
    return {**figures, "cpu": watch.total, "phases": watch.seconds}


def main() -> None:
    """Measure one case (for the process that measures), or print all tables."""
    given = arguments().parse_args()
    if given.sort:
        show(run(given.sort, given.size, given.built, given.tables))
        return
    ledger = Ledger("core", given)
    for sort, sizes, tables in CASES:
        for state, built in STATES.items():
            found = [
                measured("bench.core", sort, str(size), f"--built={built}", f"--tables={tables}")
                for size in sizes
            ]
            _print(f"{SORTS[sort]}; {state}; route tables a VPC: {tables}", sizes, found)
            for size, figures in zip(sizes, found, strict=True):
                ledger.note(f"{sort} {size}, {state}, {tables} tables", _noted(figures))
    ledger.close()


def arguments() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.core", description=__doc__)
    parser.add_argument("sort", nargs="?", choices=tuple(SORTS))
    parser.add_argument("size", nargs="?", type=int, default=32)
    parser.add_argument("--built", type=float, default=0.0, help="share that is there, 0 to 1")
    parser.add_argument("--tables", type=int, default=3, help="eligible route tables of each VPC")
    Ledger.options(parser)
    return parser


def _noted(figures: Figures) -> dict[str, float]:
    counts = {name: figures[name] for name in ("peerings", "routes", "changes")}
    return {**counts, **figures["phases"], "CPU": figures["cpu"], "MB": figures["memory"]}


def _print(title: str, sizes: tuple[int, ...], found: list[Figures]) -> None:
    phases = list(found[0]["phases"])
    heads = ["size", "VPCs", "peerings", "routes", "changes", *phases]
    heads += ["CPU s", "MB", "CPU / things", "MB / things"]
    rows = []
    for size, figures, before in zip(sizes, found, [None, *found], strict=False):
        row: list[object] = [size, figures["vpcs"], figures["peerings"], figures["routes"]]
        row += [figures["changes"], *figures["phases"].values(), figures["cpu"]]
        rows.append([*row, figures["memory"], *_ratios(figures, before)])
    table(title, heads, rows)


def _ratios(figures: Figures, before: Figures | None) -> tuple[str, str]:
    """Growth of CPU and memory over growth of peerings and routes: 1 is linear."""
    if before is None:
        return "", ""
    things = _things(figures) / _things(before)
    ratios = (figures[name] / before[name] / things for name in ("cpu", "memory"))
    cpu, memory = (f"{ratio:.2f}" for ratio in ratios)
    return cpu, memory


def _things(figures: Figures) -> int:
    things: int = figures["peerings"] + figures["routes"]
    return things


if __name__ == "__main__":
    main()
