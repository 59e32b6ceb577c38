"""``ports.Dispatcher`` in virtual time: deterministic, one call after the other, no threads."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from tests.fakes.world import Clock

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone: nothing catches this, as nothing catches SIGKILL."""


class Stuck(BaseException):
    """The test has failed: what waits would never end."""


class SimulatedDispatcher:
    """Each call takes ``latency`` virtual seconds and takes effect at its end.

    ``kill`` is asked before each call takes effect. When it says yes, the calls in flight
    are lost, or with ``landing`` all still take effect, and ``Killed`` is raised.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        latency: float = 0.05,
        kill: Callable[[], bool] = lambda: False,
        landing: bool = False,
        idle_limit: float = 3600.0,
    ) -> None:
        self.clock, self.latency = clock, latency
        self.kill, self.landing = kill, landing
        self.idle_until = clock.now + idle_limit
        self.flying: list[tuple[float, int, Callable[[], Any], object]] = []
        self.serial = 0
        self.most_in_flight = 0

    def submit(self, work: Callable[[], T], token: object) -> None:
        """Starts a call that ends after the latency."""
        self.serial += 1
        heapq.heappush(self.flying, (self.clock.now + self.latency, self.serial, work, token))
        self.most_in_flight = max(self.most_in_flight, len(self.flying))

    def next(self, timeout: float | None) -> tuple[object, Any, Exception | None] | None:
        """The next call that ends, or None when the timeout comes first."""
        if not self.flying or (timeout is not None and self._wait > timeout):
            if timeout is None:
                raise Stuck("waits for ever with nothing in flight")
            self.clock.now += timeout
            if self.clock.now >= self.idle_until:
                raise Stuck("still not done after an hour")
            return None
        if self.kill():
            self._die()
        ends, _, work, token = heapq.heappop(self.flying)
        self.clock.now = max(self.clock.now, ends)
        try:
            return token, work(), None
        except Exception as error:  # noqa: BLE001 - a dispatcher hands every error back
            return token, None, error

    def now(self) -> float:
        """Virtual seconds."""
        return self.clock.now

    @property
    def _wait(self) -> float:
        return self.flying[0][0] - self.clock.now

    def _die(self) -> None:
        for ends, _, work, _ in sorted(self.flying, key=lambda call: call[:2]):
            if self.landing:
                self.clock.now = max(self.clock.now, ends)
                with suppress(Exception):
                    work()
        raise Killed
