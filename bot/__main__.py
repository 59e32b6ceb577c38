"""python -m bot."""

from __future__ import annotations

import gc
import os
import signal
import sys

SIGNALS = (signal.SIGINT, signal.SIGTERM)
UNBEGUN = "interrupted; nothing was changed."
COLLECT_AFTER = 500_000
"""New objects after which Python looks for rubbish; 700 by default, 2,000 since Python 3.13."""


def main() -> None:
    """The console script. From its first line on, a signal ends it with a word and a code."""
    for number in SIGNALS:
        signal.signal(number, _leave)
    from bot.cli import run  # the longest part of the start, in which signals come, too

    tune()
    for number in SIGNALS:
        signal.signal(number, _unwind)
    code = run(sys.argv[1:])
    for number in SIGNALS:  # the code stands
        signal.signal(number, signal.SIG_IGN)
    sys.exit(code)


def _leave(_number: int, _frame: object) -> None:
    """At once: an exception could be lost in an import, and there is nothing to give back."""
    os.write(2, f"{UNBEGUN}\n".encode())
    os._exit(1)


def _unwind(_number: int, _frame: object) -> None:
    """Before a command has begun what may not be cut short, and after. A second is ignored."""
    from bot.errors import Signalled

    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Signalled(UNBEGUN)


def tune() -> None:
    """Have Python look for unreachable cycles less often.

    A plan is hundreds of thousands of values that all stay and form no cycles: looking
    through them time and again would take as long as making them.
    """
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


if __name__ == "__main__":
    main()
