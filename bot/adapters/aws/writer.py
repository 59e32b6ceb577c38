"""ports.Writer: changes AWS, for the engine alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.adapters.aws.calls import Item, Reads, Writes
from bot.model.address import Scope


class MemberWriter:
    """Writes through member roles; remembers nothing."""

    def __init__(self, reads: Reads, writes: Writes) -> None:
        self._reads, self._writes = reads, writes

    def write(self, scope: Scope, action: str, **params: Any) -> Item:
        """One call, sent once: throttling and lost answers are the engine's to judge.

        Raises AwsError with AWS's code, or the name of the network fault.
        """
        return self._writes.once(scope, action, params)

    def poll(self, scope: Scope, action: str, **params: Any) -> Iterator[Item]:
        """Every item of a paginated answer, fresh. Raises as MemberReader.read does."""
        return iter(self._reads.items(scope, action, params))
