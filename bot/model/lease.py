"""A lease: the right to apply, held by one run for a while. Values and decisions; no clock, no I/O.

A record lies in a store that writes it on a condition only: where there is none, or over exactly
the record that was read. It names a holder and says until when nobody else may take it.

*Whose clock.* The clocks of two runners may differ by anything, so a record's times are the
store's: the ``Date`` of its answers. From one answer only bounds are known (``Reading``). The
holder writes an expiry that is late by its bounds, a contender compares it with a time that is
early by its own, and waits for ``skew`` besides, for a store is many machines: so a contender
takes no lease before its time to live is over for the holder. Without a ``Date`` the local clock
stands in, and the runners' clocks must agree to within ``skew``.

*When the holder stops.* It counts the time to live on its own clock, one that never goes back
and does not stop while the machine sleeps, from before the renewing request was sent: what it
believes ends before what it wrote. It stops trusting the lease ``margin`` earlier, so that a
call that was just let through can arrive.

*Where this is not safe.* EC2 takes no fencing token: a call that is delayed on its way by more
than ``margin`` and ``skew`` together can arrive after another run took the lease. So can one of a
process that was frozen between looking at its clock and sending, or of a virtual machine whose
clocks stood still with it. Calls are therefore let through only after the store confirmed the
lease at most ``fresh`` seconds ago, and the next run plans from what it reads.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

FORMAT = 1
LONGEST_TEXT = 16 * 1024
"""Characters of a record; what is longer was not written by meshbot."""
LONGEST_HOLDER = 500

_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)
_TIME_FORM = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class LeaseSettings:
    """How a lease is kept. All in seconds.

    ``ttl``: from a renewal to the expiry. ``beat``: from one renewal to the next; ``retry``:
    after one that failed. ``margin``: remaining life at which it counts as lost. ``skew``: how
    long after the expiry it is left alone. ``fresh``: age of a confirmation that still counts.
    ``poll``: between looks at a busy one. ``patience``: how long giving it back may take.
    """

    ttl: float = 60.0
    beat: float = 15.0
    retry: float = 2.0
    margin: float = 20.0
    skew: float = 5.0
    fresh: float = 1.0
    poll: float = 3.0
    patience: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < self.beat < self.ttl - self.margin or self.margin <= 0:
            raise ValueError("a lease has to be renewed before it counts as lost")


SETTINGS = LeaseSettings()


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """What the store holds. Times are seconds since the epoch, whole ones, of the store's clock.

    ``holder`` is for people. ``token`` belongs to one run, ``version`` to one write: both
    are 32 random hex digits.
    """

    holder: str
    token: str
    version: str
    since: int
    expires: int

    @property
    def text(self) -> str:
        """The form in which it is stored: one line of JSON."""
        return json.dumps(
            {
                "format": FORMAT,
                "holder": self.holder[:LONGEST_HOLDER],
                "token": self.token,
                "version": self.version,
                "since": time_text(self.since),
                "expires": time_text(self.expires),
            }
        )


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something is stored that meshbot did not write, or not this version of it.

    It counts as a lease that somebody unknown holds, for ever.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the store, or what an answer to a write said.

    ``mark`` stands for exactly this content, in conditions. ``date`` is the store's clock in
    seconds since the epoch, None when it did not say. ``hidden``, where there seems to be no
    content: why there may be some all the same.
    """

    content: LeaseRecord | Unreadable | None
    mark: str = ""
    date: float | None = None
    hidden: str = ""


class Standing(StrEnum):
    """What a contender may do about what it saw."""

    FREE = "free"
    HELD = "held"
    EXPIRED = "expired"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Reading:
    """The store's clock, read once.

    ``date`` has whole seconds. ``sent`` and ``received`` are on the reader's own clock.
    """

    date: float
    sent: float
    received: float

    def earliest(self, now: float) -> float:
        """What the store's clock shows at least."""
        return self.date + (now - self.received)

    def latest(self, now: float) -> float:
        """What it shows at most."""
        return self.date + 1 + (now - self.sent)


def standing(seen: Seen, earliest: float, settings: LeaseSettings) -> Standing:
    """Free, held, expired or unreadable, at the store's time ``earliest`` or later."""
    match seen.content:
        case None:
            return Standing.FREE
        case Unreadable():
            return Standing.UNREADABLE
        case LeaseRecord(expires=expires):
            over = earliest > expires + settings.skew
            return Standing.EXPIRED if over else Standing.HELD


def expiry(reading: Reading, now: float, settings: LeaseSettings) -> int:
    """What to write as the expiry in a request that is sent now: never too early."""
    return math.ceil(reading.latest(now) + settings.ttl)


def read_record(text: str) -> LeaseRecord | Unreadable:
    """A stored record. Anybody may have written the text: what is odd is Unreadable."""
    if len(text) > LONGEST_TEXT:
        return Unreadable("it is too long")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Unreadable("it is no JSON")
    if not isinstance(value, Mapping):
        return Unreadable("it is no JSON object")
    if value.get("format") != FORMAT or isinstance(value["format"], bool):
        return Unreadable("it is of another version of meshbot, or of something else")
    return _record(value)


def _record(value: Mapping[str, Any]) -> LeaseRecord | Unreadable:
    holder, since, expires = value.get("holder"), _time(value, "since"), _time(value, "expires")
    if not isinstance(holder, str) or not 0 < len(holder) <= LONGEST_HOLDER:
        return Unreadable("it names no holder")
    if since is None or expires is None:
        return Unreadable("it does not say since when, or until when")
    random = [value.get("token"), value.get("version")]
    if not all(isinstance(item, str) and _TOKEN.fullmatch(item) for item in random):
        return Unreadable("its token or version is not one")
    return LeaseRecord(holder, str(random[0]), str(random[1]), since, expires)


def _time(value: Mapping[str, Any], name: str) -> int | None:
    text = value.get(name)
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        return None
    try:
        return int(datetime.strptime(text, _TIME_FORM).replace(tzinfo=UTC).timestamp())
    except (ValueError, OverflowError):
        return None


def time_text(seconds: float) -> str:
    """``2026-11-21T06:02:25Z``."""
    return datetime.fromtimestamp(seconds, UTC).strftime(_TIME_FORM)
