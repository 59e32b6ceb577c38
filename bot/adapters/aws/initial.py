"""The initial identity: boto3's standard chain, or a role that an OIDC token opens."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import botocore.session
from botocore.client import BaseClient
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError

from bot.adapters.aws.clients import call, make_client, read_settings
from bot.adapters.aws.credentials import (
    Clock,
    Issued,
    Renewed,
    standard_session,
    supplied_session,
    utc_now,
)
from bot.adapters.aws.faults import aws_errors, explained, fault
from bot.adapters.aws.guard import guard_reads
from bot.errors import AwsError, BotError
from bot.model.address import partition
from bot.model.session import session_name

ASSUME_ROLE = "sts:AssumeRole"
ASSUME_ROLE_WITH_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
HOME_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""A region that nobody has to enable, by partition."""

_TRUST = "the role's trust policy does not admit this job: compare aud and sub (docs/iam.md)"
_REFUSALS = {
    "AccessDenied": _TRUST,
    "InvalidIdentityToken": "check the input audience, in China mostly sts.amazonaws.com.cn, and "
    "the account's OIDC provider",
}
"""What to do about the refusals of AssumeRoleWithWebIdentity."""

CREDENTIALS = "credentials"
"""Stands where an action does in errors about the configuration, before any call."""

Mask = Callable[[str], None]
"""Has a secret hidden wherever it might be shown, before it is used."""


def unmasked(_: str) -> None:
    """Where nothing needs to be told, as on a laptop."""


class InitialIdentity:
    """Who we are before any member role is assumed, and STS as seen by it.

    ``mask`` is told every secret that STS issues to it or, through it, to member roles.
    """

    def __init__(
        self,
        session: botocore.session.Session,
        region: str,
        concurrency: int,
        mask: Mask = unmasked,
    ) -> None:
        self._session, self.region, self.mask = session, region, mask
        self._settings = read_settings(concurrency)
        self._lock = threading.Lock()
        self._clients: dict[str, BaseClient] = {}
        self._renewed: Renewed | None = None

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

    def renewed_by(self, renewed: Renewed) -> None:
        """These are the credentials of the identity, and can be issued anew."""
        self._renewed = renewed

    def held(self) -> ReadOnlyCredentials | None:
        """The credentials, None when they are not ours to get anew. Raises AwsError."""
        return None if self._renewed is None else self._renewed.current()

    def renew(self, refused: ReadOnlyCredentials) -> bool:
        """AWS refused these as over: others from now on. False when that is no use."""
        return self._renewed is not None and self._renewed.renew(refused)

    def client(self, service: str, region: str, settings: Config) -> BaseClient:
        """A client of another service, as this identity itself. Raises BotoCoreError."""
        with self._lock:
            return make_client(self._session, service, region, settings)


def standard_identity(concurrency: int, mask: Mask = unmasked) -> InitialIdentity:
    """The identity of boto3's standard chain; nothing is asked yet. Raises AwsError."""
    hide_secrets_from_logs()
    try:
        session = standard_session()
        session.get_scoped_config()  # an unknown profile is said once, not for every account
        region = session.get_config_variable("region") or ""
    except BotoCoreError as error:
        raise fault(error, None, CREDENTIALS) from error
    return InitialIdentity(session, str(region), concurrency, mask)


def sign_in_with_web_identity(
    role_arn: str,
    token: str | Callable[[], str],
    name: str,
    region: str,
    *,
    concurrency: int = 64,
    now: Clock = utc_now,
    mask: Mask = unmasked,
) -> InitialIdentity:
    """Exchange an OIDC token for the role's session, at once. Raises AwsError.

    Given a callable, the session is renewed with a fresh token shortly before it ends; a
    plain token lasts for one session (an hour, if the role's settings say nothing else).
    ``name`` becomes the session name; ``region`` says which STS is asked, unless the role
    is in another partition, where that STS would not know it.
    """
    if partition(region) != _partition_of(role_arn):
        region = HOME_REGIONS.get(_partition_of(role_arn), region)
    hide_secrets_from_logs()
    supply = (lambda: token) if isinstance(token, str) else token

    def issue() -> Issued:
        with explained(_REFUSALS), aws_errors(None, ASSUME_ROLE_WITH_WEB_IDENTITY):
            parameters = {
                "RoleArn": role_arn,
                "RoleSessionName": session_name(name),
                "WebIdentityToken": _token_of(supply),
            }
            answer = call(identity.sts(region), "AssumeRoleWithWebIdentity", parameters)
        return issued_for(role_arn, answer, ASSUME_ROLE_WITH_WEB_IDENTITY, mask)

    renewed = Renewed(issue, now)
    identity = InitialIdentity(supplied_session(renewed.current), region, concurrency, mask)
    identity.renewed_by(renewed)
    renewed.current()
    return identity


def issued_for(
    role_arn: str, answer: Mapping[str, Any], action: str, mask: Mask = unmasked
) -> Issued:
    """The credentials in STS's answer, masked.

    Raises AwsError unless they are for the partition and account of ``role_arn``.
    """
    issued = Issued.of(answer)
    for secret in issued.secrets:
        mask(secret)
    home, answered = (_home_of(arn) for arn in (role_arn, issued.arn))
    if home != answered:
        message = (
            f"asked for a role of account {home[1]} in the partition {home[0]}, STS answered "
            f"with {issued.arn!r}; its credentials are not used"
        )
        raise AwsError(None, action, "AccountMismatch", message)
    return issued


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


def _home_of(arn: str) -> tuple[str, str]:
    """Partition and account in ``arn:partition:service:region:account:resource``."""
    fields = arn.split(":", 5)
    return (fields[1], fields[4]) if len(fields) > 5 else ("", "")


def _partition_of(arn: str) -> str:
    return _home_of(arn)[0]
