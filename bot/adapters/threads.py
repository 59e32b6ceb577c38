"""ports.Dispatcher over daemonic threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, Queue, SimpleQueue
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")

_Job = tuple[Callable[[], Any], object]
_End = tuple[object, Any, Exception | None]


class ThreadDispatcher:
    """Runs work on at most ``workers`` threads, started as they are needed.

    The threads are daemons, so that a call that hangs cannot keep the process from ending.
    ``submit``, ``next`` and ``close`` belong to one thread.
    """

    def __init__(self, workers: int = 64) -> None:
        self._workers = workers
        self._threads: list[threading.Thread] = []
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        # Not a SimpleQueue: a signal at the very end of its time-out makes that wait for ever.
        self._ends: Queue[_End] = Queue()
        self._pending = 0
        self._closed = threading.Event()

    def submit(self, work: Callable[[], T], token: object) -> None:
        """Start ``work``, or queue it while all threads are busy. RuntimeError once closed."""
        if self._closed.is_set():
            raise RuntimeError("the dispatcher is closed")
        self._pending += 1
        self._jobs.put((work, token))
        if len(self._threads) < min(self._pending, self._workers):
            name = f"dispatcher-{len(self._threads)}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def next(self, timeout: float | None) -> tuple[object, Any, Exception | None] | None:
        """The next (token, result, error) that ended, or None after ``timeout`` seconds.

        Without a timeout, None at once when nothing is under way: nothing could ever end.
        """
        if timeout is None and not self._pending:
            return None
        try:
            end = self._ends.get(timeout=None if timeout is None else max(timeout, 0))
        except Empty:
            return None
        self._pending -= 1
        return end

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def close(self) -> None:
        """Start nothing more, drop what is queued, and wait for nobody.

        What is under way goes on until it ends by itself or the process does.
        """
        self._closed.set()
        for _ in self._threads:
            self._jobs.put(None)

    def __enter__(self) -> ThreadDispatcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None and not self._closed.is_set():
            work, token = job
            try:
                end: _End = token, work(), None
            except Exception as error:  # noqa: BLE001  (handed to whoever called submit)
                end = token, None, error
            self._ends.put(end)
