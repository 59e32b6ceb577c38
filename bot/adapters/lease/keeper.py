"""ports.Lease: a record that is ours, renewed by a thread of its own while work goes on."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from bot.adapters.lease.clocks import steady
from bot.adapters.lease.waiting import done_within
from bot.errors import AwsError
from bot.model.lease import (
    SETTINGS,
    LeaseRecord,
    LeaseSettings,
    Reading,
    Seen,
    Standing,
    expiry,
    standing,
    time_text,
)
from bot.ports import LeaseStore

LOG = logging.getLogger(__name__)

PAUSES = (0.0, 0.2, 0.4, 0.8)
"""Seconds before each look at the store, in one try to take the lease."""

TRANSIENT = frozenset(
    {
        "ConditionalRequestConflict",
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "InternalError",
        "InternalServerError",
        "OperationAborted",
        "ProvisionedThroughputExceededException",
        "ReadTimeoutError",
        "RequestLimitExceeded",
        "ResponseStreamingError",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
        "TransactionConflictException",
        "500",
        "502",
        "503",
    }
)
"""After these the next look tells whether the write was carried out all the same."""

NEVER_TAKEN = "it was never taken"
GIVEN_BACK = "it was given back"


@dataclass(frozen=True, slots=True)
class Clocks:
    """What a keeper goes by. ``steady`` never goes back; ``wall`` only where no Date is told."""

    steady: Callable[[], float] = steady
    wall: Callable[[], float] = time.time
    pause: Callable[[float], object] = time.sleep


@dataclass
class Keeper:
    """Takes the lease, keeps it, gives it back. See bot.model.lease for the clocks.

    ``acquire``, ``start`` and ``release`` belong to one thread, the rest to any.
    """

    store: LeaseStore
    holder: str
    settings: LeaseSettings = SETTINGS
    clocks: Clocks = field(default_factory=Clocks)
    token: str = field(default_factory=lambda: secrets.token_hex(16))

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._confirming = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._mark, self._since = "", 0
        self._reading: Reading | None = None
        self._sent: dict[str, float] = {}
        """When each version was sent that is not known to be written."""
        self._trusted_until = self._confirmed = float("-inf")
        self._expires = 0
        self._sending = 0
        self._lost, self._trouble = NEVER_TAKEN, ""

    # Taking it

    def acquire(self) -> Seen | None:
        """Takes the lease if it is free or expired; else answers with who has it.

        Raises AwsError. An answer that was lost is made good by looking again: a record
        with our token is ours.
        """
        failure: AwsError | None = None
        for pause in PAUSES:
            self.clocks.pause(pause)
            try:
                seen = self._look()
                if self._adopted(seen) or self._written_over(seen):
                    self._taken()
                    return None
                if not self._takeable(seen):
                    return seen
                failure = _unreadable(seen) if seen.hidden else None
            except AwsError as error:
                if error.code not in TRANSIENT:
                    raise
                failure = error
        if failure is not None:
            raise failure
        return self._look()

    def _taken(self) -> None:
        with self._lock:
            self._lost = ""

    def _written_over(self, seen: Seen) -> bool:
        """False when it may not be, or when another contender was faster."""
        if not (self._takeable(seen) and self._write(seen.mark)):
            return False
        if seen.hidden and (again := self._look()).hidden:
            raise _unreadable(again)  # it is there now, so that is not why
        return True

    def _takeable(self, seen: Seen) -> bool:
        assert self._reading is not None
        earliest = self._reading.earliest(self.clocks.steady())
        return standing(seen, earliest, self.settings) in (Standing.FREE, Standing.EXPIRED)

    def _look(self) -> Seen:
        sent = self.clocks.steady()
        seen = self.store.read()
        self._read_clock(seen, sent)
        return seen

    def _read_clock(self, seen: Seen, sent: float) -> None:
        date = self.clocks.wall() if seen.date is None else seen.date
        self._reading = Reading(date, sent, self.clocks.steady())

    def _write(self, over: str) -> bool:
        """Writes our record over what has this mark; False when that is no longer there."""
        assert self._reading is not None
        sent, version = self.clocks.steady(), secrets.token_hex(16)
        expires = expiry(self._reading, sent, self.settings)
        self._since = self._since or int(self._reading.earliest(sent))
        record = LeaseRecord(self.holder, self.token, version, self._since, expires)
        with self._lock:
            self._sent[version] = sent
        written = self.store.write(record, over)
        if written is None:
            return False
        self._read_clock(written, sent)
        return self._adopted(written)

    def _adopted(self, seen: Seen) -> bool:
        """Whether a record is ours; from now on we go by it."""
        record = seen.content
        if not isinstance(record, LeaseRecord) or record.token != self.token:
            return False
        with self._lock:
            sent = self._sent.get(record.version)
            if sent is not None:
                self._trusted_until = max(self._trusted_until, sent + self.settings.ttl)
            self._mark, self._expires = seen.mark, record.expires
            self._sent = {v: at for v, at in self._sent.items() if sent is None or at >= sent}
        return True

    # Keeping it

    def start(self) -> None:
        """Renews the lease from now on, in a thread that cannot keep the process alive."""
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        pause = self.settings.beat
        while not self._closing.wait(pause) and not self.lost:
            pause = self.beat()

    def beat(self) -> float:
        """Renews the lease once; answers after how many seconds to do so again."""
        try:
            if self._write(self._mark):
                self._trouble = ""
                return self.settings.beat
            return self._contradicted(self._look())
        except AwsError as error:
            LOG.debug("the lease was not renewed: %s", error)
            self._trouble = str(error)
            return self.settings.retry

    def _contradicted(self, seen: Seen) -> float:
        """Our record is not as we left it: written by us after all, or somebody else's."""
        if self._adopted(seen):
            return 0.0
        match seen.content:
            case None if seen.hidden:
                self._lose(f"its record is not to be seen any more ({seen.hidden})")
            case None:
                self._lose("its record was deleted: somebody unlocked it")
            case LeaseRecord(holder=holder):
                self._lose(f"{holder} took it")
            case _:
                self._lose("its record was overwritten with something else")
        return self.settings.retry

    def _lose(self, why: str) -> None:
        with self._lock:
            self._lost = self._lost or why

    @property
    def lost(self) -> str:
        """See ports.Lease."""
        with self._lock:
            left = self._trusted_until - self.clocks.steady()
            if not self._lost and left <= self.settings.margin:
                why = f" ({self._trouble})" if self._trouble else ""
                self._lost = f"it could not be renewed in time{why}"
            return self._lost

    def enter(self) -> str:
        """See ports.Lease. Waits for a confirmation until there is one or the lease is lost."""
        self._confirm()
        lost = self.lost
        with self._lock:
            lost = lost or self._lost
            if not lost:
                self._sending += 1
        return lost

    def leave(self) -> None:
        """See ports.Lease."""
        with self._lock:
            self._sending -= 1

    def _confirm(self) -> None:
        """One thread asks, those that come meanwhile share its answer."""
        with self._confirming:
            while not self.lost:
                asked = self.clocks.steady()
                if asked - self._confirmed <= self.settings.fresh:
                    return
                try:
                    seen = self._look()
                except AwsError as error:
                    self._trouble = str(error)
                    self._closing.wait(self.settings.retry)
                    continue
                if self._adopted(seen):
                    self._confirmed = asked
                else:
                    self._contradicted(seen)
                return  # an answer to a question of now counts, however long it took

    # Giving it back

    def release(self, within: float = inf) -> str:
        """Deletes our record, and nobody else's. Answers why it is still there, or nothing.

        ``within``: seconds that are left for it, where that is less than the settings' patience.

        Nothing is let through any more. A record is left to expire while a call that was let
        through is still under way, and when the lease was lost: then such a call may be, too.
        """
        with self._lock:
            lost, sending = self._lost, self._sending
            self._lost = lost or GIVEN_BACK
        self._closing.set()
        if lost not in ("", NEVER_TAKEN) or (lost and not self._sent):
            return ""
        if sending:
            return self._left("a call was still under way")
        self._trouble = ""
        patience = min(self.settings.patience, within)
        if not done_within(patience, self._give_back):
            self._trouble = f"no answer within {patience:.2g} s"
        return self._left(self._trouble) if self._trouble else ""

    def _left(self, why: str) -> str:
        until = f": it is free after {time_text(self._expires)}" if self._expires else ""
        return f"the lease was not given back ({why}){until}"

    def _give_back(self) -> None:
        if self._thread is not None:
            self._thread.join()  # a renewal that is under way would change the mark
        try:
            if self._mark and self.store.delete(self._mark):
                return
            seen = self._look()
            if self._adopted(seen):
                self.store.delete(seen.mark)
        except AwsError as error:
            self._trouble = str(error)


def _unreadable(seen: Seen) -> AwsError:
    """There is a record, and yet it is not to be seen."""
    text = f"{seen.hidden}: there is a record that may not be read. Allow s3:GetObject on it"
    return AwsError(None, "s3:GetObject", "AccessDenied", text)
