"""What the commands do: use cases wired to adapters.

Heavy packages are imported where they are needed, so that ``--version`` and ``validate``
start at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.shards import Part
from bot.errors import BotError, ExitCode, Interrupted, MeshInvalid

if TYPE_CHECKING:
    from bot.adapters.interruption import StopFlag
    from bot.engine.execute.rates import Rate
    from bot.model.change import Plan, Report
    from bot.ports import Aws, Lease, Stop
    from bot.usecases.approval import Approval
    from bot.usecases.leasing import Wanted
    from bot.usecases.local import Revisions


@dataclass(frozen=True, slots=True)
class Options:
    """What every command takes."""

    meshes: Path
    environments: tuple[str, ...]
    format: str
    debug: bool
    shard: str = ""
    rates: Mapping[str, Rate] = field(default_factory=dict)


def plan(
    options: Options, base: str | None, detailed: bool, out: Path | None, *, drifting: bool = False
) -> ExitCode:
    """Read AWS, compare, and print what would change."""
    from bot.adapters import aws, terminal
    from bot.adapters.files import check_writable, write_text
    from bot.adapters.interruption import interruptible
    from bot.adapters.origin import run_origin
    from bot.render.progress import lines
    from bot.usecases import local, output

    if out is not None:
        check_writable(out, "--out")
    revisions = _revisions(options, base)
    part = Part.of(options.shard, options.environments, revisions)
    with interruptible() as stop, terminal.progress(lines) as progress:
        made = local.planned(
            aws.connect(run_origin()),
            revisions,
            part.environments,
            applying=False,
            progress=progress,
            stop=stop,
            shard=part.shard,
            drifting=drifting,
        )
    if out is not None:
        write_text(out, output.plan_pieces(made, "json"))
    _print(output.plan_pieces(made, options.format))
    return local.plan_exit_code(made, detailed)


def apply(
    options: Options, base: str | None, yes: bool, approval: Approval, wanted: Wanted
) -> ExitCode:
    """Take the lease; plan, show, ask, apply, report; give it back."""
    from bot.adapters import aws
    from bot.adapters.interruption import ending_in_order
    from bot.adapters.origin import run_origin
    from bot.cli import leasing
    from bot.usecases.leasing import leased

    connected = aws.connect(run_origin())
    revisions = _revisions(options, base)
    with (
        ending_in_order() as stop,
        leased(wanted, lambda: connected.initial, leasing.voice(stop.left)) as lease,
    ):
        return _planned_and_applied(options, connected, revisions, yes, approval, lease, stop)


def _planned_and_applied(
    options: Options,
    connected: Aws,
    revisions: Revisions,
    yes: bool,
    approval: Approval,
    lease: Lease,
    stop: StopFlag,
) -> ExitCode:
    from bot.adapters.interruption import interruptible
    from bot.cli.confirming import confirm
    from bot.usecases import local, output
    from bot.usecases.approval import check_applicable, check_unchanged
    from bot.usecases.leasing import check_held

    made = _made(options, connected, revisions, stop)
    quiet = options.format == "json"  # then standard output holds one JSON document
    if not (quiet and yes):
        shown = "text" if quiet else options.format
        _print(output.plan_pieces(made, shown), err=quiet)
    try:
        check_applicable(made, approval)
        if made.changes and not yes:
            confirm(f"Apply these {len(made.changes)} changes?", "nothing was changed")
            confirmed = made
            made = _made(options, connected, revisions, stop)  # people take their time
            check_unchanged(confirmed, made)
        if made.changes:
            check_held(lease)
    except BotError:
        if options.format == "json":
            _print(output.plan_pieces(made, "json"))
        raise
    with interruptible(stop):  # once something was changed, no signal takes the report away
        report = _applied(connected, revisions, made, lease, options.rates, stop)
        _print(output.report_pieces(report, options.format))
    return local.apply_exit_code(made, report)


def _print(pieces: Iterable[str], *, err: bool = False) -> None:
    for piece in pieces:
        click.echo(piece, nl=False, err=err)


def _made(options: Options, connected: Aws, revisions: Revisions, stop: StopFlag) -> Plan:
    """The plan to apply. Raises Interrupted."""
    from bot.adapters import terminal
    from bot.adapters.interruption import interruptible
    from bot.render.progress import lines
    from bot.usecases import local

    part = Part.of(options.shard, options.environments, revisions)
    with interruptible(stop), terminal.progress(lines) as progress:
        made = local.planned(
            connected,
            revisions,
            part.environments,
            applying=True,
            progress=progress,
            stop=stop,
            shard=part.shard,
        )
    if stop.is_set():  # after AWS's last answer; from now on signals are ignored
        raise Interrupted("interrupted while the plan was made; nothing was changed.")
    return made


def _revisions(options: Options, base: str | None) -> Revisions:
    """The meshes; with ``--format json`` their faults go to standard output as JSON too."""
    from bot.usecases import local, output

    try:
        return local.load_revisions(options.meshes, base)
    except MeshInvalid as error:
        if options.format == "json":
            click.echo(output.faults_json(error.diagnostics, valid=False))
        raise


def _applied(
    connected: Aws,
    revisions: Revisions,
    made: Plan,
    lease: Lease,
    rates: Mapping[str, Rate],
    stop: Stop,
) -> Report:
    from bot.adapters import terminal
    from bot.adapters.threads import ThreadDispatcher
    from bot.engine.execute import Settings
    from bot.render.progress import lines
    from bot.usecases.apply import apply_plan
    from bot.usecases.verify import afterwards

    with terminal.progress(lines) as progress, ThreadDispatcher() as dispatcher:
        report = apply_plan(
            connected,
            revisions.head,
            made,
            base=revisions.base,
            dispatcher=dispatcher,
            stop=stop,
            progress=progress,
            lease=lease,
            settings=Settings(rates=rates),
        )
        return afterwards(connected, revisions.head, report, progress=progress, stop=stop)
