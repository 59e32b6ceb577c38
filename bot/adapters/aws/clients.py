"""One botocore client per service, region and purpose, shared by all accounts.

A client costs CPU and a megabyte or more (EC2 has hundreds of methods), and brings its own TLS
connections; a mesh has hundreds of scopes but few regions. So each request is signed for
the account that the calling thread acts for, and not for the one its client was made for.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import botocore.session
from botocore import xform_name
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, NoCredentialsError

from bot.adapters.aws.credentials import Supplier, supplied_session
from bot.adapters.aws.guard import guard_reads
from bot.adapters.aws.parsing import Parsers
from bot.errors import AwsError
from bot.model.aws_codes import THROTTLED

T = TypeVar("T")

CONNECT_TIMEOUT = 5.0
READ_TIMEOUT = 30.0
READ_ATTEMPTS = 4
THROTTLED_AGAIN = (2.0, 5.0)
"""Seconds before another round of attempts at a read that is throttled."""

_ACTING_FOR: ContextVar[Supplier | None] = ContextVar("acting_for", default=None)


class InvalidEndpoint(BotoCoreError):
    """An endpoint of the configuration is no URL."""

    fmt = "{reason}"


@contextmanager
def acting_for(supplier: Supplier) -> Iterator[None]:
    """Sign this thread's requests with the supplier's credentials, for as long as it lasts."""
    token = _ACTING_FOR.set(supplier)
    try:
        yield
    finally:
        _ACTING_FOR.reset(token)


def read_settings(concurrency: int) -> Config:
    """Bounded timeouts and retries, and a connection for each of ``concurrency`` threads."""
    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": READ_ATTEMPTS},
        max_pool_connections=concurrency,
        user_agent_extra="meshbot",
    )


def write_settings(concurrency: int) -> Config:
    """As for reads, but nothing is ever sent twice: the engine decides about that."""
    once = Config(retries={"mode": "standard", "total_max_attempts": 1})
    return read_settings(concurrency).merge(once)


def make_client(
    session: botocore.session.Session, service: str, region: str, settings: Config
) -> BaseClient:
    """A client. Raises BotoCoreError, also for an endpoint that is no URL."""
    try:
        client: BaseClient = session.create_client(service, region_name=region, config=settings)
    except ValueError as error:
        # what is no URL has no place for a password either, so any text before an @ may be one
        raise InvalidEndpoint(reason=re.sub(r"\S+@", "***@", str(error))) from error
    return client


def call(client: BaseClient, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer of one call, by AWS's name of it. Raises BotoCoreError or ClientError."""
    answer: Mapping[str, Any] = getattr(client, xform_name(operation))(**parameters)
    return answer


def patiently(ask: Callable[[], T]) -> T:
    """Ask, and again a while after botocore gave up a throttled question.

    Others drink from the same buckets: a fifth of all calls may be throttled, and a plan of
    thousands must not have a gap for it. Raises AwsError.
    """
    for pause in THROTTLED_AGAIN:
        try:
            return ask()
        except AwsError as error:
            if error.code not in THROTTLED:
                raise
        time.sleep(pause)
    return ask()


class Workshop:
    """Makes clients, one at a time: a botocore session is not thread-safe, its clients are.

    Clients from one workshop share what botocore loaded about the services.
    """

    def __init__(self) -> None:
        self._session = supplied_session(_credentials_of_thread)
        self._session.register_component("response_parser_factory", Parsers())
        self._lock = threading.Lock()

    def client(self, service: str, region: str, settings: Config) -> BaseClient:
        """A new client that signs for whom its thread is acting. Raises BotoCoreError."""
        with self._lock:
            return make_client(self._session, service, region, settings)

    def paging(self, service: str, operation: str) -> Mapping[str, Any] | None:
        """How an operation is paginated by botocore's model (``limit_key`` …), or None."""
        with self._lock:
            try:
                model = self._session.get_paginator_model(service)
                paging: Mapping[str, Any] = model.get_paginator(operation)
            except (BotoCoreError, ValueError):  # the service has no paginators, or not this one
                return None
        return paging


class Clients:
    """The clients of a run for one purpose, made when first needed; for many threads."""

    def __init__(self, workshop: Workshop, settings: Config) -> None:
        self._workshop, self._settings = workshop, settings
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str], BaseClient] = {}

    def client(self, service: str, region: str) -> BaseClient:
        """The client of a service in a region. Raises BotoCoreError."""
        with self._lock:
            if (service, region) not in self._made:
                made = self._workshop.client(service, region, self._settings)
                self._prepare(made)
                self._made[service, region] = made
            return self._made[service, region]

    def _prepare(self, client: BaseClient) -> None:
        """Nothing."""


class ReadClients(Clients):
    """Clients that refuse everything but reads."""

    def _prepare(self, client: BaseClient) -> None:
        guard_reads(client)


def _credentials_of_thread() -> ReadOnlyCredentials:
    supplier = _ACTING_FOR.get()
    if supplier is None:
        raise NoCredentialsError
    return supplier()
