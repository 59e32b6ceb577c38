"""Figures kept beside the code, one file a release, and ratios to those of the last one.

A file holds, by benchmark and case, named figures. Counts and simulated seconds are exact;
CPU and wall seconds depend on the machine, which is why ratios within one file count for more.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.measure import table
from bot import __version__

FOLDER = Path(__file__).parent / "results"
NOTE = (
    "Counts and simulated seconds are exact. CPU and wall seconds carry the noise of the machine, "
    "which other work may have shared: compare ratios."
)

Figures = Mapping[str, float]
Cases = dict[str, dict[str, float]]


def results_at(path: Path) -> dict[str, Any]:
    """The file's contents: version, machine and, by benchmark and case, figures."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def newest(but: str = "") -> Path | None:
    """The file of the newest release, leaving out one version."""

    def order(path: Path) -> list[int]:
        return [int(part) for part in path.stem.split(".")]

    files = (path for path in FOLDER.glob("*.json") if path.stem != but)
    return max(files, key=order, default=None)


class Ledger:
    """What one benchmark measured: to be compared, and kept if that is wanted."""

    def __init__(self, bench: str, given: argparse.Namespace) -> None:
        self._bench, self._save = bench, bool(given.save)
        self._against: Path | None = given.against
        self._cases: Cases = {}

    @staticmethod
    def options(parser: argparse.ArgumentParser) -> None:
        """What every benchmark can be told."""
        parser.add_argument(
            "--save", action="store_true", help=f"write into bench/results/{__version__}.json"
        )
        parser.add_argument(
            "--against", type=Path, metavar="FILE", help="results to compare with (the newest)"
        )

    def note(self, case: str, figures: Figures) -> None:
        """Remember a case's figures."""
        self._cases[case] = {name: round(value, 3) for name, value in figures.items()}

    def close(self) -> None:
        """Print the ratios to an earlier release, if there is one, and save."""
        earlier = self._against or newest(__version__ if self._save else "")
        if earlier is not None:
            self._compare(results_at(earlier))
        if self._save:
            self._write(FOLDER / f"{__version__}.json")

    def _compare(self, earlier: Mapping[str, Any]) -> None:
        then: Cases = earlier["figures"].get(self._bench, {})
        names = [*dict.fromkeys(name for case in self._cases.values() for name in case)]
        rows = [
            [case, *(ratio(now.get(name), then[case].get(name)) for name in names)]
            for case, now in self._cases.items()
            if case in then
        ]
        if rows:
            table(f"{self._bench}: ratios to {earlier['version']}", ["case", *names], rows)

    def _write(self, path: Path) -> None:
        kept = results_at(path)["figures"] if path.exists() else {}
        kept[self._bench] = {**kept.get(self._bench, {}), **self._cases}
        contents = {
            "version": __version__,
            "note": NOTE,
            "machine": {
                "cores": os.cpu_count(),
                "python": platform.python_version(),
                "system": platform.system(),
            },
            "figures": {name: kept[name] for name in sorted(kept)},
        }
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(contents, indent=1) + "\n", "utf-8")


def ratio(now: float | None, then: float | None) -> str:
    """As text: empty for what is new or gone, and when there is nothing to divide by."""
    if now is None or then is None:
        return ""
    if not then:
        return "1.000" if not now else "more"
    return f"{now / then:.3f}"


def by_action(calls: Iterable[str]) -> dict[str, int]:
    """How many calls of each action, by name; the service's prefix left out."""
    found: dict[str, int] = {}
    for action in calls:
        name = action.rpartition(":")[2]
        found[name] = found.get(name, 0) + 1
    return dict(sorted(found.items()))
