"""What a run's log shows while AWS is read and while a plan is applied: a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from types import TracebackType

from bot.engine.pace import LinePace
from bot.model.progress import Progressed
from bot.ports import Progress, Runner
from bot.render import progress as words

SCOPES = 6
"""Scopes that are told of at most, each time."""


class Watched:
    """A Progress in one group of the log, which is opened for its first line.

    ``title`` is ours. ``now`` tells seconds on a clock that never goes back.
    """

    def __init__(
        self,
        runner: Runner,
        title: str,
        pace: LinePace,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._runner, self._title, self._pace, self._now = runner, title, pace, now
        self._began = now()
        self._last: tuple[float, float] | None = None
        self._state: Progressed | None = None
        self._line: Callable[[str], None] | None = None
        self._opened = ExitStack()

    def update(self, activity: str, done: int, total: int) -> None:
        """How much was read; while a plan is applied ``progressed`` tells more."""
        if self._state is None and self._due(done / total if total else 1.0):
            self._say(words.reading(activity, done, total))

    def progressed(self, state: Progressed) -> None:
        """All together with the estimate, and the scopes with most left."""
        self._state = state
        if self._due(words.share(state)):
            for line in words.lines(state, SCOPES):
                self._say(line)

    def _due(self, share: float) -> bool:
        elapsed = self._now() - self._began
        if not self._pace.due(elapsed, share, self._last):
            return False
        self._last = elapsed, share
        return True

    def _say(self, line: str) -> None:
        if self._line is None:
            self._line = self._opened.enter_context(self._runner.group(self._title))
        self._line(line)

    def __enter__(self) -> Watched:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """A last line for an apply, however it ended. What was done is not lost for a log."""
        with suppress(OSError, ValueError), self._opened:
            if self._state is not None:
                self._say(words.ended(self._state, self._now() - self._began))


class Together:
    """A Progress for several."""

    def __init__(self, *all_: Progress) -> None:
        self._all = all_

    def update(self, activity: str, done: int, total: int) -> None:
        """Told to each."""
        for one in self._all:
            one.update(activity, done, total)

    def progressed(self, state: Progressed) -> None:
        """Told to each."""
        for one in self._all:
            one.progressed(state)
