"""Real processes against the emulator: plan, apply, and plan again.

    python -m bench.emulated [--vpcs N] [--accounts N] [--regions N] [--half]

Every call takes 50 ms, and the emulator enforces the token buckets that EC2 documents. Prints
calls by action, their least number, seconds and their lower bound, with ratios. Both bounds come
from ``bench.bound``, which does not know the code that is measured. Seconds are those of the
whole process, Python's start included. ``--half``: AWS's buckets are half as large as believed.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.bound import Shape, least_reads, least_seconds, least_writes
from bench.meshes import METADATA
from bench.results import Ledger, by_action
from bot.emulator.aws import Emulator, running
from bot.emulator.aws.calls import Call
from bot.emulator.aws.seed import Seed

LATENCY_MS = 50
REFUSED = "RequestLimitExceeded"
HALVES = {
    "CreateVpcPeeringConnection": (25, 2.5),
    "AcceptVpcPeeringConnection": (25, 2.5),
    "CreateRoute": (25, 2.5),
    "CreateTags": (50, 5),
    "DescribeVpcs": (50, 10),
    "DescribeVpcPeeringConnections": (50, 10),
    "DescribeRouteTables": (50, 10),
}
"""The buckets of all that is called, half as large as documented."""

ROOT = Path(__file__).parents[1]
ELIGIBLE = {"peerd_eligible": "true"}


@dataclass(frozen=True, slots=True)
class Command:
    """A command, and the least that it takes."""

    name: str
    arguments: tuple[str, ...]
    calls: int
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Taken:
    """What a command took: wall seconds, CPU seconds of its process, and its calls."""

    wall: float
    cpu: float
    calls: tuple[Call, ...]

    @property
    def throttled(self) -> int:
        """How many were refused for their rate."""
        return sum(call.error == REFUSED for call in self.calls)

    @property
    def changing(self) -> float:
        """Seconds from the arrival of the first changing call to that of the last."""
        times = [call.at for call in self.calls if call.mutating]
        return max(times) - min(times) if times else 0.0


def commands(shape: Shape, share: float) -> tuple[Command, ...]:
    """From nothing to the whole mesh, with what each takes at least."""
    before, after = (least_reads(shape, built) for built in (False, True))
    making = Command(
        "apply", ("apply", "--yes"), before + least_writes(shape), least_seconds(shape, share)
    )
    return (Command("plan", ("plan",), before), making, Command("no-op plan", ("plan",), after))


def seed(emulator: Emulator, shape: Shape) -> str:
    """Make the VPCs with their route tables; the text of the mesh file that joins them."""
    aws, lines = Seed(emulator), [METADATA, "  production:\n"]
    for place in shape.places:
        vpc = aws.vpc(place.account, place.region, f"10.{place.number}.0.0/16")
        aws.tag(vpc, vpc.main_table, ELIGIBLE)
        for _ in range(shape.tables - 1):
            aws.route_table(vpc, ELIGIBLE)
        lines.append(
            f"    - {{account_id: '{vpc.account}', region: {vpc.region}, vpc_id: {vpc.id}}}\n"
        )
    return "".join(lines)


def take(emulator: Emulator, command: Command, folder: Path) -> Taken:
    """Run one command. Raises RuntimeError, with what it printed, when it fails."""
    environment = {**os.environ, **emulator.environment, "PYTHONPATH": str(ROOT)}
    emulator.forget_calls()
    cpu, start = _cpu(), time.monotonic()
    done = subprocess.run(  # noqa: S603  (this interpreter, our own module)
        [sys.executable, "-m", "bot", *command.arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    wall = time.monotonic() - start
    if done.returncode:
        raise RuntimeError(f"{command.name} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return Taken(wall, _cpu() - cpu, emulator.calls())


def _cpu() -> float:
    """Of the children that have ended: not of the emulator, which goes on."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def figures_of(command: Command, taken: Taken) -> dict[str, float]:
    """By name."""
    return {
        **by_action(call.action for call in taken.calls),
        "calls": len(taken.calls),
        "least calls": command.calls,
        "calls / least": len(taken.calls) / command.calls,
        "seconds": taken.wall,
        "bound": command.seconds,
        **({"seconds / bound": taken.wall / command.seconds} if command.seconds else {}),
        "changing": taken.changing,
        "throttled": taken.throttled,
        "CPU": taken.cpu,
    }


def lines(command: Command, taken: Taken) -> Iterator[str]:
    """The result of one command."""
    yield f"  {command.name}"
    for action, number in by_action(call.action for call in taken.calls).items():
        yield f"    {number:7,} {action}"
    calls = len(taken.calls)
    yield f"    {calls:7,} calls, least {command.calls:,}: {calls / command.calls:.3f}"
    yield f"    {taken.wall:7.1f} s{_bound(command, taken)}"
    if taken.changing:
        yield f"    {taken.changing:7.1f} s of them from the first change to the last"
    yield f"    {taken.throttled:7,} throttled"
    yield f"    {taken.cpu:7.1f} s of CPU of the command's process"


def _bound(command: Command, taken: Taken) -> str:
    if not command.seconds:
        return ""
    return f", bound {command.seconds:.1f} s: {taken.wall / command.seconds:.3f}"


def measured(shape: Shape, share: float) -> Iterator[tuple[Command, Taken]]:
    """All commands, one after the other, on an emulator of their own."""
    with running() as emulator, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "meshes").mkdir()
        (folder / "meshes/mesh.yaml").write_text(seed(emulator, shape))
        emulator.settings(latency_ms=LATENCY_MS, throttle=True)
        for command in commands(shape, share):
            # Setting the buckets fills them: each command finds them full.
            emulator.settings(buckets=HALVES if share < 1 else {})
            yield command, take(emulator, command, folder)


def arguments() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.emulated", description=__doc__)
    parser.add_argument("--vpcs", type=int, default=24)
    parser.add_argument("--accounts", type=int, default=3)
    parser.add_argument("--regions", type=int, default=2)
    parser.add_argument("--tables", type=int, default=2, help="eligible route tables of each VPC")
    parser.add_argument("--half", action="store_true", help="buckets half as large as believed")
    Ledger.options(parser)
    return parser


def main(given: Iterable[str] | None = None) -> None:
    """Measure and print."""
    said = arguments().parse_args(None if given is None else [*given])
    shape = Shape(said.vpcs, said.accounts, said.regions, said.tables)
    ledger = Ledger("emulated --half" if said.half else "emulated", said)
    print(shape.title)
    for command, taken in measured(shape, 0.5 if said.half else 1.0):
        for line in lines(command, taken):
            print(line)
        ledger.note(f"{shape} {command.name}", figures_of(command, taken))
    ledger.close()


if __name__ == "__main__":
    main()
