"""What a person at a terminal sees while work goes on; a pipe sees nothing of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.ports import Quiet

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from bot.model.progress import Progressed

Words = Callable[["Progressed", int], Sequence[str]]
"""How far an apply is, as harmless lines: one about all, then at most so many about scopes."""

SCOPES = 8
"""Scopes that are shown at most, however many there are and however high the terminal is."""
OTHER_LINES = 4
"""Lines of the display beside those: the bar, all scopes together, how many more, the cursor."""


def progress(words: Words) -> ProgressBars | Quiet:
    """A display on standard error when it is a terminal, else silence."""
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    return ProgressBars(words) if on_terminal else Quiet()


def colour() -> bool:
    """True when standard output is a terminal that wants colour (https://no-color.org)."""
    dumb = os.environ.get("TERM") == "dumb"
    return _on_terminal() and not os.environ.get("NO_COLOR") and not dumb


def width() -> int:
    """Columns of the terminal; a sensible line length in a pipe."""
    return os.get_terminal_size().columns if _on_terminal() else 120


def _on_terminal() -> bool:
    """Standard output may be closed (``>&-``): then there is none."""
    return sys.stdout is not None and sys.stdout.isatty()


class ProgressBars:
    """A Progress drawn by rich: a bar for each activity, and how far an apply is, by scope.

    All of it is gone when the work is done. ``console`` is standard error's by default.
    """

    def __init__(self, words: Words, console: Console | None = None) -> None:
        self._words, self._console = words, console
        self._live: Live | None = None
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._lines: Sequence[str] = ()

    def update(self, activity: str, done: int, total: int) -> None:
        """Draw; the first update starts the display, the last of an activity removes its bar."""
        bars = self._started()
        if activity not in self._tasks:
            self._tasks[activity] = bars.add_task(activity, total=total)
        bars.update(self._tasks[activity], completed=done, total=total)
        if done >= total:
            bars.remove_task(self._tasks.pop(activity))
            if not self._tasks:
                self.close()

    def progressed(self, state: Progressed) -> None:
        """Draw what is left; nothing once all is done."""
        if all(kind.done >= kind.total for kind in state.kinds):
            return
        self._started()
        assert self._console is not None, "made when it started"
        room = max(0, min(SCOPES, self._console.size.height - OTHER_LINES))
        self._lines = self._words(state, room)

    def _started(self) -> Bars:
        if self._bars is None:
            from rich.console import Console
            from rich.live import Live

            self._console = self._console or Console(stderr=True)
            self._bars = _bars(self._console)
            self._live = Live(
                console=self._console,
                get_renderable=self._drawn,
                transient=True,
                vertical_overflow="crop",
                redirect_stdout=False,
            )
            self._live.start()
        return self._bars

    def _drawn(self) -> RenderableType:
        """The display now. Text is never taken for rich's markup; only the first line wraps."""
        from rich.console import Group
        from rich.text import Text

        lines = [Text(line, no_wrap=True, overflow="ellipsis") for line in self._lines]
        for line in lines[:1]:
            line.no_wrap = False
        return Group(*([self._bars] if self._bars and self._tasks else []), *lines)

    def close(self) -> None:
        """Take the display away. A terminal that is gone has none, and nobody is told so."""
        live, self._live = self._live, None
        with suppress(OSError, ValueError):
            if live is not None:
                live.stop()
        self._bars = None
        self._tasks, self._lines = {}, ()

    def __enter__(self) -> ProgressBars:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _bars(console: Console) -> Bars:
    """``reading scopes ━━━━ 12/400``, narrow enough for any terminal; not a display by itself."""
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    column = Column(no_wrap=True, overflow="ellipsis")
    return Progress(
        TextColumn("{task.description}", markup=False, table_column=column),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:,.0f}/{task.total:,.0f}", markup=False, table_column=column),
        console=console,
    )
