"""Writes the figures of the newest results into docs/performance.md and README.md.

    python -m bench.page

Between ``<!-- figures: NAME -->`` and ``<!-- end -->`` stands what a function of this module
makes of the results; a test holds both pages to it. What peerd and Terraform took is cited: it
was measured once, and no command of this repository measures it.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from textwrap import fill, indent
from typing import Any

from bench.bound import Shape
from bench.results import newest, results_at

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "docs/performance.md", ROOT / "README.md")
BLOCK = re.compile(r"(<!-- figures: ([a-z-]+) -->)(.*?)(<!-- end -->)", re.DOTALL)

Results = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By benchmark, case and name."""

CITED = (
    # name, calls and seconds of an apply from nothing, of a no-op plan; 24 VPCs
    ("peerd", 3_913, 242.5, 37, 5.4),
    ("Terraform", 8_245, 117.6, 1_638, 42.1),
)
COMPARED = "24/3/2/2"


def _emulated(shape: str, half: bool = False) -> str:
    vpcs = Shape.of(shape).vpcs
    return f"python -m bench.emulated --vpcs {vpcs}" + (" --half" if half else "")


def comparison(results: Results) -> str:
    """Meshbot beside what was measured of the others."""
    command, found = _emulated(COMPARED), results["emulated"]
    apply, plan = found[f"{COMPARED} apply"], found[f"{COMPARED} no-op plan"]
    ours = (apply["calls"], apply["seconds"], plan["calls"], plan["seconds"])
    rows = [("meshbot", *ours, f"`{command}`"), *((*cited, "cited") for cited in CITED)]
    least = (apply["least calls"], apply["bound"], plan["least calls"])
    bound = ["the least possible", *map(_number, least[:1]), f"{least[1]:.1f} s", _number(least[2])]
    return _table(
        ["", "Apply: calls", "Apply: time", "No-op: calls", "No-op: time", "Command"],
        [
            *(
                [r[0], _number(r[1]), f"{r[2]:.1f} s", _number(r[3]), f"{r[4]:.1f} s", r[5]]
                for r in rows
            ),
            [*bound, "", "`bench/bound.py`"],
        ],
    )


def emulated(results: Results) -> str:
    """Every command of every mesh that was measured with real processes."""
    rows = []
    for bench, half in (("emulated", False), ("emulated --half", True)):
        for case, figures in results.get(bench, {}).items():
            shape, _, name = case.partition(" ")
            what = f"{Shape.of(shape).vpcs} VPCs{', half the buckets' if half else ''}: {name}"
            changing = f"{figures['changing']:.1f} s" if figures["changing"] else ""
            command = f"`{_emulated(shape, half)}`"
            rows.append([what, *_against_bounds(figures), changing, command])
    return _table(["", *BOUNDS, "Changing", "Command"], rows)


def simulated(results: Results) -> str:
    """Every mesh that was applied on the simulated clock."""
    said = {"": "", "--half": ", half the buckets", "--delays": ", with delays"}
    rows = []
    for option, words in said.items():
        for case, figures in results.get(f"simulated {option}".strip(), {}).items():
            shape = Shape.of(case)
            where = f"{shape.accounts} accounts in {shape.regions} regions"
            what = f"{shape.vpcs} VPCs, {where}{words}"
            command = " ".join(["python -m bench.simulated", *option.split(), case])
            rows.append([what, *_against_bounds(figures), f"`{command}`"])
    return _table(["", *BOUNDS, "Command"], rows)


BOUNDS = ("Calls", "Least", "Ratio", "Time", "Bound", "Ratio", "Throttled")


def _against_bounds(figures: Mapping[str, float]) -> list[str]:
    ratio = figures.get("seconds / bound")
    return [
        _number(figures["calls"]),
        _number(figures["least calls"]),
        f"{figures['calls / least']:.3f}",
        f"{figures['seconds']:.1f} s",
        f"{figures['bound']:.1f} s" if ratio else "",
        f"{ratio:.3f}" if ratio else "",
        _number(figures["throttled"]),
    ]


def actions(results: Results) -> str:
    """The calls of one apply and of one no-op plan, by action."""
    names = ("plan", "apply", "no-op plan")
    found = [results["emulated"][f"{COMPARED} {name}"] for name in names]
    every = sorted({name for case in found for name in case if name[0].isupper() and name != "CPU"})
    rows = [[f"`{name}`", *(_number(case.get(name, 0)) for case in found)] for name in every]
    return _table(["Calls, 24 VPCs", "Plan of everything", "Apply", "No-op plan"], rows)


def core(results: Results) -> str:
    """The largest meshes."""
    rows = []
    for sort, size, tables in (("full", 126, 3), *(("apart", 50, tables) for tables in (1, 2, 3))):
        what = "126 VPCs" if sort == "full" else "50 meshes of 40 VPCs"
        for state, built in (("nothing", 0.0), ("half", 0.5), ("all", 1.0)):
            found = results["core"][f"{sort} {size}, {state} is there, {tables} tables"]
            verb = "is" if state != "half" else "of it is"
            rows.append(
                [
                    f"{what}, {state} {verb} there",
                    _number(found["peerings"]),
                    _number(found["routes"]),
                    *(f"{found[phase]:.1f} s" for phase in ("load", "observe", "plan")),
                    f"{_rendering(found):.1f} s",
                    f"{found['CPU']:.1f} s",
                    f"{found['MB']:.0f} MB",
                    f"`python -m bench.core {sort} {size} --built {built:g} --tables {tables}`",
                ]
            )
    heads = ["", "Peerings", "Routes", "Load", "Read", "Plan", "Render", "CPU", "Memory", "Command"]
    return _table(heads, rows)


def _rendering(found: Mapping[str, float]) -> float:
    phases = ("fingerprint", "log", "json", "html", "comment", "record")
    return sum(found[phase] for phase in phases)


def clients(results: Results) -> str:
    """Scopes and what botocore takes for them."""
    rows = [
        [
            _number(found["scopes"]),
            _number(found["accounts"]),
            f"{found['CPU']:.1f} s",
            f"{found['MB']:.0f} MB",
            "`python -m bench.clients`",
        ]
        for case, found in results["clients"].items()
        if case.startswith("wide ")
    ]
    return _table(["Scopes", "Accounts", "CPU", "Memory", "Command"], rows)


def startup(results: Results) -> str:
    """The commands that start most often."""
    rows = [
        [name, _number(found["modules"]), f"{found['CPU']:.2f} s", f"{found['wall']:.2f} s"]
        for name, found in results["startup"].items()
    ]
    rows = [[*row, "`python -m bench.startup`"] for row in rows]
    return _table(["", "Modules", "CPU", "Time", "Command"], rows)


def claim(results: Results) -> str:
    """README's sentence."""
    found = results["emulated"][f"{COMPARED} apply"]
    others = " and ".join(
        f"{seconds:.0f} s ({calls:,} calls) for {name}" for name, calls, seconds, *_ in CITED
    )
    text = (
        f"a mesh of 24 VPCs from nothing takes {found['seconds']:.0f} s and "
        f"{_number(found['calls'])} calls; "
        f"{found['bound']:.0f} s is the least that AWS allows, and it was {others}"
    )
    return f"\n{indent(fill(text, 116), '  ')}"


MAKERS: Mapping[str, Callable[[Results], str]] = {
    function.__name__: function
    for function in (comparison, emulated, simulated, actions, core, clients, startup, claim)
}


def filled(page: str, results: Results) -> str:
    """The page with its figures. Raises KeyError for a block or a figure that there is not."""

    def made(match: re.Match[str]) -> str:
        start, name, before, end = match.groups()
        text = MAKERS[name](results)
        return f"{start}\n\n{text}\n\n{end}" if "\n\n" in before else f"{start}{text}{end}"

    return BLOCK.sub(made, page)


def newest_results() -> Results:
    """Of the newest release. Raises FileNotFoundError when there is none."""
    path = newest()
    if path is None:
        raise FileNotFoundError("no results: run the benchmarks with --save")
    found: dict[str, Any] = results_at(path)
    figures: Results = found["figures"]
    return figures


def _number(value: float) -> str:
    return f"{value:,.0f}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown: figures to the right, the first column and commands to the left."""
    head = list(heads)
    rule = ["---", *("---" if name == "Command" else "--:" for name in head[1:])]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *map(list, rows)))


def arguments() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    return argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)


def main() -> None:
    """Rewrite the pages."""
    arguments().parse_args()
    results = newest_results()
    for page in PAGES:
        page.write_text(filled(page.read_text("utf-8"), results), "utf-8")


if __name__ == "__main__":
    main()
