"""The commands and their options, as click knows them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bot import __version__
from bot.cli import work
from bot.cli.work import Options
from bot.errors import ExitCode, MeshInvalid

F = TypeVar("F", bound=Callable[..., Any])

EXIT_CODES = """
\b
Exit codes:
  0  success                    4  refused: limits, stale or unreviewed plan
  1  failure                    5  some changes failed, or a gap hid something;
  2  changes (with                 the rest is applied
     --detailed-exitcode)       6  (reserved) locked by another apply
  3  mesh files invalid        64  usage error
"""


def common(environment_help: str) -> Callable[[F], F]:
    """The options that every command on mesh files takes, gathered in one value."""
    options = (
        click.option("--debug", is_flag=True, help="Tell on standard error what is done."),
        click.option(
            "--format",
            "format_",
            type=click.Choice(["text", "json", "markdown"]),
            default="text",
            show_default=True,
            help="How the result is written to standard output.",
        ),
        click.option(
            "--environment",
            "environments",
            multiple=True,
            metavar="NAME",
            help=environment_help,
        ),
        click.option(
            "--meshes",
            type=click.Path(path_type=Path),
            default="meshes",
            show_default=True,
            help="Mesh file, or folder of mesh files.",
        ),
    )

    def decorated(command: F) -> F:
        for option in options:
            command = option(command)
        return command

    return decorated


planning = common("Show and apply only this environment; all are planned (repeatable).")
checking = common("Fail unless a file has this environment; all are checked (repeatable).")
base_option = click.option(
    "--base",
    metavar="REV",
    help="Git revision of the earlier state of the mesh files: what was removed, and the limits.",
)
detailed_option = click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes."
)


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="meshbot")
def meshbot() -> None:
    """Plan, review and apply AWS network meshes from mesh files."""


@meshbot.command(epilog=EXIT_CODES)
@checking
def validate(meshes: Path, environments: tuple[str, ...], format_: str, debug: bool) -> ExitCode:
    """Check the mesh files, offline: YAML, schema and meaning."""
    from bot.usecases import output
    from bot.usecases.plan import check_environments
    from bot.usecases.validate import load_mesh

    options = _options(meshes, environments, format_, debug)
    try:
        loaded = load_mesh(options.meshes)
    except MeshInvalid as error:
        if options.format != "json":
            raise
        click.echo(output.faults_json(error.diagnostics, valid=False))
        return error.exit_code
    check_environments(options.environments, loaded.mesh, None)
    click.echo(output.validation_text(loaded, options.format))
    return ExitCode.SUCCESS


@meshbot.command(epilog=EXIT_CODES)
@planning
@base_option
@detailed_option
@click.option("--out", type=click.Path(path_type=Path), help="Write the plan as JSON to a file.")
def plan(
    meshes: Path,
    environments: tuple[str, ...],
    format_: str,
    debug: bool,
    base: str | None,
    detailed_exitcode: bool,
    out: Path | None,
) -> ExitCode:
    """Read AWS, and print what would change. Changes nothing."""
    options = _options(meshes, environments, format_, debug)
    return work.plan(options, base, detailed_exitcode, out)


@meshbot.command(epilog=EXIT_CODES)
@planning
@base_option
@detailed_option
def drift(
    meshes: Path,
    environments: tuple[str, ...],
    format_: str,
    debug: bool,
    base: str | None,
    detailed_exitcode: bool,
) -> ExitCode:
    """Plan where no change of the mesh is expected: what differs is drift."""
    options = _options(meshes, environments, format_, debug)
    return work.plan(options, base, detailed_exitcode, None)


@meshbot.command(epilog=EXIT_CODES)
@planning
@base_option
@click.option("--yes", is_flag=True, help="Do not ask before applying.")
@click.option(
    "--expect-fingerprint",
    metavar="HEX",
    help="Apply only if the plan has this fingerprint (at least 12 digits); this approves it"
    " even where it is over the limits.",
)
@click.option(
    "--expect-plan",
    type=click.Path(path_type=Path),
    help="Apply only if the plan is the one in this file (from plan --out) or a part of it.",
)
def apply(
    meshes: Path,
    environments: tuple[str, ...],
    format_: str,
    debug: bool,
    base: str | None,
    yes: bool,
    expect_fingerprint: str | None,
    expect_plan: Path | None,
) -> ExitCode:
    """Plan anew, show it, ask, apply it, and report what became of each change."""
    from bot.usecases.approval import approval

    options = _options(meshes, environments, format_, debug)
    return work.apply(options, base, yes, approval(expect_fingerprint, expect_plan))


@meshbot.command(epilog=EXIT_CODES)
def action() -> ExitCode:
    """The GitHub Action's entry point: event in, the right command out."""
    from bot.usecases.action import main

    return main()


@meshbot.command(epilog=EXIT_CODES)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    default="report.html",
    show_default=True,
    help="Where the HTML report is written.",
)
def demo(report: Path) -> ExitCode:
    """The whole pull-request story on this machine; no account, token or Docker needed."""
    from bot.usecases.demo import main

    return main(report)


def _options(meshes: Path, environments: tuple[str, ...], format_: str, debug: bool) -> Options:
    if debug:
        from bot.adapters.crash import debug_logging

        debug_logging()
    return Options(meshes, environments, format_, debug)
