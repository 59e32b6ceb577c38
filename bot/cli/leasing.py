"""The lease on the command line: what ``--lock`` asks for, and ``unlock``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from bot.errors import ExitCode, Locked, UsageError

if TYPE_CHECKING:
    from bot.usecases.leasing import Voice, Wanted


def wanted(lock: str, wait: str) -> Wanted:
    """The lease that the options ask for. Raises UsageError."""
    from bot.usecases.leasing import Wanted, place_of, wait_of

    return Wanted(place_of(lock, "--lock"), wait_of(wait, "--lock-wait"), _holder)


def _holder() -> str:
    from bot.adapters.lease import laptop

    return laptop()


def voice(left: Callable[[], float]) -> Voice:
    """Standard error; Ctrl-C ends the waiting. ``left``: see Voice."""
    from bot.usecases.leasing import Voice

    return Voice(_say, lambda text: _say(f"warning: {text}"), _pause, left)


def _say(text: str) -> None:
    from bot.render import escape

    click.echo(escape.terminal(text, 4000), err=True)


def _pause(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def unlock(lock: str, *, yes: bool, form: str) -> ExitCode:
    """Shows the holder, asks, and deletes exactly what was shown."""
    from bot.adapters import aws
    from bot.adapters.interruption import ending_in_order
    from bot.cli.confirming import confirm
    from bot.usecases import leasing, output

    place = leasing.place_of(lock, "--lock")
    if place is None:
        raise UsageError("--lock: name the lease to unlock, as apply was told it.")
    found = leasing.look(place, aws.connect().initial)
    quiet = form == "json"  # then standard output holds one JSON document
    told = output.plain_lines(found.text("text"))
    click.echo(told, err=quiet)
    if not found.free:
        if not yes:
            confirm("Take this lease away?", "the lease was left")
        with ending_in_order():
            removed = leasing.remove(found)
        if not removed:
            raise Locked("locked: the lease is another one by now; it was left. Look again.")
        click.echo("Unlocked.", err=quiet)
    if quiet:
        click.echo(found.text("json", removed=not found.free))
    return ExitCode.SUCCESS
