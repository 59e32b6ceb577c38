"""``meshbot verify``: the use case wired to adapters."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.errors import ExitCode, MeshInvalid, Refused, UsageError
from bot.model.address import AccountId

if TYPE_CHECKING:
    from bot.config import Loaded
    from bot.model.analyzer import Analyzed
    from bot.ports import Aws
    from bot.usecases.verify import Looked


@dataclass(frozen=True, slots=True)
class Analyzer:
    """How Reachability Analyzer is to be asked."""

    pairs: tuple[str, ...]
    through: AccountId | None
    yes: bool

    @classmethod
    def of(
        cls, wanted: bool, pairs: tuple[str, ...], account: str | None, yes: bool
    ) -> Analyzer | None:
        """What the options ask for; None: not at all. Raises UsageError."""
        if not wanted:
            given = {"--pair": bool(pairs), "--analyzer-account": account, "--yes": yes}
            for option in (name for name, value in given.items() if value):
                raise UsageError(f"{option} goes with --analyzer")
            return None
        if account is not None and not re.fullmatch("[0-9]{12}", account):
            raise UsageError(f"--analyzer-account is an account id of 12 digits, not {account!r}")
        return cls(pairs, AccountId(account) if account else None, yes)


def verify(
    meshes: Path, environments: tuple[str, ...], form: str, analyzer: Analyzer | None
) -> ExitCode:
    """Read AWS and print who reaches whom. Raises MeshInvalid, UsageError and Refused."""
    from bot.adapters import aws, terminal
    from bot.adapters.interruption import interruptible
    from bot.adapters.origin import run_origin
    from bot.render.progress import lines
    from bot.usecases import output
    from bot.usecases.validate import check_environments
    from bot.usecases.verify import exit_code, look

    loaded = _loaded(meshes, form)
    check_environments(environments, loaded.mesh, None)
    connected = aws.connect(run_origin())
    with interruptible() as stop, terminal.progress(lines) as progress:
        looked = look(
            connected,
            loaded.mesh,
            environments,
            progress=progress,
            stop=stop,
            analyzing=analyzer is not None,
        )
    found = looked.found
    try:
        if analyzer is not None:
            found = replace(found, analyzed=_analyzed(connected, loaded, looked, analyzer))
    except Refused:  # what the model says was asked for all the same
        click.echo(output.verification_text(found, form), nl=False)
        raise
    click.echo(output.verification_text(found, form), nl=False)
    return exit_code(found)


def _loaded(meshes: Path, form: str) -> Loaded:
    from bot.usecases import output
    from bot.usecases.validate import load_mesh

    try:
        return load_mesh(meshes)
    except MeshInvalid as error:
        if form == "json":
            click.echo(output.faults_json(error.diagnostics, valid=False))
        raise


def _analyzed(connected: Aws, loaded: Loaded, looked: Looked, analyzer: Analyzer) -> Analyzed:
    """Say what it would be asked and what that costs, ask for a yes, and ask it."""
    from bot.adapters import terminal
    from bot.adapters.interruption import interruptible
    from bot.cli.confirming import confirm
    from bot.errors import Interrupted
    from bot.model.analyzer import Analyzed
    from bot.render.analyzer import analyses
    from bot.render.progress import lines
    from bot.usecases import output
    from bot.usecases.analyzer import Asking

    given = connected, loaded.mesh, analyzer.through
    with interruptible() as stop, terminal.progress(lines) as progress:
        offered = Asking(*given, progress, stop).offered(looked, analyzer.pairs)
    if stop.is_set():  # after AWS's last answer; from now on signals are ignored
        raise Interrupted("interrupted while AWS was read; nothing was changed.")
    click.echo(output.offer_text(offered), nl=False, err=True)
    if not offered.questions:
        return Analyzed(offered)
    if not analyzer.yes:
        confirm(
            f"Run {analyses(len(offered.questions))}?",
            "Reachability Analyzer was not asked, and costs nothing",
        )
    with interruptible() as stop, terminal.progress(lines) as progress:
        return Asking(*given, progress, stop).asked(offered, looked)
