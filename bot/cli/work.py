"""What the commands do: use cases wired to adapters.

Heavy packages are imported where they are needed, so that ``--version`` and ``validate``
start at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.errors import BotError, ExitCode, FailureReason, MeshInvalid, Refused

if TYPE_CHECKING:
    from bot.model.change import Plan, Report
    from bot.ports import Aws
    from bot.usecases.approval import Approval
    from bot.usecases.local import Revisions


@dataclass(frozen=True, slots=True)
class Options:
    """What every command takes."""

    meshes: Path
    environments: tuple[str, ...]
    format: str
    debug: bool


def plan(options: Options, base: str | None, detailed: bool, out: Path | None) -> ExitCode:
    """Read AWS, compare, and print what would change."""
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


def apply(options: Options, base: str | None, yes: bool, approval: Approval) -> ExitCode:
    """Plan, show, ask, apply, report."""
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
