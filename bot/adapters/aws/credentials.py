"""Temporary credentials that renew themselves, and botocore sessions that sign with them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    Credentials,
    ReadOnlyCredentials,
)

from bot.errors import AwsError

Clock = Callable[[], datetime]
"""Tells the time, with its zone."""

Supplier = Callable[[], ReadOnlyCredentials]
"""Gives the credentials to sign one request with. Raises AwsError."""

RENEW_BEFORE = timedelta(minutes=5)
"""Remaining life at which credentials are renewed; longer than any one call takes."""

_USABLE = timedelta(minutes=1)
_RETRY_AFTER = timedelta(seconds=30)
_MOST_REFUSALS = 10


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Keys(ReadOnlyCredentials):
    """Credentials that do not show themselves, in a log or a traceback with locals, say."""

    def __repr__(self) -> str:
        return "Keys(***)"


@dataclass(frozen=True, slots=True)
class Issued:
    """Credentials as STS issued them, and the ARN of the session that they are for."""

    credentials: Keys
    expires: datetime
    arn: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may see; the access key's id only says which session it was."""
        return tuple(filter(None, (self.credentials.secret_key, self.credentials.token)))

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Issued:
        """From the answer of one of STS's AssumeRole calls."""
        held = answer["Credentials"]
        keys = Keys(held["AccessKeyId"], held["SecretAccessKey"], held["SessionToken"])
        arn = str(answer.get("AssumedRoleUser", {}).get("Arn", ""))
        return cls(keys, held["Expiration"], arn)


class Renewed:
    """Credentials issued when first asked for, and again shortly before they expire.

    Threads that ask at once make one call. A failure is remembered for the run. While
    old credentials still hold, nobody waits for a renewal that another thread makes, and one
    that failed is passed over and tried again later.

    When they expire is told by two clocks, AWS's and ours. ``RENEW_BEFORE`` covers as much
    difference as AWS lets pass in signed requests; what goes beyond ``renew`` mends.
    """

    def __init__(self, issue: Callable[[], Issued], now: Clock) -> None:
        self._issue, self._now = issue, now
        self._lock = threading.Lock()
        self._issued: Issued | None = None
        self._failure: AwsError | None = None
        self._not_before: datetime | None = None
        self._refusals = 0

    def current(self) -> ReadOnlyCredentials:
        """Credentials that hold for at least a minute. Raises AwsError."""
        return self.issued().credentials

    def issued(self) -> Issued:
        """Likewise, with the session's ARN."""
        issued = self._issued
        if issued is not None and self._remaining(issued) > RENEW_BEFORE:
            return issued
        # whoever renews must not hold up the others, as long as what is there holds
        holds = issued is not None and self._remaining(issued) > _USABLE
        if not self._lock.acquire(blocking=not holds):
            assert issued is not None, "something holds"
            return issued
        try:
            return self._renewed()
        finally:
            self._lock.release()

    def renew(self, refused: ReadOnlyCredentials) -> bool:
        """AWS refused these as over, so give others from now on; False when that is no use.

        Threads whose calls were refused at once make one new session. A run that needs many
        has another trouble than an early end of its session.
        """
        with self._lock:
            issued = self._issued
            if issued is not None and issued.credentials is refused:
                if self._refusals >= _MOST_REFUSALS:
                    return False
                self._refusals += 1
                self._issued = self._not_before = None
            return True

    def _renewed(self) -> Issued:
        if self._failure is not None:
            raise self._failure
        issued = self._issued
        if issued is not None and (self._remaining(issued) > RENEW_BEFORE or self._waits(issued)):
            return issued
        try:
            self._issued = self._issue()
        except AwsError as error:
            if issued is None or self._remaining(issued) <= _USABLE:
                self._failure = error
                raise
            self._not_before = self._now() + _RETRY_AFTER
            return issued
        return self._issued

    def _waits(self, issued: Issued) -> bool:
        waiting = self._not_before is not None and self._now() < self._not_before
        return waiting and self._remaining(issued) > _USABLE

    def _remaining(self, issued: Issued) -> timedelta:
        return issued.expires - self._now()


class _Supplied(Credentials):  # type: ignore[misc, unused-ignore]
    """Credentials asked for anew for every request that is signed."""

    def __init__(self, supplier: Supplier) -> None:
        super().__init__("supplied", "supplied", method="meshbot")
        self._supplier = supplier

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return self._supplier()


class _Provider(CredentialProvider):
    METHOD: str | None = "meshbot"

    def __init__(self, supplier: Supplier) -> None:
        super().__init__()
        self._supplier = supplier

    def load(self) -> Credentials:
        return _Supplied(self._supplier)


def standard_session() -> botocore.session.Session:
    """A session with the standard chain: environment, profile, web identity, instance role."""
    session = botocore.session.get_session()
    # an instance variable wins over AWS_STS_REGIONAL_ENDPOINTS=legacy, which means us-east-1
    session.set_config_variable("sts_regional_endpoints", "regional")
    return session


def supplied_session(supplier: Supplier) -> botocore.session.Session:
    """A session configured like the standard one that signs with these credentials only."""
    session = standard_session()
    session.register_component("credential_provider", CredentialResolver([_Provider(supplier)]))
    return session
