"""Runs keepers in threads that take one store operation at a time, in an order that is given."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.adapters.lease.keeper import Clocks, Keeper
from bot.errors import AwsError
from bot.model.lease import LeaseSettings
from tests.adapters.lease.memory import LOST, UNSENT, MemoryStore, World

SETTINGS = LeaseSettings(ttl=60, beat=15, retry=2, margin=20, skew=5)
ANSWERED, UNANSWERED, NOT_SENT = 0, 1, 2
PATIENCE = 20.0


@dataclass
class Actor:
    """A run that tries to take the lease, and when it has it renews it ``beats`` times.

    It stops before each operation of the store until ``step`` lets it carry that one out.
    """

    world: World
    name: str
    ahead: float
    beats: int
    tries: int = 1
    fate: int = ANSWERED
    releases: bool = False
    done: bool = False
    finished: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.go, self.idle = threading.Semaphore(0), threading.Semaphore(0)
        store = MemoryStore(self.world, before=self._before, after=self._after)
        clocks = Clocks(lambda: self.world.now + self.ahead, lambda: -1.0, lambda _: None)
        self.keeper = Keeper(store, self.name, SETTINGS, clocks)
        threading.Thread(target=self._run, daemon=True).start()
        self._until_idle()

    @property
    def believes(self) -> bool:
        """Whether it takes the lease for its own, with nothing kept back."""
        left = self.keeper._trusted_until - (self.world.now + self.ahead)
        return not self.keeper._lost and left > 0

    def step(self, fate: int = ANSWERED) -> None:
        """One operation of the store, whose answer or request may be lost."""
        if not self.done:
            self.fate = fate
            self.go.release()
            self._until_idle()

    def _until_idle(self) -> None:
        assert self.idle.acquire(timeout=PATIENCE), "an actor hangs"
        for error in self.finished:
            raise error

    def _before(self, _: str) -> AwsError | None:
        self.idle.release()
        assert self.go.acquire(timeout=PATIENCE)
        return UNSENT if self.fate == NOT_SENT else None

    def _after(self, _: str) -> AwsError | None:
        return LOST if self.fate == UNANSWERED else None

    def _run(self) -> None:
        try:
            self._work()
        except AwsError:
            pass  # the apply ends with exit code 1
        except BaseException as error:  # noqa: BLE001 - for the test's thread
            self.finished.append(error)
        finally:
            self.done = True
            self.idle.release()

    def _work(self) -> None:
        if all(self.keeper.acquire() is not None for _ in range(self.tries)):
            return
        for _ in range(self.beats):
            if self.keeper.lost:
                return
            self.keeper.beat()
        if self.releases:
            self.keeper.release()


def drained(actors: list[Actor], check: Callable[[], None]) -> None:
    """Lets every actor end, one after the other."""
    for actor in actors:
        for _ in range(1000):
            if actor.done:
                break
            actor.step()
            check()
        assert actor.done
