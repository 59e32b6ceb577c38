"""Temporary credentials that renew themselves, and botocore sessions that sign with them."""

from __future__ import annotations

import re
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
_SESSION_NAME_LENGTH = 64


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Keys(ReadOnlyCredentials):
    """Credentials that do not show themselves, in a log or a traceback with locals, say."""

    def __repr__(self) -> str:
        return "Keys(***)"


@dataclass(frozen=True, slots=True)
class Issued:
    """Credentials as STS issued them."""

    credentials: Keys
    expires: datetime

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Issued:
        """From the answer of one of STS's AssumeRole calls."""
        held = answer["Credentials"]
        keys = Keys(held["AccessKeyId"], held["SecretAccessKey"], held["SessionToken"])
        return cls(keys, held["Expiration"])


class Renewed:
    """Credentials issued when first asked for, and again shortly before they expire.

    Threads that ask at once make one call. A failure is remembered for the run. While
    old credentials still hold, a failed renewal is passed over and tried again later.
    """

    def __init__(self, issue: Callable[[], Issued], now: Clock) -> None:
        self._issue, self._now = issue, now
        self._lock = threading.Lock()
        self._issued: Issued | None = None
        self._failure: AwsError | None = None
        self._not_before: datetime | None = None

    def current(self) -> ReadOnlyCredentials:
        """Credentials that hold for at least a minute. Raises AwsError."""
        issued = self._issued
        if issued is not None and self._remaining(issued) > RENEW_BEFORE:
            return issued.credentials
        with self._lock:
            return self._renewed().credentials

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


def session_name(name: str, suffix: str = "") -> str:
    """A RoleSessionName: 2 to 64 characters of STS's set, the suffix kept whole if it fits.

    The set is ``[A-Za-z0-9_+=,.@-]`` (STS API reference, AssumeRole); others become "-".
    """
    tail = _of_set(f"-{suffix}" if suffix else "")[:_SESSION_NAME_LENGTH]
    head = _of_set(name)[: _SESSION_NAME_LENGTH - len(tail)]
    whole = (head + tail) or "meshbot"
    return whole if len(whole) > 1 else f"{whole}-"


def _of_set(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", text)
