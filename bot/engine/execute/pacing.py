"""Looks at an apply as a whole now and then: how long it takes, and what follows from that."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from bot.engine.execute.estimate import Tally, remaining
from bot.engine.execute.graph import Graph
from bot.engine.execute.lanes import Lanes
from bot.engine.execute.polling import Polls
from bot.ports import Progress

LOG = logging.getLogger(__name__)

INTERVAL = 0.25
"""Seconds between two looks."""

TELLING = 1.0
"""Seconds between two reports of how far it is."""


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
    warned: bool = False

    def __post_init__(self) -> None:
        self.tally = Tally.of(self.graph.changes.values())

    def look(self, now: float) -> None:
        """Look, if the last time is a while ago."""
        if now < self.looked_at + INTERVAL:
            return
        self.looked_at = now
        left = remaining(self.lanes, self.graph.calls, now)
        self.lanes.hurry(left.seconds)
        self.polls.pace(left.seconds, left.idle_in)
        if now >= self.told_at + TELLING:
            self.told_at = now
            self.tell(left.seconds)

    def tell(self, seconds_left: float = 0.0) -> None:
        """Say how far it is."""
        while self.graph.settling:
            self.tally.settled(self.graph.settling.pop())
        self.progress.progressed(self.tally.value(seconds_left, self._starved()))

    def _starved(self) -> str:
        """What all that is left waits for, when it waits for others; said in the log once."""
        starved = () if self.polls.waiting else self.lanes.starved
        slots = self.lanes.slots
        each = (
            slots.holders(key) or f"AWS has no place for {key[1]} of {key[0]}" for key in starved
        )
        words = "; ".join(each)
        if words and not self.warned:
            self.warned = True
            LOG.warning("the apply waits: %s", words.encode("unicode_escape").decode())
        return words
