"""Arguments in, exit code out: the only place that wires adapters to use cases.

Heavy packages are imported by the commands that need them, so that ``--version`` and
``validate`` start at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot import __version__
from bot.errors import BotError, ExitCode, FailureReason, MeshInvalid, Refused

if TYPE_CHECKING:
    from bot.model.change import Plan, Report
    from bot.ports import Aws
    from bot.usecases.approval import Approval
    from bot.usecases.local import Revisions

F = TypeVar("F", bound=Callable[..., Any])

EXIT_CODES = """
\b
Exit codes:
  0  success                    4  refused: limits, stale or unreviewed plan
  1  failure                    5  some changes failed, the rest is applied
  2  changes (with              6  locked by another apply
     --detailed-exitcode)      64  usage error
  3  mesh files invalid
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What every command takes."""

    meshes: Path
    environments: tuple[str, ...]
    format: str
    debug: bool


def common(command: F) -> F:
    """The options that every command on mesh files takes, gathered in one value."""
    for option in (
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
            help="Show and apply only this environment (repeatable).",
        ),
        click.option(
            "--meshes",
            type=click.Path(path_type=Path),
            default="meshes",
            show_default=True,
            help="Mesh file, or folder of mesh files.",
        ),
    ):
        command = option(command)
    return command


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
@common
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
@common
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
    return _plan(options, base, detailed_exitcode, out)


@meshbot.command(epilog=EXIT_CODES)
@common
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
    return _plan(options, base, detailed_exitcode, None)


@meshbot.command(epilog=EXIT_CODES)
@common
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
    return _apply(options, base, yes, approval(expect_fingerprint, expect_plan))


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


def run(arguments: Sequence[str]) -> int:
    """The exit code of a command line. No traceback reaches a user."""
    try:
        code = meshbot.main(list(arguments), prog_name="meshbot", standalone_mode=False)
        return int(code or ExitCode.SUCCESS)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Aborted; nothing new was started.", err=True)
        return ExitCode.FAILURE
    except BotError as error:
        _complain(error)
        return error.exit_code
    except BrokenPipeError:
        return ExitCode.FAILURE
    except OSError as error:
        _say_last(f"error: the result cannot be written: {error.strerror}")
        return ExitCode.FAILURE
    except Exception as error:  # noqa: BLE001 - the one place that turns a bug into a report
        from bot.adapters.crash import crash_log

        kind = type(error).__name__
        text = f"unexpected failure ({kind}): a bug of meshbot. Its details are in {crash_log()}"
        click.echo(text, err=True)
        return ExitCode.FAILURE


def _say_last(text: str) -> None:
    """A last word, for when standard error may be gone too."""
    with contextlib.suppress(OSError):
        click.echo(text, err=True)


def _complain(error: BotError) -> None:
    from bot.usecases import output

    click.echo(output.error_text(error), err=True)


def _options(meshes: Path, environments: tuple[str, ...], format_: str, debug: bool) -> Options:
    if debug:
        from bot.adapters.crash import debug_logging

        debug_logging()
    return Options(meshes, environments, format_, debug)


def _plan(options: Options, base: str | None, detailed: bool, out: Path | None) -> ExitCode:
    from bot.adapters import aws, terminal
    from bot.adapters.files import check_writable, write_text
    from bot.usecases import local, output

    if out is not None:
        check_writable(out, "--out")
    revisions = _revisions(options, base)
    with terminal.progress() as progress:
        made = local.planned(
            aws.connect(), revisions, options.environments, applying=False, progress=progress
        )
    if out is not None:
        write_text(out, output.plan_text(made, "json"))
    click.echo(output.plan_text(made, options.format), nl=False)
    return local.plan_exit_code(made, detailed)


def _apply(options: Options, base: str | None, yes: bool, approval: Approval) -> ExitCode:
    from bot.adapters import aws, terminal
    from bot.usecases import local, output
    from bot.usecases.approval import check_applicable

    connected = aws.connect()
    revisions = _revisions(options, base)
    with terminal.progress() as progress:
        made = local.planned(
            connected, revisions, options.environments, applying=True, progress=progress
        )
    quiet = options.format == "json"  # then standard output holds one JSON document
    if not (quiet and yes):
        shown = "text" if quiet else options.format
        click.echo(output.plan_text(made, shown), nl=False, err=quiet)
    try:
        check_applicable(made, approval)
        if made.changes and not yes and not _confirmed(made):
            raise Refused(
                "not confirmed: nothing was changed. Where nobody can be asked, give --yes.",
                FailureReason.UNREVIEWED,
            )
    except BotError:
        if options.format == "json":
            click.echo(output.plan_text(made, "json"), nl=False)
        raise
    report = _applied(connected, revisions, made)
    click.echo(output.report_text(report, options.format), nl=False)
    return local.apply_exit_code(made, report)


def _revisions(options: Options, base: str | None) -> Revisions:
    """The meshes; with ``--format json`` their faults go to standard output as JSON too."""
    from bot.usecases import local, output

    try:
        return local.load_revisions(options.meshes, base)
    except MeshInvalid as error:
        if options.format == "json":
            click.echo(output.faults_json(error.diagnostics, valid=False))
        raise


def _applied(connected: Aws, revisions: Revisions, made: Plan) -> Report:
    from bot.adapters import terminal
    from bot.adapters.interruption import interruptible
    from bot.adapters.threads import ThreadDispatcher
    from bot.usecases.apply import apply_plan

    with (
        interruptible() as stop,
        terminal.progress() as progress,
        ThreadDispatcher() as dispatcher,
    ):
        return apply_plan(
            connected,
            revisions.head,
            made,
            base=revisions.base,
            dispatcher=dispatcher,
            stop=stop,
            progress=progress,
        )


def _confirmed(made: Plan) -> bool:
    try:
        return click.confirm(f"Apply these {len(made.changes)} changes?", err=True)
    except click.Abort:
        click.echo(err=True)
        return False
