"""Start-up: CPU, imported modules and wall time of the commands that start most often.

    python -m bench.startup [-- COMMAND ...]

With a COMMAND (the container's entry point, say) that is measured instead of this checkout's
``python -m bot``. The first run of each counts for nothing: it compiles and fills caches.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.measure import table
from bench.meshes import apart, full_mesh
from bench.results import Ledger

RUNS = 5
ROOT = Path(__file__).parents[1]


def children() -> float:
    """CPU seconds of the children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def once(command: Sequence[str]) -> tuple[float, float]:
    """CPU and wall seconds of one run."""
    cpu, clock = children(), time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)  # noqa: S603
    return children() - cpu, time.perf_counter() - clock


def modules(arguments: Sequence[str]) -> int:
    """How many modules a command of this checkout imports, Python's own among them."""
    command = [sys.executable, "-X", "importtime", "-m", "bot", *arguments]
    ended = subprocess.run(  # noqa: S603 - this very Python with arguments of our own
        command, cwd=ROOT, capture_output=True, check=True, text=True
    )
    return sum(line.startswith("import time:") for line in ended.stderr.splitlines()) - 1


def arguments() -> argparse.ArgumentParser:
    """What can be said on the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.startup", description=__doc__)
    parser.add_argument("command", nargs="*", help="after --: measured instead of this checkout")
    Ledger.options(parser)
    return parser


def main() -> None:
    """Print the table."""
    given = arguments().parse_args()
    entry = given.command or [sys.executable, "-m", "bot"]
    ledger = Ledger("startup" if not given.command else "startup of a command", given)
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small.yaml"), Path(folder, "large.yaml")
        small.write_text(full_mesh(4))
        large.write_text(apart(50))
        commands = {
            "--version": ["--version"],
            "validate, 4 VPCs": ["validate", "--meshes", str(small)],
            "validate, 50 environments of 40 VPCs": ["validate", "--meshes", str(large)],
        }
        rows = []
        for name, words in commands.items():
            once([*entry, *words])
            runs = [once([*entry, *words]) for _ in range(RUNS)]
            cpu, wall = (median(found) for found in zip(*runs, strict=True))
            counted = 0 if given.command else modules(words)
            rows.append([name, counted or "", f"{cpu:.3f}", f"{wall:.3f}"])
            ledger.note(name, {"modules": counted, "CPU": cpu, "wall": wall})
    table(f"median of {RUNS} runs", ["command", "modules", "CPU s", "wall s"], rows)
    ledger.close()


if __name__ == "__main__":
    main()
