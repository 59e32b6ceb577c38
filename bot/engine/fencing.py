"""Nothing is sent without the lease: the fence and the stop signal of an apply that holds one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.errors import LeaseLost
from bot.model.address import Scope
from bot.ports import Lease, Stop


@dataclass(frozen=True, slots=True)
class LeaseFence:
    """A Fence that lets a call pass only while the lease is certainly held, by its store's word.

    The margin with which a lease counts as lost is for the sending alone: whatever else may
    take long comes before the fence.
    """

    lease: Lease

    @contextmanager
    def __call__(self, scope: Scope, action: str) -> Iterator[None]:
        """See ports.Fence. Raises LeaseLost, before anything is sent, without the lease."""
        lost = self.lease.enter()
        if lost:
            raise LeaseLost(scope, action, "LeaseLost", f"not sent, the lease was lost: {lost}")
        try:
            yield
        finally:
            self.lease.leave()


@dataclass(frozen=True, slots=True)
class StopWithoutLease:
    """Set when the user's signal is, or when the lease is lost."""

    stop: Stop
    lease: Lease

    def is_set(self) -> bool:
        """True when nothing new may be started."""
        return self.stop.is_set() or bool(self.lease.lost)
