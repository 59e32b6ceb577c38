"""How an apply behaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.engine.execute.rates import Rate


@dataclass(frozen=True, slots=True)
class Settings:
    """How an apply behaves. Times are in seconds.

    ``concurrency``: calls in flight. ``patience``: how long a state is waited for.
    ``attempts``: how often a throttled or too early call is sent at most. ``grace``: how
    long a stopped apply waits for the calls in hand; the report has to be written in what
    the runner leaves after it. ``rates``: buckets other than AWS's.
    """

    concurrency: int = 64
    patience: float = 600.0
    attempts: int = 12
    grace: float = 2.5
    rates: Mapping[str, Rate] = field(default_factory=dict)
