"""ports.Identities: who the initial identity is, who may become it, and what it may become."""

from __future__ import annotations

from typing import Any

from bot.adapters.aws.clients import call, read_settings
from bot.adapters.aws.faults import aws_errors
from bot.adapters.aws.guard import guard_reads
from bot.adapters.aws.initial import InitialIdentity
from bot.adapters.aws.members import MemberRoles
from bot.model.address import Region, Scope
from bot.model.doctor import Caller
from bot.model.step import Role

GET_CALLER_IDENTITY = "sts:GetCallerIdentity"
GET_ROLE = "iam:GetRole"


class InitialAndMembers:
    """Asks as the initial identity."""

    def __init__(self, initial: InitialIdentity, members: MemberRoles) -> None:
        self._initial, self._members = initial, members

    def caller(self, region: Region) -> Caller:
        """See the port."""
        with aws_errors(None, GET_CALLER_IDENTITY):
            answer = call(self._initial.sts(region), "GetCallerIdentity", {})
        return Caller(str(answer.get("Account", "")), str(answer.get("Arn", "")))

    def trust_of_initial(self, role_name: str, region: Region) -> Any:
        """See the port."""
        with aws_errors(None, GET_ROLE):
            client = self._initial.client("iam", region, read_settings(1))
            guard_reads(client)
            answer = call(client, "GetRole", {"RoleName": role_name})
        return (answer.get("Role") or {}).get("AssumeRolePolicyDocument")

    def session(self, role: Role, scope: Scope) -> str:
        """See the port."""
        return self._members.session(role, scope)
