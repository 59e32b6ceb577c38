"""Apply meshes from nothing on a simulated clock, against an AWS that enforces its buckets.

    python -m bench.simulated [--half] [--delays] [VPCS/ACCOUNTS/REGIONS/TABLES ...]

Prints calls by action, their least number, the simulated time and its lower bound, with
ratios. Both bounds come from ``bench.bound``, which does not know the code that is measured;
reading is not counted here. ``--half``: AWS's buckets are half as large as they are believed to
be. ``--delays``: AWS takes 1 s to show a request, 2 s more to its accepter, and 3 s to provision.
"""

from __future__ import annotations

import argparse
import threading
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.bound import Shape, least_seconds, least_writes
from bench.meshes import mesh_file
from bench.results import Ledger
from bench.world import world_of
from bot.config import load
from bot.engine.execute import execute
from bot.engine.observe import observe
from bot.engine.planner import make_plan
from bot.model.change import Plan
from bot.model.mesh import Mesh
from tests.fakes.dispatcher import SimulatedDispatcher
from tests.fakes.paced import PacedAws
from tests.fakes.world import Clock

ACTIONS = ("Accept", "Create", "Describe")
LARGE = ("12/3/2/2", "24/3/2/2", "40/3/2/2", "51/3/2/2", "51/10/2/2", "126/10/3/3")


def mesh_of(shape: Shape) -> Mesh:
    """The mesh, from its file."""
    text = mesh_file([("production", shape.places)])
    return load({"meshes/mesh.yaml": text.encode()}).mesh


def plan_of(shape: Shape) -> Plan:
    """The plan to make all of it."""
    mesh = mesh_of(shape)
    world = world_of(mesh, built=0, tables=shape.tables)
    dispatcher = SimulatedDispatcher(Clock())
    return make_plan(mesh, None, observe(lambda _: world, mesh, None, dispatcher))


@dataclass(frozen=True, slots=True)
class Measured:
    """What an apply took: simulated seconds, and seconds of CPU."""

    aws: PacedAws
    seconds: float
    cpu: float


def measured(plan: Plan, aws: PacedAws, latency: float = 0.05) -> Measured:
    """Applies a plan in virtual time."""
    dispatcher = SimulatedDispatcher(aws.clock, latency=latency)
    start = time.process_time()
    report = execute(plan, aws, dispatcher, applied_at="now", stop=threading.Event())
    cpu = time.process_time() - start
    assert report.succeeded, [o for o in report.outcomes if o.error][:3]
    return Measured(aws, aws.clock.now, cpu)


def figures_of(plan: Plan, shape: Shape, share: float, delays: bool) -> dict[str, float]:
    """The results for one mesh, by name."""
    aws = PacedAws(Clock(), size_share=share, refill_share=share)
    if delays:
        aws.initiating, aws.lag, aws.provisioning = 1, 2, 3
    found = measured(plan, aws)
    calls, seconds = least_writes(shape), least_seconds(shape, share)
    return {
        **{action.split(":")[1]: number for action, number in sorted(aws.sent.items())},
        "calls": aws.calls,
        "least calls": calls,
        "calls / least": aws.calls / calls,
        "seconds": found.seconds,
        "bound": seconds,
        **({"seconds / bound": found.seconds / seconds} if seconds else {}),
        "throttled": sum(aws.throttled.values()),
        "CPU": found.cpu,
    }


def lines(figures: Mapping[str, float]) -> Iterator[str]:
    """The results, for people."""
    for action, number in figures.items():
        if action.startswith(ACTIONS):
            yield f"  {number:7,} {action}"
    yield "  {calls:7,} calls, least {least calls:,}: {calls / least:.3f}".format_map(figures)
    ratio = ": {seconds / bound:.3f}" if figures["bound"] else ""
    yield ("  {seconds:7.1f} s, bound {bound:.1f} s" + ratio).format_map(figures)
    refused = figures["throttled"]
    yield f"  {refused:7} throttled ({refused / figures['calls']:.1%})"
    yield "  {CPU:7.1f} s of CPU to carry out".format_map(figures)


def memory(shape: Shape) -> str:
    """The peak of what the apply needs beside its plan."""
    plan = plan_of(shape)
    tracemalloc.start()
    measured(plan, PacedAws(Clock()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return f"  {peak / 1e6:7.0f} MB at the peak of the apply, beside the plan"


def arguments() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.simulated", description=__doc__)
    parser.add_argument("shapes", nargs="*", default=LARGE, metavar="VPCS/ACCOUNTS/REGIONS/TABLES")
    parser.add_argument("--half", action="store_true", help="buckets half as large as believed")
    parser.add_argument("--delays", action="store_true", help="AWS takes its time")
    parser.add_argument("--memory", action="store_true", help="measure memory too (slow)")
    Ledger.options(parser)
    return parser


def main() -> None:
    """Measures and prints."""
    given = arguments().parse_args()
    said = [option for option in ("half", "delays") if getattr(given, option)]
    ledger = Ledger(" --".join(["simulated", *said]), given)
    for text in given.shapes:
        shape = Shape.of(text)
        print(shape.title)
        figures = figures_of(plan_of(shape), shape, 0.5 if given.half else 1.0, given.delays)
        for line in lines(figures):
            print(line)
        ledger.note(str(shape), figures)
        if given.memory:
            print(memory(shape))
    ledger.close()


if __name__ == "__main__":
    main()
