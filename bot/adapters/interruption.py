"""SIGINT and SIGTERM as a flag: the call in hand is finished, nothing new is started."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM)

_SLICE = 0.1
"""Seconds after which a pause looks up, to see whether it was told to stop."""


class StopFlag:
    """Set by a signal handler, read by any thread.

    Not a ``threading.Event``: its ``set`` takes a lock, and a handler runs in the main thread,
    which may hold that lock in ``wait`` at that moment. Here nothing is locked.
    """

    __slots__ = ("_set",)

    def __init__(self) -> None:
        self._set = False

    def set(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Set it; takes what a signal handler is given."""
        self._set = True

    def is_set(self) -> bool:
        """True when nothing new may be started."""
        return self._set

    def wait(self, seconds: float) -> bool:
        """Pause for that long, or until it is set. Whether it is set."""
        end = time.monotonic() + seconds
        while not self._set and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE))
        return self._set


@contextmanager
def ending_in_order() -> Iterator[None]:
    """SIGINT and SIGTERM raise KeyboardInterrupt, so that what is held is given back.

    The first of them alone: a second must not cut that short, nor the words that follow.
    """
    before = {number: signal.signal(number, _end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) == _end:
                signal.signal(number, handler)


def _end(_number: int, _frame: FrameType | None) -> None:
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[StopFlag]:
    """A flag that SIGINT and SIGTERM set; outside, signals do what they did before.

    Unless the flag was set: then the process is about to end, and a second signal (a runner
    sends two) must not take away its exit code. The interpreter's last moments do not run our
    handlers, so it is ignored.
    """
    stop = StopFlag()
    before = {number: signal.signal(number, stop.set) for number in _ENDING}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if stop.is_set() else handler)
