"""One AssumeRole per account into its member role, shared by every reader and writer."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from botocore.credentials import ReadOnlyCredentials

from bot.adapters.aws.clients import call, patiently
from bot.adapters.aws.credentials import Clock, Issued, Renewed
from bot.adapters.aws.faults import aws_errors, explained, for_scope
from bot.adapters.aws.initial import ASSUME_ROLE, InitialIdentity, issued_for
from bot.adapters.aws.session_policy import analyzer_policy, session_policy
from bot.errors import AwsError
from bot.model.address import Scope, partition
from bot.model.aws_codes import STALE
from bot.model.session import RunOrigin, session_name, session_tags
from bot.model.step import Role

LOG = logging.getLogger(__name__)

TAG_SESSION = "sts:TagSession"

_TAGGED = {
    "AccessDenied": "session-tags is on, so the initial role's policy and this role's trust "
    f"policy have to allow {TAG_SESSION} besides {ASSUME_ROLE}: allow it, or switch it off",
    "PackedPolicyTooLarge": "session-tags is on, and STS packs tags, those that the initial "
    "session hands on included, and the session policy into one small space: switch it off",
}
"""What to do about refusals of a session with tags."""


class MemberRoles:
    """The sessions of member roles, by role; a failure to assume one is remembered.

    With ``tagged`` the sessions carry what is known of the run as tags, too.
    """

    def __init__(
        self, initial: InitialIdentity, origin: RunOrigin, now: Clock, *, tagged: bool = False
    ) -> None:
        self._initial, self._origin, self._now = initial, origin, now
        self._tags = session_tags(origin) if tagged else ()
        self._lock = threading.Lock()
        self._sessions: dict[tuple[Role, str], Renewed] = {}

    def credentials(self, role: Role, scope: Scope) -> ReadOnlyCredentials:
        """Valid credentials of the role for a scope of its account. Raises AwsError."""
        return self._issued(role, scope).credentials

    def session(self, role: Role, scope: Scope) -> str:
        """The ARN of the role's session, as STS gave it. Raises AwsError."""
        return self._issued(role, scope).arn

    def renew(self, role: Role, scope: Scope, refused: ReadOnlyCredentials) -> bool:
        """AWS refused these credentials as over, so use others. False when that is no use."""
        return self._session(role, scope).renew(refused)

    def _issued(self, role: Role, scope: Scope) -> Issued:
        try:
            return self._session(role, scope).issued()
        except AwsError as error:
            raise for_scope(error, scope) from error

    def _session(self, role: Role, scope: Scope) -> Renewed:
        key = role, partition(scope.region)
        with self._lock:
            if key not in self._sessions:
                self._sessions[key] = Renewed(lambda: self._assume(role, scope), self._now)
            return self._sessions[key]

    def _assume(self, role: Role, scope: Scope) -> Issued:
        # No DurationSeconds: chained sessions last an hour at most, and asking for more fails.
        arn = f"arn:{partition(scope.region)}:iam::{role.account}:role/{role.name}"
        parameters: dict[str, Any] = {
            "RoleArn": arn,
            "RoleSessionName": session_name(role.session_name, self._origin),
            "Policy": _policy_for(role),
        }
        if self._tags:
            parameters["Tags"] = [{"Key": key, "Value": value} for key, value in self._tags]
        if role.external_id is not None:
            parameters["ExternalId"] = role.external_id
        LOG.debug("%s %s in account %s", ASSUME_ROLE, role.name, role.account)
        answer = patiently(lambda: self._asked(scope, parameters))
        return issued_for(arn, answer, ASSUME_ROLE, self._initial.mask)

    def _asked(self, scope: Scope, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        used = self._initial.held()
        try:
            return self._asked_once(scope, parameters)
        except AwsError as error:
            if error.code not in STALE or used is None or not self._initial.renew(used):
                raise
        return self._asked_once(scope, parameters)

    def _asked_once(self, scope: Scope, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        with explained(_TAGGED if self._tags else {}), aws_errors(None, ASSUME_ROLE):
            return call(self._initial.sts(scope.region), "AssumeRole", parameters)


def _policy_for(role: Role) -> str:
    if role.analyzes:
        return analyzer_policy()
    return session_policy(writes=role.writes, inspects=role.inspects)
