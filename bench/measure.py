"""Measuring in processes of their own, and tables of figures.

CPU is the processor time of one process, user and system, so that others on the machine
hardly matter; memory is the most that was resident, Python itself included.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

Figures = dict[str, Any]

KIB_PER_MB = 1000 if sys.platform == "linux" else 1_000_000
"""``ru_maxrss`` counts KiB on Linux and bytes on macOS; a megabyte is near enough."""


def peak_memory() -> float:
    """The most memory that this process has had resident, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1.024 / KIB_PER_MB


class Stopwatch:
    """CPU seconds of this process, phase by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.process_time()

    def skip(self) -> None:
        """What was done since the last phase counts for none."""
        self._last = time.process_time()

    def phase(self, name: str) -> None:
        """What was done since the last phase was this."""
        now = time.process_time()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now

    @property
    def total(self) -> float:
        """Seconds of all phases."""
        return sum(self.seconds.values())


def measured(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Figures:
    """What ``python -m module arguments`` prints, as JSON, measuring itself."""
    ended = subprocess.run(  # noqa: S603 - this very Python with arguments of our own
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    figures: Figures = json.loads(ended.stdout)
    return figures


def show(figures: Figures) -> None:
    """Hand figures to the process that measures."""
    print(json.dumps(figures))


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: the first column to the left, the others to the right."""
    texts = [list(heads), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(heads))]
    print(f"\n{title}\n")
    for row in texts:
        first = row[0].ljust(widths[0])
        rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join([first, *rest]))


def _text(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.2f}" if cell < 100 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
