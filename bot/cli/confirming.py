"""What a command asks before it goes on."""

from __future__ import annotations

import click

from bot.errors import FailureReason, Refused


def confirm(question: str, left: str) -> None:
    """Asks on standard error. Raises Refused, with what was ``left``, for anything but a yes."""
    try:
        confirmed = click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)
        confirmed = False
    if not confirmed:
        raise Refused(
            f"not confirmed: {left}. Where nobody can be asked, give --yes.",
            FailureReason.UNREVIEWED,
        )
