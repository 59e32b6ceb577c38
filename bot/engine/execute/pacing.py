"""Looks at an apply as a whole now and then: how long it takes, and what follows from that."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from bot.engine.execute.estimate import Tally, remaining
from bot.engine.execute.graph import Graph
from bot.engine.execute.lanes import Lanes
from bot.engine.execute.polling import Polls
from bot.model.progress import Progressed
from bot.ports import Progress, Quiet

LOG = logging.getLogger(__name__)

INTERVAL = 0.25
"""Seconds between two looks."""

TELLING = 1.0
"""Seconds between two reports of how far it is."""


@dataclass(slots=True)
class Sheltered:
    """A Progress that is told no more once it failed: nothing depends on who looks on."""

    progress: Progress

    def update(self, activity: str, done: int, total: int) -> None:
        """See Progress.update."""
        try:
            self.progress.update(activity, done, total)
        except Exception as error:  # noqa: BLE001  (whoever shows it may raise anything)
            self._failed(error)

    def progressed(self, state: Progressed) -> None:
        """See Progress.progressed."""
        try:
            self.progress.progressed(state)
        except Exception as error:  # noqa: BLE001
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        LOG.error("how far the apply is can no longer be told", exc_info=error)
        self.progress = Quiet()


@dataclass(slots=True)
class Pacing:
    """Sets how fast saved tokens are spent and how often AWS is asked; tells of progress."""

    graph: Graph
    lanes: Lanes
    polls: Polls
    progress: Progress
    tally: Tally = field(init=False)
    looked_at: float = float("-inf")
    told_at: float = float("-inf")

    def __post_init__(self) -> None:
        self.tally = Tally.of(self.graph.changes.values())

    def look(self, now: float) -> None:
        """Look, if the last time is a while ago."""
        if now < self.looked_at + INTERVAL:
            return
        self.looked_at = now
        left = remaining(self.lanes, self.graph.calls, now)
        self.lanes.hurry(left.seconds)
        self.polls.pace(left.seconds, left.starved)
        if now >= self.told_at + TELLING:
            self.told_at = now
            self.tell(left.seconds)

    def tell(self, seconds_left: float = 0.0) -> None:
        """Say how far it is."""
        while self.graph.settling:
            self.tally.settled(self.graph.settling.pop())
        self.progress.progressed(self.tally.value(seconds_left))
