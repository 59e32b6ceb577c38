"""The comments of merged pull requests while they are applied: how far it is, now and then.

Nothing here is needed by anybody: it is done beside the apply by a thread and a client of its
own, never keeps it waiting, and a failure is a notice. What counts is that the outcome is the
last word: once ``end`` was called nothing more is sent, and ``outlast`` waits for an edit that
is on its way, or tells the outcome again after it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bot.adapters.github.session import TooLate
from bot.engine.pace import CommentPace
from bot.errors import GitHubRefused
from bot.model.progress import Progressed
from bot.ports import Dispatcher, GitHub, Stop

PATIENCE = 2.0
"""Seconds for an edit that is on its way, before the outcome is told."""
HASTE = 0.5
"""Likewise when the run was stopped, and is killed soon."""
LONGEST = 8.0
"""Seconds to see what became of it after that; with those before, more than an answer may take."""
BETWEEN = 1.0
"""Seconds between two edits (GitHub: best practices for the REST API)."""
FAILURES = 2
"""So many in a row, and no more is tried: GitHub has enough to do."""
MOST_PULLS = 10
"""The newest ones are kept up to date; the others are told the outcome alone."""


class Beside(Dispatcher, Protocol):
    """A Dispatcher that can be let go."""

    def close(self) -> None:
        """Start nothing more, and wait for nobody."""


class NoRemarks:
    """Nobody is told anything before the end."""

    def outlast(self, tell: Callable[[], None]) -> str:
        """Tells the outcome."""
        tell()
        return ""


@dataclass(slots=True)
class Remarks:
    """A Progress that edits the comments of pull requests, beside whoever calls it.

    ``applying`` gives a comment's new text, out of the old one. ``connect`` opens a client
    for this alone, which sends nothing once the given signal is set.
    """

    numbers: tuple[int, ...]
    marker: str
    applying: Callable[[str, Progressed], str]
    connect: Callable[[Stop], GitHub]
    beside: Beside
    pace: CommentPace
    _ended: threading.Event = field(default_factory=threading.Event)
    _bodies: dict[int, str] = field(default_factory=dict)
    _github: GitHub | None = None
    _began: float = 0.0
    _last: float | None = None
    _sent: int = 0
    _busy: bool = False
    _hasty: bool = False
    _failures: int = 0
    _trouble: str = ""

    def __post_init__(self) -> None:
        self.numbers = self.numbers[-MOST_PULLS:]
        self._began = self.beside.now()

    def update(self, activity: str, done: int, total: int) -> None:
        """Nothing: ``progressed`` tells more."""

    def progressed(self, state: Progressed) -> None:
        """Has the comments edited if it is time for that. Answers at once."""
        self._collect(0)
        elapsed, edits = self.beside.now() - self._began, len(self.numbers)
        if self._busy or self._ended.is_set() or self._failures >= FAILURES:
            return
        if self.pace.due(elapsed, state.seconds_left, self._last, self._sent, edits):
            self._last, self._busy = elapsed, True
            self._sent += edits
            self.beside.submit(lambda: self._edit(state), "edit")

    def end(self, *, hasty: bool) -> None:
        """Sends nothing more. ``hasty``: the run has little time left to tell the outcome."""
        self._hasty = hasty
        self._ended.set()

    def outlast(self, tell: Callable[[], None]) -> str:
        """Tells the outcome so that nothing of ours comes after it; what went wrong, in words."""
        self._ended.set()
        self._collect(HASTE if self._hasty else PATIENCE)
        overtaken = self._busy
        tell()
        if overtaken:
            self._collect(0 if self._hasty else LONGEST)
            if not self._busy:
                tell()
        self.beside.close()
        return self._trouble

    def _edit(self, state: Progressed) -> None:
        """In the thread of its own. A comment that nobody wrote is not made for this."""
        github = self._github = self._github or self.connect(self._ended)
        for number in self.numbers:
            if number not in self._bodies:
                self._bodies[number] = github.own_comment(number, self.marker)
            if body := self._bodies[number]:
                text = self.applying(body, state)
                github.comment(number, self.marker, text, create=False)
            if number != self.numbers[-1] and self._ended.wait(BETWEEN):
                return

    def _collect(self, seconds: float) -> None:
        """What became of the edits that were under way, after so many seconds at most."""
        if not self._busy or (ended := self.beside.next(seconds)) is None:
            return
        self._busy, error = False, ended[2]
        if error is None:
            self._failures = 0
        elif not isinstance(error, TooLate):
            self._failures += FAILURES if isinstance(error, GitHubRefused) else 1
            self._trouble = str(error) or type(error).__name__
