"""SIGINT and SIGTERM as a flag: the call in hand is finished, nothing new is started."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bot.errors import Signalled

_ENDING = (signal.SIGINT, signal.SIGTERM)

_SLICE = 0.1
"""Seconds after which a pause looks up, to see whether it was told to stop."""


ENDING = 5.0
"""Seconds from the first signal in which all is given back: the runner's patience is 7.5, and
Python needs some of that to end."""

_LEAST = 0.5
"""Seconds that giving back gets however late it is."""


class StopFlag:
    """Set by a signal handler, read by any thread.

    Not a ``threading.Event``: its ``set`` takes a lock, and a handler runs in the main thread,
    which may hold that lock in ``wait`` at that moment. Here nothing is locked.
    """

    __slots__ = ("_set", "_since")

    def __init__(self) -> None:
        self._set = False
        self._since = 0.0

    def set(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """Set it; takes what a signal handler is given."""
        if not self._set:
            self._since = time.monotonic()
            self._set = True

    def is_set(self) -> bool:
        """True when nothing new may be started."""
        return self._set

    def left(self) -> float:
        """Seconds that giving back may take: all that were spent since it was set count."""
        if not self._set:
            return math.inf
        return max(_LEAST, self._since + ENDING - time.monotonic())

    def wait(self, seconds: float) -> bool:
        """Pause for that long, or until it is set. Whether it is set."""
        end = time.monotonic() + seconds
        while not self._set and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _SLICE))
        return self._set


@contextmanager
def ending_in_order() -> Iterator[StopFlag]:
    """SIGINT and SIGTERM raise Signalled, so that what is held is given back; a flag is set, too.

    The first of them alone: a second must not cut that short, nor the words that follow.
    """
    stop = StopFlag()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)
        raise Signalled

    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is end:
                signal.signal(number, handler)


@contextmanager
def interruptible(within: StopFlag | None = None) -> Iterator[StopFlag]:
    """A flag that SIGINT and SIGTERM set; outside, signals do what they did before.

    Unless the flag was set: then the process is about to end, and a second signal (a runner
    sends two) must not take away its exit code. The interpreter's last moments do not run our
    handlers, so it is ignored. ``within`` is the flag of what this is a part of.
    """
    stop = StopFlag() if within is None else within
    before = {number: signal.signal(number, stop.set) for number in _ENDING}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if stop.is_set() else handler)
