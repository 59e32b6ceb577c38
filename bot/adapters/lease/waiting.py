"""Waiting that signals do not cut short."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress


def done_within(seconds: float, work: Callable[[], None]) -> bool:
    """Whether it ends so soon, however often somebody presses Ctrl-C: that asks for it already.

    It is not waited for by ``Thread.join``: interrupted, that takes the thread for ended
    (CPython 3.11).
    """
    done = threading.Event()

    def working() -> None:
        try:
            work()
        finally:
            done.set()

    deadline = time.monotonic() + seconds
    threading.Thread(target=working, name="lease-end", daemon=True).start()
    while not done.is_set() and (left := deadline - time.monotonic()) > 0:
        with suppress(KeyboardInterrupt):
            done.wait(left)
    return done.is_set()
