"""One AssumeRole per account into its member role, shared by every reader and writer."""

from __future__ import annotations

import logging
import threading

from botocore.credentials import ReadOnlyCredentials

from bot.adapters.aws.clients import call
from bot.adapters.aws.credentials import Clock, Issued, Renewed, session_name
from bot.adapters.aws.faults import aws_errors, for_scope
from bot.adapters.aws.initial import ASSUME_ROLE, InitialIdentity, issued_for
from bot.adapters.aws.session_policy import session_policy
from bot.errors import AwsError
from bot.model.address import Scope, partition
from bot.model.step import Role

LOG = logging.getLogger(__name__)


class MemberRoles:
    """The sessions of member roles, by role; a failure to assume one is remembered."""

    def __init__(self, initial: InitialIdentity, suffix: str, now: Clock) -> None:
        self._initial, self._suffix, self._now = initial, suffix, now
        self._lock = threading.Lock()
        self._sessions: dict[tuple[Role, str], Renewed] = {}

    def credentials(self, role: Role, scope: Scope) -> ReadOnlyCredentials:
        """Valid credentials of the role for a scope of its account. Raises AwsError."""
        key = role, partition(scope.region)
        with self._lock:
            if key not in self._sessions:
                self._sessions[key] = Renewed(lambda: self._assume(role, scope), self._now)
            session = self._sessions[key]
        try:
            return session.current()
        except AwsError as error:
            raise for_scope(error, scope) from error

    def _assume(self, role: Role, scope: Scope) -> Issued:
        # No DurationSeconds: chained sessions last an hour at most, and asking for more fails.
        parameters = {
            "RoleArn": f"arn:{partition(scope.region)}:iam::{role.account}:role/{role.name}",
            "RoleSessionName": session_name(role.session_name, self._suffix),
            "Policy": session_policy(writes=role.writes),
        }
        if role.external_id is not None:
            parameters["ExternalId"] = role.external_id
        LOG.debug("%s %s in account %s", ASSUME_ROLE, role.name, role.account)
        with aws_errors(None, ASSUME_ROLE):
            answer = call(self._initial.sts(scope.region), "AssumeRole", parameters)
        return issued_for(role.account, answer, ASSUME_ROLE)
