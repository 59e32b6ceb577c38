"""A lease store in memory: atomic, with a clock of its own, and answers that can be lost."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bot.errors import AwsError
from bot.model.lease import LeaseRecord, Seen, read_record

LOST = AwsError(None, "memory:Write", "ReadTimeoutError", "no answer")
UNSENT = AwsError(None, "memory:Write", "ConnectTimeoutError", "no connection")


@dataclass
class World:
    """The true time, and the one record that there is. ``skew``: what a Date is off by."""

    now: float = 1_000_000.0
    text: str = ""
    mark: str = ""
    skew: float = 0.0
    dated: bool = True
    serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def put(self, text: str) -> str:
        """Stores a text; its mark."""
        self.text, self.mark = text, f"mark-{next(self.serial)}"
        return self.mark

    def clear(self) -> None:
        """Stores nothing."""
        self.text = self.mark = ""

    @property
    def date(self) -> float | None:
        """What the Date of an answer says now."""
        return float(math.floor(self.now + self.skew)) if self.dated else None

    @property
    def record(self) -> LeaseRecord | None:
        """What is stored, if it is a lease."""
        read = read_record(self.text)
        return read if isinstance(read, LeaseRecord) else None


def nothing(_: str) -> AwsError | None:
    """Every answer arrives."""
    return None


@dataclass
class MemoryStore:
    """``ports.LeaseStore``. ``before`` is asked before each operation, and may raise for it;
    ``after`` may raise although the operation was carried out."""

    world: World
    before: Callable[[str], AwsError | None] = nothing
    after: Callable[[str], AwsError | None] = nothing
    operations: list[str] = field(default_factory=list)

    def read(self) -> Seen:
        self._enter("read")
        text, mark, date = self.world.text, self.world.mark, self.world.date
        self._leave("read")
        return Seen(read_record(text), mark, date) if text else Seen(None, date=date)

    def write(self, record: LeaseRecord, over: str) -> Seen | None:
        self._enter("write")
        holds = self.world.mark == over
        seen = Seen(record, self.world.put(record.text), self.world.date) if holds else None
        self._leave("write")
        return seen

    def delete(self, over: str) -> bool:
        self._enter("delete")
        holds = bool(self.world.text) and self.world.mark == over
        if holds:
            self.world.clear()
        self._leave("delete")
        return holds

    def _enter(self, operation: str) -> None:
        if error := self.before(operation):
            raise error
        self.operations.append(operation)

    def _leave(self, operation: str) -> None:
        if error := self.after(operation):
            raise error


def once(operation: str, error: AwsError, nth: int = 1) -> Callable[[str], AwsError | None]:
    """Raises for the nth operation of this kind."""
    count = itertools.count(1)
    return lambda name: error if name == operation and next(count) == nth else None
