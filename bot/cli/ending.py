"""How a command that fails ends: a message on standard error, and an exit code."""

from __future__ import annotations

import contextlib

import click

from bot.errors import BotError, ExitCode, Signalled

ABORTED = "Aborted; nothing new was started."


def ended(error: BaseException) -> ExitCode:
    """Says what went wrong, in words and without a traceback. Call it where it is handled."""
    match error:
        case click.ClickException():
            error.show()
            code = ExitCode.USAGE
        case click.Abort() | KeyboardInterrupt():
            code = _said(_stopped(error))
        case BotError():
            code = _complained(error)
        case BrokenPipeError():
            code = ExitCode.FAILURE
        case OSError():
            with contextlib.suppress(OSError):  # standard error may be gone too
                _said(f"error: the result cannot be written: {error.strerror}")
            code = ExitCode.FAILURE
        case _:
            code = _bug(error)
    return code


def _stopped(error: BaseException) -> str:
    told = error.__cause__ if isinstance(error, click.Abort) else error  # click wraps it
    return str(told) if isinstance(told, Signalled) and told.args else ABORTED


def _said(text: str) -> ExitCode:
    click.echo(text, err=True)
    return ExitCode.FAILURE


def _complained(error: BotError) -> ExitCode:
    from bot.usecases import output

    click.echo(output.error_text(error), err=True)
    return error.exit_code


def _bug(error: BaseException) -> ExitCode:
    from bot.adapters.crash import crash_log

    kind = type(error).__name__
    return _said(f"unexpected failure ({kind}): a bug of meshbot. Its details are in {crash_log()}")
