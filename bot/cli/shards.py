"""The command ``shards``, and what ``--shard`` means to the others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.errors import ExitCode

if TYPE_CHECKING:
    from bot.model.shard import Shard
    from bot.usecases.local import Revisions

NO_MATRIX = (
    "The mesh files name no environment, and GitHub refuses an empty matrix: skip the job that"
    " would take it, as docs/shards.md shows."
)

most_option = click.option(
    "--max",
    "most",
    type=int,
    default=8,
    show_default=True,
    metavar="N",
    help="Shards at most, 1 to 256.",
)
shard_option = click.option(
    "--shard",
    default="",
    metavar="I-of-N",
    help="Read, show and apply this shard alone, as `meshbot shards` divides; the whole mesh is"
    " known. With --environment: the shard that these make.",
)


@dataclass(frozen=True, slots=True)
class Part:
    """What ``--shard`` and ``--environment`` leave of the mesh."""

    environments: tuple[str, ...]
    shard: Shard | None = None

    @classmethod
    def of(cls, label: str, environments: tuple[str, ...], both: Revisions) -> Part:
        """Raises UsageError and Refused."""
        if not label:
            return cls(environments)
        from bot.engine.shards import chosen
        from bot.usecases.validate import check_environments

        check_environments(environments, both.head, both.base)
        return cls((), chosen(label, environments, both.head, both.base))


def divide(meshes: Path, base: str | None, most: int, form: str) -> ExitCode:
    """Prints how the environments are divided. Raises MeshInvalid and UsageError."""
    from bot.engine.shards import divided
    from bot.usecases.local import load_revisions
    from bot.usecases.shards import shards_text

    both = load_revisions(meshes, base)
    shards = divided(both.head, both.base, most)
    click.echo(shards_text(shards, form))
    if form == "json" and not shards:
        click.echo(NO_MATRIX, err=True)
    return ExitCode.SUCCESS
