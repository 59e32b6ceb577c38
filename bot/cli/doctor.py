"""``meshbot doctor``: the use case wired to adapters."""

from __future__ import annotations

from pathlib import Path

import click

from bot.errors import ExitCode


def doctor(meshes: Path, form: str, uses: tuple[str, ...]) -> ExitCode:
    """Look at everything that plan and apply need, and print what is ready."""
    from bot.adapters import aws, terminal
    from bot.adapters.github.probe import probe_own_token
    from bot.adapters.interruption import interruptible
    from bot.adapters.origin import run_origin
    from bot.adapters.threads import ThreadDispatcher
    from bot.render.progress import lines
    from bot.usecases import output
    from bot.usecases.doctor import Surroundings, examine, exit_code, load_files

    files = load_files(meshes)
    connected = aws.connect(run_origin())
    with (
        interruptible() as stop,
        terminal.progress(lines) as progress,
        ThreadDispatcher() as dispatcher,
    ):
        around = Surroundings(
            connected, connected.identities, probe_own_token, dispatcher, progress, uses, stop
        )
        diagnosis = examine(files, around)
    click.echo(output.diagnosis_text(diagnosis, form), nl=False)
    return exit_code(files, diagnosis)
