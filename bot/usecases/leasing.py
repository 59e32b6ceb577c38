"""Take the lease before planning, keep it while applying, give it back; and unlock one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.errors import AwsError, Interrupted, Locked, UsageError
from bot.model import lease as model
from bot.model.lease import Seen, Standing
from bot.model.lease_place import LeasePlace, read_place
from bot.ports import Lease, LeaseStore, Unleased
from bot.render import lease as words

if TYPE_CHECKING:
    from bot.adapters.aws import InitialIdentity


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lease a run needs, or none, how long it waits for a busy one, and who it is."""

    place: LeasePlace | None
    wait: float
    holder: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Voice:
    """How people are told; ``pause`` waits so many seconds and says whether to stop.

    ``left``: the seconds that giving the lease back may take, fewer once a signal came.
    """

    say: Callable[[str], None]
    warn: Callable[[str], None]
    pause: Callable[[float], bool]
    left: Callable[[], float]


def place_of(text: str, name: str) -> LeasePlace | None:
    """The place that an option or input gives, None for none. Raises UsageError."""
    try:
        return read_place(text)
    except ValueError as error:
        raise UsageError(f"{name}: {error}.") from error


def wait_of(text: str, name: str) -> float:
    """Seconds to wait for a busy lease, a whole number up to a day. Raises UsageError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 86_400):
        raise UsageError(f"{name}: {text!r} is no number of seconds from 0 to 86400.")
    return float(text)


@contextmanager
def leased(
    wanted: Wanted, identity: Callable[[], InitialIdentity], voice: Voice
) -> Iterator[Lease]:
    """The lease for as long as it lasts, given back in every case.

    Raises Locked when somebody else has it, AwsError when that cannot be told, and
    Interrupted when told to stop while waiting.
    """
    if wanted.place is None:
        yield Unleased()
        return
    from bot.adapters import lease as adapter

    store = adapter.store(wanted.place, identity())
    keeper = adapter.Keeper(store, wanted.holder(), model.SETTINGS)
    try:
        with _told_where(wanted.place):
            _acquired(keeper.acquire, wanted.place, wanted.wait, voice)
        keeper.start()
        yield keeper
    finally:
        if left := keeper.release(voice.left()):
            voice.warn(left)


def check_held(lease: Lease) -> None:
    """Raises Locked when the lease was lost before anything was applied."""
    if lost := lease.lost:
        raise Locked(
            f"locked: the lease was lost before anything was applied: {lost}. Nothing was changed."
            " Run again."
        )


def _acquired(
    acquire: Callable[[], Seen | None], place: LeasePlace, wait: float, voice: Voice
) -> None:
    """Until it is ours or the time is over."""
    deadline = time.monotonic() + wait
    told = False
    while (seen := acquire()) is not None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Locked(words.busy(place, seen))
        if not told:
            voice.say(f"Waiting up to {wait:g} s for the lease {place}: {_who(seen)}")
            told = True
        if voice.pause(min(model.SETTINGS.poll, left)):
            raise Interrupted("stopped while waiting for the lease: nothing was changed.")


def _who(seen: Seen) -> str:
    return words.held_by(seen.content)


@contextmanager
def _told_where(place: LeasePlace) -> Iterator[None]:
    """Whatever cannot be asked is not ours: nothing is changed without knowing."""
    try:
        yield
    except AwsError as error:
        said = f"{error.message} (the lease {place}; nothing was changed without it)"
        raise AwsError(None, error.action, error.code, said, error.request_id) from error


# Unlocking


@dataclass(frozen=True, slots=True)
class Found:
    """What is in a place now."""

    place: LeasePlace
    store: LeaseStore
    seen: Seen
    standing: Standing

    @property
    def free(self) -> bool:
        """True when there is nothing to unlock."""
        return self.standing is Standing.FREE

    def text(self, form: str, *, removed: bool = False) -> str:
        """As ``text`` or ``json``."""
        if form == "json":
            return words.found_json(self.place, self.seen, self.standing, removed=removed)
        return words.found(self.place, self.seen, self.standing)


def look(place: LeasePlace, identity: InitialIdentity) -> Found:
    """Who holds the lease. Raises AwsError when that cannot be told."""
    from bot.adapters import lease as adapter

    store = adapter.store(place, identity)
    with _told_where(place):
        seen = store.read()
        if seen.hidden:
            raise AwsError(
                None,
                "s3:GetObject",
                "AccessDenied",
                f"{seen.hidden}: there is no object, or you may not read it. To be told which,"
                " s3:ListBucket on the bucket is needed",
            )
    now = time.time() if seen.date is None else seen.date
    return Found(place, store, seen, model.standing(seen, now, model.SETTINGS))


def remove(found: Found) -> bool:
    """Deletes exactly what was found. False when it is another one by now. Raises AwsError."""
    with _told_where(found.place):
        return found.store.delete(found.seen.mark)
