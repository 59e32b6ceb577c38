"""What the commands import that people, editors and CI start most often."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHOW = """
import contextlib, io, sys
from bot.__main__ import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
print(*sorted(sys.modules))
"""
HEAVY = {
    *("asyncio", "concurrent", "http", "multiprocessing", "ssl", "urllib.request", "xml"),
    *("boto3", "botocore", "github", "jwt", "moto", "requests", "s3transfer", "urllib3"),
    *("markdown_it", "rich", "pygments"),
}
CHECKING = {"jsonschema", "jsonschema_specifications", "referencing", "rpds", "yaml"}


def imported(*arguments: str) -> frozenset[str]:
    """The modules that a command has imported when it ends."""
    ended = subprocess.run(  # noqa: S603 - this very Python with arguments of our own
        [sys.executable, "-c", SHOW, *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
    )
    return frozenset(ended.stdout.split())


def under(modules: frozenset[str], *packages: str) -> set[str]:
    """The modules of these packages."""
    return {m for m in modules if any(m == p or m.startswith(f"{p}.") for p in packages)}


def test_version_imports_the_command_line_alone() -> None:
    modules = imported("--version")

    assert not under(modules, *HEAVY, *CHECKING)
    assert (
        not under(modules, "bot")
        - under(modules, "bot.__main__", "bot.cli", "bot.errors")
        - {"bot"}
    )
    assert len(modules) < 160


def test_validate_imports_nothing_that_plans_applies_or_talks() -> None:
    modules = imported("validate", "--meshes", "meshes")

    assert under(modules, *CHECKING)
    assert not under(modules, *HEAVY)
    assert not under(modules, "bot.engine", "bot.kinds", "bot.ports", "bot.adapters.aws")
    assert not under(modules, "bot.adapters.github", "bot.adapters.terminal", "bot.emulator")
    assert len(under(modules, "bot")) <= 45


@pytest.mark.parametrize("arguments", [("--help",), ("plan", "--help"), ("validate", "--help")])
def test_help_imports_no_library_but_the_command_lines(arguments: tuple[str, ...]) -> None:
    modules = imported(*arguments)

    assert not under(modules, *HEAVY, *CHECKING)


def test_faults_of_a_file_are_told_without_what_plans(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("metadata: 1\n")

    modules = imported("validate", "--meshes", str(path))

    assert not under(modules, *HEAVY, "bot.engine", "bot.kinds")
