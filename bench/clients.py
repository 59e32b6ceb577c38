"""CPU and memory of botocore: making clients, signing in, asking, and parsing the answers.

    python -m bench.clients

The process that is measured does what a ``plan`` does, of a mesh that is there already; a
process of its own answers, over plain HTTP on the loopback interface (so without TLS).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

from bench.answers import serving
from bench.measure import Figures, Stopwatch, measured, peak_memory, show, table
from bench.meshes import MESHES
from bench.results import Ledger
from bot.__main__ import tune
from bot.config import load
from bot.engine.observe import observe
from bot.engine.planner import make_plan
from bot.model.address import Scope
from bot.ports import Reader
from bot.usecases.identity import roles_for

CASES = (
    ("wide", (100, 200, 400), 0.0, 1),
    ("full", (32, 64, 126), 1.0, 3),
    ("apart", (10, 25, 50), 1.0, 1),
)
SORTS = {
    "wide": "as many scopes of one VPC each, ten regions an account, nothing is there",
    "full": "one environment of as many VPCs over 30 scopes, all is there",
    "apart": "as many environments of 40 VPCs over 30 scopes, all is there",
}
VPCS = "ec2:DescribeVpcs"


def run(sort: str, size: int) -> Figures:
    """One plan through real clients."""
    tune()
    mesh = load({"meshes/large.yaml": MESHES[sort](size)}).mesh
    scopes = sorted(mesh.scopes)
    watch = Stopwatch()
    from bot.adapters import aws
    from bot.adapters.threads import ThreadDispatcher

    watch.phase("import")
    connected = aws.connect()

    def reader_for(wanted: Mapping[Scope, str]) -> Reader:
        return connected.reader(roles_for(wanted, (mesh,), dict(wanted), applying=False))

    _ask(reader_for(dict.fromkeys(scopes, "")), {s.region: s for s in scopes}.values())
    watch.phase("a call a region")
    _ask(reader_for(dict.fromkeys(scopes, "")), {s.account: s for s in scopes}.values())
    watch.phase("a call an account")
    with ThreadDispatcher() as dispatcher:
        facts = observe(reader_for, mesh, None, dispatcher)
    watch.phase("read all")
    read = peak_memory()
    plan = make_plan(mesh, None, facts)
    watch.phase("plan")
    counts = {
        "scopes": len(scopes),
        "regions": len({scope.region for scope in scopes}),
        "accounts": len({scope.account for scope in scopes}),
        "views": len(facts.observed["vpc_peering_connection"]),
        "routes": len(facts.observed["route"]),
        "changes": len(plan.changes),
    }
    memory = {"memory read": read, "memory": peak_memory()}
    return {**counts, "phases": watch.seconds, "cpu": watch.total, **memory}


def _ask(reader: Reader, scopes: Iterable[Scope]) -> None:
    """One call in each scope, which makes a region's client and signs in to an account."""
    for scope in scopes:
        assert list(reader.read(scope, VPCS)), f"no VPC in {scope}"


def arguments() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.clients", description=__doc__)
    parser.add_argument("sort", nargs="?", choices=tuple(SORTS))
    parser.add_argument("size", nargs="?", type=int, default=100)
    Ledger.options(parser)
    return parser


def main() -> None:
    """Measure one case (for the process that measures), or print all tables."""
    given = arguments().parse_args()
    if given.sort:
        show(run(given.sort, given.size))
        return
    ledger = Ledger("clients", given)
    for sort, sizes, built, tables in CASES:
        rows = []
        for size in sizes:
            with serving(sort, size, built, tables) as environment:
                rows.append(measured("bench.clients", sort, str(size), environment=environment))
        _print(f"{SORTS[sort]}; route tables a VPC: {tables}", sizes, rows)
        for size, figures in zip(sizes, rows, strict=True):
            counts = {name: figures[name] for name in ("accounts", "scopes", "views", "routes")}
            used = {"CPU": figures["cpu"], "MB": figures["memory"]}
            ledger.note(f"{sort} {size}", {**counts, **figures["phases"], **used})
    ledger.close()


def _print(title: str, sizes: tuple[int, ...], found: list[Figures]) -> None:
    heads = ["size", "accounts", "regions", "scopes", "peerings seen", "routes seen", "changes"]
    heads += [*found[0]["phases"], "CPU s", "MB read", "MB"]
    keys = ("accounts", "regions", "scopes", "views", "routes", "changes")
    rows = [
        [
            *(size, *(f[key] for key in keys), *f["phases"].values()),
            *(f["cpu"], f["memory read"], f["memory"]),
        ]
        for size, f in zip(sizes, found, strict=True)
    ]
    table(title, heads, rows)


if __name__ == "__main__":
    main()
