"""``meshbot verify``: the use case wired to adapters."""

from __future__ import annotations

from pathlib import Path

import click

from bot.errors import ExitCode, MeshInvalid


def verify(meshes: Path, environments: tuple[str, ...], form: str) -> ExitCode:
    """Read AWS and print who reaches whom. Raises MeshInvalid and UsageError."""
    from bot.adapters import aws, terminal
    from bot.adapters.interruption import interruptible
    from bot.render.progress import lines
    from bot.usecases import output
    from bot.usecases.validate import check_environments, load_mesh
    from bot.usecases.verify import exit_code
    from bot.usecases.verify import verify as looked

    try:
        loaded = load_mesh(meshes)
    except MeshInvalid as error:
        if form == "json":
            click.echo(output.faults_json(error.diagnostics, valid=False))
        raise
    check_environments(environments, loaded.mesh, None)
    with interruptible() as stop, terminal.progress(lines) as progress:
        found = looked(aws.connect(), loaded.mesh, environments, progress=progress, stop=stop)
    click.echo(output.verification_text(found, form), nl=False)
    return exit_code(found)
