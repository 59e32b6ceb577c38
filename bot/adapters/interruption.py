"""SIGINT and SIGTERM as a flag: the call in hand is finished, nothing new is started."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending_in_order() -> Iterator[None]:
    """SIGTERM raises KeyboardInterrupt, as SIGINT does, so that what is held is given back."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set; outside, signals do what they did before.

    Unless the event was set: then the process is about to end, and a second signal (a runner
    sends two) must not take away its exit code. The interpreter's last moments do not run our
    handlers, so it is ignored.
    """
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if stop.is_set() else handler)
