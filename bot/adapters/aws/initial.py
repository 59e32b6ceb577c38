"""The initial identity: boto3's standard chain, or a role that an OIDC token opens."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError

from bot.adapters.aws.clients import call, make_client, read_settings
from bot.adapters.aws.credentials import (
    Clock,
    Issued,
    Renewed,
    session_name,
    standard_session,
    supplied_session,
    utc_now,
)
from bot.adapters.aws.faults import aws_errors, fault
from bot.adapters.aws.guard import guard_reads
from bot.errors import AwsError, BotError
from bot.model.address import partition

ASSUME_ROLE = "sts:AssumeRole"
ASSUME_ROLE_WITH_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
CREDENTIALS = "credentials"
"""Stands where an action does in errors about the configuration, before any call."""


class InitialIdentity:
    """Who we are before any member role is assumed, and STS as seen by it."""

    def __init__(self, session: botocore.session.Session, region: str, concurrency: int) -> None:
        self._session, self.region = session, region
        self._settings = read_settings(concurrency)
        self._lock = threading.Lock()
        self._clients: dict[str, BaseClient] = {}

    def sts(self, region: str) -> BaseClient:
        """STS's regional endpoint: the session's region if it shares the partition of ``region``.

        Raises BotoCoreError.
        """
        if self.region and partition(self.region) == partition(region):
            region = self.region
        with self._lock:
            if region not in self._clients:
                client = make_client(self._session, "sts", region, self._settings)
                guard_reads(client, sign_ins=True)
                self._clients[region] = client
            return self._clients[region]


def standard_identity(concurrency: int) -> InitialIdentity:
    """The identity of boto3's standard chain; nothing is asked yet. Raises AwsError."""
    hide_secrets_from_logs()
    try:
        session = standard_session()
        session.get_scoped_config()  # an unknown profile is said once, not for every account
        region = session.get_config_variable("region") or ""
    except BotoCoreError as error:
        raise fault(error, None, CREDENTIALS) from error
    return InitialIdentity(session, str(region), concurrency)


def sign_in_with_web_identity(
    role_arn: str,
    token: str | Callable[[], str],
    name: str,
    region: str,
    *,
    concurrency: int = 32,
    now: Clock = utc_now,
) -> InitialIdentity:
    """Exchange an OIDC token for the role's session, at once. Raises AwsError.

    Given a callable, the session is renewed with a fresh token shortly before it ends; a
    plain token lasts for one session (an hour, if the role's settings say nothing else).
    ``name`` becomes the session name; ``region`` says which STS is asked.
    """
    hide_secrets_from_logs()
    supply = (lambda: token) if isinstance(token, str) else token

    def issue() -> Issued:
        with aws_errors(None, ASSUME_ROLE_WITH_WEB_IDENTITY):
            parameters = {
                "RoleArn": role_arn,
                "RoleSessionName": session_name(name),
                "WebIdentityToken": _token_of(supply),
            }
            answer = call(identity.sts(region), "AssumeRoleWithWebIdentity", parameters)
        return issued_for(_account_of(role_arn), answer, ASSUME_ROLE_WITH_WEB_IDENTITY)

    renewed = Renewed(issue, now)
    identity = InitialIdentity(supplied_session(renewed.current), region, concurrency)
    renewed.current()
    return identity


def issued_for(account: str, answer: Mapping[str, Any], action: str) -> Issued:
    """The credentials in STS's answer, which must be for the account asked for (AwsError)."""
    arn = str(answer.get("AssumedRoleUser", {}).get("Arn", ""))
    if _account_of(arn) != account:
        message = (
            f"asked for a role of account {account}, STS answered with {arn!r}; "
            "its credentials are not used"
        )
        raise AwsError(None, action, "AccountMismatch", message)
    return Issued.of(answer)


def hide_secrets_from_logs() -> None:
    """Keep botocore from logging requests and answers, which hold tokens and keys.

    At DEBUG it logs every body, STS's included, so a root logger at DEBUG must not reach it.
    """
    for name in ("botocore", "boto3", "urllib3"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.INFO))


def _token_of(supply: Callable[[], str]) -> str:
    try:
        return supply()
    except BotError as error:
        message = f"no OIDC token to sign in with: {error}"
        raise AwsError(None, ASSUME_ROLE_WITH_WEB_IDENTITY, "NoToken", message) from error


def _account_of(arn: str) -> str:
    """The fifth field of ``arn:partition:service:region:account:resource``, or nothing."""
    fields = arn.split(":", 5)
    return fields[4] if len(fields) > 5 else ""
