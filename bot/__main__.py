"""python -m bot."""

from __future__ import annotations

import gc
import sys

from bot.cli import run

COLLECT_AFTER = 100_000
"""New objects after which Python looks for rubbish; 700 by default, 2,000 since Python 3.13."""


def main() -> None:
    """The console script."""
    tune()
    sys.exit(run(sys.argv[1:]))


def tune() -> None:
    """Have Python look for unreachable cycles less often.

    A plan is hundreds of thousands of values that all stay and form no cycles: looking
    through them time and again would take as long as making them.
    """
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])


if __name__ == "__main__":
    main()
