"""CPU and memory of a pull request's plan of the largest meshes: load, plan, render; without AWS.

    python -m bench.core

What is measured is what a pull request that adds a member has done: both revisions of the mesh
are loaded, ``make_plan`` of the use cases reads and plans, and everything that the run shows or
keeps is written. AWS's answers are made beforehand, in the form in which botocore gives them;
what they take in memory is counted, what making them takes is not.
"""

from __future__ import annotations

import argparse
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.measure import Figures, Stopwatch, measured, peak_memory, show, table
from bench.meshes import MESHES, without_last_member
from bench.results import Ledger
from bench.world import Answering, world_of
from bot.__main__ import tune
from bot.config import load
from bot.model.change import Plan
from bot.model.mesh import Mesh
from bot.ports import Quiet
from bot.render.context import Context
from bot.usecases.action import notes, pages
from bot.usecases.action.pages import View
from bot.usecases.action.recording import Digest
from bot.usecases.plan import make_plan

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
VIEW = View(
    Context(
        repository_url="https://github.com/acme/network",
        head_sha="a" * 40,
        base_sha="b" * 40,
        base="main",
        run_url="https://github.com/acme/network/actions/runs/1",
    )
)


def _comment(plan: Plan, _: Mesh) -> str:
    page = VIEW.plan(plan)
    return page.comment + page.summary


def _record(plan: Plan, mesh: Mesh) -> str:
    return repr((plan.fingerprints, notes.of_plan(plan, mesh)))


RENDERERS: dict[str, Callable[[Plan, Mesh], str | Iterator[str]]] = {
    "log": lambda plan, _: pages.log_text(plan),
    "json": lambda plan, _: Digest().over(pages.plan_json(plan)),
    "html": lambda plan, _: VIEW.report(plan),
    "comment": _comment,
    "record": _record,
}
"""In the order of a pull request's run; the comment with the summary of the job, the record with
the annotations. What is written to files comes in pieces, as the run writes it."""


class Phases(Quiet):
    """A ports.Progress that tells reading from planning: what it is not told of is planning."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch

    def update(self, activity: str, done: int, total: int) -> None:
        """Something is about to be read, or was."""
        self._watch.phase("observe" if done else "plan")


def written(text: str | Iterator[str]) -> None:
    """Writes it as a command does, to where nothing is kept."""
    with Path(os.devnull).open("w", encoding="utf-8") as stream:
        stream.writelines([text] if isinstance(text, str) else text)


def run(sort: str, size: int, built: float, tables: int) -> Figures:
    """One mesh through all of it, from its files to what people see."""
    tune()
    text = MESHES[sort](size)
    earlier = without_last_member(text)
    watch = Stopwatch()
    head = load({"meshes/large.yaml": text}).mesh
    base = load({"meshes/large.yaml": earlier}).mesh
    watch.phase("load")
    world = world_of(head, built, tables)
    wanted = {"peerings": world.peerings, "routes": world.routes}
    vpcs = len({member.vpc for _, environment in head for member in environment.members})
    gc.collect()
    watch.skip()
    plan = make_plan(Answering(world), head, base, progress=Phases(watch))
    watch.phase("plan")
    del world  # of AWS's answers no command keeps any for so long
    gc.collect()
    watch.skip()
    plan.fingerprint  # noqa: B018 - computed once, for all who ask
    watch.phase("fingerprint")
    for name, render in RENDERERS.items():
        written(render(plan, head))
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
