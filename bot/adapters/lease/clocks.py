"""A clock for the life of a lease."""

from __future__ import annotations

import time


def steady() -> float:
    """Seconds on a clock that never goes back and goes on while the machine sleeps.

    Linux's CLOCK_MONOTONIC, which ``time.monotonic`` reads, stands still in a laptop whose lid
    is closed (clock_gettime(2)); macOS's CLOCK_MONOTONIC does not.
    """
    name = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic() if name is None else time.clock_gettime(name)
