"""What a person at a terminal sees while work goes on; a pipe sees nothing of it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from bot.ports import Quiet

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


def progress() -> ProgressBars | Quiet:
    """Bars on standard error when it is a terminal, else silence."""
    return ProgressBars() if sys.stderr is not None and sys.stderr.isatty() else Quiet()


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
    """A Progress drawn by rich, one bar per activity, gone when it is done."""

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}

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

    def _started(self) -> Bars:
        if self._bars is None:
            from rich.console import Console
            from rich.progress import Progress as RichProgress

            self._bars = RichProgress(console=Console(stderr=True), transient=True)
            self._bars.start()
        return self._bars

    def close(self) -> None:
        """Take the display away."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    def __enter__(self) -> ProgressBars:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
