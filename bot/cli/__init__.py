"""Arguments in, exit code out: the only place that wires adapters to use cases."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cli.commands import meshbot
from bot.cli.ending import ended
from bot.errors import ExitCode


def run(arguments: Sequence[str]) -> int:
    """The exit code of a command line. No traceback reaches a user."""
    try:
        code = meshbot.main(list(arguments), prog_name="meshbot", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a bug becomes a report here
        return ended(error)
    return int(code or ExitCode.SUCCESS)
