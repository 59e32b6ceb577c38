"""AWS's token buckets, kept on our side so that nothing is throttled.

Each API action has its own bucket per account and region:
https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.engine.execute.rates import Rate

SPARE = 2
"""Tokens left in every bucket: calls may arrive closer together than they were sent."""

CAUTION = 0.99
"""The part of the refill that is used: our clock and AWS's are not one."""

ROUNDING = 1e-6
"""A token that lacks less than this is whole: waiting for less than a clock's tick never ends."""

FASTEST, CALMEST = 5.0, 2.0
"""A full bucket is drunk at this many times its refill: at most, and in a long run.

Tokens that are saved are not lost while the bucket is not full. So a run that takes long
anyway needs no bursts, and then few calls are in flight when AWS has less than we think.
"""

DRAINED_WITHIN = 0.1
"""The part of the remaining time in which a full bucket is drunk."""

FIRST_HOLD, LONGEST_HOLD = 6.0, 96.0
"""Seconds without throttling after which more is tried again; doubled by each failure."""

GROWTH = 0.1
"""The part of the configured refill that is won back in a second."""

CUT = 0.75
"""What is left of the refill after throttling that came too soon to measure by."""

MEASURABLE = 2.0
"""Seconds between two empty buckets from which the calls in between tell the refill."""

MEMORY = 30.0
"""Seconds after which what was measured counts as old: others come and go."""

LEAST = 0.02
"""The part of the configured refill that is always hoped for."""


@dataclass(slots=True)
class Lesson:
    """What throttling taught. Times are seconds on the dispatcher's clock.

    ``share`` is the part of the configured rate that seems to be there; ``empty_at`` is when
    AWS's bucket was known to be empty, ``since`` how many calls it took after that.
    """

    share: float = 1.0
    throttled_at: float = float("-inf")
    grown_at: float = 0.0
    hold: float = FIRST_HOLD
    empty_at: float | None = None
    since: int = 0

    def grow(self, now: float) -> None:
        """Hope for more again once nothing was throttled for a while."""
        if self.share >= 1.0:
            return
        start = max(self.throttled_at + self.hold, self.grown_at)
        if now > start:
            self.share = min(1.0, self.share + (now - start) * GROWTH)
            self.grown_at = now

    def throttled(self, now: float, first_estimate: float, refill: float) -> None:
        """The bucket was empty. ``first_estimate``: the share that the calls so far speak for.

        ``refill`` are the tokens that the configured bucket regains a second.
        """
        if self.empty_at is None:
            share = first_estimate
        else:
            passed = now - self.empty_at
            share = self.since / passed / refill if passed >= MEASURABLE else CUT * self.share
            share = min(share, 0.97 * self.share)
            self.hold = min(2 * self.hold, LONGEST_HOLD) if self._probing else self.hold
        self.share = max(LEAST, min(share, self.share), self.share / 2)
        if self.empty_at is None or now - self.empty_at > MEMORY:
            self.empty_at, self.since = now, 0
        self.throttled_at = now

    @property
    def _probing(self) -> bool:
        return self.grown_at > self.throttled_at


@dataclass(slots=True)
class Bucket:
    """One action in one scope. Times are seconds on the dispatcher's clock."""

    rate: Rate
    tokens: float = field(init=False)
    at: float = 0.0
    opened_at: float | None = None
    taken: int = 0
    next_at: float = 0.0
    pace: float = FASTEST
    lesson: Lesson | None = None

    def __post_init__(self) -> None:
        self.tokens = self.capacity

    @property
    def share(self) -> float:
        """The part of the configured rate that seems to be there."""
        return self.lesson.share if self.lesson else 1.0

    @property
    def capacity(self) -> float:
        """The most that is ever saved; at least one, so that small buckets work."""
        return max(1.0, self.rate.size * self.share - SPARE)

    @property
    def refill(self) -> float:
        """Tokens regained a second."""
        return self.rate.refill * self.share * CAUTION

    @property
    def full(self) -> bool:
        """True when tokens are being lost, or nearly."""
        return self.tokens >= self.capacity - 1

    def refresh(self, now: float) -> None:
        """Gain what time brought."""
        if self.lesson:
            self.lesson.grow(now)
        gained = max(0.0, now - self.at) * self.refill
        self.tokens = min(self.capacity, self.tokens + gained)
        self.at = max(self.at, now)

    def take(self, now: float) -> bool:
        """Take a token if there is one and it is not too soon after the last."""
        self.refresh(now)
        if self.tokens < 1 - ROUNDING or now < self.next_at - ROUNDING:
            return False
        self.opened_at = now if self.opened_at is None else self.opened_at
        self.tokens -= 1
        self.taken += 1
        # by the clock of the plan of calls, so that a loop that looks late does not slow down
        gap = 1 / (self.refill * self.pace)
        self.next_at = max(self.next_at + gap, now)
        if self.lesson:
            self.lesson.since += 1
        return True

    def untake(self) -> None:
        """Put back a token: its call was not sent after all."""
        self.tokens = min(self.capacity, self.tokens + 1)
        self.taken -= 1
        if self.lesson:
            self.lesson.since -= 1

    def ready_at(self, now: float) -> float:
        """When the next call may be made."""
        self.refresh(now)
        lacking = 1 - self.tokens
        token_at = now + (lacking / self.refill if lacking > ROUNDING else 0.0)
        return max(token_at, self.next_at)

    def hurry(self, remaining: float) -> None:
        """Set how fast saved tokens are spent, in a run that takes so many seconds more."""
        whole = self.rate.size / self.rate.refill
        within = max(DRAINED_WITHIN * remaining, ROUNDING)
        self.pace = min(FASTEST, max(CALMEST, whole / within))

    def empty(self, now: float, sent_at: float | None = None) -> None:
        """AWS throttled a call: somebody else drinks from this bucket, or it is smaller.

        Calls that were sent before the last lesson teach nothing new.
        """
        self.refresh(now)
        self.tokens = 0.0
        if self.lesson is None:
            self.lesson = Lesson()
        sent = now if sent_at is None else sent_at
        if self.lesson.empty_at is not None and sent >= self.lesson.empty_at:
            self.lesson.since -= 1
        if sent >= self.lesson.throttled_at:
            self.lesson.throttled(now, self._drunk_share(now), self.rate.refill)
            self.tokens = 0.0

    def _drunk_share(self, now: float) -> float:
        """How much was drunk from the full bucket until it was empty, of what we thought it held.

        Right when size and refill are smaller alike; else what is learnt next mends it.
        """
        opened = now if self.opened_at is None else self.opened_at
        held = self.rate.size + (now - opened) * self.rate.refill
        return (self.taken - 1) / held
